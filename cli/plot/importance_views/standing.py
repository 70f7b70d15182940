"""How a method did when it was checked against chance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from skelgraph.errors import RunError

if TYPE_CHECKING:
    from skelgraph.plots.importance import Standing


def standing_of(method: str, checked: Path | None) -> Standing:
    """Word how a method did in its check.

    Raises:
        RunError: If the file is not one of `explain --check`, or has not the method.
    """
    from skelgraph.explain.methods import find_method
    from skelgraph.plots.importance import Standing

    if not find_method(method).judged:
        return Standing("asks no model: to compare with, no explanation", believed=False)
    if checked is None:
        return Standing("not checked against chance on this run: skelgraph explain --check")
    try:
        report = json.loads(checked.read_text(encoding="utf-8"))
        found, clips = report["methods"][method], report["num_clips"]
        unit = "frames" if found["finds"] == "frames" else "joints"
        chance = report["random"][unit]
        areas = [
            f"{name} {found[name][0]:.3f} (chance {chance[name][0]:.3f})"
            for name in ("deletion", "insertion")
        ]
        believed = bool(found["beats_random"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise RunError(
            f"{checked}: expected what `explain --check --output FILE.json` writes with method "
            f"'{method}', got something else ({type(error).__name__}: {error}). Check again."
        ) from error
    verdict = "better than chance" if believed else "NOT better than chance"
    return Standing(f"{verdict} on {clips} checked clips of this run: {'; '.join(areas)}", believed)
