"""The scripts of examples/ as modules."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from tests.modules import ROOT

FEW_LABELS, RESULTS = ROOT / "examples" / "few_labels", ROOT / "examples" / "results"


def load(folder: Path, name: str) -> ModuleType:
    """Import a script by its name, as it is imported from its own folder."""
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
