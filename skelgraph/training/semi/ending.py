"""What a run with few labels leaves behind: weights, scores before and after, predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph import __version__
from skelgraph.data.clip import num_spatial
from skelgraph.data.dataset import ClipSet
from skelgraph.data.grouping import group_clips
from skelgraph.evaluation.changes import Answers, compare_f1
from skelgraph.evaluation.metrics import score
from skelgraph.training.clips import clip_set
from skelgraph.training.inference import predict_logits
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run import (
    METRICS,
    PREDICTIONS,
    WEIGHTS,
    write_history,
    write_json,
    write_rows,
)
from skelgraph.training.semi.guard import Judged, compare
from skelgraph.training.semi.history import LabelHistory
from skelgraph.training.semi.job import Ended, FewJob
from skelgraph.training.semi.legs import SUPERVISED
from skelgraph.training.semi.loop import FewProgress, load_cycle
from skelgraph.training.weights import Recogniser, save_recogniser

BEFORE_WEIGHTS = "supervised.safetensors"
ANSWERS = "answers.csv"


def write_end(job: FewJob, ended: Ended) -> dict[str, Any]:
    """Decide which model is kept, score it and the other, and write the run's files.

    Args:
        job: The run.
        ended: Where its trainings ended.

    Returns:
        What `metrics.json` holds.
    """
    progress = ended.progress
    method = job.few.method
    names = list(dict.fromkeys((SUPERVISED, method)))
    judged = {name: job.judge(name, ended.results) for name in names}
    guard = _guard(job, judged)
    kept = guard.get("prefers", "method") if job.few.guard else "method"
    kept = SUPERVISED if kept == SUPERVISED or method == SUPERVISED else method
    test = clip_set(
        job.store, job.split.test, layout=job.prepared.layout, data=job.config.data, testing=True
    )
    models = {
        name: _recogniser(job, name, judged[name], progress[name].cycle - 1) for name in names
    }
    tested = {name: _probabilities(models[name], test) for name in names}
    scores = {name: {"test": score_part(tested[name], test)} for name in names}
    for name in names:
        if (found := judged[name]) is not None:
            scores[name]["val"] = _held_scores(job, name, found)
    metrics: dict[str, Any] = {
        "classes": list(job.store.class_names),
        "simulated": False,
        "kind": "few_labels",
        "method": method,
        "kept": kept,
        "labels": job.split.details,
        "validation": _validation(job),
        "guard": guard,
        "temperature": models[kept].temperature,
        "seconds": round(ended.seconds, 1),
        **scores[kept],
        "before": scores[SUPERVISED],
        "after": scores[method],
    }
    if job.prepared.beginning is not None:
        metrics["start"] = job.prepared.beginning.to_dict()
    if method != SUPERVISED:
        answers = [_answers(job, test, tested[name]) for name in names]
        changes = compare_f1(answers[:1], answers[1:], job.store.class_names)
        metrics["changes"] = changes.to_dict()
        _write_answers(job, test, *answers)
        history = _label_history(job, progress[method])
        history.write(job.folder)
        metrics["pseudo_labels"] = history.to_dict()
    _write_predictions(job, models[kept], {"test": (test, tested[kept])}, metrics)
    rows = [{"training": name, **row} for name in names for row in progress[name].history]
    write_history(job.folder, rows)
    save_recogniser(job.folder / BEFORE_WEIGHTS, models[SUPERVISED])
    save_recogniser(job.folder / WEIGHTS, models[kept])
    write_json(job.folder / METRICS, metrics)
    return metrics


def _guard(job: FewJob, judged: Mapping[str, Judged | None]) -> dict[str, Any]:
    """Compare both on validation; empty where nothing was held out, or there is one only."""
    method = job.few.method
    before, after = judged[SUPERVISED], judged[method]
    if method == SUPERVISED or before is None or after is None:
        return {}
    names = list(zip(job.held_out(SUPERVISED), job.held_out(method), strict=True))
    labels = [job.held_labels(name) for name, _ in names]
    truth = torch.cat(labels)
    right = [torch.cat(judge.logits).argmax(1) == truth for judge in (before, after)]
    groups = np.concatenate([job.held_groups(name) for name, _ in names])
    return compare(
        before.candidate,
        after.candidate,
        right=(right[0], right[1]),
        groups=groups,
    )


def _answers(job: FewJob, clips: ClipSet, probabilities: Tensor) -> Answers:
    groups, _ = group_clips(job.store.clips)
    predicted = probabilities.argmax(1).numpy()
    return Answers(clips.labels, predicted, groups[clips.windows.row])


def _write_answers(job: FewJob, clips: ClipSet, before: Answers, after: Answers) -> None:
    """Write what both models say about the test clips, by number of the class."""
    assert before.group is not None
    columns = (before.label, before.group, before.predicted, after.predicted)
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    names = clip_names(job.store, clips)
    rows = [(name, *row) for name, row in zip(names, numbers, strict=True)]
    write_rows(job.folder / ANSWERS, ("clip", "label", "group", "before", "after"), rows)


def _label_history(job: FewJob, progress: FewProgress) -> LabelHistory:
    """What the method made of the unlabelled clips; their truth goes into the report alone."""
    hidden = job.prepared.hidden_clips()
    given = np.array(list(job.split.details["labels_by_class"].values()))
    names = [] if hidden is None else clip_names(job.store, hidden)
    truth = None if hidden is None else hidden.labels
    history = LabelHistory(names, job.store.class_names, truth=truth, given=given)
    for record in progress.records:
        history.record(**record)
    return history


def _validation(job: FewJob) -> dict[str, Any]:
    """What validation was: folds of the labelled clips, clips beside them, or none."""
    if len(job.split.val):
        return {"by": "full", "num_clips": len(job.split.val)}
    if job.folds:
        return {"by": "folds", "folds": len(job.folds), "kept_together": job.grouped_by}
    return {"by": "none"}


def _held_scores(job: FewJob, name: str, judged: Judged) -> dict[str, Any]:
    """Scores of the clips that were held out, all folds together."""
    logits = torch.cat(judged.logits) / judged.candidate.temperature
    labels = torch.cat([job.held_labels(one) for one in job.held_out(name)])
    return score(logits.softmax(1), labels)


def _recogniser(job: FewJob, name: str, judged: Judged | None, last: int) -> Recogniser:
    """Load the weights after a method's best cycle, else after its last."""
    cycle = last if judged is None else min(judged.candidate.cycle, last)
    prepared = job.prepared
    second = prepared.evaluated_model(name)
    model, values = prepared.resolved(second)
    model.load_state_dict(load_cycle(job.training_folder(name), cycle))
    model.to(job.fabric.device).float().eval()
    store = job.store
    return Recogniser(
        model=model,
        layout=prepared.layout,
        class_names=tuple(store.class_names),
        data=job.config.data,
        num_coords=int(store.keypoints.shape[-1]),
        temperature=1.0 if judged is None else judged.candidate.temperature,
        model_config={"name": job.config.model.name, "config": values},
        provenance={
            "skelgraph": __version__,
            "torch": torch.__version__,
            "seed": job.config.training.seed,
            "data": store.path.name,
            "protocol": job.config.protocol.protocol,
            "kind": "few_labels",
            "method": name,
            "cycle": cycle,
            "label_budget": job.few.label_budget,
            **_origin(job),
        },
        num_spatial=num_spatial(store.axes),
        fps=store.fps,
    )


