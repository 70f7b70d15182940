"""Packages that only an extra installs."""

from __future__ import annotations

import importlib
from types import ModuleType

from skelgraph.errors import MissingExtraError


def need(module: str, *, package: str, what: str, extra: str = "formats") -> ModuleType:
    """Import a module that an extra installs.

    Args:
        module: What is imported, e.g. 'pose_format'.
        package: What pip calls it, e.g. 'pose-format'.
        what: What it is needed for, for the message.
        extra: The extra that installs it.

    Raises:
        MissingExtraError: If it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{what}: expected the package {package}, got none that works ('{error}'). "
            f"Install it: pip install 'skelgraph[{extra}]'."
        ) from error
