"""Importance of joints and frames to a trained run, in its own clips or in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import skelgraph
from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError, unknown_name
from skelgraph.explain.checks.gate import check_methods
from skelgraph.explain.importance import Importance
from skelgraph.explain.methods import DEFAULT_METHOD, METHODS, explain_batch, find_method
from skelgraph.explain.question import ExplainOptions, Question, class_logits
from skelgraph.training.attention import run_labels
from skelgraph.training.memory import prepare_memory
from skelgraph.training.results import clip_names
from skelgraph.training.run_clips import clips_for, opened, own_store, rows_of_part
from skelgraph.training.weights import Recogniser, load_recogniser

BATCH = 32  # clips explained at once; several methods hold many variants of each


@contextmanager
def clips_of_run(
    run: str | Path, source: str | Path | None, *, part: str = "test", device: str = "cpu"
) -> Iterator[tuple[Recogniser, Store, np.ndarray]]:
    """Open a run with its own clips or others.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        SkelgraphError: If run and clips cannot be read.
    """
    recogniser = load_recogniser(run, device=device)
    if source is None:
        store = own_store(run)
        yield recogniser, store, rows_of_part(run, store, part)
        return
    with opened(source) as store:
        yield recogniser, store, np.arange(store.num_clips)


def explain_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    method: str = DEFAULT_METHOD,
    options: ExplainOptions | None = None,
    target: str | None = None,
    part: str = "test",
    device: str = "cpu",
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Importance:
    """Ask a run which joints and frames its decisions rest on.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        method: A key of `skelgraph.explain.METHODS`.
        options: Options of the method.
        target: Class asked about. None: what the run predicts for each clip.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.
        tick: Called with the clips done and all.

    Raises:
        SkelgraphError: If run, clips and method do not fit.
    """
    find_method(method)
    with clips_of_run(run, source, part=part, device=device) as (recogniser, store, rows):
        importance = explain_clips(
            recogniser, store, rows=rows, method=method, options=options, target=target, tick=tick
        )
        importance.provenance["run"] = str(run)
        importance.provenance["data"] = str(store.path if source is None else source)
        return importance


def explain_clips(
    recogniser: Recogniser,
    store: Store,
    *,
    rows: np.ndarray,
    method: str = DEFAULT_METHOD,
    options: ExplainOptions | None = None,
    target: str | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Importance:
    """Ask a recogniser about clips of a store; see `explain_run`.

    Raises:
        RunError: If the class is unknown.
        SkelgraphError: If model, clips and method do not fit.
    """
    options = options or ExplainOptions()

    def answer(question: Question) -> dict[str, torch.Tensor]:
        values = explain_batch(question, method=method, options=options)
        return {"values": values.float(), "frames": question.batch.frames.sum(1)}

    found = ask_clips(recogniser, store, rows=rows, target=target, answer=answer, tick=tick)
    found["provenance"] |= {"options": asdict(options), "seed": options.seed}
    return Importance(**found, method=method)


def ask_clips(
    recogniser: Recogniser,
    store: Store,
    *,
    rows: np.ndarray,
    target: str | None,
    answer: Callable[[Question], dict[str, torch.Tensor]],
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask about clips batch by batch and gather what `ClipsAsked` and its subclasses hold.

    Args:
        recogniser: Whose decisions are asked about.
        store: Recordings.
        rows: Which of them.
        target: Class asked about. None: what is predicted for each clip.
        answer: Gives the fields of the subclass for a batch, N rows each.
        tick: Called with the clips done and all.

    Returns:
        All fields by name, but for `method`.

    Raises:
        RunError: If the class is unknown.
    """
    clips = clips_for(recogniser, store, rows)
    number = None if target is None else class_number(recogniser, target)
    parts: list[dict[str, np.ndarray]] = []
    for question, predicted in questions(recogniser, clips, target=number):
        fields = {
            **answer(question),
            "present": question.batch.bodies,
            "target": question.target,
            "predicted": predicted,
        }
        parts.append({name: values.cpu().numpy() for name, values in fields.items()})
        tick(sum(len(one["target"]) for one in parts), len(clips))
    arrays = {name: [one[name] for one in parts] for name in parts[0]}
    return {
        **{name: np.concatenate(_of_one_length(several)) for name, several in arrays.items()},
        "label": run_labels(clips, store, recogniser),
        "names": tuple(clip_names(store, clips)),
        "class_names": recogniser.class_names,
        "layout": recogniser.layout,
        "provenance": {"skelgraph": skelgraph.__version__, "weights": recogniser.provenance},
    }


