"""How training went: losses, scores and the learning rate over epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skelgraph.plots import style

CLASSES, TERMS, SCORES, SURE, RATES = "classes", "terms", "scores", "sure", "rates"
UNITS = {
    CLASSES: "cross-entropy (nats)",
    TERMS: "loss terms",
    SCORES: "fraction of clips",
    SURE: "share or probability",
    RATES: "learning rate",
}
NAMES = {
    "lr": "learning rate",
    "top1": "top-1",
    "macro_f1": "macro F1",
    "ce": "cross-entropy",
    "nll": "cross-entropy",
    "aim_nll": "A-links, error",
    "aim_kl": "A-links, KL",
}
LINKS = "links"
# Columns of training with few labels.
FEW = {
    "supervised": TERMS,
    "unlabelled": TERMS,
    "fairness": TERMS,
    "taken": SURE,
    "confidence": SURE,
    "threshold": SURE,
}
History = Mapping[str, Sequence[Any] | np.ndarray]


def curves_figure(
    history: History,
    *,
    best_epoch: int | None = None,
    title: str = "",
) -> Figure:
    """Draw every column of a training history over its epochs, one panel a kind of quantity.

    Args:
        history: Columns of equal length (E,): `epoch`, then any of `train_ce`, `val_nll`,
            `train_loss`, its terms, scores such as `val_top1` (fractions) and `lr`. NaN where
            an epoch did not measure a column. Epochs whose `stage` is "links" trained the
            A-links alone; they are shaded.
        best_epoch: Epoch of the best validation; it is marked in every panel.
        title: Stands over the figure.

    Returns:
        Figure with the panels below one another, so that epochs line up.

    Example:
        >>> figure = curves_figure({"epoch": [1, 2], "train_ce": [2.0, 1.0]}, best_epoch=2)
        >>> len(figure.axes)
        1
    """
    epochs = np.asarray(history["epoch"], dtype=float)
    panels = group_columns(history)
    figure = style.titled_figure(6.8, 0.4 + 1.75 * max(len(panels), 1), title)
    grid = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False)[:, 0]
    _shade_links(grid, history, epochs)
    for axes, (kind, columns) in zip(grid, panels.items(), strict=False):
        _panel(axes, epochs, columns, kind)
        _mark_best(axes, epochs, best_epoch)
    grid[-1].set_xlabel("epoch", fontsize=style.SMALL_SIZE, color=style.INK)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    grid[-1].set_xlim(epochs.min() - 0.5, epochs.max() + 0.5)
    figure.align_ylabels(grid)
    if best_epoch is not None and np.any(epochs == best_epoch):
        _name_best(grid[0], best_epoch)
    return figure


def group_columns(history: History) -> dict[str, dict[str, np.ndarray]]:
    """Sort the columns of a history into panels.

    What is no number, without one finite number, or counts time is left out.

    Example:
        >>> list(group_columns({"epoch": [1], "lr": [0.1], "val_top1": [0.5]}))
        ['scores', 'rates']
    """
    panels: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in UNITS}
    for name, values in history.items():
        kind = kind_of(name)
        column = np.asarray(values, dtype=float) if kind else np.empty(0)
        if np.isfinite(column).any():
            panels[kind][name] = column
    return {kind: columns for kind, columns in panels.items() if columns}


def kind_of(name: str) -> str:
    """Tell the panel of a column, "" for none.

    Example:
        >>> [kind_of(name) for name in ("val_nll", "train_loss", "aim_kl", "val_top1", "seconds")]
        ['classes', 'terms', 'terms', 'scores', '']
    """
    part, _, rest = name.partition("_")
    if name in FEW:
        return FEW[name]
    if name in ("lr", "link_lr"):
        return RATES
    if part in ("train", "val", "test"):
        return {"ce": CLASSES, "nll": CLASSES, "loss": TERMS}.get(rest, SCORES)
    return TERMS if name == "forecast" or part == "aim" or name.endswith("loss") else ""


def _panel(axes: Axes, epochs: np.ndarray, columns: Mapping[str, np.ndarray], kind: str) -> None:
    style.dress(axes, y_label=UNITS[kind], grid=True)
    if kind in (RATES, TERMS) and _spread(columns) > 20:
        axes.set_yscale("log")
    for place, (name, values) in enumerate(columns.items()):
        colour, line = _stroke(name, place)
        shown = np.isfinite(values)
        label = spoken(name)
        dots = "o" if shown.sum() < 3 else None  # a line through one epoch would not be seen
        axes.plot(
            epochs[shown], values[shown], color=colour, linestyle=line, linewidth=1.4,
            marker=dots, markersize=3, label=label,
        )  # fmt: skip
    if kind == SCORES:
        axes.set_ylim(0.0, 1.03)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=style.SMALL_SIZE,
        labelcolor=style.INK,
    )  # fmt: skip


def _stroke(name: str, place: int) -> tuple[str, str | tuple[int, tuple[int, ...]]]:
    """Training blue, validation vermillion, others by their place; a second one is dashed."""
    parts = {"train": style.CATEGORICAL[0], "val": style.CATEGORICAL[1]}
    colour = parts.get(name.split("_")[0], style.CATEGORICAL[2 + place % 4])
    return colour, (0, (4, 2)) if name.endswith("macro_f1") else "-"


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


def _shade_links(grid: Iterable[Axes], history: History, epochs: np.ndarray) -> None:
    """Shade the epochs that trained the A-links alone, and say so beside the last panel."""
    alone = np.asarray(history.get("stage", [""] * len(epochs))) == LINKS
    if not alone.any():
        return
    *_, last = grid
    for axes in grid:
        axes.axvspan(
            epochs[alone].min() - 0.5, epochs[alone].max() + 0.5, color=style.FAINT, alpha=0.5,
            linewidth=0, zorder=0, label="A-links alone" if axes is last else None,
        )  # fmt: skip


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
