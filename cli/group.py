"""The command group: a table of modules, so that `--help` imports none of them."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

import skelgraph
from skelgraph.cli.failure import exit_code_of, report_failure

ENVIRONMENT_PREFIX = "SKELGRAPH"

# Command name -> module that exports `command`, and the line that `skelgraph --help` shows.
# A test holds each line against the command's own help.
COMMANDS: dict[str, tuple[str, str]] = {
    "layouts": ("skelgraph.cli.layouts", "List, show and check skeleton layouts."),
    "convert": (
        "skelgraph.cli.convert",
        "Convert recordings to a store, or a store to another tool's format.",
    ),
    "extract": ("skelgraph.cli.extract", "Find the landmarks in pictures and videos."),
    "select": ("skelgraph.cli.select_clips", "Write chosen clips of a store to a new one."),
    "merge": ("skelgraph.cli.merge_stores", "Write the clips of several stores to one."),
    "inspect": ("skelgraph.cli.inspect_store", "Tell what is in a store or a recording."),
    "train": ("skelgraph.cli.train", "Train a recogniser."),
    "transfer": ("skelgraph.cli.transfer", "Train on from the weights of another run."),
    "pretrain": ("skelgraph.cli.pretrain", "Learn from recordings without labels."),
    "pseudo-label": (
        "skelgraph.cli.pseudo_label",
        "Train with few labels and many unlabelled clips.",
    ),
    "suggest": ("skelgraph.cli.suggest", "Name the clips that are worth a label next."),
    "evaluate": ("skelgraph.cli.evaluate", "Score a trained run."),
    "predict": ("skelgraph.cli.predict", "Label new recordings with a trained run."),
    "forecast": ("skelgraph.cli.forecast", "Predict the poses that come next."),
    "explain": (
        "skelgraph.cli.explain",
        "Tell which joints and frames a run's decisions rest on.",
    ),
    "report": ("skelgraph.cli.report", "Write one HTML page about a run."),
    "bench": ("skelgraph.cli.bench", "Measure the speed and memory of training and inference."),
    "plot": ("skelgraph.cli.plot", "Draw figures of layouts, clips and runs."),
}


class LazyGroup(click.Group):
    """A click group that imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table, which follows the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command, or return None where the table has no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names; an unknown one is a usage error."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their lines from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def run(self, args: Sequence[str] | None = None) -> int:
        """Run a command line and return its exit code; failures become lines on stderr."""
        try:
            result = self.main(
                args=None if args is None else list(args),
                prog_name="skelgraph",
                standalone_mode=False,
            )
            sys.stdout.flush()
        except BaseException as error:
            code = exit_code_of(error)
            if code is None:
                raise
            report_failure(error)
            return code
        return result if isinstance(result, int) else 0

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as click does; stand-alone, end the process with this program's exit codes."""
        if standalone_mode:
            raise SystemExit(self.run(args))
        return super().main(args, prog_name, standalone_mode=False, **extra)


@click.group(
    name="skelgraph",
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT_PREFIX,
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(skelgraph.__version__, prog_name="skelgraph")
def root() -> None:
    """Graph neural networks on skeletons.

    From recordings of people to a recogniser that explains itself: choose a layout, convert
    recordings to a store, train, and look at what the model attends to.

    \b
    Example:
      skelgraph train --layout mediapipe_hands
    """
