"""One HTML page from a report's values: template, styles and scripts of this package."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from skelgraph.report.embedding import embedded_json, policy

STYLES = ("colours", "frame", "tables", "charts", "player")
SCRIPTS = (
    "elements",
    "numbers",
    "unpack",
    "theme",
    "skeleton",
    "chart",
    "scores",
    "changes",
    "classes",
    "confusion",
    "calibration",
    "curves",
    "importance",
    "stage",
    "clip_list",
    "player",
    "facts",
    "main",
)


def build_page(document: Mapping[str, Any]) -> str:
    """Build the page.

    Args:
        document: What `skelgraph.training.reporting.describe_run` gives; `title` is the page's.

    Returns:
        HTML that needs no other file and asks for none; its policy refuses any request.
    """
    style = "\n".join(_part(f"{name}.css") for name in STYLES)
    script = "\n".join(['(() => {"use strict";', *(_part(f"{n}.js") for n in SCRIPTS), "})();"])
    filled = {
        "title": escape(str(document["title"])),
        "policy": escape(policy(script=script, style=style)),
        "style": style,
        "script": script,
        "data": embedded_json(document),
    }
    # The template is cut once, so that no value is searched for the others' places.
    head, *rest = _part("page.html").split("{{")
    pieces = [head]
    for part in rest:
        name, _, text = part.partition("}}")
        pieces += [filled[name], text]
    return "".join(pieces)


def _part(name: str) -> str:
    return files("skelgraph.report").joinpath("parts", name).read_text(encoding="utf-8")
