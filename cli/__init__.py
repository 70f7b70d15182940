"""The command line: one module a command, loaded only when that command runs."""

from __future__ import annotations

from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the `skelgraph` command and return its exit code.

    Args:
        args: Words after `skelgraph`. None: those of this process.

    Returns:
        0 done; 1 the input or the environment is wrong; 2 wrong usage; 3 a threshold asked
        for was missed; 130 interrupted.
    """
    from skelgraph.cli.group import root

    return root.run(args)
