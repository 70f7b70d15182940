"""What a conversion can do to clips on their way: functions from clips to clips, each counted."""

from __future__ import annotations

from skelgraph.data.clip_steps.steps import ConvertSteps

__all__ = ["ConvertSteps"]
