"""What the documentation takes from the code as it is built: help pages, layouts, figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import click
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from skelgraph.cli.group import COMMANDS, root
from skelgraph.graphs import Layout, available_layouts, load_layout

ELSEWHERE = re.compile(r'<(?:script|img|iframe)[^>]+src="https?:|<link[^>]+href="https?:')


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that are made from the code."""
    files.append(File.generated(config, "commands.md", content=commands_page()))
    for name in available_layouts():
        picture = figure_of(load_layout(name))
        files.append(File.generated(config, f"figures/{name}.svg", content=picture))
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

    target = BytesIO()
    layout_figure(layout).savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()
