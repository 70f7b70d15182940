"""Faults of a layout description."""

from __future__ import annotations

from typing import Any


def find_faults(description: Any) -> list[str]:
    """List what is wrong with a layout description."""
    return [] if isinstance(description, dict) else ["expected a mapping of keys"]


def find_composite_faults(description: Any) -> list[str]:
    """List what is wrong with a composite description."""
    return find_faults(description)
