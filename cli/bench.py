"""`skelgraph bench`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, TypeVar

import click

from skelgraph.cli.options import Choice, report_options
from skelgraph.cli.settings import Several

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]

PARTS = ("step", "recordings", "streaming", "loading", "arithmetic")
TITLES = {
    "step": "clips of full size (300 frames, 25 joints, 2 bodies); ratio to the yardstick",
    "recordings": "clips of NTU's lengths as they are; ratio to the yardstick's full clip",
    "streaming": "one hand, 64 frames, forward, one thread",
    "loading": "loading against training, defaults of train",
    "arithmetic": "operations of a clip of full size, and seconds if all ran at full speed",
}


def count_option(flag: str, default: int, text: str, *, least: int = 1) -> Decorator:
    """An option that counts something."""
    return click.option(
        flag, type=click.IntRange(min=least), default=default, show_default=True, help=text
    )


@click.command("bench")
@click.option(
    "--parts",
    type=Several(Choice(PARTS)),
    default=PARTS,
    help=f"What to measure, all by default: {', '.join(PARTS)}.",
)
@click.option(
    "--batch-sizes",
    type=Several(click.IntRange(min=2)),
    default=(4,),
    help="Clips a step, such as 2,16; 4 by default.",
)
@count_option("--repeats", 3, "Processes of each kind, in turn.")
@count_option("--calls", 3, "Steps timed in a process.")
@count_option("--threads", 2, "Threads of torch.")
@count_option("--streaming-calls", 10_000, "Forward passes of one hand.", least=10)
@report_options
def command(**values: Any) -> None:
    """Measure the speed and memory of training and inference.

    Beside a plain ST-GCN as people run it today, the yardstick, in processes of their own and in
    turn: ratios travel between machines, seconds do not. Takes some ten minutes on two quiet
    cores; other work beside it makes it wrong, so the machine's load is printed.

    \b
    Example:
      skelgraph bench
      skelgraph bench --parts step --batch-sizes 2,16 --repeats 5
    """
    from skelgraph.bench.running import BenchOptions, describe_machine, run_bench
    from skelgraph.bench.tables import tabulate
    from skelgraph.cli.output import print_json, print_table

    names = [field.name for field in fields(BenchOptions)]
    options = BenchOptions(**{name: values[name] for name in names})
    machine = describe_machine(options.threads)

    def tell(text: str) -> None:
        if not values["quiet"]:
            click.echo(text, err=True)

    parts = run_bench(options, tell=tell)
    if values["as_json"]:
        found = {name: [asdict(row) for row in rows] for name, rows in parts.items()}
        print_json({"machine": machine, "parts": found})
        return
    click.echo(", ".join(f"{key} {value}" for key, value in machine.items()))
    for name, (columns, table) in tabulate(parts).items():
        click.echo(f"\n{TITLES[name]}")
        print_table(columns, table)
