"""Reading the file given with `--config`, or one of those that are shipped."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import click

from skelgraph.errors import ConfigError, list_faults, unknown_name

NEVER_IN_A_FILE = frozenset({"config", "help"})


def shipped_configs() -> dict[str, Path]:
    """Map the names of the shipped configurations to their files."""
    folder = Path(str(resources.files("skelgraph.cli") / "configs"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_config(given: Path) -> Path:
    """Give the file at a path, or the shipped one of that name.

    Raises:
        ConfigError: If the word is neither a file nor such a name.
    """
    if given.is_file() or given.suffix or given.name != str(given):
        return given
    shipped = shipped_configs()
    if given.name not in shipped:
        raise ConfigError(f"{unknown_name('--config', given.name, shipped)} Or give a file.")
    return shipped[given.name]


def read_config(path: Path, params: Sequence[click.Parameter]) -> dict[str, Any]:
    """Read a command's options from a YAML file.

    Args:
        path: File with one mapping, option names as keys (`batch_size` or `batch-size`).
        params: The command's parameters.

    Returns:
        Values by parameter name; a key without a value is left out.

    Raises:
        ConfigError: If the file is not such a mapping; names every unknown key at once.
    """
    document = _load_mapping(path)
    names = _parameter_names(params)
    faults = [_unknown_key(path, key, names) for key in document if _spell(key) not in names]
    faults += [
        f"{path}, key '{key}': expected a value or a list of values, got {value!r}. "
        "Give one value for each option."
        for key, value in document.items()
        if not _is_plain(value)
    ]
    single = {param.name for param in params if not _takes_several(param)}
    faults += [
        f"{path}, key '{key}': expected one value, got {value!r}. Give one."
        for key, value in document.items()
        if isinstance(value, list) and _is_plain(value) and names.get(_spell(key)) in single
    ]
    if faults:
        raise ConfigError(list_faults(faults))
    return {names[_spell(key)]: value for key, value in document.items() if value is not None}


def _load_mapping(path: Path) -> dict[Any, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: expected YAML, got {_one_line(error)}. Correct the file."
        ) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(
            f"{path}: expected a mapping of options to values, got "
            f"{type(document).__name__}. Write one 'option: value' a line."
        )
    return document


def _parameter_names(params: Sequence[click.Parameter]) -> dict[str, str]:
    """Map every spelling of an option in a file to the name of its parameter."""
    names: dict[str, str] = {}
    for param in params:
        if param.name is None or param.name in NEVER_IN_A_FILE:
            continue
        names[param.name] = param.name
        for flag in param.opts:
            if flag.startswith("--"):
                names[_spell(flag[2:])] = param.name
    return names


def _unknown_key(path: Path, key: Any, names: dict[str, str]) -> str:
    near = difflib.get_close_matches(_spell(key), names, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"It takes {', '.join(sorted(names))}."
    return f"{path}, key '{key}': expected an option of this command, got an unknown key. {hint}"


def _spell(key: Any) -> str:
    return str(key).replace("-", "_")


def _is_plain(value: Any) -> bool:
    return not any(
        isinstance(item, (dict, list)) for item in (value if isinstance(value, list) else [value])
    )


def _takes_several(param: click.Parameter) -> bool:
    return param.multiple or param.nargs != 1 or getattr(param.type, "takes_several", False)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
