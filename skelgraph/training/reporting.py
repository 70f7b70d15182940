"""The report of a run: what its tables, its data and its model say, as one HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

import skelgraph
from skelgraph.data.inspection import summarise
from skelgraph.data.store import Store
from skelgraph.errors import RunError, SkelgraphError
from skelgraph.evaluation.calibration import calibrate, untempered
from skelgraph.evaluation.class_intervals import score_classes
from skelgraph.evaluation.metrics import score
from skelgraph.explain import DEFAULT_METHOD
from skelgraph.report.clips import describe_clips
from skelgraph.report.curves import curve_panels
from skelgraph.report.page import build_page
from skelgraph.report.skeletons import describe_skeleton
from skelgraph.training.attention import run_labels
from skelgraph.training.clips import PARTS
from skelgraph.training.inference import predict_logits
from skelgraph.training.report_clips import Played, choose_clips, played_clips
from skelgraph.training.report_importance import ask_importance, describe_importance
from skelgraph.training.results import clip_names
from skelgraph.training.run import CONFIG, read_split
from skelgraph.training.run_changes import own_changes
from skelgraph.training.run_clips import clips_for, own_store, rows_of_part
from skelgraph.training.run_tables import (
    PredictionTable,
    last_training,
    read_history,
    read_metrics,
    read_predictions,
)
from skelgraph.training.weights import Recogniser, load_recogniser

PART, ALL = "test", "all"
CLIPS = 100  # that can be played, unless asked otherwise
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ReportOptions:
    """What a report holds beside what the run's tables say.

    Args:
        clips: Clips that can be played, at most.
        method: How importance is found; None: it is left out.
        checked: Clips on which that method is tested; 0: it is not.
    """

    clips: int = CLIPS
    method: str | None = DEFAULT_METHOD
    checked: int = 16


@dataclass(frozen=True, eq=False)
class _Shown:
    """The clips that a report is about.

    Args:
        part: Name of the part; `all` of another store.
        table: What the run says about them.
        recogniser: The model.
        store: Where they lie. None: nowhere that opens.
        rows: Which of its clips, int64 (R,).
    """

    part: str
    table: PredictionTable
    recogniser: Recogniser
    store: Store | None
    rows: np.ndarray


def build_report(
    run: str | Path,
    data: str | Path | None = None,
    *,
    options: ReportOptions | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[str, dict[str, Any]]:
    """Build the page of a run.

    Args:
        run: Run folder; with `data` its weights file is enough.
        data: Store with the run's classes, all of whose clips are reported. None: the run's own
            test clips.
        options: What it holds.
        device: Where the model runs.
        tell: Called with what is being done, and with what had to be left out.

    Returns:
        The page, and what it holds as plain values; see `describe_run`.

    Raises:
        SkelgraphError: If run and data cannot be read or do not fit.
    """
    document = describe_run(run, data, options=options, device=device, tell=tell)
    return build_page(document), document


def describe_run(
    run: str | Path,
    data: str | Path | None = None,
    *,
    options: ReportOptions | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Gather what a report says, as plain values; see `build_report`.

    What a run does not have (no history, no recordings where they were) is left out and named
    in `notes`.
    """
    options = options or ReportOptions()
    folder, notes = Path(run), list[str]()
    metrics = read_metrics(folder) if folder.is_dir() else {}
    shown = _open(folder, data, device=device, notes=notes)
    known = shown.table.label >= 0
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "title": folder.name or str(folder),
        "kind": metrics.get("kind", "supervised"),
        "simulated": bool(metrics.get("simulated")),
        "part": shown.part,
        "classes": list(shown.table.class_names),
        "scores": _scores(metrics, shown),
        "notes": notes,
    }
    if known.any():
        document |= _judged(shown, known)
    if data is None and folder.is_dir():
        document["curves"] = _curves(folder, metrics, notes)
    if metrics.get("kind") == "few_labels":
        document["few_labels"] = _few_labels(folder, metrics)
    if shown.store is not None:
        document |= _with_clips(shown, options, notes, tell)
        document["data"] = _data(shown, folder)
    document["provenance"] = _provenance(folder, shown)
    for line in notes:
        tell(line)
    return document


