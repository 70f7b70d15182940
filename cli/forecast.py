"""`skelgraph forecast` and `skelgraph plot forecast`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.animation_file import animation_option
from skelgraph.cli.figure_file import FigurePath, figure_option
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)

if TYPE_CHECKING:
    from skelgraph.training.forecasts import Forecasts, Track

SLOW_MS = 100  # how long a picture of an animation stands where no frame rate is known


@click.command("forecast")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source", metavar="[INPUT]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--evaluate",
    is_flag=True,
    help="Hide the last frames of INPUT and measure how far the forecast is off.",
)
@click.option(
    "--split",
    type=Choice(("train", "val", "test")),
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@output_option("Write the predicted poses to this store.")
@click.option("--figure", type=FigurePath(), help="Draw one clip: .png, .svg or .pdf.")
@animation_option("Show one clip moving, at half speed")
@click.option("--clip", help="The clip to draw, by name or number.  [default: the first]")
@device_option
@force_option
@report_options
def command(
    run: Path,
    source: Path | None,
    evaluate: bool,
    split: str,
    output: Path | None,
    figure: Path | None,
    animation: Path | None,
    clip: str | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Predict the poses that come next.

    RUN must have a prediction head (`train --forecast 10`); INPUT is a store, or a recording in
    any format that `convert` reads. With --evaluate the last frames of every clip are hidden and
    the forecast is measured against them, beside two simple guesses: the last pose held, and
    constant velocity. Without INPUT that is done on the run's own test clips.

    \b
    Example:
      skelgraph forecast runs/mediapipe_hands my_store --output next_poses
      skelgraph forecast runs/mediapipe_hands --figure forecast.png --animation forecast.gif
    """
    from skelgraph.cli.conversion_lines import listed
    from skelgraph.cli.forecast_lines import print_scores
    from skelgraph.cli.output import note, print_json
    from skelgraph.training.devices import pick_device
    from skelgraph.training.forecast_scores import score_forecasts
    from skelgraph.training.forecasting import forecast

    _check_paths(output, figure, animation, force=force)
    hide = evaluate or source is None
    result = forecast(run, source, hide=hide, part=split, device=pick_device(device))
    for line in (*result.notes, *listed("dropped", result.dropped)):
        note(line, quiet=quiet)
    scores = score_forecasts(result) if hide else None
    drawn = _chosen(result, clip)
    written = _write(result, drawn, run, output, figure, animation, scores=scores, force=force)
    for path in written.values():
        note(f"written: {path}", quiet=quiet)
    if as_json:
        print_json({"run": str(run), **written, **_document(result, scores)})
    elif scores is not None:
        print_scores(scores)
    else:
        _print_clips(result)


