"""`skelgraph plot clip`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import (
    force_option,
    recording_format_option,
    recording_options,
    report_options,
)
from skelgraph.cli.plot.telling import RUN, report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.data.store import Store


@click.command("clip")
@click.argument("source", metavar="STORE_OR_FILE", type=RUN)
@click.option("--clip", default="0", show_default=True, help="Name of the clip, or its number.")
@click.option(
    "--moments",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many frames are shown.",
)
@recording_format_option
@recording_options
@figure_option("CLIP.png")
@force_option
@report_options
def plot_clip(
    source: Path,
    clip: str,
    moments: int,
    format_name: str | None,
    told: dict[str, Any],
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a clip as a strip of skeletons over time.

    \b
    Example:
      skelgraph plot clip my_store --clip 3 --output clip.png
    """
    from skelgraph.data.formats import ReadOptions
    from skelgraph.training.run_clips import opened

    with opened(source, format=format_name, options=ReadOptions(**told)) as store:
        row = _row_of(store, clip)
        name = str(store.clips.name[row])
        path = output or Path(f"{Path(name).name}.png")
        write_figure(path, lambda: _clip_figure(store, row, moments), force=force)
    report(path, {"clip": name}, as_json=as_json)


def _row_of(store: Store, clip: str) -> int:
    """Find a clip by its name or by its number."""
    from skelgraph.data.choosing import unknown_clip
    from skelgraph.errors import StoreError

    names: Sequence[str] = [str(name) for name in store.clips.name]
    if clip in names:
        return names.index(clip)
    if clip.isdigit() and int(clip) < len(names):
        return int(clip)
    raise StoreError(f"{store.path}, {unknown_clip(clip, names)}")


def _clip_figure(store: Store, row: int, moments: int) -> Figure:
    from skelgraph.plots.clip import clip_figure

    clip = store.clip(row)
    keypoints = clip.keypoints
    if clip.units == "image fraction" and clip.width and clip.height:
        keypoints = keypoints.copy()
        keypoints[..., 0] *= clip.width / clip.height
    kind = "" if clip.label is None else f": {store.class_names[clip.label]}"
    return clip_figure(
        keypoints,
        clip.layout,
        axes=clip.axes,
        fps=clip.fps,
        moments=moments,
        title=f"{clip.name}{kind}",
    )
