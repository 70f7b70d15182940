"""The steps of a conversion, in the order in which clips pass them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from skelgraph.data.clip import Clip
from skelgraph.data.clip_steps.cutting import cut_clips
from skelgraph.data.clip_steps.filling import FILLS, fill_gaps
from skelgraph.data.clip_steps.relayout import change_layout
from skelgraph.data.clip_steps.scoring import confidence_as_third
from skelgraph.data.report import ConversionReport
from skelgraph.data.windows import parse_window
from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import load_layout

LONGEST_GAP = 10


@dataclass(frozen=True)
class ConvertSteps:
    """What to do to the clips, only what is asked for, in this order.

    Args:
        fill: Fill gaps: 'linear' between two seen frames, or 'hold' the last seen one. None:
            gaps stay gaps.
        longest_gap: Longest gap that is filled, in frames; `LONGEST_GAP` if not given.
        to_layout: Name or file of the layout to turn the joints into.
        confidence_as_z: Make the detector's score the third coordinate of 2-D recordings.
        window: Cut clips into windows of so many frames (`90`) or seconds (`3s`).
        overlap: Share of a window that the next one repeats.

    Raises:
        ConfigError: If an option has a value that does not fit, or goes with one that is not
            given.
    """

    fill: str | None = None
    longest_gap: int | None = None
    to_layout: str | None = None
    confidence_as_z: bool = False
    window: str | int | None = None
    overlap: float | None = None

    def __post_init__(self) -> None:
        if self.fill is not None and self.fill not in FILLS:
            raise ConfigError(unknown_name("fill", self.fill, FILLS))
        if self.longest_gap is not None and self.longest_gap < 1:
            raise ConfigError(
                f"longest_gap: expected at least 1 frame, got {self.longest_gap}. Leave fill out "
                "to fill nothing."
            )
        for option, needed in (("longest_gap", "fill"), ("overlap", "window")):
            if getattr(self, option) is not None and getattr(self, needed) is None:
                raise ConfigError(
                    f"{option}: expected {needed} beside it, got {option} alone. Give --{needed}."
                )
        # The frame rate is known once there are clips; the words are checked before.
        parse_window(self.window, overlap=self.overlap or 0.0, fps=1.0)

    @property
    def given(self) -> dict[str, Any]:
        """What was asked for, for provenance."""
        default = ConvertSteps.__dataclass_fields__
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {key: value for key, value in values.items() if value != default[key].default}

    def apply(self, clips: Iterator[Clip], report: ConversionReport) -> Iterator[Clip]:
        """Pass clips through the steps; `report.steps` is complete once all were taken."""
        if self.fill is not None:
            longest = self.longest_gap or LONGEST_GAP
            clips = fill_gaps(clips, report, how=self.fill, longest=longest)
        if self.to_layout is not None:
            clips = change_layout(clips, report, target=load_layout(self.to_layout))
        if self.confidence_as_z:
            clips = confidence_as_third(clips, report)
        if self.window is not None:
            clips = cut_clips(clips, report, window=self.window, overlap=self.overlap or 0.0)
        return clips
