"""How training went: losses, scores and the learning rate over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skelgraph.plots import style

LOSSES = "loss"
RATES = "lr"
SKIPPED = ("epoch", "seconds", "time")
TERMS = "loss terms"
SCORES = "score"
UNITS = {
    LOSSES: "loss", TERMS: "loss term", SCORES: "fraction of clips", RATES: "learning rate"
}  # fmt: skip
NAMES = {"lr": "learning rate", "top1": "top-1", "macro_f1": "macro F1"}


def curves_figure(
    history: Mapping[str, Sequence[float] | np.ndarray],
    *,
    best_epoch: int | None = None,
    title: str = "",
) -> Figure:
    """Draw every column of a training history over its epochs, one panel a kind of quantity.

    Args:
        history: Columns of equal length (E,): `epoch`, then any of `*_loss`, scores such as
            `val_top1` (fractions) and `lr`. NaN where a phase did not measure a column.
        best_epoch: Epoch whose weights were kept; it is marked in every panel.
        title: Stands over the figure.

    Returns:
        Figure with the panels below one another, so that epochs line up.

    Example:
        >>> figure = curves_figure({"epoch": [1, 2], "train_loss": [2.0, 1.0]}, best_epoch=2)
        >>> len(figure.axes)
        1
    """
    epochs = np.asarray(history["epoch"], dtype=float)
    panels = group_columns(history)
    figure = style.new_figure(6.4, 0.7 + 1.75 * max(len(panels), 1))
    style.head(figure, title)
    grid = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (kind, columns) in zip(grid, panels.items(), strict=False):
        _panel(axes, epochs, columns, kind)
        _mark_best(axes, epochs, best_epoch)
    grid[-1].set_xlabel("epoch", fontsize=style.SMALL_SIZE, color=style.INK)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    grid[-1].set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    figure.align_ylabels(grid)
    if best_epoch is not None and np.any(epochs == best_epoch):
        _name_best(grid[0], best_epoch)
    return figure


def group_columns(
    history: Mapping[str, Sequence[float] | np.ndarray],
) -> dict[str, dict[str, np.ndarray]]:
    """Sort the columns of a history into panels: losses, their terms, scores, learning rates.

    A term of the loss has a panel of its own, because its scale may be another. Columns
    without one finite number are left out, and so is what counts time.

    Example:
        >>> list(group_columns({"epoch": [1], "lr": [0.1], "val_top1": [0.5]}))
        ['score', 'lr']
    """
    panels: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in UNITS}
    for name, values in history.items():
        kind = _kind(name)
        column = np.asarray(values, dtype=float) if kind else np.empty(0)
        if np.isfinite(column).any():
            panels[kind][name] = column
    return {kind: columns for kind, columns in panels.items() if columns}


def _kind(name: str) -> str:
    if name in SKIPPED or name.endswith("seconds"):
        return ""
    if name.endswith("loss"):
        return LOSSES if name.removesuffix("loss") in ("", "train_", "val_") else TERMS
    if name == "lr" or name.startswith("lr_") or name.endswith("_lr"):
        return RATES
    return SCORES if name.split("_")[0] in ("train", "val", "test") else ""


def _panel(axes: Axes, epochs: np.ndarray, columns: Mapping[str, np.ndarray], kind: str) -> None:
    style.dress(axes, y_label=UNITS[kind], grid=True)
    for place, (name, values) in enumerate(columns.items()):
        colour, line = _stroke(name, place)
        shown = np.isfinite(values)
        label = spoken(name)
        dots = "o" if shown.sum() < 3 else None  # a line through one epoch would not be seen
        axes.plot(
            epochs[shown], values[shown], color=colour, linestyle=line, linewidth=1.4,
            marker=dots, markersize=3, label=label,
        )  # fmt: skip
    if kind in (RATES, TERMS) and _spread(columns) > 20:
        axes.set_yscale("log")
    if kind == SCORES:
        axes.set_ylim(0.0, 1.03)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=style.SMALL_SIZE,
        labelcolor=style.INK,
    )  # fmt: skip


def _stroke(name: str, place: int) -> tuple[str, str | tuple[int, tuple[int, ...]]]:
    """Validation in vermillion, training in blue; a second column of a part is dashed."""
    parts = {"train": style.CATEGORICAL[0], "val": style.CATEGORICAL[1]}
    colour = parts.get(name.split("_")[0], style.CATEGORICAL[2])
    return colour, "-" if place < len(parts) else (0, (4, 2))


def spoken(name: str) -> str:
    """Word a column's name for a legend.

    Example:
        >>> spoken("val_top1"), spoken("train_loss"), spoken("lr")
        ('val top-1', 'train loss', 'learning rate')
    """
    part, _, rest = name.partition("_")
    if part in ("train", "val", "test"):
        return f"{part} {NAMES.get(rest, rest.replace('_', ' '))}"
    return NAMES.get(name, name.replace("_", " "))


def _spread(columns: Mapping[str, np.ndarray]) -> float:
    values = np.concatenate([c[np.isfinite(c)] for c in columns.values()])
    positive = values[values > 0]
    return float(positive.max() / positive.min()) if len(positive) == len(values) else 1.0


def _mark_best(axes: Axes, epochs: np.ndarray, best_epoch: int | None) -> None:
    if best_epoch is None or not np.any(epochs == best_epoch):
        return
    axes.axvline(best_epoch, color=style.INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    for line in axes.get_lines()[:-1]:
        at = np.asarray(line.get_xdata()) == best_epoch
        axes.plot(
            np.asarray(line.get_xdata())[at], np.asarray(line.get_ydata())[at], "o",
            color=line.get_color(), markersize=4.5, markeredgecolor=style.PAPER,
        )  # fmt: skip


def _name_best(axes: Axes, best_epoch: int) -> None:
    axes.annotate(
        f"best epoch: {best_epoch}", (best_epoch, 1.0), xycoords=("data", "axes fraction"),
        xytext=(0, 3), textcoords="offset points", ha="center", va="bottom",
        fontsize=style.SMALL_SIZE, color=style.INK, annotation_clip=False,
    )  # fmt: skip
