"""`skelgraph extract`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.options import Choice, force_option, report_options

DETECTORS = ("hands", "pose", "holistic")


@click.command("extract")
@click.argument("media", nargs=-1, required=True, metavar="MEDIA...")
@click.argument("store", type=click.Path(path_type=Path))
@click.option(
    "--detector",
    type=Choice(DETECTORS),
    default="hands",
    show_default=True,
    help="What to look for: hands, pose (bodies), or holistic (a body and its hands).",
)
@click.option(
    "--mirrored/--not-mirrored",
    default=False,
    show_default=True,
    help="The media are mirror images, as selfie cameras show: flip them back first.",
)
@click.option(
    "--world",
    is_flag=True,
    help="Keep metres about each hand's centre or the hips, not fractions of the picture.",
)
@click.option(
    "--max-bodies",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Bodies to look for, with detector pose.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Score from which on a hand or body counts as found.",
)
@click.option(
    "--fps",
    type=click.FloatRange(min=0, min_open=True),
    help="Take even frames at this rate; all frames as they come if not given.",
)
@click.option("--pad", is_flag=True, help="Put pictures of different shapes into one frame.")
@click.option(
    "--labels",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Take classes (and subjects, cameras ...) from a CSV: clip,class.",
)
@click.option(
    "--folder-labels/--no-folder-labels",
    default=None,
    help="Take the folder that holds a medium as its class; default: only if MEDIA are folders "
    "and all media lie in folders below those.",
)
@click.option(
    "--model",
    "models",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="MediaPipe model (.task) or a folder of them; may be given twice. Else looked for in "
    "SKELGRAPH_MODELS, then downloaded once from MediaPipe's storage.",
)
@click.option(
    "--overlay",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Draw what was found: an .mp4 for a video, a .png for a picture, a folder for several.",
)
@force_option
@report_options
def command(
    media: tuple[str, ...],
    store: Path,
    detector: str,
    mirrored: bool,
    world: bool,
    max_bodies: int,
    min_confidence: float,
    fps: float | None,
    pad: bool,
    labels: Path | None,
    folder_labels: bool | None,
    models: tuple[Path, ...],
    overlay: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find the landmarks in pictures and videos.

    MEDIA are files, folders or patterns; each picture or video becomes a clip of STORE, through
    MediaPipe's hand and pose landmarkers. Left and right are the person's own. A run that was
    stopped goes on where it was when the same command is given again.

    \b
    Example:
      skelgraph extract recordings/ my_store
      skelgraph extract talk.mp4 my_store --detector holistic --overlay talk_drawn.mp4
    """
    from skelgraph.cli.conversion_lines import print_made
    from skelgraph.cli.output import note, track
    from skelgraph.live.extract_options import ExtractOptions
    from skelgraph.live.extracting import extract

    options = ExtractOptions(
        detector=detector,
        mirrored=mirrored,
        world=world,
        max_bodies=max_bodies,
        min_confidence=min_confidence,
        models=models,
        folder_labels=folder_labels,
        labels=labels,
        fps=fps,
        pad=pad,
    )
    try:
        made = extract(
            media,
            store,
            options=options,
            overlay=overlay,
            force=force,
            track=lambda frames, total: track(frames, "extracting", total=total, quiet=quiet),
        )
    except KeyboardInterrupt:
        note("stopped: give the same command again to go on from here", quiet=quiet)
        raise
    print_made(made, quiet=quiet, as_json=as_json)
