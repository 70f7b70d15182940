"""Where models come from, and that only the right ones do."""

from __future__ import annotations

import hashlib
import io
import urllib.error
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from skelgraph.live import models
from skelgraph.live.models import ModelError, cache_folder, find_models, kind_of

CONTENT = b"model"


def bundle(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return path


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKELGRAPH_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(models.sys, "platform", "linux")
    known = replace(models.HAND, sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(models.WANTED, "hands", (known,))


def answer(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    asked: list[str] = []

    def urlopen(address: str, timeout: float) -> io.BytesIO:
        asked.append(address)
        return io.BytesIO(content)

    monkeypatch.setattr(models.urllib.request, "urlopen", urlopen)
    return asked


def test_a_model_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, CONTENT)
    path = tmp_path / "cache" / "skelgraph" / "models" / "hand_landmarker.task"
    assert find_models("hands") == {"hand": path} == find_models("hands")
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path]
    assert asked == [
        "https://storage.googleapis.com/mediapipe-models/hand_landmarker/hand_landmarker/"
        "float16/1/hand_landmarker.task"
    ]


def test_a_wrong_download_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, b"another")
    with pytest.raises(ModelError, match="expected SHA-256"):
        find_models("hands")
    assert list(cache_folder().iterdir()) == []


def test_offline_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(address: str, timeout: float) -> io.BytesIO:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(models.urllib.request, "urlopen", urlopen)
    with pytest.raises(ModelError, match=r"Name or service not known'\. Copy it .* --model PATH"):
        find_models("hands")
    assert list(cache_folder().iterdir()) == []


def test_the_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKELGRAPH_MODELS", str(tmp_path))
    path = tmp_path / "hand_landmarker.task"
    path.write_bytes(CONTENT)
    assert find_models("hands") == {"hand": path}
    path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"expected SHA-256 .*use it as it is: --model"):
        find_models("hands")


def test_named_models(tmp_path: Path) -> None:
    hand = bundle(tmp_path / "h.task", "hand_detector.tflite", "hand_landmarks_detector.tflite")
    pose = bundle(tmp_path / "p.task", "pose_detector.tflite", "pose_landmarks_detector.tflite")
    whole = bundle(tmp_path / "w.task", "face_detector.tflite", "hand_x", "pose_detector.tflite")
    assert find_models("hands", [hand]) == {"hand": hand}
    assert find_models("holistic", [hand, pose]) == {"pose": pose, "hand": hand}
    assert find_models("holistic", [whole]) == {"holistic": whole}
    with pytest.raises(
        ModelError, match=r"expected a model for detector 'hands' \(hand\), got one"
    ):
        find_models("hands", [pose])


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "text.task").write_text("x")
    with pytest.raises(ModelError, match=r"expected a MediaPipe model bundle \(\.task\)"):
        kind_of(tmp_path / "text.task")
    with pytest.raises(ModelError, match="No such file"):
        kind_of(tmp_path / "none.task")
    with pytest.raises(ModelError, match="got a bundle of gesture_embedder"):
        kind_of(bundle(tmp_path / "g.task", "gesture_embedder.tflite", "hand_landmarker.task"))


@pytest.mark.parametrize(
    ("platform", "variable", "inside"),
    [
        ("linux", "XDG_CACHE_HOME", "skelgraph/models"),
        ("win32", "LOCALAPPDATA", "skelgraph/models"),
        ("darwin", "HOME", "Library/Caches/skelgraph/models"),
    ],
)
def test_caches_follow_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, inside: str
) -> None:
    monkeypatch.setattr(models.sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_folder() == tmp_path / inside
