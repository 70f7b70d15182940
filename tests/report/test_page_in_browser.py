"""The page in headless Chromium: it loads, plays, has labels, fits, and runs no foreign script."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skelgraph.graphs import load_layout
from skelgraph.report.page import build_page
from tests.report.browser import Browser
from tests.report.documents import CLASSES, EVIL, make_document

# Each of these starts or reloads a browser page, which a busy machine does slowly.
pytestmark = pytest.mark.slow

FRAME = "Number(document.getElementById('frame').value)"
SECTIONS = [
    "scores", "changes", "classes", "confusion", "importance", "clips", "calibration", "curves",
    "data", "provenance",
]  # fmt: skip

BELOW = "document.documentElement.scrollHeight - document.body.getBoundingClientRect().height"

UNNAMED = """
[...document.querySelectorAll("button, select, input, a, canvas, [tabindex], svg[role=img]")]
  .filter((one) => {
    const named = one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length;
    const own = one.tagName === "SELECT" ? one.labels.length > 0 : named;
    return !own && one.id !== "main";
  })
  .map((one) => one.outerHTML.slice(0, 80))
"""


def test_it_loads_without_a_fault_and_asks_for_nothing(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.value("document.documentElement.dataset.ready") == "true"
    assert browser.faults() == []
    assert browser.requests() == [page.resolve().as_uri()]
    assert browser.value("[...document.querySelectorAll('section')].map((s) => s.id)") == SECTIONS


def test_names_stay_text(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.value("document.title") == f"run {EVIL} - skelgraph report"
    assert browser.value("document.querySelectorAll('script').length") == 2
    assert EVIL in browser.value("document.getElementById('classes').textContent")
    assert browser.value("document.getElementById('title').textContent") == f"run {EVIL}"


def test_what_the_data_are_made_from_is_told_in_words(browser: Browser, page: Path) -> None:
    browser.open(page)
    told = browser.value("document.getElementById('data').textContent")
    assert f"by: {EVIL}; kept: 1, 2; parent clips: 5" in told and "f00d" not in told


def test_the_policy_refuses_other_scripts(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.value(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{textContent: 'window.taken = 1'}))"
    )
    assert browser.value("typeof window.taken") == "undefined"
    assert any("Content Security Policy" in fault for fault in browser.faults())


def test_play_advances_frames_and_pauses(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.value(FRAME) == 0
    before = browser.value("document.getElementById('stage').toDataURL()")
    browser.value("document.getElementById('play').click()")
    assert browser.value("document.getElementById('play').textContent") == "Pause"
    browser.wait(f"{FRAME} > 2")
    assert browser.value("document.getElementById('stage').toDataURL()") != before
    browser.value("document.getElementById('play').click()")
    there = browser.value(FRAME)
    browser.value("new Promise((done) => setTimeout(done, 300))")
    assert browser.value(FRAME) == there
    assert f"frame {there + 1} of 24" in browser.value(
        "document.getElementById('counter').textContent"
    )


def test_keys_work_on_the_stage(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.value("document.getElementById('stage').focus()")
    current = "document.querySelector('.clips [aria-current=true]').value"
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        browser.press(key)
        assert browser.value(FRAME) == expected
    browser.press("End")
    assert browser.value(FRAME) == 23
    browser.press("Home")
    assert browser.value(FRAME) == 0
    browser.press("ArrowDown")
    assert browser.value(current) == "1"
    browser.press("ArrowUp")
    assert browser.value(current) == "0"
    browser.press(" ")
    browser.wait(f"{FRAME} > 0")
    browser.press(" ")
    assert browser.value("document.getElementById('play').textContent") == "Play"


def test_the_scrubber_and_the_colours(browser: Browser, page: Path) -> None:
    browser.open(page)
    picture = "document.getElementById('stage').toDataURL()"
    shown = [browser.value(picture)]
    browser.value(
        "(() => {const s = document.getElementById('frame'); s.value = 9; "
        "s.dispatchEvent(new Event('input'));})()"
    )
    shown.append(browser.value(picture))
    browser.value(
        "(() => {const s = document.getElementById('colours'); s.value = 'part'; "
        "s.dispatchEvent(new Event('change'));})()"
    )
    shown.append(browser.value(picture))
    browser.value("document.getElementById('theme').click()")
    shown.append(browser.value(picture))
    assert len(set(shown)) == 4
    assert "0.30 s, frame 10 of 24" in browser.value(
        "document.getElementById('counter').textContent"
    )


def test_a_mistake_of_the_table_plays(browser: Browser, page: Path) -> None:
    browser.open(page)
    pressed = browser.value(
        "(() => {const b = [...document.querySelectorAll('#confusion button')]; "
        "b[0].click(); return b[0].getAttribute('aria-label');})()"
    )
    clips = browser.value(
        "[...document.querySelectorAll('.clips button')].map((b) => b.textContent)"
    )
    truth, taken = pressed.removeprefix("Play ").split(" taken for ", 1)
    assert clips and all(f"{truth} taken for {taken}" in clip for clip in clips)
    assert browser.value("document.activeElement.id") == "stage"


def test_sorting_keeps_the_focus(browser: Browser, page: Path) -> None:
    browser.open(page)
    names = "[...document.querySelectorAll('#classes tbody th')].map((one) => one.textContent)"
    first = browser.value(names)
    browser.value("document.querySelector('#classes th button').click()")
    assert browser.value(names) != first
    assert set(browser.value(names)) == set(CLASSES)
    assert browser.value("document.activeElement.textContent") == "class"
    assert browser.value("document.querySelector('#classes [aria-sort]').textContent") == "class"


def test_every_control_has_a_name(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.value(UNNAMED) == []


def test_the_focus_can_be_seen(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("Tab")
    for _ in range(8):
        browser.press("Tab")
        style = browser.value(
            "(() => {const s = getComputedStyle(document.activeElement); "
            "return [s.outlineStyle, parseFloat(s.outlineWidth)];})()"
        )
        assert style[0] == "solid" and style[1] >= 2


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("layout", ["kinect_v2", "mediapipe_hands"])
def test_it_fits_and_is_drawn(browser: Browser, tmp_path: Path, layout: str, dark: bool) -> None:
    path = tmp_path / "report.html"
    path.write_text(build_page(make_document(load_layout(layout))), encoding="utf-8")
    browser.open(path, dark=dark)
    for width in (360, 768, 1600):
        browser.size(width, 900)
        found = browser.value("[document.documentElement.scrollWidth, innerWidth]")
        assert found == [width, width]
        assert browser.value(BELOW) < 100
        pixels = np.asarray(Image.open(io.BytesIO(browser.screenshot(whole=True))).convert("RGB"))
        paper = (21, 24, 28) if dark else (255, 255, 255)
        share = (pixels == np.array(paper)).all(axis=2).mean()
        assert 0.3 < share < 0.97, f"{width}: {share}"
        assert len(np.unique(pixels.reshape(-1, 3)[::7], axis=0)) > 60
        assert (pixels.max(axis=2).astype(int) - pixels.min(axis=2) > 90).mean() > 0.002


def test_importance_by_part_and_over_time(browser: Browser, page: Path) -> None:
    browser.open(page)
    widths = browser.value(
        "[...document.querySelectorAll('#importance .parts')].map((bars) => "
        "[...bars.querySelectorAll('rect')].map((bar) => Number(bar.getAttribute('width'))))"
    )
    parts = load_layout("kinect_v2").parts
    assert [len(bars) for bars in widths] == [len(parts)] * len(CLASSES)
    np.testing.assert_allclose(widths[2], 3 * np.array(widths[0]), rtol=1e-6)
    said = browser.value("document.querySelector('#importance .parts').ariaLabel")
    assert "left arm" in said and "0.10" in said and "-0.10" in said
    assert browser.value("document.querySelectorAll('#importance .chart .line').length") == 3


def test_hundreds_of_classes_and_joints_fit(browser: Browser, tmp_path: Path) -> None:
    document = make_document(load_layout("openpose_body25_hands"))
    names = [f"class with a rather long name number {i}" for i in range(200)]
    document["classes"] = names
    document["confusion"] = (np.eye(200, dtype=int) * 3 + np.eye(200, k=3, dtype=int)).tolist()
    document["class_scores"] = [document["class_scores"][0]] * 200
    own = document["importance"]["classes"]
    document["importance"]["classes"] = [
        {**own[i % 3], "name": name} for i, name in enumerate(names)
    ]
    path = tmp_path / "report.html"
    path.write_text(build_page(document), encoding="utf-8")
    browser.open(path, width=360)
    assert browser.faults() == []
    assert browser.value("document.documentElement.scrollWidth") == 360
    shown = "document.querySelectorAll('.map').length"
    assert browser.value(shown) == 24
    browser.value("document.querySelector('#importance > button').click()")
    assert browser.value(shown) == 200
