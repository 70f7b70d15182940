"""Checks a command line that a document shows against the commands there are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from skelgraph.cli.group import COMMANDS, root


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command and subcommand with the words that call it."""
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield from _with_children(name, command)


def _with_children(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child, inner in command.commands.items():
            yield from _with_children(f"{name} {child}", inner)


def shown_lines(text: str) -> list[str]:
    """Find the `skelgraph ...` lines of a help page or a document's shell block."""
    joined = text.replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in joined.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("skelgraph ")]


def faults_of(line: str) -> list[str]:
    """List what is wrong with a line: unknown commands, options, choices, or missing words."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = root
    context = click.Context(root, info_name="skelgraph")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        child = command.get_command(context, words[0])
        if child is None:
            return [f"{line}: no command '{words[0]}'"]
        command, words = child, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    return _option_faults(line, command, context, words)


def _option_faults(
    line: str, command: click.Command, context: click.Context, words: list[str]
) -> list[str]:
    if {"--help", "--version"} & set(words):
        return []
    try:
        values, _, _ = command.make_parser(context).parse_args(args=list(words))
    except click.UsageError as error:
        return [f"{line}: {error.format_message()}"]
    faults = []
    for param in command.params:
        given = values.get(param.name or "")
        if param.required and not isinstance(given, (str, list, tuple)):
            faults.append(f"{line}: {param.name} is missing")
        choices = param.type.choices if isinstance(param.type, click.Choice) else (given,)
        if isinstance(given, str) and given not in choices:
            faults.append(f"{line}: {param.name} has no choice '{given}'")
    return faults
