"""From media to a store, with a stand-in for MediaPipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, FormatError, StoreError
from skelgraph.live import looking
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.extracting import extract
from skelgraph.live.kept import KeptResults
from tests.live.fakes import FakeLandmarkers
from tests.live.made_up import picture, write_video

Fake = type[FakeLandmarkers]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for name in ("wave/a", "wave/b", "point/c"):
        frames = [number * 40 for number in range(5 + len(name))]
        write_video(tmp_path / "set" / f"{name}.mp4", frames)
    write_video(tmp_path / "set" / "wave" / "b.mp4", range(0, 520, 40))
    return tmp_path / "set"


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_folder_of_classes(fake: Fake, videos: Path, tmp_path: Path) -> None:
    store = extract([videos], tmp_path / "store")
    assert store.clips.name.tolist() == ["point/c", "wave/a", "wave/b"]
    assert store.class_names == ("point", "wave") and store.clips.label.tolist() == [0, 1, 1]
    assert (store.facts["width"], store.facts["height"], store.facts["fps"]) == (64, 48, 25.0)
    assert store.facts["units"] == "image fraction" and store.layout.name == "mediapipe_hands"
    assert np.isnan(store.keypoints[:, 0]).all() and not np.isnan(store.keypoints[:, 1]).any()
    assert store.confidence is not None
    assert np.unique(store.confidence[:, 1]).tolist() == pytest.approx([0.9])
    assert store.report["format"] == "mediapipe hands" and store.report["files"] == 3
    assert store.verify() == [] and hidden(tmp_path) == []
    # Each video is tracked on its own, with the file's times.
    assert fake.opened == [True] * 3 and fake.times[:3] == pytest.approx([0, 0.04, 0.08])


def test_pictures_share_landmarkers_and_have_no_rate(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in ("a.png", "b.jpg"):
        Image.fromarray(picture()).save(tmp_path / "set" / name)
    store = extract([tmp_path / "set"], tmp_path / "store")
    assert store.num_clips == 2 and store.facts["fps"] is None
    assert fake.opened == [False] and store.class_names == ()


def test_a_stopped_run_goes_on(fake: Fake, videos: Path, tmp_path: Path) -> None:
    target = tmp_path / "store"
    fake.stop_after = 20  # inside the second video: the first has 12 frames
    with pytest.raises(KeyboardInterrupt):
        extract([videos], target)
    assert not target.exists() and hidden(tmp_path) == [".store.extract"]
    (kept,) = (tmp_path / ".store.extract").iterdir()
    fake.stop_after, fake.times = None, []
    fake.opened = []
    store = extract([videos], target)
    assert fake.opened == [True] * 2 and store.num_clips == 3
    assert len(fake.times) == len(store.keypoints) - 12
    assert kept.suffix == ".npz" and hidden(tmp_path) == []


@pytest.mark.parametrize("change", ["content", "option", "damage"])
def test_kept_results_are_used_for_the_same_work_only(
    fake: Fake, videos: Path, tmp_path: Path, change: str
) -> None:
    fake.stop_after = 20
    with pytest.raises(KeyboardInterrupt):
        extract([videos], tmp_path / "store")
    fake.stop_after, fake.times = None, []
    options = ExtractOptions()
    if change == "content":
        write_video(videos / "point" / "c.mp4", range(0, 800, 40))
    elif change == "option":
        options = ExtractOptions(min_confidence=0.3)
    else:
        (kept,) = (tmp_path / ".store.extract").iterdir()
        kept.write_bytes(kept.read_bytes()[:300])
    store = extract([videos], tmp_path / "store", options=options)
    assert len(fake.times) == len(store.keypoints)


def test_damaged_media_among_others_are_skipped(fake: Fake, videos: Path, tmp_path: Path) -> None:
    (videos / "wave" / "text.mp4").write_text("no video")
    (videos / "wave" / "empty.mp4").touch()
    long = write_video(videos / "wave" / "long.mkv", range(0, 8000, 40))
    middle = long.stat().st_size // 2
    content = bytearray(long.read_bytes())
    content[middle : middle + 2000] = bytes(2000)
    long.write_bytes(content)
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,class\nwave/a,x\nwave/b,y\npoint/c,x\nwave/text,y\nwave/empty,y\n")
    store = extract([videos], tmp_path / "store", options=ExtractOptions(labels=labels))
    skipped = store.report["skipped"]
    assert {"wave/text.mp4", "wave/empty.mp4"} <= set(skipped)
    assert "got an empty file" in skipped["wave/empty.mp4"]
    assert store.class_names == ("x", "y")


def test_a_damaged_medium_alone_is_an_error(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(FormatError, match=r"a\.mp4: expected a whole video"):
        extract([tmp_path / "a.mp4"], tmp_path / "store")
    (tmp_path / "b.mp4").write_text("nor this")
    with pytest.raises(FormatError, match="expected at least one that can be read, got 2 damaged"):
        extract([tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "store")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "model.task"]


def test_damage_in_the_middle_is_found_while_looking(
    fake: Fake, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = looking.read_frames

    def broken(path: Path, *, mirrored: bool):
        for number, frame in enumerate(read(path, mirrored=mirrored)):
            if path.name == "a.mp4" and number == 4:
                raise FormatError("a.mp4: cut off")
            yield frame

    monkeypatch.setattr(looking, "read_frames", broken)
    store = extract([videos], tmp_path / "store")
    assert store.report["skipped"] == {"wave/a.mp4": "a.mp4: cut off"} and store.num_clips == 2
    with pytest.raises(FormatError, match="cut off"):
        extract([videos / "wave" / "a.mp4"], tmp_path / "one")


def test_nothing_found_leaves_nothing(fake: Fake, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 20, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match="expected a hand in at least one frame, got none in 1"):
        extract([tmp_path / "a.png"], tmp_path / "store")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "model.task"]


def test_frames_without_a_find_are_counted(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    Image.fromarray(np.zeros((48, 64, 3), dtype=np.uint8)).save(tmp_path / "set" / "a.png")
    Image.fromarray(picture()).save(tmp_path / "set" / "b.png")
    report = extract([tmp_path / "set"], tmp_path / "store").report
    assert "nothing found in 1 of 2 frames" in report["notes"]
    assert report["dropped"] == {"a": "no joint is seen in any frame"}


def test_mixed_media_are_refused_before_the_work(fake: Fake, videos: Path, tmp_path: Path) -> None:
    write_video(videos / "wide.mp4", size=(96, 48))
    with pytest.raises(FormatError, match=r"expected pictures of one shape.*wide\.mp4"):
        extract([videos], tmp_path / "store")
    assert fake.times == []
    metres = extract([videos], tmp_path / "metres", options=ExtractOptions(world=True))
    assert metres.facts["units"] == "metre" and metres.facts["width"] is None
    store = extract([videos], tmp_path / "store", options=ExtractOptions(pad=True))
    assert (store.facts["width"], store.facts["height"]) == (96, 48)
    # The wrist at 0.3 of 64 pixels stands 16 pixels further right in the padded picture.
    wrist = store.keypoints[store.clips.start, 1, 0, 0]
    assert store.clips.name.tolist()[-1] == "wide"
    assert wrist.tolist() == pytest.approx([(0.3 * 64 + 16) / 96] * 3 + [0.3])
    Image.fromarray(picture()).save(videos / "a.png")
    with pytest.raises(FormatError, match=r"got both: pictures \(a\.png\)"):
        extract([videos], tmp_path / "both", options=ExtractOptions(pad=True))


def test_rates(fake: Fake, videos: Path, tmp_path: Path) -> None:
    write_video(videos / "point" / "slow.mp4", range(0, 400, 80))
    with pytest.raises(FormatError, match=r"one frame rate.*12\.5 frames per second \(point/slow"):
        extract([videos], tmp_path / "store")
    assert hidden(tmp_path) == [".store.extract"]  # the work is not lost
    seen = len(fake.times)
    store = extract([videos], tmp_path / "store", options=ExtractOptions(fps=12.5))
    assert len(fake.times) == seen and store.facts["fps"] == 12.5
    assert store.clips.frames.tolist() == [6, 5, 6, 7]


def test_uneven_times_are_noted_and_even_frames_have_gaps(fake: Fake, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [0, 40, 80, 120, 400, 440])
    store = extract([path], tmp_path / "store")
    assert any("uneven times (first a.mp4)" in note for note in store.report["notes"])
    even = extract([path], tmp_path / "even", options=ExtractOptions(fps=10))
    assert even.report["repaired"] == {"frames missing where the video has none at that time": 2}
    assert np.isnan(even.keypoints[:, 1, 0, 0]).tolist() == [False, False, True, True, False]


def test_places_are_checked_before_the_work(fake: Fake, videos: Path, tmp_path: Path) -> None:
    extract([videos], tmp_path / "store")
    done = len(fake.times)
    with pytest.raises(StoreError, match="Use --force"):
        extract([videos], tmp_path / "store")
    (tmp_path / "labels.csv").write_text("clip,class\nwave/z,x\n")
    with pytest.raises(FormatError, match="expected a clip of the source, got 'wave/z'"):
        extract([videos], tmp_path / "s", options=ExtractOptions(labels=tmp_path / "labels.csv"))
    with pytest.raises(ConfigError, match="--overlay: expected a file that ends in"):
        extract([videos / "wave" / "a.mp4"], tmp_path / "s", overlay=tmp_path / "a.png")
    with pytest.raises(ConfigError, match="Did you mean 'hands'"):
        ExtractOptions(detector="hand")
    with pytest.raises(ConfigError, match="max_bodies: expected 1 with detector 'hands'"):
        ExtractOptions(max_bodies=2)
    assert len(fake.times) == done
    assert isinstance(extract([videos], tmp_path / "store", force=True), Store)


def test_overlays_of_several(fake: Fake, videos: Path, tmp_path: Path) -> None:
    extract([videos], tmp_path / "store", overlay=tmp_path / "drawn")
    assert (tmp_path / "drawn" / "wave" / "a.mp4").stat().st_size > 1000


def test_progress_counts_frames(fake: Fake, videos: Path, tmp_path: Path) -> None:
    totals = []

    def track(frames, total):
        totals.append(total)
        yield from frames

    store = extract([videos], tmp_path / "store", track=track)
    assert totals == [len(store.keypoints)]


def test_results_survive_being_kept(tmp_path: Path, fake: Fake, videos: Path) -> None:
    kept = KeptResults(tmp_path / "store", {"a": 1})
    key = kept.key(videos / "wave" / "a.mp4")
    assert kept.get(key) is None
    assert KeptResults(tmp_path / "store", {"a": 2}).key(videos / "wave" / "a.mp4") != key
    kept.remove()
