"""Loading many files with several processes, in order and with little ahead of its use.

Not multiprocessing: to fork a process that has threads (torch, a progress bar) may stop it for
ever, and `spawn` and `forkserver` run the caller's script a second time unless it guards its main
part. Each worker here is a fresh Python that imports the loading function by its name, takes
every n-th batch of files and writes results to a pipe. The pipe is the look-ahead: a worker whose
results nobody has taken yet waits, so memory stays constant, and one whose reader has gone ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from skelgraph.errors import FormatError

Load = Callable[[Path], Any]
"""Loads one file to something light that can be pickled; a function of a module, or a
functools.partial of one, so that another process finds it by its name."""

FILES_A_WORKER = 256
"""A process starts in the time in which it loads some two hundred files of a quarter megabyte."""

BATCH = 16
"""Files a message: to wake another process up costs as much as to load a file."""

PIPE_BYTES = 2**20

START = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from skelgraph.data.formats.workers import work
work(sys.stdin.buffer, sys.stdout.buffer)
"""


def load_all(
    files: Sequence[Path], load: Load, *, workers: int | None = None
) -> Generator[Any | FormatError, None, None]:
    """Load files and give the results in the files' order.

    Args:
        files: What to load.
        load: Loads one file; a FormatError that it raises is the file's result. Any other
            error is raised here, when its file's turn comes.
        workers: Processes to start; 0 and 1 load here. None: by the number of files and of
            the processors that this process may use. A single file never starts any.

    Yields:
        The result of each file.
    """
    count = num_workers(len(files)) if workers is None else min(workers, len(files))
    if count < 2 or not sys.executable:
        yield from (_load_here(load, file) for file in files)
        return
    batches = [files[place : place + BATCH] for place in range(0, len(files), BATCH)]
    team: list[subprocess.Popen[bytes]] = []
    try:
        for first in range(count):
            team.append(_start(load, batches[first::count]))
        for place, batch in enumerate(batches):
            yield from _take(team[place % count], load, batch)
    finally:
        for worker in team:
            _end(worker)


def num_workers(num_files: int) -> int:
    """Decide how many processes load so many files; below 2, none are started."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(processors, num_files // FILES_A_WORKER)


def _load_here(load: Load, file: Path) -> Any | FormatError:
    try:
        return load(file)
    except FormatError as error:
        return error


def _start(load: Load, batches: Sequence[Sequence[Path]]) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(
        [sys.executable, "-c", START],
        bufsize=PIPE_BYTES,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # an interrupt is for the starter alone, which ends its workers
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert worker.stdin is not None and worker.stdout is not None
    with suppress(ImportError, AttributeError, OSError):  # not everywhere, and not needed
        import fcntl

        fcntl.fcntl(worker.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with suppress(OSError):  # it has ended already: its files are loaded here
        pickle.dump(sys.path, worker.stdin)
        pickle.dump((load, list(batches)), worker.stdin)
        worker.stdin.close()
    return worker


def _take(
    worker: subprocess.Popen[bytes], load: Load, batch: Sequence[Path]
) -> Iterator[Any | FormatError]:
    """Take the results of a worker's next batch; load here what it has none for."""
    assert worker.stdout is not None
    try:
        answers = pickle.load(worker.stdout)
    except (EOFError, OSError, pickle.UnpicklingError):
        answers = [(False, None)] * len(batch)
    for file, (done, result) in zip(batch, answers, strict=True):
        yield result if done else _load_here(load, file)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    worker.wait()


def work(orders: IO[bytes], results: IO[bytes]) -> None:
    """Be a worker: load the batches ordered; for each file, tell whether it has a result."""
    load, batches = pickle.load(orders)
    try:
        for batch in batches:
            answers = [_answer(load, file) for file in batch]
            results.write(pickle.dumps(answers, protocol=pickle.HIGHEST_PROTOCOL))
            results.flush()
    except BrokenPipeError:
        os._exit(0)


def _answer(load: Load, file: Path) -> tuple[bool, Any]:
    try:
        return True, _load_here(load, file)
    except Exception:  # of any kind: the starter loads the file again and raises it where it counts
        return False, None
