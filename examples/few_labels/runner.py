"""Runs one after another, or several at once, each of them a row as it ends."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from rows import append_row

from skelgraph.errors import SkelgraphError

Task = TypeVar("Task")
Work = Callable[[Any], dict[str, Any]]


def run_all(
    work: Work, tasks: Sequence[Task], *, output: Path, header: Sequence[str], jobs: int
) -> int:
    """Do the tasks and append their rows to a CSV.

    A task that fails is told and has no row: the next call tries it again.

    Args:
        work: Gives a task's row.
        tasks: What is to be done.
        output: The CSV.
        header: Its columns.
        jobs: How many at once, one thread each.

    Returns:
        How many failed.
    """
    failed = 0
    for number, (task, row) in enumerate(_done(work, tasks, jobs), start=1):
        if isinstance(row, str):
            failed += 1
            print(f"[{number}/{len(tasks)}] {task} failed: {row}", file=sys.stderr, flush=True)
        else:
            append_row(output, header, row)
            told = {name: row[name] for name in header if name in row}
            print(f"[{number}/{len(tasks)}] {told}", flush=True)
    return failed


def _done(
    work: Work, tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, dict[str, Any] | str]]:
    """Yield each task with its row, or with what went wrong."""
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, _tried(work, task)
        return
    context = get_context("spawn")  # a fork would inherit torch's threads half alive
    with ProcessPoolExecutor(jobs, context, _begin, (os.getpid(),)) as pool:
        futures = {pool.submit(_tried, work, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _tried(work: Work, task: Any) -> dict[str, Any] | str:
    """Give a row with its seconds; the words of our own errors, the traceback of others."""
    started = time.perf_counter()
    try:
        return work(task) | {"seconds": round(time.perf_counter() - started, 1)}
    except SkelgraphError as error:
        return str(error)
    except Exception:  # one run's failure must not end the others
        return traceback.format_exc()


def _begin(parent: int) -> None:
    """Prepare a process: one thread, and an end as soon as the first process is gone.

    Else a run that outlives a kill would write into the folder that its successor resumes.
    """
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
