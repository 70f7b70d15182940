"""From the name of a method to its class and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from skelgraph.errors import ConfigError, list_faults, unknown_name
from skelgraph.training.config import from_dict
from skelgraph.training.semi.method import Method, Setting
from skelgraph.training.semi.methods.cmpl import Cmpl, CmplOptions
from skelgraph.training.semi.methods.curriculum import (
    Curriculum,
    CurriculumOptions,
    SturmOptions,
)
from skelgraph.training.semi.methods.entropy import EntropyMinimisation, EntropyOptions
from skelgraph.training.semi.methods.fixmatch import FixMatch, FixMatchOptions
from skelgraph.training.semi.methods.flexmatch import FlexMatch, FlexMatchOptions
from skelgraph.training.semi.methods.freematch import FreeMatch, FreeMatchOptions
from skelgraph.training.semi.methods.mean_teacher import MeanTeacher, MeanTeacherOptions
from skelgraph.training.semi.methods.meta_pseudo_labels import (
    MetaPseudoLabels,
    MetaPseudoLabelsOptions,
)
from skelgraph.training.semi.methods.mixmatch import MixMatch, MixMatchOptions
from skelgraph.training.semi.methods.pseudo_label import PseudoLabel, PseudoLabelOptions
from skelgraph.training.semi.methods.softmatch import SoftMatch, SoftMatchOptions

# What an option's default says about its values; the first that fits.
KINDS: dict[str, tuple[type, ...]] = {
    "true or false": (bool,),
    "a number": (int, float),
    "a word": (str,),
}


@dataclass(frozen=True)
class SupervisedOptions:
    """Supervised training on the given labels has none."""


@dataclass(frozen=True)
class MethodEntry:
    """What a method's name stands for.

    Args:
        method: Takes (options, setting).
        options: Dataclass of its options; the defaults are those of its paper.
    """

    method: type[Method]
    options: type


METHODS: dict[str, MethodEntry] = {
    "supervised": MethodEntry(Method, SupervisedOptions),
    "pseudo_label": MethodEntry(PseudoLabel, PseudoLabelOptions),
    "fixmatch": MethodEntry(FixMatch, FixMatchOptions),
    "flexmatch": MethodEntry(FlexMatch, FlexMatchOptions),
    "freematch": MethodEntry(FreeMatch, FreeMatchOptions),
    "softmatch": MethodEntry(SoftMatch, SoftMatchOptions),
    "mean_teacher": MethodEntry(MeanTeacher, MeanTeacherOptions),
    "entropy": MethodEntry(EntropyMinimisation, EntropyOptions),
    "curriculum": MethodEntry(Curriculum, CurriculumOptions),
    "sturm": MethodEntry(Curriculum, SturmOptions),
    "mixmatch": MethodEntry(MixMatch, MixMatchOptions),
    "cmpl": MethodEntry(Cmpl, CmplOptions),
    "meta_pseudo_labels": MethodEntry(MetaPseudoLabels, MetaPseudoLabelsOptions),
}


def find_method(name: str) -> MethodEntry:
    """Look a method up.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in METHODS:
        raise ConfigError(unknown_name("method", name, METHODS))
    return METHODS[name]


def make_method(name: str, values: Mapping[str, Any], setting: Setting) -> Method:
    """Make a method from plain values.

    Args:
        name: A key of `METHODS`.
        values: Fields of its options that differ from the defaults.
        setting: What is known before training.

    Raises:
        ConfigError: If the name or an option is unknown, or a value is out of range.
    """
    entry = find_method(name)
    _check_kinds(name, entry.options, values)
    return entry.method(from_dict(entry.options, values, where=f"method {name}"), setting)


def _check_kinds(name: str, options: type, values: Mapping[str, Any]) -> None:
    """Refuse a word where a number is expected, and the like, before the options compare them."""
    faults = []
    for item in fields(options):
        value = values.get(item.name, item.default)
        kind, kinds = next(pair for pair in KINDS.items() if isinstance(item.default, pair[1]))
        if not isinstance(value, kinds) or isinstance(value, bool) != (kind == "true or false"):
            faults.append(
                f"{name}, {item.name}: expected {kind}, got {value!r}. Give another value."
            )
    if faults:
        raise ConfigError(list_faults(faults))
