"""The small YAML file that says what the columns of a table, or the markers of a file, mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from skelgraph.data.clip import CLIP_NUMBERS, HOUSE_AXES, IMAGE_AXES, UNITS, frame_faults
from skelgraph.errors import FormatError, list_faults, unknown_name
from skelgraph.graphs import Layout, load_layout

MAX_BYTES = 2**20
MAX_TEXT = 1000
MAX_DEPTH = 50
PARTS = ("x", "y", "z", "confidence")
TIME_UNITS = {"second": 1.0, "millisecond": 1e-3, "microsecond": 1e-6, "nanosecond": 1e-9}
NO_CONFIDENCE = "confidence 0"
AT_ORIGIN = "position 0"
TEXTS = (
    *("layout", "units", "time", "time_unit", "frame", "columns", "delimiter", "body", "hand"),
    *("clip", "label", *CLIP_NUMBERS, "names"),
)
SEGMENT_KEYS = ("file", "clip", "start", "end", "label")


@dataclass(frozen=True)
class TableMapping:
    r"""What a mapping file says; every key but the layout may be left out.

    Args:
        path: The mapping file.
        layout: Layout of the clips.
        units: One of `skelgraph.data.clip.UNITS`.
        axes: Where each coordinate points; by the units if left out.
        fps: Frames per second.
        scale: Metres in one unit of a BVH file, which does not say it itself.
        time: Column with the time of a row.
        time_unit: 'second' (so if left out), 'millisecond', 'microsecond' or 'nanosecond'.
        frame: Column with the number of the frame.
        columns: How a column's name is made of {joint} and {part}.
        parts: How x, y, z and confidence are written in the file.
        joints: Layout's joint -> its name in the file, or its columns in the order x, y, z,
            confidence, or its columns by part.
        absent: Joints of the layout that the file does not have.
        missing: What marks a joint that was not seen: 'confidence 0', 'position 0'.
        delimiter: Between two cells; found by looking if left out.
        body: Column that tells people apart, or says left or right for hands.
        hand: 'left' or 'right' for a file of one hand.
        clip: Column that tells clips apart.
        label: Column with the class.
        subject: Column with a whole number; the same for camera, setup and repetition.
        classes: Names of the classes in label order, as written in the file, or word -> name.
        names: What a file's name says, e.g. 'P{subject}_{label}_{repetition}'.
        segments: `file` with columns `clip`, `start`, `end` (seconds) and maybe `label`.
    """

    path: Path
    layout: str
    units: str | None = None
    axes: tuple[str, ...] | None = None
    fps: float | None = None
    scale: float | None = None
    time: str | None = None
    time_unit: str = "second"
    frame: str | None = None
    columns: str = "{joint}.{part}"
    parts: Mapping[str, str] = field(default_factory=dict)
    joints: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    delimiter: str | None = None
    body: str | None = None
    hand: str | None = None
    clip: str | None = None
    label: str | None = None
    subject: str | None = None
    camera: str | None = None
    setup: str | None = None
    repetition: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    names: str | None = None
    segments: Mapping[str, str] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in label order, empty where the mapping does not give them."""
        return tuple(dict.fromkeys(self.classes.values()))

    def load_layout(self) -> Layout:
        """Load the layout; a layout file is sought beside the mapping."""
        beside = self.path.parent / self.layout
        named = self.layout.lower().endswith((".yaml", ".yml")) and beside.is_file()
        return load_layout(beside if named else self.layout)

    def check_layout(self, asked: str | None) -> None:
        """Refuse another layout than the mapping's, rather than leave the wish aside.

        Raises:
            FormatError: If the user asks for another.
        """
        if asked not in (None, self.layout):
            raise FormatError(
                f"{self.path}: expected the layout '{self.layout}' of the mapping, got '{asked}'. "
                "Give one of them."
            )

    def check_no_scale(self) -> None:
        """Refuse a scale where the units are known, rather than leave it aside.

        Raises:
            FormatError: If there is one.
        """
        if self.scale is not None:
            raise FormatError(
                f"{self.path}: expected 'scale' for BVH files only, got {self.scale:g}. Write "
                "'units' instead."
            )

    def axes_for(self, units: str, coordinates: int) -> tuple[str, ...]:
        """Give the axes: those written down, else those usual for the units."""
        usual = IMAGE_AXES if units in ("pixel", "image fraction") else HOUSE_AXES
        return self.axes or usual[:coordinates]

    def columns_of(self, joint: str, parts: tuple[str, ...]) -> dict[str, str]:
        """Name the columns of a joint, part -> column."""
        given = self.joints.get(joint, joint)
        if isinstance(given, Mapping):
            return {part: column for part, column in given.items() if part in parts}
        if isinstance(given, list):
            return dict(zip(parts, given, strict=False))
        return {
            part: self.columns.replace("{joint}", given).replace(
                "{part}", self.parts.get(part, part)
            )
            for part in parts
        }


