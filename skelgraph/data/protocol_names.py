"""The protocols by name, apart from the code, so that a command line can list them at once."""

from __future__ import annotations

COLUMN_OF = {"xsub": "subject", "xview": "camera", "xset": "setup", "loso": "subject"}
PROTOCOLS = ("random", *COLUMN_OF, "files")
