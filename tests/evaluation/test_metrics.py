"""Scores against scikit-learn and by hand."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from skelgraph.evaluation.intervals import paired_interval, wilson_interval
from skelgraph.evaluation.metrics import fit_temperature, score

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def _draw(classes: int, count: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(classes)
    logits = torch.randn(count, classes, generator=generator)
    labels = torch.randint(classes, (count,), generator=generator)
    logits[torch.arange(count), labels] += 1.0
    return logits, labels


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_scores_agree_with_scikit_learn(classes: int) -> None:
    logits, labels = _draw(classes)
    result = score(logits.softmax(1), labels)
    predicted = logits.argmax(1)
    assert result["top1"] == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    f1 = sklearn_metrics.f1_score(labels, predicted, average=None)
    assert result["f1"] == pytest.approx(f1.tolist(), abs=1e-6)
    assert result["macro_f1"] == pytest.approx(f1.mean(), abs=1e-6)
    assert result["confusion"] == sklearn_metrics.confusion_matrix(labels, predicted).tolist()
    expected = sklearn_metrics.log_loss(labels, logits.double().softmax(1))
    assert result["nll"] == pytest.approx(expected, abs=1e-5)


def test_top5_only_where_it_means_something() -> None:
    few, many = _draw(5), _draw(6)
    assert "top5" not in score(few[0].softmax(1), few[1])
    top5 = (many[0].topk(5).indices == many[1][:, None]).any(1).float().mean()
    assert score(many[0].softmax(1), many[1])["top5"] == pytest.approx(float(top5))


def test_calibration_error_of_a_sure_and_half_wrong_model() -> None:
    probabilities = torch.tensor([[1.0, 0.0]] * 10)
    labels = torch.tensor([0, 1] * 5)
    assert score(probabilities, labels)["ece"] == pytest.approx(0.5)


def test_temperature_undoes_a_known_factor() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=generator) * 2
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    assert fit_temperature(logits, labels) == pytest.approx(1.0, rel=0.1)
    assert fit_temperature(logits * 4, labels) == pytest.approx(4.0, rel=0.1)


def test_temperature_takes_no_more_memory_than_a_few_logits() -> None:
    class Largest(TorchDispatchMode):
        values = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                self.values = max(self.values, result.numel())
            return result

    logits, labels = _draw(4)
    with Largest() as largest:
        fit_temperature(logits, labels)
    assert largest.values <= logits.numel()


def test_wilson_interval_stays_inside_and_holds_the_share() -> None:
    for correct in range(11):
        low, high = wilson_interval(correct, 10)
        assert 0 <= low <= correct / 10 + 1e-12
        assert correct / 10 - 1e-12 <= high <= 1


def test_paired_interval_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3), t(2 degrees) 4.3027.
    mean, low, high = paired_interval([2, 4, 6], [1, 2, 3])
    assert (mean, low, high) == pytest.approx((2, 2 - 2.4841, 2 + 2.4841), abs=1e-3)


def test_one_pair_bounds_nothing() -> None:
    assert paired_interval([1.0], [0.5]) == (0.5, float("-inf"), float("inf"))
