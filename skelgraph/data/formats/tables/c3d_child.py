"""Reads one C3D file with ezc3d in a process of its own, which damaged files may end or stall.

Run as a script: `python -P c3d_child.py FILE`; writes an .npz of the points to stdout.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

CPU_SECONDS = 60
MEMORY = 2 * 2**30


def limit(size: int) -> None:
    """Bound memory and time, where the system can."""
    try:
        import resource
    except ImportError:
        return
    memory = MEMORY + 10 * size
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def main(path: Path) -> None:
    """Write points (3, markers, frames), residuals, labels, units and rate."""
    size = path.stat().st_size
    limit(size)
    import ezc3d
    import numpy as np

    content = ezc3d.c3d(str(path))
    facts = content["parameters"]["POINT"]
    points = content["data"]["points"][:3]
    if points.nbytes > 16 * size + 2**20:
        raise ValueError(f"{points.shape[2]} frames of {points.shape[1]} markers in {size} bytes")
    labels = [
        label
        for key in sorted(key for key in facts if key.startswith("LABELS"))
        for label in facts[key]["value"]
    ]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        points=points.astype(np.float32),
        residuals=content["data"]["meta_points"]["residuals"][0].astype(np.float32),
        labels=np.array(labels, dtype=str),
        units=np.array(list(facts.get("UNITS", {}).get("value", []))[:1], dtype=str),
        rate=np.array(list(facts.get("RATE", {}).get("value", []))[:1], dtype=float),
    )
    sys.stdout.buffer.write(buffer.getvalue())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:  # ezc3d raises any kind; the parent gets one line of it
        sys.exit(f"{type(error).__name__}: {error}"[:300])
