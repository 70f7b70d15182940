"""Which joints, parts and frames a model's decision rests on, and how far to believe it."""

from __future__ import annotations

from skelgraph.explain.importance import Importance, read_importance
from skelgraph.explain.link_result import LinkImportance, read_link_importance
from skelgraph.explain.links import link_importance
from skelgraph.explain.methods import DEFAULT_METHOD, METHODS, explain_batch
from skelgraph.explain.question import ExplainOptions, Question

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "ExplainOptions",
    "Importance",
    "LinkImportance",
    "Question",
    "explain_batch",
    "link_importance",
    "read_importance",
    "read_link_importance",
]
