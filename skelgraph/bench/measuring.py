"""Time and memory of a function, in this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Times:
    """Seconds of each call: on the clock, and of the processor (all threads)."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def time_calls(function: Callable[[], object], *, calls: int, warm_up: int = 1) -> Times:
    """Call a function and time it.

    Args:
        function: What to call.
        calls: Calls to time.
        warm_up: Calls before.
    """
    for _ in range(warm_up):
        function()
    times = Times()
    for _ in range(calls):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        times.wall.append(time.perf_counter() - wall)
        times.cpu.append(time.process_time() - cpu)
    return times


def resident_bytes() -> int | None:
    """Memory that this process holds now; None where the system does not say."""
    return _status("VmRSS")


def peak_bytes() -> int | None:
    """Most memory that this process has held; None where the system does not say."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Start to look for the peak anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _status(name: str) -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return None
