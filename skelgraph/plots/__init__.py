"""Figures from arrays: arrays in, a matplotlib Figure out; no model and no files in here.

Every figure is built with the object-oriented interface (no pyplot, no global state), has a
light background, is drawn from vectors, and keeps to the colours and sizes of `style`.
"""

from __future__ import annotations
