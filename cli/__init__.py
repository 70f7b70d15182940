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

    code = root.run(args)
    if args is None:
        _leave_processes(code)
    return code


def _leave_processes(code: int) -> None:
    """End a process that is one of several at once, once its work is done.

    Python's own way out lets the threads of gloo and of Lightning's watch over the other
    processes run into a dying interpreter, which now and then aborts it in place of `code`.
    """
    import os
    import sys

    # Of Lightning and torchrun, and of SLURM.
    counts = [os.environ.get(name, "1") for name in ("WORLD_SIZE", "SLURM_NTASKS")]
    if counts != ["1", "1"] and "skelgraph.training.devices" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
