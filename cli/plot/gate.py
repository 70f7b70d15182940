"""`skelgraph plot gate`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import device_option, force_option, report_options
from skelgraph.cli.plot.telling import RUN, SPLITS, report, whose_clips


@click.command("gate")
@click.argument("run", type=RUN)
@click.argument("source", metavar="[INPUT]", type=RUN, required=False)
@click.option(
    "--split",
    type=SPLITS,
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@figure_option("RUN/gate.png")
@device_option
@force_option
@report_options
def plot_gate(
    run: Path,
    source: Path | None,
    split: str,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw how a run's gate shares the work between its two towers, by class.

    \b
    Example:
      skelgraph plot gate runs/mediapipe_hands --output gate.svg
    """
    from skelgraph.files import check_free
    from skelgraph.plots.gate import gate_figure
    from skelgraph.training.devices import pick_device
    from skelgraph.training.towers_seen import gate_of_classes, towers_of_run

    path = output or (run if run.is_dir() else run.parent) / "gate.png"
    check_free(path, force=force)
    seen = towers_of_run(run, source, matrices=False, part=split, device=pick_device(device))
    classes = gate_of_classes(seen)
    kind = "class" if seen.labelled else "predicted class"
    title = f"Gate by {kind}, {whose_clips(run, source, split)}"
    write_figure(
        path,
        lambda: gate_figure(classes, towers=("step", seen.second), title=title),
        force=force,
    )
    found = [
        {"class": name, "num_clips": len(values), f"{seen.second}_tower": float(values.mean())}
        for name, values in classes
    ]
    report(path, {"run": str(run), "classes": found}, as_json=as_json)
