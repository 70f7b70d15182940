"""Options that several commands share, spelled and explained once.

Each is a decorator for a click command. Where a value comes from, first found wins: the
option, the environment variable `SKELGRAPH_<COMMAND>_<OPTION>` (as in
`SKELGRAPH_TRAIN_EPOCHS`), the file given with `--config`, the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from skelgraph.errors import unknown_name

Function = TypeVar("Function", bound=Callable[..., Any])


class Choice(click.Choice):
    """One of some names; a wrong one is told the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Word the error for a value that is not among the choices."""
        return unknown_name("value", str(value), self.choices)


class Device(click.ParamType):
    """Where a model runs: auto, cpu, cuda, cuda:N or mps."""

    name = "device"
    kinds = ("auto", "cpu", "cuda", "mps")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the spelling; whether the device is there is found out when it is used."""
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", str(value)):
            self.fail(unknown_name("device", str(value), self.kinds), param, ctx)
        return str(value)


def told(name: str) -> bool:
    """Whether an option of the running command has its value from someone, not by default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT


def _read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    from skelgraph.cli.config import find_config, read_config

    options = read_config(find_config(path), ctx.command.params)
    ctx.default_map = {**(ctx.default_map or {}), **options}


config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    help="YAML file of options, or a shipped one's name; what is given here or in the environment "
    "goes before it.",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON document."
)

quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="Write no progress and no notes to stderr."
)

force_option = click.option("--force", is_flag=True, help="Replace what is there already.")

device_option = click.option(
    "--device",
    type=Device(),
    default="auto",
    show_default=True,
    help="Where the model runs: auto, cpu, cuda, cuda:N or mps.",
)


def output_option(
    what: str, *, default: str | None = None, required: bool = False
) -> Callable[[Function], Function]:
    """Make the option `--output PATH`.

    Args:
        what: What is written, for the help text, such as "Folder of the run."
        default: Path taken when none is given.
        required: Whether the option must be given.

    Returns:
        Decorator; the command gets `output`, a Path or None.
    """
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        default=default,
        show_default=default is not None,
        required=required,
        help=what,
    )


def recording_options(function: Function) -> Function:
    """Add what a user knows better than a recording, as --layout or --fps.

    The command gets it as `told`, a mapping of the fields of
    `skelgraph.data.formats.ReadOptions`.
    """

    @wraps(function)
    def packed(**values: Any) -> Any:
        told = {name: values.pop(name) for name in _TOLD}
        return function(told=told, **values)

    command: Any = packed
    for name, (kind, metavar, text) in reversed(_TOLD.items()):
        command = click.option(f"--{name}", type=kind, metavar=metavar, help=text)(command)
    return cast(Function, command)


_TOLD: dict[str, tuple[click.ParamType | None, str | None, str]] = {
    "layout": (None, "NAME_OR_FILE", "Layout that the recording was made with."),
    "width": (click.IntRange(min=1), None, "Picture width in pixels."),
    "height": (click.IntRange(min=1), None, "Picture height in pixels."),
    "fps": (
        click.FloatRange(min=0, min_open=True),
        None,
        "Frames per second; goes before what the recording says.",
    ),
    "units": (
        None,
        "NAME",
        "metre, millimetre, pixel or image fraction, where the format leaves it open.",
    ),
    "mapping": (
        None,
        "FILE.yaml",
        "Describes the columns of a table, the markers of C3D, the joints of BVH.",
    ),
}

recording_format_option = click.option(
    "--format", "format_name", metavar="NAME", help="Format of a recording; found by looking."
)


def report_options(function: Function) -> Function:
    """Add what every command that reports takes: --json, --quiet and --config."""
    for option in (config_option, quiet_option, json_option):
        function = option(function)
    return function