def load_mapping(named: str | None, *, what: str, source: Path) -> TableMapping:
    """Read a mapping file.

    Args:
        named: Its path, None: none was given.
        what: What it describes, for messages.
        source: What is read, for messages.

    Raises:
        FormatError: If there is none or it is faulty; lists all faults.
    """
    if named is None:
        raise FormatError(
            f"{source}: expected a file that says what its {what} mean, got none. "
            "Write one and give it: --mapping FILE.yaml (see the page on tables)."
        )
    path = Path(named)
    content = _load(path)
    faults = _faults(content)
    if faults:
        raise FormatError(list_faults([f"{path}: {fault}" for fault in faults]))
    for key in ("axes", "absent", "missing"):
        if key in content:
            content[key] = tuple(content[key])
    if "classes" in content and isinstance(content["classes"], list):
        content["classes"] = {str(name): str(name) for name in content["classes"]}
    content["classes"] = {str(k): str(v) for k, v in content.get("classes", {}).items()}
    return TableMapping(path=path, **content)


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FormatError(
                f"{path}: expected a mapping of at most {MAX_BYTES:,} bytes, got "
                f"{path.stat().st_size:,}. Give the small YAML file, not the recording."
            )
        text = path.read_text(encoding="utf-8")
        if _depth(text) > MAX_DEPTH:
            raise FormatError(_too_deep(path))
        _refuse_traps(path, text)
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        reason = getattr(error, "strerror", None) or str(error).replace("\n", " ")
        raise FormatError(
            f"{path}: expected a readable YAML file, got '{reason[:200]}'. Correct it."
        ) from error
    if not isinstance(content, dict):
        raise FormatError(
            f"{path}: expected keys such as layout and units, got {type(content).__name__}. "
            "Write 'layout: NAME'."
        )
    return {key: value for key, value in content.items() if value is not None}


def _refuse_traps(path: Path, text: str) -> None:
    """Refuse aliases, by which a small file may stand for any amount, depth and endless texts."""
    depth = 0
    for event in yaml.parse(text):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise FormatError(_too_deep(path))
        if isinstance(event, yaml.AliasEvent):
            raise FormatError(
                f"{path}: expected a mapping without aliases, got '*{str(event.anchor)[:50]}'. "
                "Write out what it repeats."
            )
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_TEXT:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise FormatError(
                f"{path}, line {line}: expected texts of at most {MAX_TEXT} "
                f"letters, got '{event.value[:50]}...'. Correct it."
            )


def _too_deep(path: Path) -> str:
    return (
        f"{path}: expected a mapping of a few levels, got more than {MAX_DEPTH}. "
        "Give the small YAML file, not the recording."
    )


