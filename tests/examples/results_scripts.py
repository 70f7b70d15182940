"""The scripts of examples/results as modules."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from tests.modules import ROOT

FOLDER = ROOT / "examples" / "results"


def load(name: str) -> ModuleType:
    """Import a script by its name, as it is imported from its own folder."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))
