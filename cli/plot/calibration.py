"""`skelgraph plot calibration`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import RUN, own_clips, report, split_option

if TYPE_CHECKING:
    from skelgraph.evaluation.calibration import Calibration
    from skelgraph.plots.calibration import Reliability


@click.command("calibration")
@click.argument("run", type=RUN)
@split_option
@figure_option("RUN/calibration.png")
@force_option
@report_options
def plot_calibration(
    run: Path, split: str, output: Path | None, force: bool, quiet: bool, as_json: bool
) -> None:
    """Draw how often a run is right when it is so sure, before and after its temperature.

    --json gives the whole table of reliability, and calibration by class.

    \b
    Example:
      skelgraph plot calibration runs/mediapipe_hands --split test --output calibration.svg
    """
    from skelgraph.plots.calibration import reliability_figure
    from skelgraph.training.run_calibration import calibrate_run

    found = calibrate_run(run, split)
    path = output or run / "calibration.png"
    parts = [
        _drawn("before", found.before),
        _drawn(f"after, temperature {found.temperature:.2f}", found.after),
    ]
    title = f"{own_clips(run, split)}: calibration before and after temperature scaling"
    write_figure(path, lambda: reliability_figure(parts, title=title), force=force)
    result = {"run": str(run), "split": split, "temperature": found.temperature}
    result |= {"before": found.before.to_dict(), "after": found.after.to_dict()}
    report(path, result, as_json=as_json)


def _drawn(name: str, calibration: Calibration) -> Reliability:
    import numpy as np

    from skelgraph.plots.calibration import Reliability

    def column(key: str) -> np.ndarray:
        return np.array([getattr(each, key) for each in calibration.bins])

    return Reliability(
        name=name,
        count=column("count"),
        confidence=column("confidence"),
        accuracy=column("accuracy"),
        low=column("accuracy_low"),
        high=column("accuracy_high"),
        error=calibration.ece,
    )
