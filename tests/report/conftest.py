"""A page and a browser for it, started once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skelgraph.graphs import load_layout
from skelgraph.report.page import build_page
from tests.report.browser import Browser, find_chromium, opened_browser
from tests.report.documents import make_document


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that there can be."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    document = make_document(load_layout("kinect_v2"))
    path.write_text(build_page(document), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium; tests that need it are skipped where there is none."""
    if find_chromium() is None:
        pytest.skip("needs Chromium: install the Debian package chromium")
    with opened_browser(tmp_path_factory.mktemp("browser")) as found:
        yield found
