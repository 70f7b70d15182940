"""`skelgraph explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)

METHODS = (
    "attention",
    "attention_rollout",
    "attention_gated",
    "cam",
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "occlusion_parts",
    "occlusion_spans",
    "shapley",
    "random",
    "motion_energy",
)
SHOWN = 5  # joints of each class in the printed table


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
    default=False,
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
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Number that fixes what is left to chance.",
)
@output_option("Write all values to this file, .npz or .csv.")
@device_option
@force_option
@report_options
def command(**values: Any) -> None:
    """Tell which joints and frames a run's decisions rest on.

    RUN is a run folder, with INPUT its model.safetensors is enough; INPUT is a store or any
    recording that `convert` reads, by default the run's own test clips. Prints the joints that
    matter most for each predicted class.

    \b
    Example:
      skelgraph explain runs/mediapipe_hands
      skelgraph explain runs/mediapipe_hands my_store --method shapley --output importance.npz
    """
    from skelgraph.cli.output import print_json, print_table
    from skelgraph.training.devices import pick_device
    from skelgraph.training.explaining import explain_run

    _check_output(values["output"], force=values["force"])
    importance = explain_run(
        values["run"],
        values["source"],
        **_method(values),
        options=_options(values),
        target=values["target"],
        part=values["split"],
        device=pick_device(values["device"]),
    )
    if values["only"] is not None:
        importance = importance.of_class(values["only"])
    if values["output"] is not None:
        importance.save(values["output"], force=values["force"])
    if values["as_json"]:
        print_json({"method": importance.method, "classes": _classes(importance)})
        return
    rows = [
        (group["class"], group["num_clips"], top["body"], top["joint"], top["importance"])
        for group in _classes(importance)
        for top in group["top"][:SHOWN]
    ]
    print_table(("class", "clips", "body", "joint", importance.method), rows)


def _method(values: dict[str, Any]) -> dict[str, str]:
    return {} if values["method"] is None else {"method": values["method"]}


def _options(values: dict[str, Any]) -> Any:
    from skelgraph.explain import ExplainOptions

    names = ("replacement", "hide", "steps", "samples", "spans", "seed")
    return ExplainOptions(**{name: values[name] for name in names})


def _check_output(output: Path | None, *, force: bool) -> None:
    if output is None:
        return
    from skelgraph.explain.importance import check_suffix
    from skelgraph.files import check_free

    check_suffix(output)
    check_free(output, force=force)


def _classes(importance: Any) -> list[dict[str, Any]]:
    """For each class asked about: its clips, and every joint by its mean importance."""
    groups = []
    for number in sorted(set(importance.target.tolist())):
        some = importance.take(importance.target == number)
        groups.append(
            {
                "class": importance.class_names[number],
                "num_clips": len(some),
                "top": _ranked(some),
                "parts": {name: float(part.mean()) for name, part in some.parts().items()},
            }
        )
    return groups


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
