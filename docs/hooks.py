"""What the documentation takes from the code as it is built: help pages, layouts, figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from skelgraph.cli.group import COMMANDS, root
from skelgraph.graphs import Layout, available_layouts, load_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.data.dataset import Batch
    from skelgraph.plots.views import View
    from skelgraph.transforms.options import AugmentOptions

# What the figures of augmentations show: layout -> (option, value), values large enough to see.
AUGMENTED: dict[str, tuple[tuple[str, float], ...]] = {
    "mediapipe_hands": (
        ("turn", 60), ("tilt", 40), ("roll", 40), ("scale", 0.4), ("bend", 15),
        ("limbs", 0.4), ("mix", 1), ("drop_joint", 0.3), ("shear", 0.5), ("jitter", 0.01),
    ),
    "kinect_v2": (
        ("turn", 60), ("roll", 30), ("scale", 0.4), ("bend", 15), ("limbs", 0.4),
        ("mirror", 1), ("mix", 1), ("drop_joint", 0.3), ("shear", 0.5), ("jitter", 0.04),
    ),
}  # fmt: skip
SEED = 4

ELSEWHERE = re.compile(r'<(?:script|img|iframe)[^>]+src="https?:|<link[^>]+href="https?:')


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that are made from the code."""
    files.append(File.generated(config, "commands.md", content=commands_page()))
    for name in available_layouts():
        picture = figure_of(load_layout(name))
        files.append(File.generated(config, f"figures/{name}.svg", content=picture))
    for name in AUGMENTED:
        picture = augmented_figure(load_layout(name))
        files.append(File.generated(config, f"figures/augmented_{name}.svg", content=picture))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the layouts where a page asks for them."""
    return markdown.replace("<!-- layouts -->", layouts_section())


def on_post_build(config: Any) -> None:
    """Refuse a site that would fetch anything from another place."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        found = ELSEWHERE.search(page.read_text(encoding="utf-8"))
        if found:
            raise PluginError(f"{page}: expected no outside files, got {found.group()}")


def commands_page() -> str:
    """Write the help of every command as a page."""
    sections = [
        "# Commands",
        "Each page is what `--help` prints. A value is taken from, first found: the option, the "
        "environment variable `SKELGRAPH_<COMMAND>_<OPTION>` (as in `SKELGRAPH_TRAIN_EPOCHS`), "
        "the YAML file given with `--config` (`epochs: 20`), the default.",
        "Exit codes: 0 done; 1 the input or the environment is wrong; 2 wrong usage; 3 a threshold "
        "asked for with `--fail-under` was missed; 130 interrupted. The result goes to stdout, "
        "progress and notes to stderr.",
        *help_sections(root, whole_context(), level=2),
    ]
    return "\n\n".join(sections) + "\n"


def whole_context() -> click.Context:
    """Make the context that `skelgraph --help` has."""
    return click.Context(root, info_name="skelgraph", **root.context_settings)


def help_sections(command: click.Command, context: click.Context, *, level: int) -> Iterator[str]:
    """Yield the heading and the help of a command and of those below it."""
    context.max_content_width = 92
    context.terminal_width = 92
    yield f"{'#' * level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```"
    if not isinstance(command, click.Group):
        return
    for name in COMMANDS if command is root else command.commands:
        child = command.get_command(context, name)
        if child is not None:
            inner = click.Context(child, info_name=name, parent=context)
            yield from help_sections(child, inner, level=min(level + 1, 4))


def layouts_section() -> str:
    """Write each shipped layout: what it is, its facts, its figure."""
    return "\n\n".join(layout_section(load_layout(name)) for name in available_layouts())


def layout_section(layout: Layout) -> str:
    """Write one layout."""
    instances = "hands: slot 0 left, slot 1 right" if layout.instances == "hands" else "people"
    return (
        f"### {layout.name}\n\n{layout.title}. {layout.num_joints} joints, "
        f"{layout.num_edges} edges, up to {layout.max_bodies} bodies ({instances}).\n\n"
        f"Source: {layout.source.strip()}\n\n"
        f"![Neutral pose of {layout.name}](figures/{layout.name}.svg)"
    )


def figure_of(layout: Layout) -> bytes:
    """Draw a layout as SVG."""
    from skelgraph.plots.layout import layout_figure

    return as_svg(layout_figure(layout))


def augmented_figure(layout: Layout) -> bytes:
    """Draw a simulated clip of a layout after each augmentation, as SVG.

    The first rows show its middle frame, the last one frames of it after the preset `strong`.
    """
    from skelgraph.plots.views import views_figure
    from skelgraph.transforms.presets import OFF, preset

    batch = simulated_batch(layout)
    middle = batch.frames.shape[1] // 2
    views = [
        view_of(f"--{name.replace('_', '-')} {value}", batch, layout, options, frame=middle)
        for name, value in AUGMENTED[layout.name]
        for options in [replace(OFF, **{name: value})]
    ]
    strong = preset("strong", layout)
    frames = range(0, batch.frames.shape[1], batch.frames.shape[1] // 6)
    moving = [
        view_of(f"strong, frame {frame}", batch, layout, strong, frame=frame) for frame in frames
    ]
    half = -(-len(views) // 2)
    return as_svg(views_figure([views[:half], views[half:], moving[:half]], layout))


def simulated_batch(layout: Layout) -> Batch:
    """Make two clips of one simulated class, the first of which is drawn."""
    import numpy as np

    from skelgraph.data.dataset import ClipSet
    from skelgraph.data.memory import ClipList
    from skelgraph.data.synthetic import simulate
    from skelgraph.data.windows import cut_windows, parse_window
    from skelgraph.graphs import map_joints

    clips, names = simulate(layout, subjects=2, clips_per_class=1, noise=0, dropouts=0)
    clips = [clip for clip in clips if clip.label == 2]
    source = ClipList(clips, names)
    table, spec = source.clips, parse_window(None, overlap=0.0, fps=30.0)
    windows = cut_windows(table.start, table.frames, np.arange(len(clips)), spec)
    ready = ClipSet(source, windows, layout=layout, joint_map=map_joints(layout, layout))
    return ready.batch([0, 1], num_frames=30)


def view_of(
    title: str, batch: Batch, layout: Layout, options: AugmentOptions, *, frame: int
) -> View:
    """Augment a batch and take a frame of the last body of its first clip."""
    import torch

    from skelgraph.plots.views import View
    from skelgraph.transforms.augment import augment

    generator = torch.Generator().manual_seed(SEED)
    after = augment(batch, layout, options=options, generator=generator)
    return View(
        title,
        batch.positions[0, :, frame, :, -1].T.numpy(),
        after.positions[0, :, frame, :, -1].T.numpy(),
        after.visible[0, frame, :, -1].numpy(),
    )


def as_svg(figure: Figure) -> bytes:
    """Write a figure as SVG, without a date."""
    target = BytesIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