def check_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    methods: Sequence[str] = (),
    options: ExplainOptions | None = None,
    part: str = "test",
    limit: int = 64,
    device: str = "cpu",
    tick: Callable[[str], None] = lambda method: None,
) -> dict[str, Any]:
    """Test how far a run's importance can be believed; see `checks.gate.check_methods`.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        methods: Keys of `skelgraph.explain.METHODS`. None given: all that the model allows.
        options: Of the methods and of the checks.
        part: Of the run's own data: train, val or test.
        limit: Clips at most, drawn by the seed.
        device: Where the model runs.
        tick: Called with a method's name after each batch that it was asked about.

    Raises:
        SkelgraphError: If run, clips and methods do not fit.
    """
    with clips_of_run(run, source, part=part, device=device) as (recogniser, store, rows):
        clips = clips_for(recogniser, store, rows)
        return check_clips(
            recogniser, clips, methods=methods, options=options, limit=limit, tick=tick
        )


def check_clips(
    recogniser: Recogniser,
    clips: ClipSet,
    *,
    methods: Sequence[str] = (),
    options: ExplainOptions | None = None,
    limit: int = 64,
    lost_clips: int = 8,
    tick: Callable[[str], None] = lambda method: None,
) -> dict[str, Any]:
    """Test importance on clips that are ready for a recogniser; see `check_run`."""
    options = options or ExplainOptions()
    places = np.sort(np.random.default_rng(options.seed).permutation(len(clips))[:limit])
    if not methods:
        first, _ = next(questions(recogniser, clips, places=places[:1]))
        methods = usable_methods(first)
    asked = (question for question, _ in questions(recogniser, clips, places=places))
    return check_methods(asked, methods=methods, options=options, lost_clips=lost_clips, tick=tick)


def usable_methods(question: Question) -> tuple[str, ...]:
    """Name the methods that a model allows: some need towers or a graph backbone."""
    usable = []
    for name in METHODS:
        try:
            explain_batch(question, method=name, options=ExplainOptions(steps=1, samples=2))
        except ConfigError:
            continue
        usable.append(name)
    return tuple(usable)


def questions(
    recogniser: Recogniser,
    clips: ClipSet,
    *,
    target: int | None = None,
    places: np.ndarray | None = None,
    size: int = BATCH,
) -> Iterator[tuple[Question, torch.Tensor]]:
    """Yield the clips batch by batch as questions, with what the model predicts for them.

    Args:
        recogniser: Whose decisions are asked about.
        clips: All clips.
        target: Class asked about. None: what the model predicts.
        places: Which clips. None: all.
        size: Clips a batch.
    """
    model, data = recogniser.model.eval(), recogniser.data
    device = next(model.parameters()).device
    prepare_memory()
    chosen = torch.arange(len(clips)) if places is None else torch.as_tensor(places)
    for some in chosen.split(size):
        batch = clips.batch(some, num_frames=data.num_frames or None, centre=data.centre)
        batch = batch.to(device)
        predicted = class_logits(model, batch).argmax(1)
        asked = predicted if target is None else torch.full_like(predicted, target)
        yield (
            Question(model, recogniser.layout, batch, asked, num_spatial=recogniser.num_spatial),
            predicted,
        )


def class_number(recogniser: Recogniser, name: str) -> int:
    """Find a class of a recogniser by its name.

    Raises:
        RunError: If there is none; the nearest name is given.
    """
    if name not in recogniser.class_names:
        raise RunError(unknown_name("class", name, recogniser.class_names))
    return recogniser.class_names.index(name)


def _of_one_length(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Pad values (N, M, T, V) of batches whose longest clips differ to one T with zeros."""
    if arrays[0].ndim != 4:
        return arrays
    size = max(array.shape[2] for array in arrays)
    widths: list[Any] = [((0, 0), (0, 0), (0, size - a.shape[2]), (0, 0)) for a in arrays]
    return [np.pad(array, width) for array, width in zip(arrays, widths, strict=True)]
