"""The training on plain series: its folds, and that a seed decides all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.examples.scripts import RESULTS, load

gtn_series, gtn_search = load(RESULTS, "gtn_series"), load(RESULTS, "gtn_search")
gtn_epochs = load(RESULTS, "gtn_epochs")
TINY = replace(gtn_series.TOWER, width=8, heads=2, layers=1, hidden=8)


def part(counts: tuple[int, ...] = (9, 14, 4)) -> Any:
    """Series of two channels, as many of each class as said; each says its place in channel 0."""
    label = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    label = label[torch.randperm(len(label), generator=torch.Generator().manual_seed(3))]
    values = torch.randn(len(label), 2, 12, generator=torch.Generator().manual_seed(4))
    values[:, 0] = torch.arange(len(label))[:, None]
    frames = torch.arange(12)[None] < (6 + torch.arange(len(label)) % 7)[:, None]
    return gtn_series.Part(values * frames[:, None], frames, label)


def places(kept: Any) -> list[int]:
    return [int(value) for value in kept.values[:, 0, 0]]


def test_each_series_is_held_out_once_and_trains_otherwise() -> None:
    train = part()
    held = []
    for fold in range(gtn_series.FOLDS):
        kept, out = gtn_series.split(train, fold)
        assert sorted(places(kept) + places(out)) == list(range(len(train.label)))
        held += places(out)
    assert sorted(held) == list(range(len(train.label)))


def test_folds_are_balanced_by_class_and_the_same_each_time() -> None:
    train = part()
    for fold in range(gtn_series.FOLDS):
        out = gtn_series.split(train, fold)[1]
        assert places(out) == places(gtn_series.split(train, fold)[1])
        counts = torch.bincount(out.label, minlength=3).tolist()
        for count, total in zip(counts, (9, 14, 4), strict=True):
            assert total // 4 <= count <= -(-total // 4)


def test_folds_go_by_chance_not_by_order() -> None:
    held = places(gtn_series.split(part((40,)), 0)[1])
    assert held != sorted(held) and set(held) != set(range(0, 40, 4))


def choice(name: str) -> Any:
    changes = gtn_series.SeriesAugment(cut=0.2, warp=0.5, scale=0.2, jitter=0.1, mix=0.4)
    plain = gtn_series.Choice(TINY, inputs=("motion", "clock"), augment=changes)
    return replace(plain, **{"fcn": {"tower": None}, "gtn": {"flatten": True}}.get(name, {}))


@pytest.mark.parametrize("name", ["gtn", "pooled", "fcn"])
def test_one_seed_gives_one_network(name: str) -> None:
    train = part((5, 5))
    train.values[0, 1, 2] = torch.nan
    first, second, other = (
        gtn_series.fit(choice(name), train, epochs=2, seed=seed).state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)
    assert all(bool(value.isfinite().all()) for value in first.values())


def rows_of(
    word: str,
    folds: range,
    top1: tuple[float, float],
    *,
    sets: tuple[str, str] = ("lib", "ecg"),
    **more: Any,
) -> list[dict[str, str]]:
    """Rows of a candidate on two sets, the same accuracy on each fold."""
    values = {"candidate": word, "seed": 1000, "val_nll": 0.5} | more
    return [
        {key: str(value) for key, value in (values | own).items()}
        for fold in folds
        for own in (
            {"set": name, "fold": fold, "val_top1": score}
            for name, score in zip(sets, top1, strict=True)
        )
    ]


def test_accuracy_over_both_sets_ranks_candidates_then_cross_entropy() -> None:
    words = ("even", "split", "best", "half")
    rows = rows_of("even", range(1), (0.8, 0.8))
    rows += rows_of("split", range(1), (0.9, 0.7), val_nll=0.4)
    rows += rows_of("best", range(1), (0.7, 1.0), val_nll=0.9)
    rows += rows_of("half", range(1), (1.0, 1.0))[:1] + rows_of("other", range(1), (1.0, 1.0))
    assert gtn_search.ranked(rows, words, folds=1) == ["best", "split", "even"]
    assert gtn_search.ranked(rows, words, folds=2) == []
    rows += rows_of("best", range(1, 4), (0.3, 0.4), val_nll=0.2)
    assert gtn_search.ranked(rows, words, folds=4) == ["best"]
    lines = gtn_search.table(rows, words, stages=(1, 4)).splitlines()
    assert lines[2] == "| best | 70.0, 0.90 | 100.0, 0.90 | 40.0, 0.38 | 55.0, 0.38 |"
    assert [line.split(" | ")[0] for line in lines[3:]] == ["| split", "| even"]


def test_cross_entropy_decides_among_candidates_that_tie_over_all_sets_and_seeds() -> None:
    names = list(gtn_search.SECOND)[:4]
    scores = ((0.900, 0.6), (0.898, 0.5), (0.890, 0.1), (1.0, 0.1))
    rows = []
    for word, (top1, nll) in zip(names, scores, strict=True):
        for seed in gtn_search.SEEDS:
            rows += rows_of(word, range(4), (top1, top1), val_nll=nll, seed=seed)
        if word != names[3]:
            rows += rows_of(word, range(4), (top1, 1.0), val_nll=nll, sets=("jap", "waf"))
    assert list(gtn_search.finalists(rows)) == names[:3]
    assert gtn_search.decide(rows) == names[1]
    line = gtn_search.last_table(rows).splitlines()[2]
    assert line.endswith("| 90.0, 0.60 | 90.0, 0.60 | 90.0, 0.60 | 100.0, 0.60 | 92.50, 0.600 |")


def test_the_recipe_is_what_the_search_found() -> None:
    found = gtn_search.decide(gtn_series.read(RESULTS / "gtn_search.csv"))
    assert gtn_search.CANDIDATES[found] == gtn_series.RECIPE


def test_scoring_each_epoch_changes_no_training_and_the_last_score_is_the_network_s() -> None:
    train, test = part((9, 9)), part((6, 5))
    for known in (train, test):
        known.values[:, 1] += 4 * known.label[:, None]
    scores = gtn_epochs.watch(choice("pooled"), train, test, epochs=20, seed=1)
    model = gtn_series.fit(choice("pooled"), train, epochs=20, seed=1)
    assert len(scores) == 20 and scores[0] != scores[-1]
    assert scores[-1] == gtn_series.evaluate(model, test)[0]


def test_each_epoch_is_scored_with_the_weights_that_a_training_up_to_it_is_judged_by() -> None:
    train, states = part((9, 9)), []
    gtn_series.fit(
        choice("pooled"),
        train,
        epochs=2,
        seed=1,
        after_epoch=lambda model: states.append(
            {key: value.clone() for key, value in model.state_dict().items()}
        ),
    )
    final = gtn_series.fit(choice("pooled"), train, epochs=2, seed=1).state_dict()
    assert all(torch.equal(states[1][key], final[key]) for key in final)
    assert not all(torch.equal(states[0][key], final[key]) for key in final)


def test_the_best_epoch_stands_beside_the_last_one() -> None:
    rows = [
        {"set": "lib", "seed": str(seed), "epoch": str(epoch), "test_top1": str(top1)}
        for seed, course in enumerate(([0.9, 0.8], [0.5, 0.6]))
        for epoch, top1 in reversed(list(enumerate(course, start=1)))
    ]
    lines = gtn_epochs.table(rows).splitlines()
    assert lines[2:] == ["| lib | 2 | 70.0 ± 14.1 | 75.0 ± 21.2 | 88.9 |"]
