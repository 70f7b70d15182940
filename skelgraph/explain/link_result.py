"""The importance of A-links in some clips, as one result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from skelgraph.explain.clips_asked import LINKS, ClipsAsked, read_asked
from skelgraph.graphs.layout import SLOTS

FIRST_ORDER = "first_order"  # the one method: see `links.link_importance`
TABLE = ("class", "clips", "body", "from", "to", "type", "importance")


@dataclass(frozen=True, eq=False, kw_only=True)
class LinkImportance(ClipsAsked):
    """Importance of each A-link in N clips: what the log-odds lose without it, to first order.

    Links that speak against the class are negative. Saved as .csv it has a row a class asked
    about and link, with the mean over the class's clips; the .npz has every clip.

    Args:
        values: From u to v by type, the ghost left out, zero for absent bodies, shape
            (N, M, K - 1, V, V).
    """

    values: np.ndarray

    of: ClassVar[str] = LINKS
    arrays: ClassVar[tuple[str, ...]] = ("values", "present", "target", "predicted", "label")

    def mean(self) -> np.ndarray:
        """Mean over clips; hands keep their slots, of people the mean over bodies too.

        Returns:
            Shape (M, K - 1, V, V) of hands, NaN for one never seen, (1, K - 1, V, V) of people.
        """
        present = self.present[..., None, None, None]
        return self.mean_of(np.where(present, self.values, np.nan))

    def table(self) -> Iterator[list[str]]:
        """Yield the rows of the .csv, its head first."""
        yield list(TABLE)
        joints = self.layout.joints
        for name, some in self.by_target():
            mean = some.mean()
            for body, kind, sender, receiver in np.argwhere(np.isfinite(mean)):
                if sender != receiver:  # a joint has no link to itself
                    value = mean[body, kind, sender, receiver]
                    whose = SLOTS[body] if self.layout.instances == "hands" else ""
                    ends = [joints[sender], joints[receiver]]
                    yield [name, str(len(some)), whose, *ends, str(kind + 1), f"{value:.6g}"]


def read_link_importance(path: str | Path) -> LinkImportance:
    """Read what `LinkImportance.save` wrote as .npz.

    Raises:
        RunError: If the file is missing, damaged or not ours.
    """
    return read_asked(path, LinkImportance)
