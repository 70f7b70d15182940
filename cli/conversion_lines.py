"""What a new store and its conversion report say on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from skelgraph.data.formats.writing import Exported
    from skelgraph.data.store import Store


def print_made(made: Store, *, quiet: bool, as_json: bool) -> None:
    """Print a store that was made: its report on stderr, what it holds on stdout."""
    from skelgraph.cli.output import note, print_json

    for line in report_lines(made.report):
        note(line, quiet=quiet)
    if as_json:
        facts = {
            "store": made.path,
            "layout": made.layout.name,
            "clips": made.num_clips,
            "frames": len(made.keypoints),
            "classes": list(made.class_names),
        }
        print_json({**facts, "report": made.report})
        return
    click.echo(
        f"{made.path}: {made.num_clips} clips, {len(made.class_names)} classes, "
        f"{len(made.keypoints)} frames, layout {made.layout.name}"
    )


def print_exported(made: Exported, *, quiet: bool, as_json: bool) -> None:
    """Print what was written: changes and losses on stderr, the result on stdout."""
    from skelgraph.cli.output import note, print_json

    changes = report_lines(dict(made.report)) if made.report else []
    for line in [*changes, *(f"not held: {key}: {text}" for key, text in made.losses.items())]:
        note(line, quiet=quiet)
    if as_json:
        facts = {"path": made.path, "format": made.format, **made.store}
        print_json({**facts, "not_held": made.losses, "report": made.report})
        return
    click.echo(
        f"{made.path}: {made.store['clips']} clips, {made.store['frames']} frames, "
        f"layout {made.store['layout']}, as {made.format}"
    )


def report_lines(report: dict[str, Any]) -> list[str]:
    """Word the report of a conversion, a fact a line."""
    lines = [f"note: {text}" for text in report["notes"]]
    lines += [f"repaired: {count:,} {what}" for what, count in report["repaired"].items()]
    for what in ("skipped", "dropped"):
        lines += listed(what, report[what])
    return lines + _survey_lines(report["survey"])


def listed(what: str, reasons: dict[str, str]) -> list[str]:
    """Name what was left out and why, ten at most."""
    lines = [f"{what}: {name} ({why})" for name, why in list(reasons.items())[:10]]
    if len(reasons) > 10:
        lines.append(f"{what}: ... and {len(reasons) - 10} more")
    return lines


def _survey_lines(survey: dict[str, Any]) -> list[str]:
    """Word what the clips hold that a user should know."""
    lines = []
    gaps = sorted(survey.get("joints", {}).items(), key=lambda item: -item[1])
    if gaps:
        shown = ", ".join(f"{joint} {share:.1%}" for joint, share in gaps[:5])
        more = f", and {len(gaps) - 5} more joints" if len(gaps) > 5 else ""
        lines.append(f"gaps: not seen in a share of the frames: {shown}{more}")
    if survey.get("outside"):
        lines.append(f"outside: {survey['outside']:,} joint positions lie outside the picture")
    copies = list(survey.get("duplicates", {}).items())
    lines += [f"duplicate: {clip} has the numbers of {first}" for clip, first in copies[:5]]
    if len(copies) > 5:
        lines.append(f"duplicate: ... and {len(copies) - 5} more")
    return lines
