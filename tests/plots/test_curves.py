"""Training curves: panels by kind, the best epoch, phases."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.plots.curves import curves_figure, group_columns
from tests.plots.texts import faults_of, words_of

NAN = float("nan")


def history(epochs: int = 30, links: int = 4) -> dict[str, np.ndarray]:
    """What a run writes: some epochs of the A-links alone, then the whole."""
    time = np.arange(1, epochs + 1)
    main = time > links
    fall = 2 * np.exp(-time / 8) + 0.2
    return {
        "epoch": time,
        "stage": np.where(main, "main", "links"),
        "train_loss": np.where(main, fall, 500 * fall),
        "aim_nll": 400 * fall,
        "aim_kl": 30 + 0 * fall,
        "train_ce": np.where(main, fall, NAN),
        "val_nll": np.where(main, fall + 0.2, NAN),
        "train_top1": np.where(main, 1 - fall / 3, NAN),
        "val_top1": np.where(main, 0.9 - fall / 3, NAN),
        "val_macro_f1": np.where(main, 0.88 - fall / 3, NAN),
        "lr": 0.01 * np.exp(-time / 5),
        "seconds": 0.1 * time,
    }


@pytest.mark.parametrize(
    ("epochs", "links", "best"), [(30, 4, 28), (30, 4, 5), (1, 0, 1), (9, 9, 0)]
)
def test_texts_stand_clear(epochs: int, links: int, best: int) -> None:
    figure = curves_figure(history(epochs, links), best_epoch=best, title="Training of a run")
    assert faults_of(figure) == []


@pytest.mark.parametrize("epochs", [1, 2])
def test_epochs_are_whole(epochs: int) -> None:
    axes = curves_figure(history(epochs, 0)).axes[-1]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks == list(range(1, epochs + 1))


def test_panels_by_kind() -> None:
    panels = group_columns(history())
    assert {kind: list(columns) for kind, columns in panels.items()} == {
        "classes": ["train_ce", "val_nll"],
        "terms": ["train_loss", "aim_nll", "aim_kl"],
        "scores": ["train_top1", "val_top1", "val_macro_f1"],
        "rates": ["lr"],
    }
    assert "classes" not in group_columns(history(epochs=3, links=3))


def test_the_best_epoch_is_marked_with_its_values() -> None:
    figure = curves_figure(history(), best_epoch=20)
    assert "best epoch: 20" in words_of(figure)
    for axes in figure.axes:
        marked = [line for line in axes.get_lines() if list(line.get_xdata()) == [20]]
        assert len(marked) == len(axes.get_legend().get_texts()) - (axes is figure.axes[-1])


def test_an_epoch_that_is_not_there_is_not_marked() -> None:
    assert not any("best" in words for words in words_of(curves_figure(history(), best_epoch=0)))
    assert not any("best" in words for words in words_of(curves_figure(history())))


def test_link_epochs_are_shaded_and_explained() -> None:
    assert "A-links alone" in words_of(curves_figure(history()))
    assert "A-links alone" not in words_of(curves_figure(history(links=0)))


def test_curves_keep_the_numbers() -> None:
    values = history()
    lines = curves_figure(values).axes[2].get_lines()
    top1 = next(line for line in lines if line.get_label() == "val top-1")
    np.testing.assert_allclose(top1.get_ydata(), values["val_top1"][4:])


def test_few_label_columns_have_panels() -> None:
    from skelgraph.plots.curves import group_columns

    history = {"epoch": [1, 2], "supervised": [1.0, 0.5], "taken": [0.1, 0.4], "cycle": [0, 0]}
    panels = group_columns(history)
    assert {kind: list(columns) for kind, columns in panels.items()} == {
        "terms": ["supervised"],
        "sure": ["taken"],
    }
