"""Which facts about its clips a written file does not tell whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS
from skelgraph.data.formats.ntu.ntu_names import parse_name
from skelgraph.data.formats.writing.content import Content
from skelgraph.data.store import Store

Losses = dict[str, str]
"""What is lost -> how, in words."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a reader finds in the file; what is left out here is not in it.

    Args:
        names: Name of each clip as it is read, in the store's order; empty: none.
        labels: Whether it finds labels.
        class_names: The names of classes that it finds or makes up.
        numbers: Subject, camera, setup and repetition, each (N,).
        extra: Further columns of the index.
        fps: Frame rate.
        picture: Width and height.
    """

    names: tuple[str, ...] = ()
    labels: bool = False
    class_names: tuple[str, ...] = ()
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    fps: float | None = None
    picture: tuple[int | None, int | None] = (None, None)


def fact_losses(store: Store, told: Told) -> Losses:
    """List the facts of a store that a file does not tell."""
    table = store.clips
    losses = _label_losses(store, told)
    if told.names != tuple(table.name.tolist()):
        losses["name"] = _names_text(table.name, told.names)
    for key in CLIP_NUMBERS:
        values = getattr(table, key)
        known = told.numbers.get(key, np.full(len(table), -1))
        differs = int((values != known).sum())
        if differs:
            losses[key] = f"the {key} of {differs:,} clips"
    shared = len(table) - len(set(table.recording.tolist()))
    if shared:
        losses["source"] = (
            f"which clips are of one recording ({len(table):,} clips of "
            f"{len(table) - shared:,}): keep them together when you split"
        )
    columns = [column for column in table.extra if column not in told.extra]
    if columns:
        losses["extra"] = f"columns of the index: {', '.join(columns)}"
    if store.fps != told.fps:
        losses["fps"] = _value_text("the frame rate", store.fps, told.fps, "--fps")
    if (store.width, store.height) != told.picture:
        losses["picture"] = (
            f"the picture's size, {store.width} x {store.height}: read with --width and --height"
        )
    return losses


def _label_losses(store: Store, told: Told) -> Losses:
    labelled = int((store.clips.label >= 0).sum())
    losses: Losses = {}
    if labelled and not told.labels:
        losses["label"] = (
            f"the labels of {labelled:,} clips: read with --labels FILE.csv (columns clip, class; "
            "the store's index.csv has them)"
        )
    if store.class_names != told.class_names:
        few = ", ".join(store.class_names[:3]) + (" ..." if len(store.class_names) > 3 else "")
        losses["class_names"] = f"the names of {len(store.class_names)} classes ({few})"
    return losses


def _names_text(names: np.ndarray, told: tuple[str, ...]) -> str:
    if not told:
        return "the clips' names: they are numbered"
    changed = [(old, new) for old, new in zip(names.tolist(), told, strict=True) if old != new]
    old, new = changed[0]
    return f"{len(changed):,} names that make no file name: '{old}' becomes '{new}'"


def _value_text(what: str, value: object, told: object, option: str) -> str:
    if value is None:
        return f"that {what} is unknown: it is read as {told}"
    return f"{what}, {value}: read with {option} {value}"


def ntu_numbers(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Give what names of NTU RGB+D say of who performs, from where and how often; else -1."""
    found = [parse_name(name) for name in names]
    return {
        key: np.array([-1 if name is None else getattr(name, key) for name in found])
        for key in CLIP_NUMBERS
    }


def layout_loss(store: Store, *, units: str | None = None) -> Losses:
    """Say how to read a file that names no layout.

    Args:
        store: What is written.
        units: The units in the file, where it leaves them open too.
    """
    also = f" --units {units}" if units else ""
    return {"layout": f"the layout's name: read with --layout {store.layout.name}{also}"}


def score_losses(store: Store, content: Content) -> Losses:
    """List what becomes of scores in a format that has one for each joint of each frame."""
    texts = []
    if store.confidence is None:
        texts.append("the store has no scores: joints that were seen get 1")
    if content.unscored:
        texts.append(f"{content.unscored:,} seen joints without a score get 1")
    if content.ghosts:
        texts.append(f"scores of {content.ghosts:,} joints that were not seen become 0")
    if content.beyond:
        texts.append(f"{content.beyond:,} scores outside 0 to 1 are cut off")
    return {"confidence": "; ".join(texts)} if texts else {}


def missing_losses(
    content: Content, *, zero_score: bool = False, origin: bool = True, centred: bool = False
) -> Losses:
    """List which joints are seen and read as missing, or missing and read as seen.

    Args:
        content: Counts of the store.
        zero_score: Whether score 0 means missing.
        origin: Whether a position of zeros means missing.
        centred: Whether that does not hold for the joints of the centre, which lie there.
    """
    texts = []
    lost = content.at_origin - (content.central if centred else 0)
    if zero_score and content.unsure:
        texts.append(f"{content.unsure:,} joints with score 0 are read as missing")
    if origin and lost:
        texts.append(f"{lost:,} joints at the origin are read as missing")
    if centred and content.rootless:
        texts.append(f"{content.rootless:,} missing joints of the centre are read as at the origin")
    return {"positions": "; ".join(texts)} if texts else {}


def body_losses(store: Store, content: Content, *, followed: bool) -> Losses:
    """List what becomes of bodies.

    Args:
        store: What is written.
        content: Its counts.
        followed: Whether readers find out by themselves who is who from frame to frame.
    """
    most = int(content.slots.max(initial=0))
    if most > store.layout.max_bodies:
        return {
            "bodies": f"bodies beyond {store.layout.max_bodies}: the file has {most}, but "
            "skelgraph reads those seen best"
        }
    if followed and most > 1:
        return {"bodies": "who is who: readers follow people from frame to frame by themselves"}
    return {}
