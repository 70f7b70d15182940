"""A report made up of plain values, with everything that a page can show."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelgraph.graphs import Layout
from skelgraph.report.clips import PlayedClip, describe_clips
from skelgraph.report.packing import rounded
from skelgraph.report.skeletons import describe_skeleton

EVIL = "<script>document.title='taken'</script>"
CLASSES = ("nod", EVIL, "shake \u201chard\u201d & fast")
RATE = 30.0


def make_clips(layout: Layout, *, count: int = 6, frames: int = 24) -> list[PlayedClip]:
    """Make clips that move up and down; the first half is taken for another class."""
    clips = []
    bodies = 2 if layout.instances == "hands" else 1
    for number in range(count):
        draw = np.random.default_rng(number)
        time = np.arange(frames)[:, None, None] / frames
        pose = np.stack([layout.neutral_of(body) for body in range(bodies)])
        points = np.repeat(pose[None], frames, axis=0).astype(float)
        points[..., 1] += 0.1 * np.sin(2 * np.pi * (time + number / count))
        points[5:9, 0, 2] = np.nan
        label = number % 3
        predicted = (label + 1) % 3 if number < count // 2 else label
        clips.append(
            PlayedClip(
                name=f"clip_{number}",
                keypoints=points,
                axes=("right", "up", "away"),
                fps=RATE,
                label=label,
                predicted=predicted,
                likeliest=[(predicted, 0.7), (label, 0.2)],
                importance=draw.normal(0.2, 0.4, (bodies, layout.num_joints)),
            )
        )
    return clips


def make_document(layout: Layout, **clips: int) -> dict[str, Any]:
    """Make all that a page shows."""
    played = make_clips(layout, **clips)
    packed, left_out = describe_clips(played, layout)
    confusion = [[5, 1, 0], [0, 4, 2], [1, 0, 3]]
    bodies = 2 if layout.instances == "hands" else 1
    return {
        "schema_version": 1,
        "title": f"run {EVIL}",
        "kind": "few_labels",
        "simulated": True,
        "part": "test",
        "classes": list(CLASSES),
        "notes": ["No training curves: a made-up reason."],
        "scores": [_scores("val"), _scores("test")],
        "confusion": confusion,
        "class_scores": [_class_score(f1) for f1 in (0.8, 0.6, None)],
        "calibration": {
            "temperature": 1.5,
            "before": _calibration(0.2),
            "after": _calibration(0.1),
        },
        "curves": {"panels": _panels(), "best_epoch": 2},
        "few_labels": _few_labels(),
        "importance": {
            "method": "occlusion",
            "title": "occlusion of joints",
            "finds": "joints",
            "sampled": 16,
            "of": 16,
            "check": {
                "clips": 8,
                "beats_random": False,
                "deletion": [0.4, 0.3, 0.5],
                "insertion": [0.6, 0.5, 0.7],
                "random": {"deletion": [0.5, 0.4, 0.6], "insertion": [0.5, 0.4, 0.6]},
            },
            "classes": [
                {
                    "name": name,
                    "clips": 5,
                    "joints": rounded(
                        np.random.default_rng(place).normal(0.2, 0.4, (bodies, layout.num_joints))
                    ),
                    "parts": {
                        part: 0.1 * (place + 1) * (-1) ** i for i, part in enumerate(layout.parts)
                    },
                    "times": [0.02 * step * place for step in range(50)],
                }
                for place, name in enumerate(CLASSES)
            ],
        },
        "clips": packed,
        "clips_of": {"all": 16, "wrong": 4, "no_room": left_out},
        "skeleton": describe_skeleton(layout, bodies=bodies),
        "data": _data(layout),
        "provenance": {
            "model": "as_gcn",
            "parameters": 12345,
            "layout": layout.name,
            "weights": {"seed": 0, "start": {"kind": EVIL}},
            "report": "skelgraph",
            "config": f"layout: {layout.name}\nname: {EVIL}\n",
        },
    }


def _scores(part: str) -> dict[str, Any]:
    return {
        "part": part,
        "num_clips": 16,
        "top1": 0.75,
        "top1_interval": [0.5, 0.9],
        "macro_f1": 0.7,
        "macro_f1_interval": [0.5, 0.85],
        "ece": 0.1,
        "nll": 0.6,
    }


def _class_score(f1: float | None) -> dict[str, Any]:
    bounds = [None, None] if f1 is None else [f1 - 0.1, f1 + 0.1]
    return {
        "clips": 6,
        "precision": f1,
        "recall": f1,
        "recall_interval": bounds,
        "f1": f1,
        "f1_interval": bounds,
    }


def _calibration(error: float) -> dict[str, Any]:
    edges = np.linspace(0, 1, 16)
    bins = [
        {
            "low": low,
            "high": high,
            "count": count,
            "confidence": (low + high) / 2 if count else None,
            "accuracy": low if count else None,
            "accuracy_low": max(0.0, low - 0.1) if count else None,
            "accuracy_high": min(1.0, low + 0.1) if count else None,
        }
        for low, high, count in zip(edges[:-1], edges[1:], [0] * 8 + [2] * 7, strict=True)
    ]
    return {"ece": error, "confidence": 0.8, "accuracy": 0.75, "bins": bins}


def _panels() -> list[dict[str, Any]]:
    lines = [
        {"name": "train cross-entropy", "x": [1, 2, 3], "y": [1.0, 0.5, 0.3]},
        {"name": "val cross-entropy", "x": [1, 2, 3], "y": [1.1, 0.7, 0.75]},
    ]
    return [{"unit": "cross-entropy (nats)", "across": "epoch", "lines": lines}]


def _few_labels() -> dict[str, Any]:
    return {
        "method": "fixmatch",
        "kept": "method",
        "labels": {"label_budget": "0.1", "labels_by_class": {"nod": 2, EVIL: 1}},
        "guard": {
            "prefers": "method",
            "supervised": {"top1": 0.5},
            "method": {"top1": 0.75},
            "num_clips": 12,
            "decided": False,
        },
        "pseudo_labels": {"clips": 40, "taken": 30, "taken_accuracy": 0.9},
        "basis": "95 % intervals: made up",
        "rows": [
            ["nod", 6, 0.5, 0.8, 0.3, 0.1, 0.5, 0.01],
            [EVIL, 6, 0.9, 0.6, -0.3, -0.5, -0.1, 0.01],
            [CLASSES[2], 0, None, None, None, None, None, None],
        ],
        "surely_fell": [EVIL],
    }


def _data(layout: Layout) -> dict[str, Any]:
    return {
        "name": f"store {EVIL}",
        "title": layout.title,
        "joints": layout.num_joints,
        "coordinates": 3,
        "units": "metre",
        "fps": RATE,
        "clips": 60,
        "unlabelled": 0,
        "frames": 1440,
        "lengths": {"min": 24, "median": 24.0, "max": 24},
        "bodies": 2,
        "subjects": [0, 1, 2],
        "cameras": [],
        "gaps": {"missing": 0.01, "joints": {layout.joints[2]: 0.17}},
        "parts": ["train", "val", "test"],
        "class_names": list(CLASSES),
        "class_counts": [[10, 4, 6]] * 3,
        "persons": {"train": 1, "val": 1, "test": 1},
        "made": {"by": EVIL, "kept": [1, 2], "parent": {"clips": 5, "sha256": {"a": "f00d"}}},
    }
