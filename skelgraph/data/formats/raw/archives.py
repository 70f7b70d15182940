"""Files inside a zip archive, read one by one, never unpacked to disk."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path

from skelgraph.errors import FormatError, list_faults

MAX_RATIO = 200
SPARE_BYTES = 16 * 2**20
MAX_MEMBER = 64 * 2**20

# What zipfile and zlib raise on bytes that are not what they say; RuntimeError is a locked file or,
# as one of its kinds, a compression that zipfile does not know.
DAMAGE = (
    *(OSError, ValueError, EOFError, KeyError, RuntimeError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


class Archive:
    """The files of a zip archive whose names end in one way.

    Args:
        path: The archive.
        suffix: Ending of the files that count, e.g. '.json'.

    Raises:
        FormatError: If it is damaged, a name leads out of it, or what it says or turns out to
            hold is out of all proportion to its size.
    """

    def __init__(self, path: Path, suffix: str) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGE as error:
            raise _damaged(path, error) from error
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        _refuse_escapes(path, [info.filename for info in infos])
        refuse_bombs(path, infos)
        _refuse_giants(path, infos)
        self._infos = {
            info.filename: info
            for info in infos
            if info.filename.lower().endswith(suffix) and not _hidden(info.filename)
        }

    @property
    def names(self) -> list[str]:
        """Names of the files, sorted."""
        return sorted(self._infos)

    def read(self, name: str) -> bytes:
        """Inflate one file.

        Raises:
            FormatError: If it is damaged, locked or larger than it says.
        """
        info = self._infos[name]
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)
        except DAMAGE as error:
            raise _damaged(f"{self.path}, '{name[:100]}'", error) from error
        if len(content) != info.file_size:
            raise _damaged(f"{self.path}, '{name[:100]}'", "another size than it says")
        return content


def peek_archive(path: Path, suffix: str, size: int) -> bytes | None:
    """Read the beginning of an archive's first file of a kind, None where there is none."""
    try:
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.lower().endswith(suffix) and not _hidden(name):
                    with archive.open(name) as member:
                        return member.read(size)
    except DAMAGE:
        pass
    return None


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _refuse_escapes(path: Path, names: list[str]) -> None:
    escapes = [
        name
        for name in names
        if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in _parts(name)
    ]
    if escapes:
        raise FormatError(
            list_faults(
                [
                    f"{path}: expected names inside the archive, got '{name[:100]}'. Do not "
                    "trust this archive."
                    for name in escapes
                ]
            )
        )


def _parts(name: str) -> list[str]:
    return re.split(r"[/\\]", name)


def refuse_bombs(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that says to hold two hundred times its size, beyond a few MiB."""
    size = path.stat().st_size
    total = sum(info.file_size for info in infos)
    if total > max(SPARE_BYTES, MAX_RATIO * size):
        raise FormatError(
            f"{path}: expected at most {MAX_RATIO} times the archive's {size:,} bytes, got "
            f"{total:,} once unpacked. Do not trust this archive."
        )


def _refuse_giants(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    largest = max((info.file_size for info in infos), default=0)
    if largest > MAX_MEMBER:
        raise FormatError(
            f"{path}: expected files of at most {MAX_MEMBER:,} bytes, got one of {largest:,}. "
            "Unpack it and give the folder."
        )


def _damaged(where: object, what: object) -> FormatError:
    return FormatError(
        f"{where}: expected a whole zip archive, got '{str(what)[:200]}'. "
        "Copy or make the archive again."
    )
