"""What passes from any reader to its user: usable clips only, counted on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip, in_all
from skelgraph.data.formats.reading import Reading
from skelgraph.data.report import ConversionReport

NO_FRAMES = "no frames"
NO_SIZE = "the picture's size is not known, and training needs it: give --width and --height"
NOTHING_SEEN = "no joint is seen in any frame"


def surveyed(reading: Reading) -> Reading:
    """Drop clips with nothing in them, make odd numbers missing, and count what the rest hold.

    Says where fractions of a picture come without its size.

    The report's `survey` is complete once all clips were taken: `joints` (joint -> share of
    frames of present bodies in which it was not seen), `lengths` (frames: min, median, max),
    `outside` (joints outside the picture, where its size is known), `duplicates` (clip -> the
    earlier clip with the same numbers), `unlabelled`.
    """
    return replace(reading, clips=_pass(reading))


def _pass(reading: Reading) -> Iterator[Clip]:
    survey = _Survey()
    report = reading.report
    for clip in reading.clips:
        usable = without_odd_numbers(clip, report)
        reason = _unusable(usable)
        if reason:
            report.dropped[clip.name] = reason
            continue
        if clip.units == "image fraction" and not (clip.width and clip.height):
            report.note(NO_SIZE)
        report.clips += 1
        report.frames += usable.num_frames
        survey.add(usable)
        yield usable
    report.survey = survey.to_dict()


def without_odd_numbers(clip: Clip, report: ConversionReport) -> Clip:
    """Make joints with an infinite coordinate, or with only some coordinates, missing."""
    finite = np.isfinite(clip.keypoints)
    if finite.all():
        return clip
    faulty = ~in_all(finite)
    rows = clip.keypoints[faulty]  # (K, C): few, most of them missing as they should be
    missing = np.isnan(rows)
    if missing.all():
        return clip
    infinite = np.isinf(rows).any(axis=-1)
    partly = ~infinite & ~missing.all(axis=-1)
    report.repaired["joints with an infinite coordinate -> missing"] += int(infinite.sum())
    report.repaired["joints with a NaN coordinate -> missing"] += int(partly.sum())
    positions = clip.keypoints.copy()
    positions[faulty] = np.nan
    return replace(clip, keypoints=positions)


def _unusable(clip: Clip) -> str | None:
    if clip.num_frames == 0:
        return NO_FRAMES
    return None if clip.seen.any() else NOTHING_SEEN


class _Survey:
    """Counts over clips, in constant memory but for a number a clip."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.missing: Counter[str] = Counter()
        self.present: Counter[str] = Counter()
        self.outside = 0
        self.first_with: dict[bytes, str] = {}
        self.duplicates: dict[str, str] = {}
        self.unlabelled = 0

    def add(self, clip: Clip) -> None:
        self.lengths.append(clip.num_frames)
        self.unlabelled += clip.label is None
        self.outside += _outside(clip)
        seen = clip.seen
        bodies = seen.any(axis=(0, 2))
        frames = seen.shape[0] * int(bodies.sum())
        missing = (~seen[:, bodies]).sum(axis=(0, 1))
        for joint, count in zip(clip.layout.joints, missing, strict=True):
            self.missing[joint] += int(count)
            self.present[joint] += frames
        digest = hashlib.blake2b(np.ascontiguousarray(clip.keypoints).data, digest_size=16)
        earlier = self.first_with.setdefault(digest.digest(), clip.name)
        if earlier != clip.name:
            self.duplicates[clip.name] = earlier

    def to_dict(self) -> dict[str, Any]:
        if not self.lengths:
            return {}
        lengths = np.array(self.lengths)
        return {
            "lengths": {
                "min": int(lengths.min()),
                "median": float(np.median(lengths)),
                "max": int(lengths.max()),
            },
            "joints": {
                joint: round(count / self.present[joint], 4)
                for joint, count in self.missing.items()
                if count
            },
            "outside": self.outside,
            "duplicates": self.duplicates,
            "unlabelled": self.unlabelled,
        }


def _outside(clip: Clip) -> int:
    """Count seen joints outside the picture; 0 where its size is unknown."""
    if clip.units == "image fraction":
        width, height = 1.0, 1.0
    elif clip.units == "pixel" and clip.width and clip.height:
        width, height = float(clip.width), float(clip.height)
    else:
        return 0
    x, y = clip.keypoints[..., 0], clip.keypoints[..., 1]
    with np.errstate(invalid="ignore"):
        return int(((x < 0) | (x > width) | (y < 0) | (y > height)).sum())
