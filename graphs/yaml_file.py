"""YAML as layout files need it: a key that stands twice is an error, not a silent loss."""

from __future__ import annotations

from typing import Any

import yaml

from skelgraph.errors import LayoutError


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, key in enumerate(keys):
            if any(key.value == before.value for before in keys[:place]):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' a second time", key.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def parse_yaml(content: bytes, *, where: str) -> Any:
    """Parse a file's bytes.

    Args:
        content: The whole file.
        where: What a message calls the file.

    Raises:
        LayoutError: If the bytes are no UTF-8 or no YAML; the line is given.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LayoutError(
            f"{where}: expected text in UTF-8, got byte 0x{content[error.start]:02x} at position "
            f"{error.start}. Save the file as UTF-8."
        ) from error
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LayoutError(
            f"{where}{_line(error)}: expected YAML, got {_problem(error)}. Correct that line."
        ) from error


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f", line {mark.line + 1}"


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
