"""Time the reading of NTU RGB+D's text files against a plain reader and against bytes alone.

Simulated files of true size (3.5 kB a frame and body) are written to a temporary folder. The
three are run in turn, several times, each over all files; what counts is the ratio of medians:

    python examples/results/ntu_speed.py
    python examples/results/ntu_speed.py --files 10000     # also converts so many, about 2.5 GB

The plain reader takes a line at a time, splits it, calls float() on all twelve values, appends
them, and makes one array at the end. CPU time (of all processes) tells more than the clock where
the machine has other work. Ours is the reader as `skelgraph convert` uses it, with
the choice of bodies and the survey of every clip.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

FRAMES = 72
KINDS = 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timed-files", type=int, default=2000, help="files that are timed")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, help="also convert so many and show the memory")
    parser.add_argument("--convert", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        print(json.dumps(convert_once(*arguments.convert)))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "timed"
        write_files(source, arguments.timed_files)
        compare(source, arguments.repeats)
        if arguments.files:
            source = Path(folder) / "many"
            size = write_files(source, arguments.files)
            show_conversion(source, Path(folder) / "store", arguments.files, size)


def write_files(folder: Path, count: int) -> int:
    """Write simulated recordings, no two with the same numbers; return their bytes."""
    folder.mkdir()
    kinds = [simulate(seed) for seed in range(KINDS)]
    size = 0
    for number in range(count):
        name = f"S{number // 14400 + 1:03d}C{number % 3 + 1:03d}P{number // 360 % 40 + 1:03d}"
        name += f"R{number // 180 % 2 + 1:03d}A{number // 3 % 60 + 1:03d}.skeleton"
        content = kinds[number % KINDS].replace(b"0.1234567", f"0.{number:07d}".encode(), 1)
        size += (folder / name).write_bytes(content)
    return size


def simulate(seed: int) -> bytes:
    """Make the text of a recording; one in eight has two bodies."""
    draws = np.random.default_rng(seed)
    lines = [str(FRAMES)]
    bodies = 2 if seed % 8 == 7 else 1
    still = draws.normal(0, 0.3, (bodies, 25, 3)) + np.array([0, 0, 3.0])
    for frame in range(FRAMES):
        lines.append(str(bodies))
        for body in range(bodies):
            lines += [f"7205759403792{body:04d} 0 1 1 1 1 0 0.0213451 -0.1234567 2", "25"]
            position = still[body] + draws.normal(0, 0.02, (25, 3))
            lines += [joint_line(row, draws) for row in position]
        if frame == 0:
            lines[4] = "0.1234567 " + lines[4].split(" ", 1)[1]
    return "\r\n".join([*lines, ""]).encode()


def joint_line(position: np.ndarray, draws: np.random.Generator) -> str:
    """Write a joint as the sensor's tool does: seven significant digits, then the state."""
    pictures = draws.uniform(200, 1000, 4)
    turn = draws.uniform(-1, 1, 4)
    return " ".join(f"{value:.9g}" for value in [*position, *pictures, *turn]) + " 2"


def plain_reader(file: Path) -> np.ndarray:
    """Read a file line by line."""
    frames = []
    with file.open() as lines:
        for _ in range(int(lines.readline())):
            bodies = []
            for _ in range(int(lines.readline())):
                lines.readline().split()
                joints = []
                for _ in range(int(lines.readline())):
                    joints.append([float(word) for word in lines.readline().split()])
                bodies.append(joints)
            frames.append(bodies)
    return np.array(frames)


def compare(source: Path, repeats: int) -> None:
    """Time the three in turn and print medians, spread and ratios."""
    files = sorted(source.iterdir())
    rows = sum(int(plain_reader(file).shape[1]) for file in files[:KINDS]) / KINDS
    amount = len(files) * FRAMES
    ways: dict[str, Callable[[], object]] = {
        "plain reader": lambda: [plain_reader(file).size for file in files],
        "skelgraph": lambda: read_ours(source),
        "bytes alone": lambda: [len(file.read_bytes()) for file in files],
    }
    read_ours(source)  # loads what it needs once
    times: dict[str, list[float]] = {name: [] for name in ways}
    work: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started, worked = time.perf_counter(), sum(os.times()[:4])
            way()
            times[name].append(time.perf_counter() - started)
            work[name].append(sum(os.times()[:4]) - worked)
    size = sum(file.stat().st_size for file in files)
    print(
        f"{len(files)} files, {amount} frames, {rows:.2f} bodies a frame, {size / 1e6:.0f} MB, "
        f"{size / amount / rows / 1e3:.2f} kB a frame and body, {os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f}, {repeats} repeats"
    )
    print("| reader | frames a second | spread | times the plain reader | the same by CPU time |")
    print("| --- | --- | --- | --- | --- |")
    slowest = median(times["plain reader"])
    for name, found in times.items():
        print(
            f"| {name} | {amount / median(found):,.0f} | {amount / max(found):,.0f} to "
            f"{amount / min(found):,.0f} | {slowest / median(found):.1f} | "
            f"{median(work['plain reader']) / max(median(work[name]), 0.01):.1f} |"
        )


def read_ours(source: Path) -> int:
    """Read all clips of a folder through the toolkit."""
    from skelgraph.data.formats import read

    return sum(clip.num_frames for clip in read(source).clips)


def show_conversion(source: Path, store: Path, count: int, size: int) -> None:
    """Convert in a process of its own and print time and peak memory."""
    words = [sys.executable, __file__, "--convert", str(source), str(store)]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = json.loads(output)
    print(
        f"\nconverted {count} files, {size / 1e9:.2f} GB, in {found['seconds']:.1f} s: "
        f"{found['frames'] / found['seconds']:,.0f} frames a second, peak memory "
        f"{found['self_mb']:.0f} MB, of the largest worker {found['workers_mb']:.0f} MB"
    )


def convert_once(source: Path, store: Path) -> dict[str, float]:
    """Convert a folder; say how long it took and how much memory."""
    from skelgraph.data.formats import convert

    started = time.perf_counter()
    made = convert(source, store)
    return {
        "seconds": time.perf_counter() - started,
        "frames": len(made.keypoints),
        "self_mb": peak_mb(),
        "workers_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def peak_mb() -> float:
    """Peak memory of this process; getrusage also counts that of the one which started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
