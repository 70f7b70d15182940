"""How pseudo-labels came and went: how many, how right, of which classes, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skelgraph.plots import style

SHOWN_CLASSES = 40
LINE_HEIGHT = 0.17  # of a class, in inches
CHARACTER = 0.07  # width of one in a class name, in inches
NAME_LENGTH = 26

TAKEN, ALL, CHANGED, GIVEN = (style.CATEGORICAL[i] for i in (0, 1, 4, 3))
Summary = Mapping[str, Any]


def pseudo_labels_figure(history: Mapping[str, Any], *, title: str = "") -> Figure:
    """Draw the history of a run's pseudo-labels.

    Left, over the records in their order: clips taken; where the truth is known how many labels
    are right; how many changed since the record before; and how sure the last labels are. Right,
    a row a class: its share of the labels taken last, of the truth and of the given labels. Of
    more than 40 classes those are shown whose share is farthest from the truth, or from that of
    the given labels.

    Args:
        history: `clips`, `classes`, `given_classes` and `truth_classes` (counts or None), and
            `records`: each with `cycle`, `epoch`, `taken`, `taken_classes`, `changed`,
            `accuracy`, `taken_accuracy` (None where unknown), `confidence` and
            `taken_confidence` (counts in bins over 0..1).
        title: Stands over the figure.
    """
    records = history["records"]
    rows = class_rows(history)
    names = CHARACTER * max(len(style.shorten(name, NAME_LENGTH)) for name, _ in rows)
    width = 2.7 + names
    height = max(6.2, LINE_HEIGHT * len(rows) + 1.2)
    figure = style.titled_figure(5.6 + width, height, title)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(5.6, width))[0]
    grid = left.subplots(3, 1)
    _taken(grid[0], records, int(history["clips"]))
    _rates(grid[1], records)
    _confidence(grid[2], records[-1])
    for axes in grid[:2]:
        _mark_cycles(axes, records, named=axes is grid[0])
    left.align_ylabels(grid)
    _classes(right.subplots(), rows)
    return figure


def class_rows(history: Mapping[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """Give each class its share of the labels taken last, of the truth and of the given ones.

    Returns:
        At most 40 classes, the one that is taken too often first, and their shares by `taken`,
        `truth` and `given`; what is unknown is left out.

    Example:
        >>> record = {"taken_classes": [3, 1]}
        >>> class_rows(
        ...     {"classes": ["a", "b"], "given_classes": None, "truth_classes": [2, 2],
        ...      "records": [record]}
        ... )[0]
        ('a', {'taken': 0.75, 'truth': 0.5})
    """  # fmt: skip
    counts = {
        "taken": history["records"][-1]["taken_classes"],
        "truth": history["truth_classes"],
        "given": history["given_classes"],
    }
    shares = {
        key: np.asarray(values, dtype=float) / max(np.sum(values), 1)
        for key, values in counts.items()
        if values is not None
    }
    reference = shares.get("truth", shares.get("given", np.zeros(len(history["classes"]))))
    excess = shares["taken"] - reference
    kept = np.argsort(-np.abs(excess), kind="stable")[:SHOWN_CLASSES]
    order = kept[np.argsort(-excess[kept], kind="stable")]
    return [
        (history["classes"][i], {key: float(share[i]) for key, share in shares.items()})
        for i in order.tolist()
    ]


def _taken(axes: Axes, records: Sequence[Summary], clips: int) -> None:
    style.dress(axes, y_label="clips taken", grid=True)
    axes.plot(*_over(records, "taken"), color=TAKEN, linewidth=1.4, marker="o", markersize=3)
    axes.axhline(clips, color=style.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 1.08 * clips)
    axes.annotate(
        f"all {clips}", (1, clips), xycoords=("axes fraction", "data"), xytext=(4, 0),
        textcoords="offset points", va="center", fontsize=style.SMALL_SIZE, color=style.MUTED,
        annotation_clip=False,
    )  # fmt: skip


def _rates(axes: Axes, records: Sequence[Summary]) -> None:
    style.dress(axes, x_label="record", y_label="fraction of clips", grid=True)
    lines = (
        ("taken_accuracy", "right, of the taken", TAKEN, "-"),
        ("accuracy", "right, of all", ALL, "-"),
        ("changed", "changed label", CHANGED, (0, (4, 2))),
    )
    for key, label, colour, dash in lines:
        x, y = _over(records, key)
        if np.isfinite(y).any():
            axes.plot(
                x, y, color=colour, linestyle=dash, linewidth=1.4, marker="o", markersize=3,
                label=label,
            )  # fmt: skip
    axes.set_ylim(0, 1.03)
    _legend(axes)


def _over(records: Sequence[Summary], key: str) -> tuple[np.ndarray, np.ndarray]:
    values = [np.nan if record[key] is None else record[key] for record in records]
    return np.arange(1, len(records) + 1), np.array(values, dtype=float)


def _mark_cycles(axes: Axes, records: Sequence[Summary], *, named: bool) -> None:
    """Part the cycles by lines; their numbers stand above, as far as there is room."""
    cycles = np.array([record["cycle"] for record in records])
    starts = np.flatnonzero(np.diff(cycles, prepend=cycles[0] - 1))
    axes.set_xlim(0.5, len(records) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(starts) == 1:
        return
    ends = np.append(starts[1:], len(records))
    step = -(-len(starts) // 12)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if start:
            axes.axvline(start + 0.5, color=style.FAINT, linewidth=0.8, zorder=0)
        if named and number % step == 0:
            word = "cycle " if number == 0 and len(starts) <= 6 else ""
            axes.annotate(
                f"{word}{cycles[start]}", ((start + end + 1) / 2, 1),
                xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip


def _confidence(axes: Axes, record: Summary) -> None:
    style.dress(axes, x_label="confidence of the last record", y_label="clips", grid=True)
    every, taken = np.asarray(record["confidence"]), np.asarray(record["taken_confidence"])
    edges = np.linspace(0, 1, len(every) + 1)
    axes.stairs(every, edges, fill=True, color=style.mix(style.MUTED, 0.55), label="left out")
    axes.stairs(taken, edges, fill=True, color=TAKEN, label="taken")
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    _legend(axes)


def _classes(axes: Axes, rows: Sequence[tuple[str, Mapping[str, float]]]) -> None:
    style.dress(axes, x_label="share of labels")
    axes.grid(True, axis="x", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    places = np.arange(len(rows))
    labels = {"taken": "taken", "truth": "truth", "given": "given"}
    looks: dict[str, dict[str, Any]] = {
        "taken": {"marker": "o", "color": TAKEN, "markersize": 5.5},
        "truth": {"marker": "|", "color": style.INK, "markersize": 8, "markeredgewidth": 1.6},
        "given": {"marker": "D", "markerfacecolor": "none", "color": GIVEN, "markersize": 4.5},
    }
    for key, label in labels.items():
        if key in rows[0][1]:
            shares = [share[key] for _, share in rows]
            axes.plot(shares, places, linestyle="none", label=label, **looks[key])
    axes.set_yticks(places, [style.shorten(name, NAME_LENGTH) for name, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.margins(x=0.08)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.02),
        frameon=False,
        fontsize=style.SMALL_SIZE,
        labelcolor=style.INK,
    )
