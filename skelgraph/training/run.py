"""The files of a run folder, and the weights file that predicts on its own."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from skelgraph.errors import RunError, SkelgraphError
from skelgraph.files import written_whole
from skelgraph.training.config import RunConfig, from_dict

SCHEMA_VERSION = 1
CONFIG, WEIGHTS, METRICS = "config.yaml", "model.safetensors", "metrics.json"
PREDICTIONS, HISTORY, SPLIT = "predictions.csv", "history.csv", "split.csv"
CHECKPOINTS, SIMULATED, LOG = "checkpoints", "simulated", "log.txt"


@contextmanager
def claimed(path: str | Path, *, force: bool, resume: bool) -> Iterator[Path]:
    """Make or check the folder of a run for work that may fail.

    If the work in the `with` block fails, the folder is as it was before: a run that was to be
    replaced is still there, and a new folder is gone.

    Args:
        path: The run's folder.
        force: Replace a run that is there.
        resume: Expect a run that is there.

    Raises:
        RunError: If something is in the way, or nothing is there to resume.
    """
    folder = Path(path)
    if resume:
        check_resumable(folder)
        yield folder
        return
    _check_free(folder, force=force)
    replaced = _set_aside(folder)
    found = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except BaseException:
        if folder.is_dir():  # else it could not be made, and why counts
            _empty(folder)
            if replaced or not found:
                folder.rmdir()
        if replaced:
            replaced.rename(folder)
        raise
    if replaced:
        shutil.rmtree(replaced, ignore_errors=True)


def _set_aside(folder: Path) -> Path | None:
    """Rename a run that is to be replaced; None where there is only an empty folder or nothing."""
    if not (folder / CONFIG).is_file():
        return None
    real = folder.resolve()
    return real.rename(real.with_name(f".{real.name}.replaced-{os.getpid()}"))


def _empty(folder: Path) -> None:
    for item in folder.iterdir():
        shutil.rmtree(item) if item.is_dir() else item.unlink()


def check_resumable(folder: Path) -> None:
    """Raise RunError unless the folder holds a run."""
    if not (folder / CONFIG).is_file():
        raise RunError(
            f"{folder}: expected a run to resume, found no {CONFIG}. "
            "Give the --output of the run that was stopped, or leave --resume out."
        )


def _check_free(folder: Path, *, force: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not force:
        raise RunError(
            f"{folder}: expected a path that is free, got one that exists. "
            "Give another --output, --resume to go on with that run, or --force to replace it."
        )
    if not (folder / CONFIG).is_file():
        raise RunError(
            f"{folder}: expected a run to replace, got something else (no {CONFIG}). "
            "Remove it yourself, or give another --output."
        )


def write_config(folder: Path, config: RunConfig) -> None:
    """Write the resolved configuration."""
    document = {"schema_version": SCHEMA_VERSION, **config.to_dict()}
    with written_whole(folder / CONFIG) as path:
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def read_config(folder: Path) -> RunConfig:
    """Read a run's configuration.

    Raises:
        RunError: If there is none or it is not YAML.
        ConfigError: If a key is unknown.
    """
    path = folder / CONFIG
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RunError(
            f"{path}: expected the configuration of a run, got {type(error).__name__}. "
            "Give the folder that `skelgraph train` wrote."
        ) from error
    if not isinstance(document, dict):
        raise RunError(
            f"{path}: expected the configuration of a run, got something else. Give the folder "
            "that `skelgraph train` wrote."
        )
    document.pop("schema_version", None)
    if isinstance(few := document.get("few"), dict):
        few.setdefault("begin", "start")  # of runs made before there was a choice
    return from_dict(RunConfig, document, where=str(path))


def resume_command(folder: Path) -> str:
    """Give the command that goes on with a run which was stopped."""
    words = ["train"]
    try:
        config = read_config(folder)
    except SkelgraphError:
        config = None
    if config is not None:
        words = [_command_of(config)]
        words += [config.start.source] if config.start and words == ["transfer"] else []
    return shlex.join(["skelgraph", *words, "--resume", "--output", str(folder)])


def check_finished(folder: Path) -> None:
    """Refuse a run that was stopped before its end; a folder without a run passes.

    Raises:
        RunError: With the command that goes on with it.
    """
    if (folder / CONFIG).is_file() and not (folder / METRICS).is_file():
        raise RunError(
            f"{folder}: expected a finished run, found no {METRICS}. Finish it with "
            f"`{resume_command(folder)}`."
        )


def check_made_by(folder: Path, config: RunConfig, commands: Sequence[str]) -> None:
    """Refuse to go on with a run that another command made, and would overwrite.

    Raises:
        RunError: With the command that goes on with it.
    """
    if _command_of(config) not in commands:
        wanted = " or ".join(f"`skelgraph {name}`" for name in commands)
        raise RunError(
            f"{folder}: expected a run of {wanted}, got one of `skelgraph {_command_of(config)}`. "
            f"Go on with `{resume_command(folder)}`."
        )


def _command_of(config: RunConfig) -> str:
    """Name the command that makes runs of a configuration."""
    if config.pretrain is not None:
        return "pretrain"
    if config.few is not None:
        return "pseudo-label"
    return "train" if config.start is None else "transfer"


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document with its schema version."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2)
    with written_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV table."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(header)
        writer.writerows(rows)


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write a row an epoch; a value that an epoch does not have stays empty."""
    header = list(dict.fromkeys(name for row in history for name in row))
    rows = ([_short(row.get(name, "")) for name in header] for row in history)
    write_rows(folder / HISTORY, header, rows)


def read_split(folder: Path) -> dict[str, str]:
    """Read which part of the data each clip was in: name -> train, val or test.

    Raises:
        RunError: If the run has no such file.
    """
    path = folder / SPLIT
    if not path.is_file():
        raise RunError(
            f"{path}: expected the run's split, found none. "
            "Give --data to score every clip of a store."
        )
    with path.open(newline="", encoding="utf-8") as file:
        return {row["clip"]: row["split"] for row in csv.DictReader(file)}


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
