"""`skelgraph explain`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)

if TYPE_CHECKING:
    from skelgraph.explain.clips_asked import ClipsAsked

Asked = TypeVar("Asked", bound="ClipsAsked")
METHODS = (
    "attention",
    "attention_rollout",
    "attention_gated",
    "cam",
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "occlusion_change",
    "occlusion_parts",
    "occlusion_spans",
    "shapley",
    "random",
    "motion_energy",
)
SHOWN = 5  # joints or links of each class in the printed table
LISTED = 20  # links of each class and type in the JSON document


@click.command("explain")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source", metavar="[INPUT]", required=False, type=click.Path(path_type=Path))
@click.option("--method", type=Choice(METHODS), help="How importance is found.")
@click.option("--target", metavar="CLASS", help="Class asked about; what is predicted by default.")
@click.option("--class", "only", metavar="CLASS", help="Report the clips of this class only.")
@click.option(
    "--split",
    type=Choice(("train", "val", "test")),
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@click.option(
    "--replacement",
    type=Choice(("interpolation", "neutral")),
    default="interpolation",
    show_default=True,
    help="What stands where joints are taken away.",
)
@click.option(
    "--hide/--no-hide",
    default=True,
    show_default=True,
    help="Tell the model that joints taken away were not seen.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Points on the path of integrated gradients.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    help="Orders of parts for Shapley values, an even number.",
)
@click.option(
    "--spans",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Time spans that a clip is cut into.",
)
@click.option("--links", is_flag=True, help="Tell which A-links matter instead of which joints.")
@click.option(
    "--check", is_flag=True, help="Test how far importance can be believed, by each method."
)
@click.option(
    "--clips",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Clips that --check draws at most.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Number that fixes what is left to chance.",
)
@output_option("Write all values to this file, .npz or .csv; with --check the result, .json.")
@device_option
@force_option
@report_options
def command(**values: Any) -> None:
    """Tell which joints and frames a run's decisions rest on.

    RUN is a run folder, with INPUT its model.safetensors is enough; INPUT is a store or any
    recording that `convert` reads, by default the run's own test clips. Prints the joints that
    matter most for each class, with --links the A-links, from the joint that sends to the one that
    receives. With --check every method is tested on those clips: whether the answer goes with the
    joints that it names, whether it hangs on the weights, whether it bears noise and mirroring.

    \b
    Example:
      skelgraph explain runs/mediapipe_hands
      skelgraph explain runs/mediapipe_hands my_store --method shapley --output importance.npz
      skelgraph explain runs/mediapipe_hands --links --output links.csv
      skelgraph explain runs/mediapipe_hands --check --clips 32
    """
    if values["links"]:
        _explain_links(values)
    elif values["check"]:
        _check(values)
    else:
        _explain(values)


def _explain(values: dict[str, Any]) -> None:
    from skelgraph.cli.output import print_json, print_table
    from skelgraph.explain import DEFAULT_METHOD
    from skelgraph.training.explaining import explain_run

    method = values["method"] or DEFAULT_METHOD
    importance = _ask(values, partial(explain_run, method=method, options=_options(values)))
    classes = _classes(importance)
    if values["as_json"]:
        print_json({"method": importance.method, "classes": classes})
        return
    rows = [
        (group["class"], group["num_clips"], top["body"], top["joint"], top["importance"])
        for group in classes
        for top in group["top"][:SHOWN]
    ]
    print_table(("class", "clips", "body", "joint", importance.method), rows)


def _ask(values: dict[str, Any], explain: Callable[..., Asked]) -> Asked:
    """Find importance of the clips that were asked for, and write it."""
    from skelgraph.training.devices import pick_device

    output, force = values["output"], values["force"]
    if output is not None:
        _check_output(output, (".npz", ".csv"), force=force)
    importance = explain(
        values["run"],
        values["source"],
        target=values["target"],
        part=values["split"],
        device=pick_device(values["device"]),
    )
    if values["only"] is not None:
        importance = importance.of_class(values["only"])
    if output is not None:
        importance.save(output, force=force)
    return importance


def _explain_links(values: dict[str, Any]) -> None:
    from skelgraph.cli.link_rows import link_rows
    from skelgraph.cli.output import print_json, print_table
    from skelgraph.training.links_explained import explain_links_of_run

    if values["check"] or values["method"] is not None:
        raise click.UsageError(
            "--links: expected neither --check nor --method beside it, got one. Importance of "
            "A-links is found in one way."
        )
    importance = _ask(values, explain_links_of_run)
    classes: list[dict[str, Any]] = [
        {
            "class": name,
            "num_clips": len(some),
            "links": link_rows(some.layout, some.mean(), count=LISTED, name="importance"),
        }
        for name, some in importance.by_target()
    ]
    if values["as_json"]:
        print_json({"method": importance.method, "classes": classes})
        return
    columns = ("body", "from", "to", "type", "importance")
    rows = [
        (group["class"], group["num_clips"], *(link[name] for name in columns))
        for group in classes
        for link in group["links"][:SHOWN]
    ]
    print_table(("class", "clips", *columns), rows)


def _check(values: dict[str, Any]) -> None:
    from skelgraph.cli.output import note, print_json
    from skelgraph.training.devices import pick_device
    from skelgraph.training.explaining import check_run
    from skelgraph.training.run import write_json

    output = values["output"]
    if values["target"] is not None or values["only"] is not None:
        raise click.UsageError(
            "--check: expected neither --target nor --class beside it, got one. The model's own "
            "answers are checked."
        )
    if output is not None:
        _check_output(output, (".json",), force=values["force"])
    report = check_run(
        values["run"],
        values["source"],
        methods=() if values["method"] is None else (values["method"],),
        options=_options(values),
        part=values["split"],
        limit=values["clips"],
        device=pick_device(values["device"]),
        tick=lambda method: note(f"checked {method}", quiet=values["quiet"]),
    )
    if output is not None:
        write_json(output, report)
    if values["as_json"]:
        print_json(report)
    else:
        _print_checks(report)


def _print_checks(report: dict[str, Any]) -> None:
    from skelgraph.cli.output import print_table

    rows: list[tuple[Any, ...]] = []
    for name, found in report["methods"].items():
        fidelity = {round(100 * one["share"]): one for one in found["fidelity"]}
        lost = list(found["randomised"].values())
        verdict = "yes" if found["beats_random"] else "NO"
        rows.append(
            (
                *(name, found["deletion"][0], found["insertion"][0], verdict),
                *(fidelity[20]["plus"], fidelity[20]["minus"]),
                *(lost[-1] if lost else None, found["noise"], found["mirror"]),
            )
        )
    for unit, areas in report["random"].items():
        empty = (None,) * 6
        rows.append((f"random {unit}", areas["deletion"][0], areas["insertion"][0], *empty))
    columns = ("method", "deletion", "insertion", "beats random", "fidelity+", "fidelity-")
    print_table((*columns, "weights lost", "noise", "mirror"), rows)
    click.echo(
        f"{report['num_clips']} clips; areas under the class's probability as joints go (less is "
        "better) or come (more is better);\nfidelity of the top 20 % of joints; then rank "
        "correlation with the map of a model without its weights (near 0 is right),\nof clips with "
        f"their own noise again ({1000 * report['noise']:.3g} mm), and of mirrored clips."
    )


def _options(values: dict[str, Any]) -> Any:
    from skelgraph.explain import ExplainOptions

    names = ("replacement", "hide", "steps", "samples", "spans", "seed")
    return ExplainOptions(**{name: values[name] for name in names})


def _check_output(output: Path, suffixes: tuple[str, ...], *, force: bool) -> None:
    from skelgraph.files import check_free

    if output.suffix not in suffixes:
        raise click.UsageError(
            f"--output: expected a file name ending in {' or '.join(suffixes)}, got '{output}'."
        )
    check_free(output, force=force)


def _classes(importance: Any) -> list[dict[str, Any]]:
    """For each class asked about: its clips, and every joint by its mean importance."""
    return [
        {
            "class": name,
            "num_clips": len(some),
            "top": _ranked(some),
            "parts": {part: float(each.mean()) for part, each in some.parts().items()},
        }
        for name, some in importance.by_target()
    ]


def _ranked(importance: Any) -> list[dict[str, Any]]:
    import numpy as np

    joints = importance.mean_joints()
    bodies = ("left", "right") if len(joints) > 1 else ("",)
    places = [tuple(place) for place in np.argwhere(np.isfinite(joints))]
    return [
        {
            "body": bodies[body] or None,
            "joint": importance.layout.joints[joint],
            "importance": float(joints[body, joint]),
        }
        for body, joint in sorted(places, key=lambda place: -joints[place])
    ]
