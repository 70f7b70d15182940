"""What is wrong with a split, with the store that was to be split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skelgraph.data.store import Store
from skelgraph.errors import ProtocolError


@contextmanager
def splitting(store: Store) -> Iterator[None]:
    """Name the store in front of each fault that splitting it finds.

    Args:
        store: Whose clips are split in the `with` block.

    Raises:
        ProtocolError: What the block raised, with the store's path in each line.
    """
    try:
        yield
    except ProtocolError as error:
        lines = (
            line if line.startswith("... and ") else f"splitting {store.path}: {line}"
            for line in str(error).splitlines()
        )
        raise ProtocolError("\n".join(lines)) from error
