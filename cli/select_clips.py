"""`skelgraph select`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelgraph.cli.options import Choice, force_option, report_options

if TYPE_CHECKING:
    from skelgraph.data.selecting import Selection

HINT = "as in 1,2,5-8; 'unknown' for those without a number"


class Numbers(click.ParamType):
    """Numbers and ranges, as in 1,2,5-8; `unknown` is -1."""

    name = "numbers"
    takes_several = True

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read the words; a file may give a single number or a list."""
        if isinstance(value, tuple):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        numbers: list[int] = []
        for part in parts:
            numbers += self._part(str(part).strip(), param, ctx)
        return tuple(numbers)

    def _part(
        self, word: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[int]:
        if word == "unknown":
            return (-1,)
        first, _, last = word.partition("-")
        if not first.isdecimal() or (last or first) != word.removeprefix(f"{first}-"):
            self.fail(f"expected numbers {HINT}, got '{word}'.", param, ctx)
        low, high = int(first), int(last or first)
        if not low <= high <= low + 100_000:
            self.fail(f"expected a range that rises, got '{word}'.", param, ctx)
        return range(low, high + 1)


def _number_options(function: click.decorators.FC) -> click.decorators.FC:
    for plural in ("repetitions", "setups", "cameras", "subjects"):
        for name, does in ((f"drop-{plural}", "Drop"), (plural, "Keep only")):
            option = click.option(
                f"--{name}",
                type=Numbers(),
                metavar="NUMBERS",
                help=f"{does} these {plural}, {HINT}.",
            )
            function = option(function)
    return function


@click.command("select")
@click.argument("store", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--classes",
    multiple=True,
    metavar="NAMES",
    help="Keep only these classes: names with commas between, or the option several times.",
)
@click.option("--drop-classes", multiple=True, metavar="NAMES", help="Drop these classes.")
@_number_options
@click.option(
    "--class-map",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Rename classes: CSV with columns class,new (or YAML); an empty new name drops one.",
)
@click.option(
    "--unmapped",
    type=Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="What becomes of classes that the map does not name.",
)
@click.option(
    "--unlabelled",
    type=Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="What becomes of clips without a label.",
)
@force_option
@report_options
def command(
    store: Path,
    out: Path,
    classes: tuple[str, ...],
    drop_classes: tuple[str, ...],
    class_map: Path | None,
    unmapped: str,
    unlabelled: str,
    force: bool,
    quiet: bool,
    as_json: bool,
    **numbers: tuple[int, ...] | None,
) -> None:
    """Write chosen clips of a store to a new one.

    Classes, subjects, cameras, setups and repetitions to keep or drop; classes renamed or
    united by a class map. Labels are numbered anew. The new store names the old one and what
    was chosen.

    \b
    Example:
      skelgraph select my_store five --classes push,pull,wave,clap,nod
      skelgraph select my_store sorted --class-map actions_and_gestures.csv
      skelgraph select my_store front --cameras 1 --drop-subjects 3,7-9 --unlabelled drop
    """
    from skelgraph.cli.conversion_lines import print_made
    from skelgraph.cli.output import track
    from skelgraph.data.selecting import select

    made = select(
        store,
        out,
        _selection(store, classes, drop_classes, class_map, unmapped, unlabelled, numbers),
        force=force,
        track=lambda clips, total: track(clips, "selecting", total=total, quiet=quiet),
    )
    print_made(made, quiet=quiet, as_json=as_json)


def _selection(
    store: Path,
    classes: Sequence[str],
    drop_classes: Sequence[str],
    class_map: Path | None,
    unmapped: str,
    unlabelled: str,
    numbers: dict[str, tuple[int, ...] | None],
) -> Selection:
    from skelgraph.data.class_map import read_class_map
    from skelgraph.data.clip import CLIP_NUMBERS
    from skelgraph.data.selecting import Selection
    from skelgraph.data.store import Store

    known = Store.open(store).class_names
    given = {column: numbers[f"{column}s"] for column in CLIP_NUMBERS}
    dropped = {column: numbers[f"drop_{column}s"] for column in CLIP_NUMBERS}
    return Selection(
        classes=_names(classes, known),
        drop_classes=_names(drop_classes, known),
        keep={column: found for column, found in given.items() if found is not None},
        drop={column: found for column, found in dropped.items() if found is not None},
        class_map=None if class_map is None else read_class_map(class_map),
        unmapped=unmapped,
        unlabelled=unlabelled,
    )


def _names(words: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Split words at commas, but for those that are a class as they stand."""
    names: list[str] = []
    for word in words:
        names += [word] if word in known else [part.strip() for part in word.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))
