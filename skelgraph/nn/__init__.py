"""Layers: graph and temporal convolution, A-link inference, attention, heads."""

from __future__ import annotations
