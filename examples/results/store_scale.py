"""Time opening a store and taking a random batch from it, for small and for very large stores.

Made-up stores in a temporary folder: an index of true form and size, and frames in a sparse
file, of which only some thousand clips' are written; batches are drawn among those, which lie
spread over the whole store. The stores are taken in turn, several times; what is compared is
the median.

    python examples/results/store_scale.py
    python examples/results/store_scale.py --clips 1000 100000 --repeats 5

`open` is `Store.open`; `batch` prepares 64 random clips and gathers them, as training does.
Each is taken with the files in the system's memory and, `from disk`, after the system was asked
to forget them. `open, edited` is opening without index.npy, as after someone changed index.csv,
so that it is read row by row.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import yaml

from skelgraph.data.dataset import ClipSet
from skelgraph.data.index_columns import write_columns
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import checksum
from skelgraph.data.synthetic import simulate
from skelgraph.data.table import COLUMNS, index_row
from skelgraph.data.windows import WindowSpec, cut_windows
from skelgraph.graphs import load_layout, map_joints

FRAMES = 60
FILLED = 4096
BATCH = 64
EDITED = "open, edited"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=31)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the stores are made; needs sparse files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        stores = {count: make_store(Path(folder), count) for count in arguments.clips}
        times = compare(stores, arguments.repeats, np.random.default_rng(arguments.seed))
        show(stores, times, arguments.repeats)


def make_store(folder: Path, count: int) -> Path:
    """Make a store of so many clips of equal length."""
    path = folder / f"of_{count}"
    clips, names = simulate(load_layout("kinect_v2"), subjects=1, clips_per_class=2)
    clip = next(clip for clip in clips if clip.num_frames >= FRAMES)
    write_store(path, [clip], class_names=names, provenance={"made": "for timing"})
    write_frames(path / "keypoints.npy", clip.keypoints[:FRAMES], count)
    write_index(path / "index.csv", names, count)
    facts = yaml.safe_load((path / "dataset.yaml").read_text(encoding="utf-8"))
    facts |= {"clips": count, "frames": count * FRAMES, "index": write_columns(path, names)}
    facts["sha256"] = {name: checksum(path / name) for name in ("index.csv", "index.npy")}
    (path / "dataset.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    return path


def write_frames(path: Path, frames: np.ndarray, count: int) -> None:
    """Write the frames of some clips; the others stay holes of the file."""
    shape = (count * FRAMES, *frames.shape[1:])
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        begin = file.tell()
        file.truncate(begin + 4 * int(np.prod(shape, dtype=np.int64)))
        for row in filled_rows(count):
            file.seek(begin + int(row) * frames.nbytes)
            file.write(frames.tobytes())


def filled_rows(count: int) -> np.ndarray:
    """Choose clips that lie evenly over the store."""
    return np.unique(np.linspace(0, count - 1, FILLED).astype(np.int64))


def write_index(path: Path, names: tuple[str, ...], count: int) -> None:
    """Write a row a clip."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for row in range(count):
            values: dict[str, object] = {
                "clip": f"subject_{row // 500:04d}/recording_{row:07d}",
                "start": row * FRAMES,
                "frames": FRAMES,
                "label": row % len(names),
                "subject": row // 500,
                "camera": row % 3,
                "setup": -1,
                "repetition": row % 2,
                "bodies": 1,
                "source": f"recording_{row // 3:07d}",
            }
            rows.writerow(index_row(values, names, ()))


def compare(
    stores: dict[int, Path], repeats: int, draws: np.random.Generator
) -> dict[tuple[int, str], list[float]]:
    """Time the stores in turn."""
    times: dict[tuple[int, str], list[float]] = {}
    time.sleep(3)  # a store trusts an index by its times only once it is two seconds old
    for where in ("", " from disk"):
        for count, path in stores.items():
            once(path, filled_rows(count))  # brings all that is asked for into memory
        for _ in range(repeats):
            for count, path in stores.items():
                rows = draws.choice(filled_rows(count), BATCH, replace=False)
                if where:
                    forget(path)
                for what, seconds in once(path, rows).items():
                    times.setdefault((count, what + where), []).append(seconds)
    for count, path in stores.items():
        shutil.move(path / "index.npy", path / "aside")
        for _ in range(min(repeats, 3)):
            started = time.perf_counter()
            Store.open(path)
            times.setdefault((count, EDITED), []).append(time.perf_counter() - started)
    return times


def forget(path: Path) -> None:
    """Ask the system to keep nothing of a store's files in memory."""
    for name in ("keypoints.npy", "index.npy", "dataset.yaml", "index.state.json"):
        file = os.open(path / name, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def once(path: Path, rows: np.ndarray) -> dict[str, float]:
    """Open a store and take one batch of whole clips."""
    started = time.perf_counter()
    store = Store.open(path)
    opened = time.perf_counter()
    windows = cut_windows(store.clips.start, store.clips.frames, rows, WindowSpec())
    same = map_joints(store.layout, store.layout)
    batch = ClipSet(store, windows, layout=store.layout, joint_map=same).batch(
        np.arange(len(rows)), num_frames=48
    )
    done = time.perf_counter()
    if not bool(batch.visible.any(dim=(1, 2, 3)).all()):
        raise SystemExit("expected recordings in the batch, got holes of the file")
    return {"open": opened - started, "batch": done - opened, "both": done - started}


def show(stores: dict[int, Path], times: dict[tuple[int, str], list[float]], repeats: int) -> None:
    """Print a row a store and step."""
    print(
        f"{repeats} repeats, batches of {BATCH} clips of {FRAMES} frames, {os.cpu_count()} "
        f"processors, load {os.getloadavg()[0]:.1f}"
    )
    print("| clips | index.csv | index.npy | step | ms, median (smallest to largest) |")
    print("| --- | --- | --- | --- | --- |")
    for (count, what), found in sorted(times.items()):
        text = (stores[count] / "index.csv").stat().st_size / 1e6
        array = (stores[count] / "aside").stat().st_size / 1e6
        print(
            f"| {count:,} | {text:.1f} MB | {array:.1f} MB | {what} | {1e3 * median(found):.1f} "
            f"({1e3 * min(found):.1f} to {1e3 * max(found):.1f}) |"
        )


if __name__ == "__main__":
    main()
