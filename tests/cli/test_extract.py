"""`skelgraph extract`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skelgraph.cli import main
from tests.live.fakes import FakeLandmarkers, fake
from tests.live.made_up import write_video

__all__ = ["fake"]

Fake = type[FakeLandmarkers]


def test_a_folder_becomes_a_store(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "set" / "wave" / "a.mp4")
    write_video(tmp_path / "set" / "point" / "b.mp4")
    (tmp_path / "set" / "point" / "c.mp4").write_text("no video")
    store = tmp_path / "store"
    assert main(["extract", str(tmp_path / "set"), str(store)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{store}: 2 clips, 2 classes, 20 frames, layout mediapipe_hands\n"
    assert "skipped: point/c.mp4 (" in err
    assert main(["inspect", str(store), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 2


def test_options_reach_the_store(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_video(tmp_path / "a.mp4")
    (tmp_path / "labels.csv").write_text("clip,class\na,wave\n")
    words = ["--detector", "pose", "--world", "--mirrored", "--max-bodies", "2", "--fps", "12.5"]
    words += ["--labels", str(tmp_path / "labels.csv"), "--overlay", str(tmp_path / "o.mp4")]
    assert main(["extract", str(path), str(tmp_path / "s"), *words, "--json", "-q"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["layout"] == "mediapipe_pose" and found["classes"] == ["wave"] and err == ""
    assert found["frames"] == 5 and (tmp_path / "o.mp4").is_file()


def test_a_stop_is_told(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "a.mp4")
    fake.stop_after = 3
    assert main(["extract", str(path), str(tmp_path / "s")]) == 130
    assert "give the same command again to go on" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.mp4", "s"], 1, "none.mp4: expected pictures or videos"),
        (["a.mp4", "s"], 1, "a.mp4: expected a whole video"),
        (["a.mp4", "s", "--detector", "hand"], 2, "Did you mean 'hands'"),
        (["a.mp4", "s", "--max-bodies", "2"], 1, "expected 1 with detector 'hands'"),
        (["s"], 2, "Missing argument"),
    ],
)
def test_failures_are_told_and_leave_nothing(
    fake: Fake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").write_text("no video")
    assert main(["extract", *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "model.task"]
