"""All checks of several methods on a model's clips, as one result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.explain.checks.bootstrap import mean_interval
from skelgraph.explain.checks.curves import Curves, curves, ranks_of
from skelgraph.explain.checks.fidelity import SHARES, fidelity
from skelgraph.explain.checks.noise import noise_of, with_noise
from skelgraph.explain.checks.randomising import randomised
from skelgraph.explain.checks.ranks import known_mean, rank_correlation
from skelgraph.explain.groups import Groups, joint_groups, span_groups
from skelgraph.explain.methods import METHODS, explain_batch, find_method, joint_values
from skelgraph.explain.question import ExplainOptions, Question
from skelgraph.transforms.mirroring import mirror

RANDOM_ORDERS = 3


@dataclass
class _Found:
    """What was measured of one method, one array a batch of clips."""

    joints: list[np.ndarray] = field(default_factory=list)
    deletion: list[np.ndarray] = field(default_factory=list)
    insertion: list[np.ndarray] = field(default_factory=list)
    deletion_curve: list[np.ndarray] = field(default_factory=list)
    insertion_curve: list[np.ndarray] = field(default_factory=list)
    plus: list[np.ndarray] = field(default_factory=list)
    minus: list[np.ndarray] = field(default_factory=list)
    noisy: list[np.ndarray] = field(default_factory=list)
    same_top: list[np.ndarray] = field(default_factory=list)
    mirrored: list[np.ndarray] = field(default_factory=list)
    randomised: dict[str, list[np.ndarray]] = field(default_factory=dict)
    seconds: float = 0.0

    def add_curves(self, found: Curves) -> None:
        for name in ("deletion", "insertion"):
            getattr(self, name).append(getattr(found, f"{name}_area").cpu().numpy())
            getattr(self, f"{name}_curve").append(getattr(found, name).cpu().numpy())


def check_methods(
    questions: Iterable[Question],
    *,
    methods: Sequence[str] = tuple(METHODS),
    options: ExplainOptions | None = None,
    lost_clips: int = 8,
    tick: Callable[[str], None] = lambda method: None,
) -> dict[str, Any]:
    """Put methods through every check on the same clips.

    Args:
        questions: Clips in batches, targets the model's own answers.
        methods: Keys of `METHODS`.
        options: Of the methods, and how the checks replace what they take away.
        lost_clips: Clips of each batch that are asked about once more for every layer whose
            weights are lost.
        tick: Called with a method's name after each batch that it was asked about.

    Returns:
        Plain values: `num_clips`, `noise` (metres), `random` (areas of random orders of joints
        and of time spans), `methods` (by name) and `agreement` (mean rank correlation of each
        two methods' joints). Areas, and gains over random orders of the same clip, are
        [mean, low, high] with 95 % bootstrap intervals over clips. What cannot be told is None.

    Raises:
        ConfigError: If a method is unknown or the model has not what it needs.
    """
    options = options or ExplainOptions()
    for name in methods:
        find_method(name)
    found = {name: _Found() for name in methods}
    chance = {"joints": _Found(), "frames": _Found()}
    noises, clips = [], 0
    for question in questions:
        noise = noise_of(question.batch, num_spatial=question.num_spatial)
        noises.append(noise)
        clips += len(question.batch)
        for unit in sorted({unit_of(name) for name in methods}):
            _random_orders(question, chance[unit], groups_of(question, unit, options), options)
        for name in methods:
            _check_batch(question, name, found[name], options, noise=noise, lost_clips=lost_clips)
            tick(name)
    random = {unit: _areas(one, options) for unit, one in chance.items() if one.deletion}
    reports = {
        name: {
            **_report(name, one, random[unit_of(name)], clips, options),
            **_gains(one, chance[unit_of(name)], options),
        }
        for name, one in found.items()
    }
    return {
        "num_clips": clips,
        "noise": float(np.mean(noises)) if noises else 0.0,
        "replacement": options.replacement,
        "hide": options.hide,
        "random": random,
        "methods": reports,
        "agreement": _agreement(found),
    }


def unit_of(method: str) -> str:
    """What the curves take away for a method: 'joints', or 'frames' where it ranks only those."""
    return "frames" if find_method(method).finds == "frames" else "joints"


def groups_of(question: Question, unit: str, options: ExplainOptions) -> Groups:
    """Groups that the curves take away one after another."""
    if unit == "frames":
        return span_groups(question.batch, question.layout, spans=options.spans)
    return joint_groups(question.batch, question.layout)


def group_values(values: Tensor, groups: Groups, unit: str) -> Tensor:
    """Importance of each group, from (N, M, T, V) or (N, M, V) to (G, N)."""
    if unit == "frames":
        return torch.einsum("gnt,nmtv->gn", groups.frames.to(values.dtype), values)
    return torch.einsum("gvm,nmv->gn", groups.joints.to(values.dtype), joint_values(values))


def _check_batch(
    question: Question,
    name: str,
    found: _Found,
    options: ExplainOptions,
    *,
    noise: float,
    lost_clips: int,
) -> None:
    unit = unit_of(name)
    groups = groups_of(question, unit, options)
    started = time.perf_counter()
    values = explain_batch(question, method=name, options=options)
    found.seconds += time.perf_counter() - started
    order = ranks_of(group_values(values, groups, unit), groups.exists)
    found.add_curves(curves(question, groups, order, options))
    for kept, changed in zip(
        (found.plus, found.minus), fidelity(question, groups, order, options), strict=True
    ):
        kept.append(changed.T.cpu().numpy())
    own = ranked_values(question, values, unit, options)
    found.joints.append(own)
    if not find_method(name).judged:
        return

    def again(other: Question, back: Callable[[Tensor], Tensor] = lambda x: x) -> np.ndarray:
        asked = back(explain_batch(other, method=name, options=options))
        return ranked_values(question, asked, unit, options)

    batch = with_noise(question.batch, noise, seed=options.seed, num_spatial=question.num_spatial)
    noisy = again(replace(question, batch=batch))
    found.noisy.append(rank_correlation(own, noisy))
    found.same_top.append(_top(own) == _top(noisy))
    found.mirrored.append(rank_correlation(own, again(*mirror_question(question))))
    few = question.select(torch.arange(min(len(own), lost_clips)))
    for stage, model in randomised(question.model, seed=options.seed):
        values = explain_batch(replace(few, model=model), method=name, options=options)
        lost = ranked_values(few, values, unit, options)
        found.randomised.setdefault(stage, []).append(rank_correlation(own[: len(lost)], lost))


def ranked_values(
    question: Question, values: Tensor, unit: str, options: ExplainOptions
) -> np.ndarray:
    """What a method ranks in each clip, NaN where a clip has no such group, (N, G)."""
    groups = groups_of(question, unit, options)
    whole = group_values(values, groups, unit).masked_fill(~groups.exists, float("nan"))
    return whole.T.float().cpu().numpy()


def mirror_question(question: Question) -> tuple[Question, Callable[[Tensor], Tensor]]:
    """Ask about mirrored clips; also what brings their values back to the clips as they are."""
    layout = question.layout
    every = torch.ones(len(question.batch), dtype=torch.bool)
    order = torch.tensor(layout.mirror_permutation, device=question.target.device)
    swaps = layout.instances == "hands" and question.batch.visible.shape[3] == 2

    def back(values: Tensor) -> Tensor:
        values = values[..., order]
        return values.flip(1) if swaps else values

    return replace(question, batch=mirror(question.batch, layout, chosen=every)), back


def _random_orders(
    question: Question, found: _Found, groups: Groups, options: ExplainOptions
) -> None:
    """Mean of several random orders of each clip's groups, each also taken backwards."""
    drawn = []
    for number in range(RANDOM_ORDERS):
        generator = torch.Generator().manual_seed(options.seed * 1000 + number)
        values = torch.rand(groups.exists.shape, generator=generator).to(question.batch.positions)
        drawn.append(curves(question, groups, ranks_of(values, groups.exists), options))
    both = [one.deletion for one in drawn] + [one.insertion.flip(1) for one in drawn]
    mean = torch.stack(both).mean(0)
    found.add_curves(Curves(mean, mean.flip(1)))


def _areas(found: _Found, options: ExplainOptions) -> dict[str, Any]:
    return {
        name: list(mean_interval(np.concatenate(getattr(found, name)), seed=options.seed))
        for name in ("deletion", "insertion")
    } | {
        f"{name}_curve": np.concatenate(getattr(found, f"{name}_curve")).mean(axis=0).tolist()
        for name in ("deletion", "insertion")
    }


def _report(
    name: str, found: _Found, random: dict[str, Any], clips: int, options: ExplainOptions
) -> dict[str, Any]:
    areas = _areas(found, options)
    plus, minus = np.concatenate(found.plus), np.concatenate(found.minus)
    return {
        "finds": find_method(name).finds,
        **areas,
        # Deleting backwards is inserting from the other end.
        "reversed_deletion": areas["insertion"],
        "beats_random": beats(areas, random),
        "fidelity": [
            {"share": share, "plus": float(plus[:, i].mean()), "minus": float(minus[:, i].mean())}
            for i, share in enumerate(SHARES)
        ],
        "noise": _mean(found.noisy),
        "same_top_joint": _mean(found.same_top),
        "mirror": _mean(found.mirrored),
        "randomised": {stage: _mean(values) for stage, values in found.randomised.items()},
        "seconds_a_clip": found.seconds / max(clips, 1),
    }


def _gains(found: _Found, chance: _Found, options: ExplainOptions) -> dict[str, Any]:
    """How much better each area is than that of random orders of the same clip."""
    lost = np.concatenate(chance.deletion) - np.concatenate(found.deletion)
    won = np.concatenate(found.insertion) - np.concatenate(chance.insertion)
    return {
        "deletion_gain": list(mean_interval(lost, seed=options.seed)),
        "insertion_gain": list(mean_interval(won, seed=options.seed)),
    }


def beats(areas: dict[str, Any], random: dict[str, Any]) -> bool:
    """Whether both areas are better than random order's with intervals that do not overlap."""
    return bool(
        areas["deletion"][2] < random["deletion"][1]
        and areas["insertion"][1] > random["insertion"][2]
    )


def _mean(parts: list[np.ndarray]) -> float | None:
    return known_mean(np.concatenate(parts).astype(float)) if parts else None


def _top(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(np.isfinite(values), values, -np.inf).argmax(axis=1))


def _agreement(found: dict[str, _Found]) -> dict[str, dict[str, float | None]]:
    """Mean rank correlation of each two methods that rank joints."""
    maps = {
        name: np.concatenate(one.joints) for name, one in found.items() if unit_of(name) == "joints"
    }
    return {
        first: {second: known_mean(rank_correlation(maps[first], maps[second])) for second in maps}
        for first in maps
    }
