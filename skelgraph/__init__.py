"""Graph neural networks on skeletons, from recordings to a recogniser that explains itself.

Importing this package is cheap: torch, torch_geometric, mediapipe and matplotlib are loaded
by the modules that use them.
"""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

# In a checkout that is not installed in editable mode, cli/ and graphs/ lie beside this folder.
_checkout = Path(__file__).resolve().parent.parent
if (_checkout / "setup.cfg").is_file() and (_checkout / "cli" / "__init__.py").is_file():
    __path__.append(str(_checkout))
