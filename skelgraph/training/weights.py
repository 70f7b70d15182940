"""`model.safetensors`: weights, and in its metadata all that a prediction needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from skelgraph.errors import RunError
from skelgraph.files import written_whole
from skelgraph.graphs import Layout
from skelgraph.models import build_model
from skelgraph.training.config import DataOptions, from_dict
from skelgraph.training.run import CONFIG, SCHEMA_VERSION, WEIGHTS, resume_command

KEY = "skelgraph"
PRETRAINED = "pretrained"


@dataclass
class Recogniser:
    """A trained model with what it takes to use it.

    Args:
        model: In evaluation mode.
        layout: Skeleton that it sees.
        class_names: One for each logit.
        data: How clips are prepared and sampled.
        num_coords: Coordinates a joint, 2 or 3.
        temperature: Divides the logits before the softmax; fitted on validation.
        model_config: Name and resolved configuration of the model.
        provenance: Where the weights come from.
        num_spatial: How many coordinates are places, see `Clip.num_spatial`. 0: all.
        fps: Frames per second of the recordings that it learned from. None: unknown.
    """

    model: nn.Module
    layout: Layout
    class_names: tuple[str, ...]
    data: DataOptions
    num_coords: int
    temperature: float
    model_config: dict[str, Any]
    provenance: dict[str, Any]
    num_spatial: int = 0
    fps: float | None = None

    def __post_init__(self) -> None:
        self.num_spatial = self.num_spatial or self.num_coords


def save_recogniser(path: Path, recogniser: Recogniser) -> None:
    """Write weights and metadata into one file, whole or not at all.

    Raises:
        OSError: If the disk is full.
    """
    from safetensors.torch import save

    metadata = {
        "schema_version": SCHEMA_VERSION,
        "layout": recogniser.layout.to_dict(),
        "class_names": list(recogniser.class_names),
        "data": asdict(recogniser.data),
        "num_coords": recogniser.num_coords,
        "num_spatial": recogniser.num_spatial,
        "fps": recogniser.fps,
        "temperature": recogniser.temperature,
        "model": recogniser.model_config,
        "provenance": recogniser.provenance,
    }
    state = {k: v.detach().cpu().contiguous() for k, v in recogniser.model.state_dict().items()}
    content = save(state, metadata={KEY: json.dumps(metadata)})
    with written_whole(path) as temporary:
        temporary.write_bytes(content)


def load_recogniser(path: str | Path, *, device: str | torch.device = "cpu") -> Recogniser:
    """Read a run folder or its weights file; nothing else of the run is needed.

    Raises:
        RunError: If the file is missing, damaged, not ours, or its weights do not fit its
            own description.
    """
    file = find_weights(path)
    metadata, state = read_weights(file)
    if is_pretrained(metadata):
        raise RunError(
            f"{file}: expected a run that recognises, got weights of `skelgraph pretrain`, which "
            "know no classes. Give them to `transfer`, or to `pseudo-label --from`."
        )
    try:
        recogniser = _build(metadata)
        recogniser.model.load_state_dict(state)
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        first = str(error).strip().splitlines()
        raise RunError(
            f"{file}: expected weights that fit the model described in the file, got others "
            f"({' '.join(line.strip() for line in first[:2])}). Use the file as `train` wrote it."
        ) from error
    recogniser.model.to(device).eval()
    return recogniser


def is_pretrained(metadata: dict[str, Any]) -> bool:
    """Tell from a weights file's metadata whether they were learned without labels."""
    return bool(metadata["provenance"].get("kind") == PRETRAINED)


def find_weights(path: str | Path) -> Path:
    """Return the weights file of a run folder, or the file itself."""
    given = Path(path)
    file = given / WEIGHTS if given.is_dir() else given
    if not file.is_file():
        raise RunError(
            f"{given}: expected a trained run, found no {WEIGHTS}. {_way_to_weights(given)}"
        )
    return file


def _way_to_weights(given: Path) -> str:
    """What to do about a folder or file that holds no weights."""
    if (given / CONFIG).is_file():
        return f"Finish it with `{resume_command(given)}`."
    drawn = sorted(path.parent for path in given.glob(f"draw*/{WEIGHTS}"))
    if drawn:
        return f"Give one of its runs, such as {drawn[0]}."
    return "Give the folder that `skelgraph train` wrote, or its model.safetensors."


def read_weights(file: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read the description and the weights of a file, whether they fit each other or not.

    Raises:
        RunError: If the file is damaged or not ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            text = (opened.metadata() or {}).get(KEY)
            state = {name: opened.get_tensor(name) for name in list(opened.keys())}
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(
            f"{file}: expected a whole safetensors file, got a damaged one ({error}). "
            "Copy it again, or train again."
        ) from error
    if text is None:
        raise RunError(
            f"{file}: expected weights that skelgraph wrote, got a file without its metadata. "
            "Give the model.safetensors of a run."
        )
    return _metadata(file, text), state


def _metadata(file: Path, text: str) -> dict[str, Any]:
    try:
        metadata: dict[str, Any] = json.loads(text)
        version = metadata["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{file}: expected metadata in JSON with its schema_version, got others. "
            "Copy the file again, or train again."
        ) from error
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{file}: expected schema_version {SCHEMA_VERSION}, got {version!r}. "
            "Use the skelgraph that wrote it, or a later one."
        )
    return metadata


def _build(metadata: dict[str, Any]) -> Recogniser:
    layout = Layout.from_dict(metadata["layout"])
    model = build_model(
        metadata["model"]["name"],
        layout,
        num_classes=len(metadata["class_names"]),
        config=metadata["model"]["config"],
    )
    return Recogniser(
        model=model,
        layout=layout,
        class_names=tuple(metadata["class_names"]),
        data=from_dict(DataOptions, metadata["data"], where="data"),
        num_coords=metadata["num_coords"],
        temperature=metadata["temperature"],
        model_config=metadata["model"],
        provenance=metadata["provenance"],
        num_spatial=metadata.get("num_spatial", 0),
        fps=metadata.get("fps"),
    )
