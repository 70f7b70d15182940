"""What a page is made of, without a browser."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from skelgraph.graphs import load_layout
from skelgraph.report.clips import MOST_FRAMES, PlayedClip, describe_clips
from skelgraph.report.curves import curve_panels
from skelgraph.report.embedding import content_hash
from skelgraph.report.page import SCRIPTS, STYLES, build_page
from skelgraph.report.skeletons import describe_skeleton
from tests.modules import ROOT
from tests.report.documents import EVIL, make_clips, make_document
from tests.report.test_packing import unpack

PARTS = ROOT / "skelgraph" / "report" / "parts"


def inside(page: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page, flags=re.S)


def test_every_part_is_in_the_page() -> None:
    files = {path.name for path in PARTS.iterdir()}
    named = {f"{name}.js" for name in SCRIPTS} | {f"{name}.css" for name in STYLES}
    assert files == named | {"page.html"}


def test_the_page_holds_the_document_and_is_one_file() -> None:
    document = make_document(load_layout("coco17"))
    page = build_page(document)
    data, script = inside(page, "script")
    assert json.loads(data)["classes"] == document["classes"]
    assert EVIL not in page
    policy = unescape(re.findall(r'content="(default-src.*?)"', page)[0])
    assert content_hash(script) in policy and content_hash(inside(page, "style")[0]) in policy
    markup = page.replace(data, "").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|url\(|\beval\b|new Function|innerHTML", markup)
    assert not re.search(r"\son\w+=|\sstyle=|\ssrc=", markup)


def test_the_same_document_gives_the_same_page() -> None:
    layout = load_layout("coco17")
    assert build_page(make_document(layout)) == build_page(make_document(layout))


def test_values_that_look_like_places_of_the_template_stay() -> None:
    document = make_document(load_layout("coco17"))
    document["title"] = "{{script}} {{data}}"
    page = build_page(document)
    assert "<title>{{script}} {{data}} - skelgraph report</title>" in page


@pytest.mark.parametrize("path", sorted(PARTS.iterdir()), ids=lambda path: path.name)
def test_parts_are_short_and_hold_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 200


def test_clips_are_seen_as_the_camera_sees_them() -> None:
    layout = load_layout("kinect_v2")
    clip = make_clips(layout, count=1)[0]
    (packed,), left_out = describe_clips([clip], layout)
    points = unpack(packed["points"])
    assert left_out == 0 and points.shape == (24, 1, layout.num_joints, 2)
    right, left = layout.index("right_wrist"), layout.index("left_wrist")
    assert (points[:, 0, right, 0] < points[:, 0, left, 0]).all()
    across = -clip.keypoints[0, 0, :, 0]
    assert points[0, 0, :, 0] == pytest.approx(across, abs=1e-4)
    # Joint 2 was not seen in frames 5 to 8: it stands between where it was.
    known = clip.keypoints[[4, 9], 0, 2, 1]
    assert points[6, 0, 2, 1] == pytest.approx(known[0] + 0.4 * (known[1] - known[0]), abs=1e-3)


def test_long_clips_are_thinned_and_too_many_left_out() -> None:
    layout = load_layout("coco17")
    clips = make_clips(layout, count=3, frames=700)
    packed, left_out = describe_clips(clips, layout)
    assert [one["shown"] for one in packed] == [MOST_FRAMES] * 3
    assert packed[0]["frames"] == 700 and left_out == 0
    room = len(packed[0]["points"]["data"]) * 2 + 20_000
    packed, left_out = describe_clips(clips, layout, size=room)
    assert (len(packed), left_out) == (2, 1)


def test_five_hundred_clips_stay_under_ten_megabytes() -> None:
    layout = load_layout("mediapipe_holistic")
    draw = np.random.default_rng(0)
    clip = PlayedClip(
        name="clip",
        keypoints=draw.normal(size=(400, 1, layout.num_joints, 3)),
        axes=("right", "up", "away"),
        fps=30.0,
        label=0,
        predicted=1,
        likeliest=[(1, 0.9)],
    )
    document = make_document(layout)
    document["clips"], left_out = describe_clips([clip] * 500, layout)
    page = build_page(document)
    assert len(document["clips"]) + left_out == 500 and document["clips"]
    assert len(page.encode("utf-8")) < 10_000_000


def test_timed_importance_keeps_its_frames() -> None:
    layout = load_layout("coco17")
    clip = make_clips(layout, count=1)[0]
    timed = np.random.default_rng(0).normal(size=(8, 1, layout.num_joints))
    (packed,), _ = describe_clips([PlayedClip(**{**vars(clip), "importance": timed})], layout)
    assert unpack(packed["importance"]) == pytest.approx(timed, abs=1e-3)


def test_skeletons_have_bones_parts_and_panels() -> None:
    layout = load_layout("mediapipe_hands")
    found = describe_skeleton(layout, bodies=2)
    assert len(found["bones"]) == layout.num_joints - 1
    assert [panel["title"] for panel in found["panels"]] == ["right hand, palm", "left hand, palm"]
    assert max(found["part"]) < len(found["parts"])


def test_curves_of_one_and_of_several_trainings() -> None:
    one = {
        "epoch": np.array([1.0, 2.0]),
        "val_top1": np.array([0.5, np.nan]),
        "lr": np.array([0.1, 0.01]),
    }
    scores, rates = curve_panels(one)
    assert scores["lines"] == [{"name": "val top-1", "x": [1.0], "y": [0.5]}]
    assert rates["unit"] == "learning rate"
    several = {
        "training": np.array(["supervised", "fixmatch", "fixmatch"]),
        "cycle": np.array([0.0, 0.0, 1.0]),
        "epoch": np.array([1.0, 1.0, 1.0]),
        "supervised": np.array([1.0, 0.9, 0.8]),
        "unlabelled": np.array([np.nan, 0.5, 0.4]),
    }
    first, second = curve_panels(several)
    assert [line["name"] for line in first["lines"]] == ["supervised", "fixmatch"]
    assert first["lines"][1] == {"name": "fixmatch", "x": [1.0, 2.0], "y": [0.9, 0.8]}
    assert [line["name"] for line in second["lines"]] == ["fixmatch"]
