"""Time and memory of a function, in this process."""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Times:
    """Seconds of each call: on the clock, and of the processor (all threads)."""

    wall: list[float]
    cpu: list[float]


def time_calls(function: Callable[[], object], *, calls: int, warm_up: int = 1) -> Times:
    """Call a function and time it; no memory is taken from the first call to the last.

    Args:
        function: What to call.
        calls: Calls to time.
        warm_up: Calls before.
    """
    for _ in range(warm_up):
        function()
    wall, cpu = (array("d", bytes(8 * calls)) for _ in range(2))
    for number in range(calls):
        clock, work = time.perf_counter(), time.process_time()
        function()
        wall[number] = time.perf_counter() - clock
        cpu[number] = time.process_time() - work
    return Times(list(wall), list(cpu))


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
