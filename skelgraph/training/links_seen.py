"""Which A-links a trained run infers, clip by clip and on average."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.training.attention import run_labels
from skelgraph.training.clips_seen import ClipsSeen
from skelgraph.training.explaining import clips_of_run
from skelgraph.training.inference import outputs
from skelgraph.training.results import clip_names
from skelgraph.training.run_clips import clips_for
from skelgraph.training.weights import Recogniser


@dataclass(frozen=True, eq=False)
class LinksSeen(ClipsSeen):
    """A-links of N clips of at most M bodies.

    Args:
        probability: Of each link type without the ghost, from u to v, NaN for absent bodies,
            shape (N, M, K - 1, V, V).
    """

    probability: np.ndarray

    def mean(self) -> np.ndarray:
        """Mean over clips, (M or 1, K - 1, V, V); hands keep their slots, people do not.

        NaN for a hand that was never seen.
        """
        values = self.probability
        if self.layout.instances != "hands":
            values = values.reshape(-1, 1, *values.shape[2:])
        known = np.isfinite(values)
        total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def links_of_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    part: str = "test",
    device: str = "cpu",
) -> LinksSeen:
    """Ask a run which A-links it infers in its own clips or in others.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        SkelgraphError: If run and clips cannot be read or do not fit, or the model infers no
            A-links.
    """
    with clips_of_run(run, source, part=part, device=device) as (recogniser, store, rows):
        return links_of(recogniser, store, rows=rows)


def links_of(recogniser: Recogniser, store: Store, *, rows: np.ndarray) -> LinksSeen:
    """Run a recogniser over clips and gather its A-links; see `links_of_run`."""
    clips = clips_for(recogniser, store, rows)
    found, best = [], []
    for batch, output in outputs(recogniser.model, clips, recogniser.data, returns=("a_links",)):
        if output.a_links is None:
            raise RunError(
                "a-links: expected a model that infers links, got one without. Train as_gcn with "
                "--a-links."
            )
        links = output.a_links[:, :, 1:].float().cpu().numpy()
        links[~batch.bodies.cpu().numpy()] = np.nan
        found.append(links)
        best.append(output.logits.argmax(1).cpu().numpy())
    return LinksSeen(
        layout=recogniser.layout,
        class_names=recogniser.class_names,
        names=tuple(clip_names(store, clips)),
        label=run_labels(clips, store, recogniser),
        predicted=np.concatenate(best),
        probability=np.concatenate(found),
    )
