"""`python -m skelgraph`: the command line."""

from __future__ import annotations

import sys

from skelgraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
