"""What a run says on a terminal and beside one."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from skelgraph.training.progress import ConsoleReporter

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def test_a_bar_gives_the_cursor_back_at_its_end() -> None:
    written = StringIO()
    reporter = ConsoleReporter(Console(file=written, force_terminal=True))
    reporter.start(2, 3, done=0)
    assert written.getvalue().rfind(HIDE) > written.getvalue().rfind(SHOW)
    reporter.finish(None)
    assert written.getvalue().rfind(SHOW) > written.getvalue().rfind(HIDE)


def test_time_left_goes_by_the_epochs_of_this_training() -> None:
    written = StringIO()
    reporter = ConsoleReporter(Console(file=written))
    for seconds in (100.0, 2.0):
        reporter.start(3, 1, done=0)
        reporter.epoch({"epoch": 1, "seconds": seconds})
        reporter.finish(None)
    assert [line.split()[-1] for line in written.getvalue().splitlines()] == ["3:20", "0:04"]
