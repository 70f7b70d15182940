"""How far a forecast is off, on the command line."""

from __future__ import annotations

from typing import Any

import click


def print_scores(scores: dict[str, Any]) -> None:
    """Print the errors of a forecast, of both guesses, and at how many frames it is better.

    Args:
        scores: Of `skelgraph.training.forecast_scores.score_forecasts`.
    """
    from skelgraph.cli.output import print_table
    from skelgraph.evaluation.forecasting import MILLISECONDS

    click.echo(
        f"{scores['num_windows']} windows of {scores['num_clips']} clips; mean error a joint in "
        f"{scores['unit']}"
    )
    horizons = [str(ms) for ms in MILLISECONDS] if scores["fps"] is not None else []
    columns = ["method", *(f"frame {k}" for k in _frames(scores))]
    columns += [f"{ms} ms" for ms in horizons]
    rows = []
    for name, found in scores["methods"].items():
        frames = [found["at_frame"][k] for k in _frames(scores)]
        rows.append([name, *frames, *(found["at_ms"][ms] for ms in horizons)])
    print_table(columns, rows)
    for name, gain in scores["methods"]["forecast"]["gain"].items():
        click.echo(_verdict(name, gain, scores))


def _frames(scores: dict[str, Any]) -> list[str]:
    shown = scores["methods"]["forecast"]["at_frame"]
    return [key for key, value in shown.items() if value is not None]


def _verdict(name: str, gain: list[list[float | None]], scores: dict[str, Any]) -> str:
    """Word at how many frames the forecast is better than a simple guess."""
    better = sum(low is not None and low > 0 for _, low, _ in gain)
    worse = sum(high is not None and high < 0 for _, _, high in gain)
    return (
        f"against {name}: better at {better}, worse at {worse} of {len(gain)} frames "
        f"(95 % interval over {scores['groups']} {scores['interval_over']})"
    )
