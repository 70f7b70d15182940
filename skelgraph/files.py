"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skelgraph.errors import SkelgraphError


def check_free(path: Path, *, force: bool) -> None:
    """Refuse a file that exists, so that no long work is done for nothing.

    Raises:
        SkelgraphError: If the file exists and `force` is off.
    """
    if path.exists() and not force:
        raise SkelgraphError(
            f"{path}: expected a path that is free, got an existing file. "
            "Give another path, or --force to replace it."
        )


@contextmanager
def written_whole(path: str | Path, *, force: bool = True) -> Iterator[Path]:
    """Lend a temporary path beside the target and rename it when the block ends well.

    Args:
        path: Where the file shall be.
        force: Replace a file that exists.

    Raises:
        SkelgraphError: If the file exists and `force` is off.
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    target = Path(path)
    check_free(target, force=force)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers choose the format by it.
    temporary = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        # A failed write does not say of which file, and nobody asked for the temporary one.
        if error.errno is not None and error.filename in (None, str(temporary)):
            error.filename = str(target)
        raise
    finally:
        with suppress(OSError):  # on a read-only disk not even this; what failed before counts
            temporary.unlink()
