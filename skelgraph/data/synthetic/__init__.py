"""Simulated clips: hands, bodies and any other skeleton, moved by forward kinematics.

They are simulated, and whatever uses them says so. They let the toolkit be tried without a
recording, and they carry planted truths that explanations are tested against.
"""

from __future__ import annotations

from skelgraph.data.synthetic.planted import (
    Planted,
    simulate_planted_joint,
    simulate_planted_pair,
)
from skelgraph.data.synthetic.simulation import class_names, simulate
from skelgraph.data.synthetic.subject import RECIPE_VERSION

__all__ = [
    "RECIPE_VERSION",
    "Planted",
    "class_names",
    "simulate",
    "simulate_planted_joint",
    "simulate_planted_pair",
]
