"""One measurement in a process of its own: `python -m skelgraph.bench.child CASE`."""

from __future__ import annotations

import json
import sys
from typing import Any

import torch

from skelgraph.bench.arithmetic import measure_arithmetic
from skelgraph.bench.full_size import measure_steps
from skelgraph.bench.options import Case
from skelgraph.bench.recordings import measure_loading, measure_recordings
from skelgraph.bench.streaming import measure_streaming
from skelgraph.training.memory import prepare_memory

MEASURES = {
    "step": measure_steps,
    "recordings": measure_recordings,
    "loading": measure_loading,
    "streaming": measure_streaming,
    "arithmetic": measure_arithmetic,
}


def measure(case: Case) -> dict[str, Any]:
    """Make one measurement."""
    torch.set_num_threads(case.threads)
    if case.keep_memory:
        prepare_memory()
    return MEASURES[case.what](case)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Case(**json.loads(sys.argv[1])))))
