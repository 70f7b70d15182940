"""Which clips each picture of importance is drawn of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skelgraph.cli.plot.importance_views.wanted import Wanted
    from skelgraph.explain import Importance


def one_group(importance: Importance, wanted: Wanted) -> Importance:
    """Keep the clip or the one class that is asked for."""
    return importance.choose(
        clip=wanted.clip, class_name=wanted.classes[0] if wanted.classes else None
    )


def groups_of(importance: Importance, wanted: Wanted) -> dict[str, Importance]:
    """Find the clips of each group that is drawn; one without a name where nothing is compared."""
    if wanted.difference:
        return {name: importance.of_class(name) for name in wanted.difference}
    if wanted.view == "classes" or len(wanted.classes) > 1:
        names = wanted.classes or _present(importance)
        return {name: importance.of_class(name) for name in names}
    return {"": one_group(importance, wanted)}


def _present(importance: Importance) -> list[str]:
    import numpy as np

    return [importance.class_names[number] for number in np.unique(importance.classes)]
