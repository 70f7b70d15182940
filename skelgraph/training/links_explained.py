"""Importance of A-links to a trained run, in its own clips or in others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skelgraph.data.store import Store
from skelgraph.explain.link_result import FIRST_ORDER, LinkImportance
from skelgraph.explain.links import link_importance
from skelgraph.training.explaining import ask_clips, clips_of_run
from skelgraph.training.weights import Recogniser


def explain_links_of_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    target: str | None = None,
    part: str = "test",
    device: str = "cpu",
) -> LinkImportance:
    """Ask a run which A-links its decisions rest on.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        target: Class asked about. None: what the run predicts for each clip.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        ConfigError: If the model has no A-links.
        SkelgraphError: If run and clips cannot be read or do not fit.
    """
    with clips_of_run(run, source, part=part, device=device) as (recogniser, store, rows):
        importance = explain_links(recogniser, store, rows=rows, target=target)
        importance.provenance["run"] = str(run)
        importance.provenance["data"] = str(store.path if source is None else source)
        return importance


def explain_links(
    recogniser: Recogniser, store: Store, *, rows: np.ndarray, target: str | None = None
) -> LinkImportance:
    """Ask a recogniser about clips of a store; see `explain_links_of_run`."""
    found = ask_clips(
        recogniser,
        store,
        rows=rows,
        target=target,
        answer=lambda question: {"values": link_importance(question).float()},
    )
    return LinkImportance(**found, method=FIRST_ORDER)
