"""What every command owes: its line in the table, help with examples that parse, shared options."""

from __future__ import annotations

import re

import click
import pytest

from skelgraph.cli.group import COMMANDS, root
from tests.cli_lines import commands, faults_of, shown_lines

ALL = dict(commands())
LEAVES = {name: command for name, command in ALL.items() if not isinstance(command, click.Group)}


def options_of(command: click.Command) -> dict[str, click.Option]:
    found = [param for param in command.params if isinstance(param, click.Option)]
    return {flag: option for option in found for flag in option.opts}


def help_of(command: click.Command, name: str) -> str:
    return command.get_help(click.Context(command, info_name=f"skelgraph {name}"))


@pytest.mark.parametrize("name", COMMANDS)
def test_line_in_the_table_is_the_first_of_the_help(name: str) -> None:
    text = (ALL[name].help or "").strip().splitlines()[0]
    assert COMMANDS[name][1] == text


@pytest.mark.parametrize("name", LEAVES)
def test_help_has_an_example_that_parses(name: str) -> None:
    lines = shown_lines(LEAVES[name].help or "")
    assert any(line.startswith(f"skelgraph {name}") for line in lines)
    assert [fault for line in lines for fault in faults_of(line)] == []


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_is_explained(name: str) -> None:
    for flag, option in options_of(LEAVES[name]).items():
        assert option.help, f"{name} {flag} has no help"
        assert not re.search(r"_", flag), f"{name} {flag} is not in kebab-case"


@pytest.mark.parametrize("name", LEAVES)
def test_wrong_choices_are_told_the_nearest(name: str) -> None:
    for param in LEAVES[name].params:
        assert type(param.type) is not click.Choice, f"{name} {param.name}: use options.Choice"


@pytest.mark.parametrize("name", LEAVES)
def test_shared_options(name: str) -> None:
    flags = options_of(LEAVES[name])
    assert {"--config", "--quiet", "--json"} <= set(flags)
    if "--output" in flags:
        assert "--force" in flags


def test_faults_of_a_shown_line_are_found() -> None:
    assert faults_of("skelgraph --version") == []
    assert faults_of("skelgraph trian --layout x") == [
        "skelgraph trian --layout x: no command 'trian'"
    ]
    assert "No such option" in faults_of("skelgraph train --layuot x")[0]
    assert root.name == "skelgraph"
