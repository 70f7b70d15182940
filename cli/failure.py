"""What a failure says on stderr, and the exit code that goes with it."""

from __future__ import annotations

import errno

import click

from skelgraph.errors import SkelgraphError

WRONG_INPUT = 1
INTERRUPTED = 130


def exit_code_of(error: BaseException) -> int | None:
    """Give the exit code of a failure, or None for a fault of this program."""
    if isinstance(error, click.ClickException):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, (SkelgraphError, OSError, MemoryError, click.Abort)):
        return WRONG_INPUT
    return None


def report_failure(error: BaseException) -> None:
    """Write a failure to stderr: one line, or a line a fault; never a traceback."""
    if isinstance(error, BrokenPipeError):
        _drop_stdout()
    elif isinstance(error, click.ClickException):
        error.show()
    else:
        click.echo(f"Error: {describe_failure(error)}", err=True)


def describe_failure(error: BaseException) -> str:
    """Word a failure.

    Example:
        >>> describe_failure(OSError(13, "Permission denied", "out/keypoints.npy"))
        'out/keypoints.npy: Permission denied.'
    """
    if isinstance(error, OSError):
        return _describe_os_error(error)
    if isinstance(error, MemoryError):
        return f"memory: {str(error) or 'exhausted'}. Take a smaller --batch-size or fewer clips."
    if isinstance(error, SkelgraphError):
        return str(error)
    return "interrupted."


def _describe_os_error(error: OSError) -> str:
    paths = [str(path) for path in (error.filename, error.filename2) if path is not None]
    where = f"{' -> '.join(paths)}: " if paths else ""
    step = ""
    if error.errno == errno.ENOSPC:
        step = " Free some space, then run it again (a training: with --resume)."
    return f"{where}{error.strerror or error}.{step}"


def _drop_stdout() -> None:
    """Point stdout at nothing, so that its last flush at exit does not fail aloud."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