@click.command("forecast")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source", metavar="[INPUT]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--split",
    type=Choice(("train", "val", "test")),
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@click.option("--clip", help="The clip to draw, by name or number.  [default: the first]")
@figure_option("RUN/forecast.png")
@device_option
@force_option
@report_options
def plot_command(
    run: Path,
    source: Path | None,
    split: str,
    clip: str | None,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a forecast beside what came, and its errors over time.

    The last frames of every clip are hidden: of INPUT, a store or a recording, or of the run's
    own clips. `skelgraph forecast` draws the poses after the end of a recording, too.

    \b
    Example:
      skelgraph plot forecast runs/mediapipe_hands --clip 3 --output forecast.svg
    """
    from skelgraph.cli.output import note, print_json
    from skelgraph.files import check_free
    from skelgraph.training.devices import pick_device
    from skelgraph.training.forecast_scores import score_forecasts
    from skelgraph.training.forecasting import forecast

    path = output or (run if run.is_dir() else run.parent) / "forecast.png"
    check_free(path, force=force)
    result = forecast(run, source, hide=True, part=split, device=pick_device(device))
    for line in result.notes:
        note(line, quiet=quiet)
    drawn, scores = _chosen(result, clip), score_forecasts(result)
    _draw(result, drawn, run, path, None, scores=scores, force=force)
    if as_json:
        print_json({"output": str(path), "run": str(run), "clip": result.names[drawn]})
    else:
        click.echo(str(path))


def _check_paths(
    output: Path | None, figure: Path | None, animation: Path | None, *, force: bool
) -> None:
    """Refuse what is in the way before any work is done."""
    from skelgraph.data import store_writer
    from skelgraph.files import check_free

    if output is not None:
        store_writer.check_free(output, force=force)
    for path in (figure, animation):
        if path is not None:
            check_free(path, force=force)


def _chosen(result: Forecasts, clip: str | None) -> int:
    """Find the track to draw by name or number."""
    from skelgraph.data.choosing import unknown_clip
    from skelgraph.errors import StoreError

    names = result.names
    if clip is None:
        return 0
    if clip in names:
        return names.index(clip)
    if clip.isdigit() and int(clip) < len(names):
        return int(clip)
    raise StoreError(f"forecast, {unknown_clip(clip, names)}")


def _write(
    result: Forecasts,
    drawn: int,
    run: Path,
    output: Path | None,
    figure: Path | None,
    animation: Path | None,
    *,
    scores: dict[str, Any] | None,
    force: bool,
) -> dict[str, str]:
    """Write what was asked for; name -> path."""
    from skelgraph.training.forecasts import write_forecasts

    if output is not None:
        write_forecasts(result, output, run=run, force=force)
    if figure is not None or animation is not None:
        _draw(result, drawn, run, figure, animation, scores=scores, force=force)
    named = {"output": output, "figure": figure, "animation": animation}
    return {name: str(path) for name, path in named.items() if path is not None}


def _draw(
    result: Forecasts,
    drawn: int,
    run: Path,
    figure: Path | None,
    animation: Path | None,
    *,
    scores: dict[str, Any] | None,
    force: bool,
) -> None:
    import numpy as np

    from skelgraph.cli.animation_file import write_animation
    from skelgraph.cli.figure_file import write_figure
    from skelgraph.plots.forecast import Poses, forecast_figure, forecast_pictures

    track = result.tracks[drawn]
    poses = Poses(result.layout, track.observed, track.forecast, track.truth, result.step_ms)
    title = f"Forecast by {run.name or run}: {result.names[drawn]}{_class_of(result, track)}"
    if figure is not None:
        errors = scores and {
            name: np.array(found["by_frame"], dtype=float)
            for name, found in scores["methods"].items()
        }
        write_figure(
            figure, lambda: forecast_figure(poses, errors=errors, title=title), force=force
        )
    if animation is not None:
        step = 2 * result.step_ms if result.step_ms else SLOW_MS
        write_animation(animation, forecast_pictures(poses, title=title), step_ms=step, force=force)


def _class_of(result: Forecasts, track: Track) -> str:
    label = track.clip.label
    return "" if label is None else f", {result.class_names[label]}"


def _document(result: Forecasts, scores: dict[str, Any] | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "num_frames": result.num_frames,
        "fps": result.fps,
        "dropped": result.dropped,
        "clips": [
            {"clip": name, "observed": len(track.observed), "from_frame": track.start}
            for name, track in zip(result.names, result.tracks, strict=True)
        ],
    }
    return document if scores is None else {**document, "scores": scores}


def _print_clips(result: Forecasts) -> None:
    from skelgraph.cli.output import print_table

    time = "" if result.step_ms is None else f", {result.num_frames * result.step_ms:.0f} ms"
    click.echo(f"{len(result.tracks)} clips, {result.num_frames} frames ahead{time}")
    rows = [
        (name, len(track.observed), track.start, _travel(track))
        for name, track in zip(result.names, result.tracks, strict=True)
    ]
    print_table(("clip", "observed", "from_frame", "movement_mm"), rows)


def _travel(track: Track) -> float:
    """How far the joints are at the end of the forecast from where they were, mean, mm."""
    from skelgraph.evaluation.forecasting import joint_distances, mean_of_known

    held = track.guesses()["last pose held"]
    distances = joint_distances(track.forecast, held)[-1]
    return round(1000 * float(mean_of_known(distances, axis=(0, 1))), 1)
