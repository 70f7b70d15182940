"""F1 before and after: values by hand, intervals against references, classes that fell."""

from __future__ import annotations

import json
from math import isnan, sqrt

import numpy as np
import pytest
from scipy.stats import t, ttest_rel
from sklearn.metrics import f1_score

from skelgraph.errors import ConfigError
from skelgraph.evaluation.changes import Answers, compare_f1
from skelgraph.evaluation.comparison import Comparison
from skelgraph.evaluation.holm import holm

NAMES = ("nod", "wave", "fall")


def answers(rate: float, *, seed: int, clips: int = 300, people: int = 12) -> Answers:
    """Answers of which a share is right; truth and persons are the same for every seed."""
    truth = np.random.default_rng(99).integers(0, 3, clips)
    draw = np.random.default_rng(seed)
    wrong = (truth + draw.integers(1, 3, clips)) % 3
    return Answers(
        truth, np.where(draw.random(clips) < rate, truth, wrong), truth.cumsum() % people
    )


def test_values_by_hand() -> None:
    truth = np.array([0, 0, 1, 1, -1])
    before = Answers(truth, np.array([0, 0, 1, 0, 2]))
    after = Answers(truth, np.array([0, 1, 1, 1, 2]))
    found = compare_f1([before], [after], NAMES)
    nod, wave, fall = found.classes
    assert (nod.before, nod.after) == pytest.approx((4 / 5, 2 / 3))
    assert (wave.before, wave.after) == pytest.approx((2 / 3, 4 / 5))
    assert found.top1.difference == 0
    assert found.macro_f1.before == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert [change.name for change in found.fell] == ["nod"]
    assert isnan(fall.difference) and found.untested == ("fall",)
    assert "no test clips: fall" in found.lines()
    assert (nod.clips, fall.clips) == (2, 0)


def test_scores_agree_with_another_library() -> None:
    before, after = answers(0.6, seed=0), answers(0.7, seed=1)
    found = compare_f1([before], [after], NAMES)
    expected = f1_score(before.label, before.predicted, average=None)
    np.testing.assert_allclose([change.before for change in found.classes], expected)
    assert found.macro_f1.after == pytest.approx(
        f1_score(after.label, after.predicted, average="macro")
    )


def test_several_draws_have_the_interval_of_paired_differences() -> None:
    before = [answers(0.7, seed=i) for i in range(4)]
    after = [answers(0.6, seed=i + 10) for i in range(4)]
    found = compare_f1(before, after, NAMES)
    scores = np.array(
        [
            [f1_score(a.label, a.predicted, average=None)[0] for a in side]
            for side in (before, after)
        ]
    )
    gap = scores[1] - scores[0]
    half = t.ppf(0.975, 3) * gap.std(ddof=1) / sqrt(4)
    change = found.classes[0]
    assert (change.low, change.high) == pytest.approx((gap.mean() - half, gap.mean() + half))
    assert change.p == pytest.approx(ttest_rel(scores[1], scores[0]).pvalue)
    assert found.interval == "draws"
    assert [c.p_holm for c in found.classes] == holm([c.p for c in found.classes])


def test_bootstrap_agrees_with_loops() -> None:
    before, after = answers(0.7, seed=0, clips=60), answers(0.55, seed=1, clips=60)
    change = compare_f1([before], [after], NAMES).classes[1]
    draw, gaps = np.random.default_rng(5), []
    people = np.unique(before.group)
    for _ in range(1500):
        chosen = np.concatenate(
            [np.flatnonzero(before.group == p) for p in draw.choice(people, len(people))]
        )
        scores = [
            f1_score(a.label[chosen], a.predicted[chosen], labels=[1], average=None)[0]
            for a in (before, after)
        ]
        gaps.append(scores[1] - scores[0])
    assert (change.low, change.high) == pytest.approx(np.quantile(gaps, [0.025, 0.975]), abs=0.03)
    assert change.p == pytest.approx(2 * min(np.mean(np.array(gaps) >= 0), 0.5), abs=0.03)


