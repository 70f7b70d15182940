"""From detections to the joints of a layout: slots, sides, and hands joined to bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from skelgraph.graphs import Layout, load_layout
from skelgraph.live.detections import SIDES, Detections, Group
from skelgraph.live.tracks import flat, link, size_of, slots_in_turn, vote_sides, without_twins
from skelgraph.live.wrists import HandPlace, hang_on_wrists

LAYOUTS = {
    "hands": "mediapipe_hands",
    "pose": "mediapipe_pose",
    "holistic": "mediapipe_holistic",
}
"""Detector -> layout of its clips."""

OUTVOTED = "hands whose side was outvoted by the rest of their track"
ONE_SIDE = "hands dropped: a second one of the same side in a frame"
TWIN_HANDS = "hands dropped: found twice in a frame"
TWIN_BODIES = "bodies dropped: found twice in a frame"
NO_SLOT = "bodies dropped: more than there are slots for"
NO_BODY = "hands placed by their own side: no body in the frame"
NO_BODY_WORLD = "hands dropped: no body in the frame to place them by"


@dataclass(frozen=True, eq=False)
class Assembled:
    """The joints of one medium.

    Args:
        layout: Their skeleton.
        keypoints: NaN where nothing was found, float32 (T, M, V, 3).
        confidence: The detector's scores, NaN likewise, float32 (T, M, V).
        counts: What was decided or dropped -> how many hands or bodies.
    """

    layout: Layout
    keypoints: np.ndarray
    confidence: np.ndarray
    counts: Counter[str] = field(default_factory=Counter)

    def put(
        self, at: tuple[int, int, slice | list[int]], points: np.ndarray, score: np.ndarray
    ) -> None:
        """Set the joints of a part of a body in a frame."""
        self.keypoints[at] = points
        self.confidence[at] = score


def assemble(
    found: Detections, detector: str, *, world: bool = False, max_bodies: int = 1
) -> Assembled:
    """Put what was found into the slots of the detector's layout.

    A hand or body found twice in a frame counts once. Hands are followed over the frames, and
    each is left or right as the most of its track says. For 'holistic', each hand hangs on the
    nearer wrist of the body; its z counts from there.

    Args:
        found: Detections of one medium.
        detector: A key of `LAYOUTS`.
        world: Metres instead of fractions of the picture. Hands then stand about their own
            centres, for 'holistic' on the wrists of the body; bodies about the hips' middle.
        max_bodies: Slots for bodies of 'pose'.
    """
    build: dict[str, Callable[[], Assembled]] = {
        "hands": lambda: _hands(found, world=world),
        "pose": lambda: _bodies(found, world=world, max_bodies=max_bodies),
        "holistic": lambda: _holistic(found, world=world),
    }
    return build[detector]()


def _empty(found: Detections, detector: str, bodies: int) -> Assembled:
    layout = load_layout(LAYOUTS[detector])
    shape = (found.num_frames, bodies, layout.num_joints)
    return Assembled(
        layout,
        np.full((*shape, 3), np.nan, dtype=np.float32),
        np.full(shape, np.nan, dtype=np.float32),
    )


def _hands(found: Detections, *, world: bool) -> Assembled:
    made = _empty(found, "hands", len(SIDES))
    hands = _sided(found, made.counts)
    keep = _best_of_each(hands, made.counts)
    for place in keep:
        at = (int(hands.frame[place]), int(hands.side[place]), slice(None))
        made.put(at, (hands.world if world else hands.points)[place], hands.score[place])
    return made


def _bodies(found: Detections, *, world: bool, max_bodies: int) -> Assembled:
    made = _empty(found, "pose", max_bodies)
    bodies, slots = _slotted(found, made.counts, num_slots=max_bodies)
    for place, slot in enumerate(slots):
        at = (int(bodies.frame[place]), int(slot), slice(None))
        made.put(at, (bodies.world if world else bodies.points)[place], bodies.score[place])
    return made


def _holistic(found: Detections, *, world: bool) -> Assembled:
    made = _empty(found, "holistic", 1)
    hands = _sided(found, made.counts)
    bodies, _ = _slotted(found, made.counts, num_slots=1)
    pose = load_layout(LAYOUTS["pose"])
    parts = _parts(made.layout)
    wrists = list(pose.indices(["left_wrist", "right_wrist"]))
    body_at = {int(frame): place for place, frame in enumerate(bodies.frame)}
    for frame, place in body_at.items():
        points = (bodies.world if world else bodies.points)[place]
        made.put((frame, 0, parts["pose"]), points, bodies.score[place])
    hung = _hung(hands, bodies, body_at, wrists, found.width / found.height, made.counts)
    for place in _best_of_each(hung, made.counts):
        frame, side = int(hung.frame[place]), int(hung.side[place])
        points = (hung.world if world else hung.points)[place].copy()
        body = body_at.get(frame)
        if body is None:
            made.counts[NO_BODY_WORLD if world else NO_BODY] += 1
            if world:
                continue
        elif world:
            points += bodies.world[body, wrists[side]] - points[0]
        else:
            points[:, 2] += bodies.points[body, wrists[side], 2] - points[0, 2]
        made.put((frame, 0, parts[SIDES[side]]), points, hung.score[place])
    return made


def _parts(layout: Layout) -> dict[str, list[int]]:
    """Joints of the composite that each part fills, in the part's order."""
    return {part.slot or "pose": list(part.joints) for part in layout.components}


