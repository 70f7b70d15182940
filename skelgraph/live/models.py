"""The detectors' model files: where they are looked for, and how they get there."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skelgraph.data.store_files import checksum
from skelgraph.errors import SkelgraphError
from skelgraph.files import written_whole

STORAGE = "https://storage.googleapis.com/mediapipe-models"
TIMEOUT = 30.0


class ModelError(SkelgraphError):
    """A detector's model file is missing, damaged or of the wrong kind."""


@dataclass(frozen=True)
class Model:
    """A model file that MediaPipe gives out.

    Args:
        kind: What it finds: 'hand' or 'pose'.
        file: Its name.
        address: Where it stands in MediaPipe's storage.
        sha256: Its checksum.
    """

    kind: str
    file: str
    address: str
    sha256: str


HAND = Model(
    kind="hand",
    file="hand_landmarker.task",
    address=f"{STORAGE}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
    sha256="fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1",
)
POSE = Model(
    kind="pose",
    file="pose_landmarker_full.task",
    address=f"{STORAGE}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
    sha256="4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
)
WANTED: dict[str, tuple[Model, ...]] = {
    "hands": (HAND,),
    "pose": (POSE,),
    "holistic": (POSE, HAND),
}
"""Detector -> the models it runs."""


def find_models(detector: str, named: Sequence[Path] = ()) -> dict[str, Path]:
    """Find the model files of a detector, and download what is nowhere.

    Looked for in `named`, then in the folder that SKELGRAPH_MODELS names, then in the user's
    cache; there downloaded to, once, from MediaPipe's own storage. Files that are not named one
    by one are checked by their SHA-256.

    Args:
        detector: A key of `WANTED`.
        named: Model files, or folders of them, that the user gives.

    Returns:
        Kind -> file; kind 'holistic' alone where MediaPipe's holistic model is named.

    Raises:
        ModelError: If a model is of the wrong kind, damaged, or cannot be downloaded.
    """
    folders = [path for path in named if path.is_dir()]
    given = {kind_of(path): path for path in named if not path.is_dir()}
    if detector == "holistic" and "holistic" in given:
        return {"holistic": given["holistic"]}
    wanted = {model.kind for model in WANTED[detector]}
    for kind, path in given.items():
        if kind not in wanted:
            raise ModelError(
                f"{path}: expected a model for detector '{detector}' ({', '.join(sorted(wanted))}),"
                f" got one for {kind}. Give the one that fits, or another --detector."
            )
    return {
        model.kind: given.get(model.kind) or _standard(model, folders) for model in WANTED[detector]
    }


def kind_of(path: Path) -> str:
    """Tell what a model bundle finds by what is in it: hand, pose or holistic.

    Raises:
        ModelError: If it is no model bundle.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            names = " ".join(bundle.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or "another file"
        raise ModelError(
            f"{path}: expected a MediaPipe model bundle (.task), got '{reason}'. Check --model."
        ) from error
    found = [kind for kind in ("face", "hand", "pose") if kind in names]
    if "pose" in found and len(found) > 1:
        return "holistic"
    if found in (["hand"], ["pose"]) and "gesture" not in names:
        return found[0]
    raise ModelError(
        f"{path}: expected a hand, pose or holistic landmarker, got a bundle of {names}. "
        "Check --model."
    )


def cache_folder() -> Path:
    """Give the folder of this user's downloaded models, after the platform's custom."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "skelgraph" / "models"


def _standard(model: Model, folders: Sequence[Path]) -> Path:
    named = os.environ.get("SKELGRAPH_MODELS")
    for folder in (*folders, *([Path(named)] if named else []), cache_folder()):
        path = folder / model.file
        if path.is_file():
            return _checked(path, model)
    return _download(model, cache_folder() / model.file)


def _checked(path: Path, model: Model) -> Path:
    got = checksum(path)
    if got != model.sha256:
        raise ModelError(
            f"{path}: expected SHA-256 {model.sha256}, got {got}. Remove it, so that it is "
            f"downloaded again, or use it as it is: --model {path}."
        )
    return path


def _download(model: Model, target: Path) -> Path:
    try:
        with (
            written_whole(target) as temporary,
            urllib.request.urlopen(model.address, timeout=TIMEOUT) as answer,
            temporary.open("wb") as file,
        ):
            while block := answer.read(1 << 20):
                file.write(block)
            file.flush()
            _checked_download(temporary, model)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"{model.file}: expected to download it once from {model.address}, got '{reason}'. "
            f"Copy it from a machine that is online to {target}, or give its place: --model PATH."
        ) from error
    return target


def _checked_download(path: Path, model: Model) -> None:
    got = checksum(path)
    if got != model.sha256:
        raise ModelError(
            f"{model.address}: expected SHA-256 {model.sha256}, got {got}. Try again; if it stays "
            "so, give a file you trust: --model PATH."
        )