def _depth(text: str) -> int:
    """Count how deep brackets are nested, which YAML reads in time that grows with the square."""
    deepest = depth = 0
    for sign in re.findall(r"[\[\]{}]", text):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _faults(content: dict[str, Any]) -> list[str]:
    known = [item.name for item in fields(TableMapping) if item.name != "path"]
    faults = [unknown_name("key", str(key), known) for key in content if key not in known]
    faults += [
        f"{key}: expected a text, got {content[key]!r}. Correct it."
        for key in TEXTS
        if key in content and not isinstance(content[key], str)
    ]
    if "layout" not in content:
        faults.append("expected the key 'layout', got none. Name it (`skelgraph layouts list`).")
    return faults or [*_value_faults(content), *_joint_faults(content), *_plural_faults(content)]


def _value_faults(content: dict[str, Any]) -> list[str]:
    faults = []
    if content.get("units", "metre") not in UNITS:
        faults.append(unknown_name("units", content["units"], UNITS))
    if content.get("time_unit", "second") not in TIME_UNITS:
        faults.append(unknown_name("time_unit", content["time_unit"], TIME_UNITS))
    if content.get("hand", "left") not in ("left", "right"):
        faults.append(f"hand: expected left or right, got '{content['hand']}'. Correct it.")
    if len(content.get("delimiter", ",")) != 1:
        faults.append(f"delimiter: expected one sign, got {content['delimiter']!r}. Correct it.")
    for key in ("fps", "scale"):
        number = content.get(key, 1)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e6:
            faults.append(f"{key}: expected a number above 0, got {number!r}. Correct it.")
    pattern = content.get("columns", "{joint}{part}")
    if "{joint}" not in pattern or "{part}" not in pattern:
        faults.append(f"columns: expected {{joint}} and {{part}} in it, got '{pattern}'. Add them.")
    known = ("label", "any", *CLIP_NUMBERS)
    unknown = set(re.findall(r"\{(.*?)\}", content.get("names", ""))) - {*known}
    faults += [unknown_name("names", name, known) for name in sorted(unknown)]
    return faults


def _joint_faults(content: dict[str, Any]) -> list[str]:
    joints = content.get("joints", {})
    if not isinstance(joints, dict):
        return [f"joints: expected joint: name, got {type(joints).__name__}. Correct it."]
    faults = []
    for joint, given in joints.items():
        columns = given.values() if isinstance(given, dict) else given
        if isinstance(given, dict):
            faults += [
                unknown_name(f"joints, {joint}", str(p), PARTS) for p in given if p not in PARTS
            ]
        texts = isinstance(given, str) or (
            isinstance(given, dict | list) and all(isinstance(column, str) for column in columns)
        )
        if not texts or not isinstance(joint, str):
            faults.append(
                f"joints, {joint}: expected a name or columns, got {given!r}. Correct it."
            )
    return faults


def _plural_faults(content: dict[str, Any]) -> list[str]:
    faults = []
    for key in ("axes", "absent", "missing"):
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            faults.append(f"{key}: expected a list of texts, got {value!r}. Correct it.")
    for key in ("parts", "segments"):
        value = content.get(key, {})
        pairs = value.items() if isinstance(value, dict) else [(0, 0)]
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in pairs):
            faults.append(f"{key}: expected name: text, got {value!r}. Correct it.")
    if not isinstance(content.get("classes", []), list | dict):
        faults.append(f"classes: expected a list, got {content['classes']!r}. Correct it.")
    if faults:
        return faults
    if "axes" in content:
        faults += frame_faults("metre", tuple(content["axes"]))
    faults += [
        unknown_name("parts", key, PARTS) for key in content.get("parts", {}) if key not in PARTS
    ]
    marks = (NO_CONFIDENCE, AT_ORIGIN)
    faults += [
        unknown_name("missing", m, marks) for m in content.get("missing", []) if m not in marks
    ]
    segments = content.get("segments", {})
    faults += [
        unknown_name("segments", key, SEGMENT_KEYS) for key in segments if key not in SEGMENT_KEYS
    ]
    faults += [
        f"segments: expected the key '{key}', got none. Name the column."
        for key in SEGMENT_KEYS[:4]
        if segments and key not in segments
    ]
    return faults