def _sided(found: Detections, counts: Counter[str]) -> Group:
    """Hands once each, with the side that their tracks agree on."""
    aspect = found.width / found.height
    hands, twins = without_twins(found.hands, aspect=aspect)
    counts[TWIN_HANDS] += twins
    if not len(hands):
        return hands
    side = vote_sides(hands, link(hands, found.times, aspect=aspect))
    counts[OUTVOTED] += int((side != hands.side).sum())
    return replace(hands, side=side)


def _slotted(
    found: Detections, counts: Counter[str], *, num_slots: int
) -> tuple[Group, np.ndarray]:
    """Bodies once each, with their slots."""
    aspect = found.width / found.height
    bodies, twins = without_twins(found.bodies, aspect=aspect)
    counts[TWIN_BODIES] += twins
    track = link(bodies, found.times, aspect=aspect)
    slots = slots_in_turn(bodies, track, num_slots=num_slots)
    counts[NO_SLOT] += int((slots < 0).sum())
    return bodies.take(slots >= 0), slots[slots >= 0]


def _best_of_each(hands: Group, counts: Counter[str]) -> list[int]:
    """Choose the most certain hand of each side in each frame."""
    best: dict[tuple[int, int], int] = {}
    certainty = np.nan_to_num(hands.score[:, 0], nan=1.0)
    for place in np.argsort(-certainty, kind="stable"):
        best.setdefault((int(hands.frame[place]), int(hands.side[place])), int(place))
    counts[ONE_SIDE] += len(hands) - len(best)
    return sorted(best.values())


def _hung(
    hands: Group,
    bodies: Group,
    body_at: dict[int, int],
    wrists: list[int],
    aspect: float,
    counts: Counter[str],
) -> Group:
    """Give hands the side of the wrist that they hang on, and drop those that hang on none."""
    side = np.array(hands.side)
    keep = np.ones(len(hands), dtype=bool)
    hand_flat, body_flat = flat(hands, aspect), flat(bodies, aspect)
    for frame in np.unique(hands.frame):
        body = body_at.get(int(frame))
        if body is None:
            continue
        here = np.flatnonzero(hands.frame == frame)
        places = [
            HandPlace(hand_flat[one][0], size_of(hand_flat[one]), int(hands.side[one]))
            for one in here
        ]
        for one, wrist in zip(
            here, hang_on_wrists(places, body_flat[body][wrists], counts), strict=True
        ):
            keep[one] = wrist is not None
            side[one] = side[one] if wrist is None else wrist
    return replace(hands, side=side).take(keep)
