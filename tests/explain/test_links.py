"""Importance of A-links against differences, and where there is nothing to ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.explain.links import link_importance
from skelgraph.explain.question import Question, log_odds
from tests.explain.questions import make_question


def score_with(question: Question, chosen: torch.Tensor) -> torch.Tensor:
    batch = question.batch
    links = question.model.find_links(batch.positions, batch.visible, batch.frames)
    with torch.no_grad():
        output = question.model(
            batch.positions, batch.visible, batch.frames, links=replace(links, chosen=chosen)
        )
    return log_odds(output.logits, question.target)


def test_links_by_differences() -> None:
    question = make_question(batch={"clips": 1, "absent": False})
    question = replace(question, model=question.model.double())
    batch = question.batch
    question = replace(question, batch=replace(batch, positions=batch.positions.double()))
    batch = question.batch
    found = link_importance(question)
    links = question.model.find_links(batch.positions, batch.visible, batch.frames)
    chosen = links.chosen.detach()
    assert found.shape == (1, 2, chosen.shape[2] - 1, *chosen.shape[3:])
    for body, kind, sender, receiver in ((0, 1, 3, 5), (1, 2, 16, 0), (1, 1, 7, 8)):
        step = torch.zeros_like(chosen)
        step[body, 0, kind, sender, receiver] = 1e-4
        slope = (score_with(question, chosen + step) - score_with(question, chosen - step)) / 2e-4
        expected = slope[0] * chosen[body, 0, kind, sender, receiver]
        torch.testing.assert_close(
            found[0, body, kind - 1, sender, receiver], expected, rtol=1e-3, atol=1e-9
        )
    assert found.abs().max() > 1e-6


def test_the_loss_without_a_link_is_what_was_foretold() -> None:
    """Each of the strongest taken away by itself, against the values found."""
    question = make_question(batch={"clips": 1, "absent": False})
    batch = question.batch
    found = link_importance(question)[0, 0]
    links = question.model.find_links(batch.positions, batch.visible, batch.frames)
    chosen = links.chosen.detach()
    whole = score_with(question, chosen)[0]
    foretold, lost = [], []
    for place in found.abs().flatten().topk(12).indices:
        kind, sender, receiver = (int(i) for i in torch.unravel_index(place, found.shape))
        without = chosen.clone()
        without[0, 0, kind + 1, sender, receiver] = 0
        foretold.append(found[kind, sender, receiver])
        lost.append(whole - score_with(question, without)[0])
    torch.testing.assert_close(torch.stack(foretold), torch.stack(lost), rtol=0.2, atol=1e-5)


def test_absent_bodies_have_no_links() -> None:
    found = link_importance(make_question())
    assert not found[2, 0].any() and found[2, 1].any()


@pytest.mark.parametrize("model", ["ctr_gcn", "st_gcn"])
def test_models_without_links_say_so(model: str) -> None:
    with pytest.raises(ConfigError, match="A-links: expected a model that has them"):
        link_importance(make_question(model=model))