def _open(folder: Path, data: str | Path | None, *, device: str, notes: list[str]) -> _Shown:
    recogniser = load_recogniser(folder, device=device)
    if data is not None:
        store = Store.open(data)
        rows = np.arange(store.num_clips)
        return _Shown(ALL, _predicted(recogniser, store, rows), recogniser, store, rows)
    table = read_predictions(folder, PART)
    if table.class_names != recogniser.class_names:
        raise RunError(
            f"{folder}: expected predictions of the classes of its weights, got others. Evaluate "
            "the run again, or give --data."
        )
    try:
        own = own_store(folder)
        rows = rows_of_part(folder, own, PART)
    except SkelgraphError as error:
        notes.append(f"No clips, no importance and no data summary: {error}")
        return _Shown(PART, table, recogniser, None, np.empty(0, dtype=np.int64))
    return _Shown(PART, table, recogniser, own, rows)


def _predicted(recogniser: Recogniser, store: Store, rows: np.ndarray) -> PredictionTable:
    clips = clips_for(recogniser, store, rows)
    logits = predict_logits(recogniser.model, clips, recogniser.data)
    probabilities = (logits / recogniser.temperature).softmax(1).double().numpy()
    return PredictionTable(
        class_names=recogniser.class_names,
        names=tuple(clip_names(store, clips)),
        label=run_labels(clips, store, recogniser),
        predicted=probabilities.argmax(1),
        probabilities=probabilities,
    )


def _scores(metrics: Mapping[str, Any], shown: _Shown) -> list[dict[str, Any]]:
    """Scores of every part that the run scored, or of all clips of another store."""
    parts = {name: metrics[name] for name in (*PARTS, "unlabelled") if name in metrics}
    if shown.part == ALL:
        known = shown.table.label >= 0
        if not known.any():
            return []
        parts = {
            ALL: score(
                torch.as_tensor(shown.table.probabilities[known]),
                torch.as_tensor(shown.table.label[known]),
            )
        }
    rows = []
    for name, found in parts.items():
        rows.append(_score_row(name, found))
        if "clips" in found:
            rows.append(_score_row(f"{name}, mean of each clip's windows", found["clips"]))
    return rows


def _score_row(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    again = score_classes(np.array(found["confusion"]))
    kept = ("num_clips", "top1", "top1_interval", "top5", "macro_f1", "ece", "nll")
    return {
        "part": name,
        **{key: found[key] for key in kept if key in found},
        "macro_f1_interval": again.macro_f1_interval,
    }


def _judged(shown: _Shown, known: np.ndarray) -> dict[str, Any]:
    """Confusions, scores of each class and calibration of the clips whose class is known."""
    table, classes = shown.table, len(shown.table.class_names)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (table.label[known], table.predicted[known]), 1)
    found = score_classes(confusion)
    return {
        "confusion": confusion.tolist(),
        "class_scores": [
            {
                "clips": one.clips,
                "precision": one.precision,
                "recall": one.recall,
                "recall_interval": one.recall_interval,
                "f1": one.f1,
                "f1_interval": one.f1_interval,
            }
            for one in found.classes
        ],
        "calibration": _calibration(shown, known),
    }


def _calibration(shown: _Shown, known: np.ndarray) -> dict[str, Any]:
    table, temperature = shown.table, shown.recogniser.temperature
    probabilities = torch.as_tensor(table.probabilities[known])
    labels = torch.as_tensor(table.label[known])
    before = untempered(probabilities, temperature)
    return {
        "temperature": temperature,
        "before": calibrate(before, labels, table.class_names).to_dict(),
        "after": calibrate(probabilities, labels, table.class_names).to_dict(),
    }


