"""The report of a run as one HTML page: plain values and arrays in, text out; no model in here."""

from __future__ import annotations
