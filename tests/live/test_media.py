"""Files, folders and patterns become media with names and classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelgraph.errors import FormatError
from skelgraph.live.media import find_media


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("wave/b.mp4", "wave/a.MP4", "point/a.mov", "point/.hidden.mp4", "point/notes.txt"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).touch()
    return tmp_path / "set"


def found(*sources: str | Path, folder_labels: bool | None = None) -> list[tuple[str, str | None]]:
    return [(m.name, m.class_name) for m in find_media(sources, folder_labels=folder_labels)]


def test_folders_below_a_folder_are_classes(folder: Path) -> None:
    expected = [("point/a", "point"), ("wave/a", "wave"), ("wave/b", "wave")]
    assert found(folder) == expected
    assert found(folder, folder_labels=False) == [(name, None) for name, _ in expected]
    (folder / "loose.mp4").touch()
    assert {label for _, label in found(folder)} == {None}
    assert ("loose", "set") in found(folder, folder_labels=True)


def test_files_and_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = folder / "wave" / "b.mp4"
    assert found(one) == [("b", None)] == found(one, one)
    assert found(one, folder / "point" / "a.mov") == [("point/a", None), ("wave/b", None)]
    assert found(folder / "wave", folder / "point") == [
        ("point/a", None),
        ("wave/a", None),
        ("wave/b", None),
    ]
    assert found(folder / "wave", folder / "point", folder_labels=True)[0] == ("point/a", "point")
    monkeypatch.chdir(folder)
    assert found("wave/*.mp4") == [("b", None)]
    assert found("**/*.m*") == [("point/.hidden", None), ("point/a", None), ("wave/b", None)]
    assert found(f"{folder}/*/b.*") == [("b", None)]


def test_names_alike_keep_their_endings(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.png", "b.png"):
        (tmp_path / name).touch()
    assert [name for name, _ in found(tmp_path)] == ["a.mp4", "a.png", "b"]
    assert [m.file for m in find_media([tmp_path])] == ["a.mp4", "a.png", "b.png"]


def test_links_to_one_file_count_once(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").symlink_to(tmp_path / "a.mp4")
    assert len(find_media([tmp_path])) == 1


def test_sources_without_media(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    wrong = [tmp_path / "empty", tmp_path / "none.mp4", tmp_path / "*.avi", folder]
    with pytest.raises(FormatError) as caught:
        find_media(wrong)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "empty: expected pictures or videos (.bmp" in lines[0] and "a folder without" in lines[0]
    assert all("got none. Check the path." in line for line in lines[1:])
