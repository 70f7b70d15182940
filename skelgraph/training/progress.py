"""What a run says while it goes: a bar with the time left on a terminal, else a line an epoch."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Reporter:
    """Say nothing; the base of the others."""

    def message(self, text: str) -> None:
        """Say a sentence."""

    def start(self, epochs: int, steps: int, *, done: int) -> None:
        """Begin a run of `epochs` with `steps` each, of which `done` epochs are over."""

    def step(self) -> None:
        """Count a step."""

    def epoch(self, row: dict[str, Any]) -> None:
        """Count an epoch and show its row of the history."""

    def finish(self, progress: Any) -> None:
        """End, be it before all epochs are over."""


class ConsoleReporter(Reporter):
    """Write to stderr, through rich.

    Args:
        console: Where to write; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, soft_wrap=True, highlight=False)
        self.bar: Progress | None = None
        self.seconds: list[float] = []

    def message(self, text: str) -> None:
        self.console.print(text, markup=False)

    def start(self, epochs: int, steps: int, *, done: int) -> None:
        self.epochs, self.done = epochs, done
        self.seconds.clear()  # another training may have other steps
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("steps, left"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=self.console,
            )
            total = epochs * steps
            self.task = self.bar.add_task("training", total=total, completed=done * steps)
            self.bar.start()

    def step(self) -> None:
        if self.bar:
            self.bar.advance(self.task)

    def epoch(self, row: dict[str, Any]) -> None:
        self.done += 1
        self.seconds.append(row["seconds"])
        text = f"epoch {row['epoch']}/{self.epochs}  {_numbers(row)}"
        if self.bar:
            self.bar.update(self.task, description=f"epoch {row['epoch']}/{self.epochs}")
        else:
            text += f"  left {_clock(self._left())}"
        self.message(text)

    def finish(self, progress: Any) -> None:
        if self.bar:
            self.bar.stop()
            self.bar = None

    def _left(self) -> float:
        recent = self.seconds[-5:]
        return sum(recent) / len(recent) * (self.epochs - self.done)


def _numbers(row: dict[str, Any]) -> str:
    shown = (
        *("stage", "train_loss", "train_top1", "val_nll", "val_top1", "val_loss", "val_trivial"),
        *("supervised", "unlabelled", "taken"),
    )
    values = ((name, row[name]) for name in shown if name in row)
    return "  ".join(f"{n} {v:.3f}" if isinstance(v, float) else str(v) for n, v in values)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
