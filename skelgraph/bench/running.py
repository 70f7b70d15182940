"""Measurements in turn, each in a process of its own, and their ratios to the yardstick."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from skelgraph.bench.options import YARDSTICK, Case
from skelgraph.errors import SkelgraphError

FORECAST = 10  # frames, as AS-GCN's prediction head has in its release
PARTS = ("step", "recordings", "streaming", "loading", "arithmetic")


class BenchError(SkelgraphError):
    """A measurement that did not come to its end."""


@dataclass(frozen=True)
class BenchOptions:
    """What to measure.

    Args:
        parts: Names out of `PARTS`.
        batch_sizes: Clips a step on clips of full size.
        repeats: Processes of each kind, taken in turn.
        calls: Steps timed in each process.
        threads: Threads of torch.
        streaming_calls: Forward passes of one hand.
    """

    parts: tuple[str, ...] = PARTS
    batch_sizes: tuple[int, ...] = (4,)
    repeats: int = 3
    calls: int = 3
    threads: int = 2
    streaming_calls: int = 10_000


@dataclass
class Row:
    """One kind of measurement.

    Args:
        name: What people call it.
        case: What was measured.
        results: What each process found.
    """

    name: str
    case: Case
    results: list[dict[str, Any]] = field(default_factory=list)

    def middle(self, key: str, *, per_clip: bool = False) -> float:
        """Median over processes of the medians over calls."""
        each = [median(result[key]) for result in self.results]
        return median(each) / (self.case.batch_size if per_clip else 1)

    def spread(self, key: str, *, per_clip: bool = False) -> tuple[float, float]:
        """Smallest and largest of the processes' medians."""
        each = sorted(median(result[key]) for result in self.results)
        share = self.case.batch_size if per_clip else 1
        return each[0] / share, each[-1] / share

    def largest(self, key: str) -> float | None:
        """Largest number that a process found; None where the system does not tell."""
        found = [result[key] for result in self.results if result[key] is not None]
        return max(found, default=None)


def run_bench(
    options: BenchOptions, *, tell: Callable[[str], None] = lambda text: None
) -> dict[str, list[Row]]:
    """Measure, the kinds that are compared in turn.

    Args:
        options: What to measure.
        tell: Hears of each process as it ends.

    Returns:
        Rows by part; 'step' has the yardstick of a batch size before what is compared with it.

    Raises:
        BenchError: If a process fails.
    """
    parts = {name: plan(name, options) for name in PARTS if name in options.parts}
    total = sum(len(rows) * _repeats(name, options) for name, rows in parts.items())
    done = 0
    for name, rows in parts.items():
        for turn in range(_repeats(name, options)):
            for row in rows:
                row.results.append(_in_a_process(row.case))
                done += 1
                size = row.case.batch_size
                tell(f"{done}/{total} {name}: {row.name}, batch {size}, turn {turn + 1}")
    return parts


def plan(part: str, options: BenchOptions) -> list[Row]:
    """List the measurements of a part."""
    base = Case(part, calls=options.calls, threads=options.threads)
    ours = replace(base, precision="bf16-mixed", keep_memory=True, forecast=FORECAST)
    plain = replace(base, model=YARDSTICK)
    if part == "step":
        return [
            Row(name, replace(case, batch_size=size))
            for size in options.batch_sizes
            for name, case in (
                ("yardstick", plain),
                ("yardstick, our settings", replace(ours, model=YARDSTICK, forecast=0)),
                ("AS-GCN, both heads", ours),
                ("AS-GCN, both heads, recomputed", replace(ours, recompute=True)),
            )
        ]
    if part == "recordings":
        many = replace(ours, batch_size=16)
        return [
            Row("yardstick, full size", replace(plain, what="step")),
            Row("AS-GCN, both heads, clips as they are", many),
        ]
    small = replace(ours, preset="small", forecast=0)
    if part == "loading":
        return [Row("AS-GCN, small preset", replace(small, batch_size=32, calls=4 * base.calls))]
    if part == "streaming":
        one = replace(small, precision="32-true", batch_size=1, calls=options.streaming_calls)
        one = replace(one, threads=1)
        half = replace(one, precision="bf16-mixed")
        return [
            Row("float32", one),
            Row("bfloat16", half),
            Row("float32, folded", replace(one, folded=True)),
            Row("bfloat16, folded", replace(half, folded=True)),
        ]
    return [Row("yardstick", plain), Row("AS-GCN, both heads", replace(ours, keep_memory=False))]


def describe_machine(threads: int) -> dict[str, Any]:
    """Say where and when, and how busy the machine was."""
    import torch

    from skelgraph import __version__

    capability = torch.backends.cpu.get_cpu_capability()
    return {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "processors": os.cpu_count(),
        "threads": threads,
        "capability": f"{platform.machine()}, {capability}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "skelgraph": __version__,
        "commit": _commit(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _commit() -> str | None:
    """Commit of the checkout that this code lies in; None where it is installed."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def _repeats(part: str, options: BenchOptions) -> int:
    return options.repeats if part in ("step", "recordings") else 1


def _in_a_process(case: Case) -> dict[str, Any]:
    words: Sequence[str] = [sys.executable, "-m", "skelgraph.bench.child", json.dumps(asdict(case))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise BenchError(
            f"bench, {case.what} of {case.model}: expected a measurement, got exit code "
            f"{done.returncode} ({last}). Try a smaller --batch-sizes."
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
