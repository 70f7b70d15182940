"""Damage small files of every format some 100,000 times and see that no reader is overcome.

    python examples/results/fuzz_formats.py --examples 100000 --seed 0

Each damaged source must end in an error of ours or in clips that are well formed: no other
exception, no warning, no hang, and no memory beyond ten times the source or FLOOR_MB. What
fails is kept under --keep, to be tried again with --again FOLDER. Linux only; needs the extras
`test` and `formats` and the checkout, whose tests write the sound files.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from skelgraph.data.formats import FORMATS  # noqa: E402 - of this checkout

CHUNK = 1000
"""Inputs a process reads before a fresh one takes over."""

SECONDS = 20
FLOOR_MB = 16
SPARE_MEMORY = 2 * 2**30
SLOW = {"c3d": 8}
"""Formats that get a part of the inputs only: each C3D file is read in a process of its own."""


@dataclass
class Tally:
    """What came of the inputs of one format."""

    format: str
    inputs: int = 0
    errors: int = 0
    readings: int = 0
    stores: int = 0
    failures: int = 0
    slowest_ms: float = 0.0
    peak_mb: float = 0.0
    seconds: float = 0.0
    kept: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for part in fields(self):
            mine, others = getattr(self, part.name), getattr(other, part.name)
            if part.name in ("slowest_ms", "peak_mb"):
                setattr(self, part.name, max(mine, others))
            elif part.name != "format":
                setattr(self, part.name, mine + others)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and tell by the exit code whether an input failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", choices=sorted(set(FORMATS) - {"store"}), help="this format's part of the run"
    )
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz_failures"))
    parser.add_argument("--output", type=Path, help="CSV to write the table to")
    parser.add_argument("--again", type=Path, help="a folder that --keep holds")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    told = parser.parse_args(arguments)
    if told.again:
        from fuzz_child import again

        return again(told.again)
    if told.child:
        return _be_child(told)
    tallies = run(told)
    show(tallies, told.output)
    return 1 if any(tally.failures for tally in tallies) else 0


def _be_child(told: argparse.Namespace) -> int:
    from fuzz_child import Child

    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size + SPARE_MEMORY, hard))
    scratch = os.environ["FUZZ_SCRATCH"]
    child = Child(Tally(told.child), Path(scratch), told.keep, told.seed, SECONDS, FLOOR_MB)
    print(json.dumps(asdict(child.run(told.examples))))
    return 0


def run(told: argparse.Namespace) -> list[Tally]:
    """Spread the inputs over the formats and these over processes."""
    names = [name for name in FORMATS if name != "store"]
    jobs = [job for job in _jobs(names, told.examples, told.seed) if told.only in (None, job[0])]
    tallies = {name: Tally(name) for name, _, _ in jobs}
    with ThreadPoolExecutor(told.processes) as pool:
        for part in pool.map(partial(_one, keep=told.keep), jobs):
            tally = tallies[part.format]
            tally.add(part)
            print(f"{part.format:16} {tally.inputs:7} inputs", end="\r", file=sys.stderr)
            for path in part.kept:
                print(f"{part.format}: FAILED, try {Path(__file__).name} --again {path}")
    return list(tallies.values())


def _jobs(names: Sequence[str], examples: int, seed: int) -> Iterator[tuple[str, int, int]]:
    """Give format, inputs and seed of each process; no two have a seed in common."""
    weights = {name: 1 / SLOW.get(name, 1) for name in names}
    step = 0
    for name in names:
        left = -int(-examples * weights[name] // sum(weights.values()))
        while left > 0:
            yield name, min(left, CHUNK), seed * 1_000_000 + step
            left -= CHUNK
            step += 1


def _one(job: tuple[str, int, int], *, keep: Path) -> Tally:
    name, examples, seed = job
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
        command = [sys.executable, str(Path(__file__)), "--child", name, "--seed", str(seed)]
        command += ["--examples", str(examples), "--keep", str(keep)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "FUZZ_SCRATCH": scratch}
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode == 0:
            return Tally(**json.loads(done.stdout.splitlines()[-1]))
        print(f"{name}: the process ended with {done.returncode}\n{done.stderr[-3000:]}")
        kept = keep / f"{name}_{seed}_ended"
        shutil.copytree(Path(scratch, "now"), kept, dirs_exist_ok=True)
        seconds = time.monotonic() - start
    return Tally(name, inputs=1, failures=1, seconds=seconds, kept=[str(kept)])


def show(tallies: Sequence[Tally], output: Path | None) -> None:
    """Print the table, and write it."""
    total = Tally("total")
    for tally in tallies:
        total.add(tally)
    columns = [part.name for part in fields(Tally) if part.name != "kept"]
    rows = [[getattr(tally, name) for name in columns] for tally in (*tallies, total)]
    rows = [[f"{cell:.1f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    print(" ".join(f"{name:>10}" for name in columns))
    for row in rows:
        print(" ".join(f"{cell!s:>10}" for cell in row))
    if output:
        with output.open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])


if __name__ == "__main__":
    sys.exit(main())
