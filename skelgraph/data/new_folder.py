"""Folders that appear whole or not at all: made beside their place and renamed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from skelgraph.errors import StoreError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HOST = re.sub("[^a-zA-Z0-9]", "", socket.gethostname())


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Make a hidden folder beside the target and remove it if it is still there at the end."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(target)
        prefix = f".{target.name}.partial-{_HOST}-{os.getpid()}-"
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
        folder.chmod(0o777 & ~_umask())
    except OSError as error:
        raise StoreError(
            f"{target}: expected a place to write, got '{error.strerror}'. Give another folder."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def full_disk_told(
    target: Path, folder: Path, *, aside: Callable[[], str] = lambda: ""
) -> Iterator[None]:
    """Say of a disk that gets full how much was needed and how much is free.

    Args:
        target: What is made.
        folder: What `beside` lent to make it in.
        aside: Gives words that follow the number of bytes.

    Raises:
        StoreError: If the disk is full, or the space that the user or the system allows.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        free = shutil.disk_usage(target.parent).free + written
        raise StoreError(
            f"{target}: expected more than {written / 1e6:.1f} MB of free disk space{aside()}, got "
            f"{free / 1e6:.1f} MB. Nothing was left behind; free some space or write elsewhere."
        ) from error


def _remove_orphans(target: Path) -> None:
    """Remove what processes of this machine left behind that were killed while they wrote."""
    prefix = f".{target.name}.partial-{_HOST}-"
    for folder in target.parent.iterdir():
        process = folder.name.removeprefix(prefix).split("-")[0]
        if folder.name.startswith(prefix) and process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    """Tell whether a process of this machine runs; where that cannot be asked, say yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def put_in_place(folder: Path, target: Path, *, check: Callable[[Path], None]) -> None:
    """Rename the finished folder to the target; an old one is kept until that has worked.

    Args:
        folder: What `beside` lent, or a folder in it.
        target: Where it shall be.
        check: Raises if what is there by now must not be replaced.
    """
    if not target.exists():
        folder.rename(target)
        return
    check(target)
    old = target.with_name(f".{target.name}.replaced-{_HOST}-{os.getpid()}-{token_hex(4)}")
    target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