def _curves(folder: Path, metrics: Mapping[str, Any], notes: list[str]) -> dict[str, Any] | None:
    try:
        panels = curve_panels(last_training(read_history(folder)))
    except RunError as error:
        notes.append(f"No training curves: {error}")
        return None
    return {"panels": panels, "best_epoch": metrics.get("best_epoch")}


def _few_labels(folder: Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What a run with few labels says of its start, its method and the guard between them."""
    kept = ("method", "kept", "labels", "validation", "guard")
    found: dict[str, Any] = {key: metrics[key] for key in kept if key in metrics}
    records = metrics.get("pseudo_labels", {}).get("records", [])
    if records:
        found["pseudo_labels"] = records[-1]
    if "changes" in metrics:
        changes = own_changes(folder)
        found |= {
            "basis": changes.basis,
            "columns": changes.header(),
            "rows": changes.rows(),
            "surely_fell": [change.name for change in changes.fell if change.surely_fell],
        }
    return found


def _with_clips(
    shown: _Shown, options: ReportOptions, notes: list[str], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Importance, and the clips that can be played."""
    assert shown.store is not None
    recogniser, table = shown.recogniser, shown.table
    clips = clips_for(recogniser, shown.store, shown.rows)
    chosen = choose_clips(table, options.clips)
    found: dict[str, Any] = {}
    asked = None
    if options.method is not None:
        try:
            asked = ask_importance(
                recogniser,
                shown.store,
                clips,
                [table.names[place] for place in chosen],
                method=options.method,
                checked=options.checked,
                tell=tell,
            )
            found["importance"] = describe_importance(asked)
        except SkelgraphError as error:
            notes.append(f"No importance: {error}")
    played = Played(recogniser, shown.store, clips, table, asked.importance if asked else None)
    packed, left_out = describe_clips(played_clips(played, chosen), recogniser.layout)
    found["clips"] = packed
    found["clips_of"] = {
        "all": len(table.names),
        "wrong": int(((table.label >= 0) & (table.label != table.predicted)).sum()),
        "no_room": left_out,
    }
    bodies = 2 if recogniser.layout.instances == "hands" else 1
    found["skeleton"] = describe_skeleton(recogniser.layout, bodies=bodies)
    return found


def _data(shown: _Shown, folder: Path) -> dict[str, Any]:
    """Summarise the store, with the clips of each class in each part."""
    store = shown.store
    assert store is not None
    summary = summarise(store)
    parts = {} if shown.part == ALL else read_split(folder)
    names = list(dict.fromkeys(parts.values())) if parts else [ALL]
    order = [name for name in (*PARTS, "unlabelled", ALL) if name in names]
    order += [name for name in names if name not in order]
    part_of = np.array([parts.get(str(name), "") if parts else ALL for name in store.clips.name])
    counts = [
        [int(((store.clips.label == label) & (part_of == name)).sum()) for name in order]
        for label in range(len(store.class_names))
    ]
    subjects = {
        name: len({int(one) for one in store.clips.subject[part_of == name] if one >= 0})
        for name in order
    }
    return {
        "name": store.path.name,
        **{key: value for key, value in summary.items() if key != "symmetry"},
        "title": store.layout.title,
        "parts": order,
        "class_counts": counts,
        "class_names": list(store.class_names),
        "persons": subjects,
        "made": store.facts.get("provenance", {}),
    }


def _provenance(folder: Path, shown: _Shown) -> dict[str, Any]:
    model = shown.recogniser.model
    found: dict[str, Any] = {
        "model": shown.recogniser.model_config["name"],
        "parameters": sum(one.numel() for one in model.parameters()),
        "layout": shown.recogniser.layout.name,
        "weights": shown.recogniser.provenance,
        "report": f"skelgraph {skelgraph.__version__}",
    }
    config = folder / CONFIG
    if folder.is_dir() and config.is_file():
        text = config.read_text(encoding="utf-8", errors="replace")
        found["config"] = yaml.safe_dump(yaml.safe_load(text), sort_keys=False)
    return found
