"""Which pictures and videos are meant, what their clips are called, and which class they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skelgraph.errors import FormatError, list_faults
from skelgraph.live.frames import PICTURES, VIDEOS


@dataclass(frozen=True)
class Medium:
    """A picture or video that becomes a clip.

    Args:
        path: The file.
        name: Name of its clip.
        file: What reports call it: its path below what all media share.
        class_name: Its class. None: unlabelled.
    """

    path: Path
    name: str
    file: str
    class_name: str | None = None


def find_media(sources: Sequence[str | Path], *, folder_labels: bool | None = None) -> list[Medium]:
    """Find the media that files, folders and patterns mean, each once, in order of their names.

    A folder stands for all pictures and videos in it and below it; hidden ones are left out. A
    clip is named after its file with the folders below those that all media share, without the
    ending unless two would be named alike.

    Args:
        sources: Files, folders, or patterns such as 'wave/*.mp4'.
        folder_labels: Take the folder that holds a medium as its class. None: only if folders
            were given and all media lie in folders below those.

    Raises:
        FormatError: If a source is not there or means no media; lists all of them.
    """
    found: dict[Path, Path] = {}
    faults = []
    for source in sources:
        files = _files(source)
        if not files:
            faults.append(_nothing(source))
        for path in files:
            found.setdefault(path.resolve(), path)
    if faults:
        raise FormatError(list_faults(faults))
    paths = sorted(found.values(), key=lambda path: path.resolve().as_posix())
    labelled = _obvious(sources, paths) if folder_labels is None else folder_labels
    return _named(paths, _shared(sources, paths), labelled=labelled)


def _files(source: str | Path) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        return [file for file in sorted(path.rglob("*")) if _is_shown_medium(file, path)]
    if path.exists():
        return [path]
    if not any(sign in str(source) for sign in "*?["):
        return []
    base = Path(path.anchor or ".")
    matches = sorted(base.glob(str(path.relative_to(path.anchor))))
    return [file for match in matches for file in _files(match)]


def _is_shown_medium(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and file.suffix.lower() in (*PICTURES, *VIDEOS) and file.is_file()


def _nothing(source: str | Path) -> str:
    what = "a folder without any" if Path(source).is_dir() else "none"
    return (
        f"{source}: expected pictures or videos ({', '.join((*PICTURES, *VIDEOS))}), got {what}. "
        "Check the path."
    )


def _obvious(sources: Sequence[str | Path], paths: Sequence[Path]) -> bool:
    """Tell whether only folders were given and every medium lies in a folder below them."""
    roots = {Path(source).resolve() for source in sources if Path(source).is_dir()}
    return len(roots) == len(sources) and not any(path.resolve().parent in roots for path in paths)


def _shared(sources: Sequence[str | Path], paths: Sequence[Path]) -> Path:
    """Find the folder below which names start."""
    if len(sources) == 1 and Path(sources[0]).is_dir():
        return Path(sources[0]).resolve()
    parents = [path.resolve().parent for path in paths]
    shared = parents[0]
    while not all(parent.is_relative_to(shared) for parent in parents):
        shared = shared.parent
    return shared


def _named(paths: Sequence[Path], base: Path, *, labelled: bool) -> list[Medium]:
    files = [path.resolve().relative_to(base) for path in paths]
    stems = [file.with_suffix("").as_posix() for file in files]
    uses = Counter(stems)
    return [
        Medium(
            path=path,
            name=stem if uses[stem] == 1 else file.as_posix(),
            file=file.as_posix(),
            class_name=path.resolve().parent.name if labelled else None,
        )
        for path, file, stem in zip(paths, files, stems, strict=True)
    ]