def test_a_bootstrap_over_persons_is_wider_where_persons_differ() -> None:
    truth = np.tile([0, 1, 2], 40)
    person = np.arange(120) // 12
    good = np.where(person < 5, truth, (truth + 1) % 3)  # right for half of the persons
    start = Answers(truth, (truth + (np.arange(120) % 2)) % 3, person)
    grouped = compare_f1([start], [Answers(truth, good, person)], NAMES)
    alone = compare_f1([Answers(truth, start.predicted)], [Answers(truth, good)], NAMES)
    width = [found.top1.high - found.top1.low for found in (grouped, alone)]
    assert width[0] > 1.5 * width[1]
    assert (grouped.interval, grouped.groups) == ("groups", 10)
    assert (alone.interval, alone.groups) == ("clips", 120)
    assert "too narrow" in alone.basis


def test_a_class_that_surely_fell_is_told_from_one_that_may_have() -> None:
    before = answers(0.9, seed=0)
    bad = np.where(before.label == 2, 0, before.predicted)
    found = compare_f1([before], [Answers(before.label, bad, before.group)], NAMES)
    assert found.fell[0].name == "fall" and found.fell[0].surely_fell
    assert any(line.startswith("fell: fall 0.") for line in found.lines())
    same = compare_f1([before], [before], NAMES)
    assert same.fell == () and same.top1.p == 1
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["surely_fell"][0] == "fall"
    assert Comparison.from_dict(document).lines() == found.lines()
    assert [row[0] for row in found.rows()] == [*NAMES, "macro F1", "top-1"]


def test_draws_that_agree_to_the_last_digit_give_no_interval() -> None:
    before, after = answers(0.8, seed=0), answers(0.6, seed=1)
    found = compare_f1([before, before], [after, after], NAMES)
    assert isnan(found.top1.low) and not any(c.surely_fell for c in found.fell)
    assert "no interval" in found.top1.told


def test_one_person_gives_no_interval() -> None:
    one = Answers(np.array([0, 1]), np.array([0, 1]), np.array([4, 4]))
    found = compare_f1([one], [one], NAMES)
    assert (found.interval, found.groups) == ("nothing", 1)


def test_few_persons_who_agree_prove_nothing() -> None:
    truth = np.tile([0, 1, 2], 40)
    wrong = (truth + 1) % 3
    for people, least in ((2, 0.5), (4, 0.125), (12, 0.0)):
        person = np.arange(120) % people
        found = compare_f1([Answers(truth, truth, person)], [Answers(truth, wrong, person)], NAMES)
        assert found.top1.p == pytest.approx(least, abs=0.002)
        assert found.fell[0].surely_fell == (people == 12)
        assert ("too narrow" in found.basis) == (people < 12)


def test_unknown_persons_are_groups_of_their_own() -> None:
    label = np.array([0, 1, 0, 1])
    some = Answers(label, label, np.array([3, 3, -1, -1]))
    assert compare_f1([some], [some], NAMES).groups == 3
    none = Answers(label, label, np.full(4, -1))
    assert compare_f1([none], [none], NAMES).interval == "clips"


def test_input_is_left_unchanged_and_the_seed_fixes_the_result() -> None:
    before, after = answers(0.8, seed=0), answers(0.6, seed=1)
    kept = before.predicted.copy()
    first = compare_f1([before], [after], NAMES, seed=3)
    assert first == compare_f1([before], [after], NAMES, seed=3)
    assert first != compare_f1([before], [after], NAMES, seed=4)
    np.testing.assert_array_equal(before.predicted, kept)


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ([], [], "expected as many models before as after"),
        ([answers(0.5, seed=0)], [], "got 1 and 0"),
        (
            [answers(0.5, seed=0)],
            [answers(0.5, seed=0, clips=9)],
            "draw 0: expected the same clips",
        ),
        (
            [Answers(np.array([-1]), np.array([0]))],
            [Answers(np.array([-1]), np.array([0]))],
            "whose class is known",
        ),
    ],
)
def test_what_does_not_pair_is_refused(
    before: list[Answers], after: list[Answers], error: str
) -> None:
    with pytest.raises(ConfigError, match=error):
        compare_f1(before, after, NAMES)