def _origin(job: FewJob) -> dict[str, Any]:
    beginning = job.prepared.beginning
    return {} if beginning is None else {"start": beginning.origin()}


def _probabilities(recogniser: Recogniser, clips: ClipSet) -> Tensor:
    logits = predict_logits(recogniser.model, clips, recogniser.data)
    return (logits / recogniser.temperature).softmax(1)


def _write_predictions(
    job: FewJob,
    recogniser: Recogniser,
    parts: dict[str, tuple[ClipSet, Tensor]],
    metrics: dict[str, Any],
) -> None:
    """Write predictions.csv, and add the scores of the clips that trained."""
    prepared, store = job.prepared, job.store
    chosen = {"train": job.split.labelled, "unlabelled": job.split.unlabelled}
    if len(job.split.val):
        chosen["val"] = job.split.val
    for part, rows in chosen.items():
        if len(rows):
            clips = clip_set(
                store, rows, layout=prepared.layout, data=job.config.data, testing=True
            )
            parts[part] = clips, _probabilities(recogniser, clips)
    given = job.split.given
    lines: list[list[str]] = []
    for part, (clips, probabilities) in parts.items():
        row = clips.windows.row
        labels = np.where(given[row] >= 0, given[row], store.clips.label[row])
        if part == "train" or (part == "unlabelled" and (labels >= 0).all()):
            metrics[part] = score_part(probabilities, clips, labels=labels)
        lines += prediction_rows(
            probabilities,
            clip_names(store, clips),
            recogniser.class_names,
            labels=labels.tolist(),
            part=part,
        )
    header = ("clip", "split", "label", "predicted", *recogniser.class_names)
    write_rows(job.folder / PREDICTIONS, header, lines)
