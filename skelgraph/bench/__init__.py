"""Speed and memory of training and inference, beside a plain network as the yardstick."""

from __future__ import annotations
