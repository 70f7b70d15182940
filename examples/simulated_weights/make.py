"""Train the small weights that ship in skelgraph/weights, on simulated hands and bodies.

    python examples/simulated_weights/make.py --work runs/simulated_weights

One after another, one thread: simulates clips, trains the small preset, stores matrices and
kernels in half precision, scores the stored file on four subjects that training did not see, and
writes the file beside its line in index.yaml. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import RECIPE_VERSION, simulate
from skelgraph.graphs import load_layout
from skelgraph.training.clips import cut_parts, split_store
from skelgraph.training.config import ModelOptions, ProtocolOptions, RunConfig, TrainOptions
from skelgraph.training.inference import predict_logits
from skelgraph.training.progress import ConsoleReporter
from skelgraph.training.supervised import train
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.weights import load_recogniser, save_recogniser

SHIPPED = Path(__file__).parents[2] / "skelgraph" / "weights"
INDEX = "index.yaml"
SEED = 0
SUBJECTS = 24
TESTED = (20, 21, 22, 23)
VALIDATED = (18, 19)


@dataclass(frozen=True)
class Kind:
    """One file.

    Args:
        name: Of the file.
        layout: Skeleton of the clips.
        flat: Leave depth out, as a picture does.
        start: File to start from, made before; the same classes without depth take a fifth of
            the epochs then.
        epochs: Passes over the training clips.
    """

    name: str
    layout: str
    flat: bool = False
    start: str = ""
    epochs: int = 30


KINDS = (
    Kind("hands", "mediapipe_hands"),
    Kind("hands_2d", "mediapipe_hands", flat=True, start="hands", epochs=6),
    Kind("body", "kinect_v2"),
    Kind("body_2d", "openpose_body25", flat=True, start="body", epochs=6),
)


def main() -> None:
    """Make the files that were asked for."""
    arguments = _arguments()
    for kind in KINDS:
        if arguments.only in ("", kind.name):
            store = make_store(kind, arguments.work / "stores" / kind.name, arguments)
            run = train_on(store, kind, arguments)
            facts = ship(kind, run, store, arguments.output)
            print(f"{kind.name}: test accuracy {facts['test_top1']:.4f}, {facts['sha256']}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=SHIPPED, help="where the files go")
    parser.add_argument("--work", type=Path, default=Path("runs/simulated_weights"))
    parser.add_argument("--only", default="", choices=["", *(kind.name for kind in KINDS)])
    parser.add_argument("--clips", type=int, default=4, help="a class and subject")
    return parser.parse_args()


def make_store(kind: Kind, path: Path, arguments: argparse.Namespace) -> Store:
    """Simulate the clips once."""
    if path.exists():
        return Store.open(path)
    options = {"subjects": SUBJECTS, "clips_per_class": arguments.clips, "seed": SEED}
    clips, names = simulate(load_layout(kind.layout), **options)
    if kind.flat:
        clips = [flattened(clip) for clip in clips]
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"simulated": True, "recipe_version": RECIPE_VERSION, **options}
    return write_store(path, clips, class_names=names, provenance=facts)


def flattened(clip: Clip) -> Clip:
    """Leave the depth out, as a camera far away does."""
    return replace(clip, keypoints=clip.keypoints[..., :2].copy(), axes=clip.axes[:2])


def train_on(store: Store, kind: Kind, arguments: argparse.Namespace) -> Path:
    """Train with the defaults of `skelgraph train`, epochs and start aside."""
    run: Path = arguments.work / "runs" / kind.name
    if (run / "model.safetensors").exists():
        return run
    start = None
    if kind.start:
        file = (arguments.output / f"{kind.start}.safetensors").resolve()
        start = StartOptions(str(file), keep_classifier=True)
    config = RunConfig(
        layout=store.layout.name,
        store=str(store.path.resolve()),
        protocol=ProtocolOptions(protocol="xsub", test=TESTED, val=VALIDATED),
        model=ModelOptions(preset="small"),
        training=TrainOptions(epochs=kind.epochs, link_epochs=0 if start else 3, seed=SEED),
        start=start,
    )
    train(config, run, resume=(run / "config.yaml").exists(), report=ConsoleReporter())
    return run


def ship(kind: Kind, run: Path, store: Store, output: Path) -> dict[str, Any]:
    """Store a run's weights, score the stored file, and write its line in the index."""
    recogniser = load_recogniser(run)
    for parameter in recogniser.model.parameters():
        if parameter.ndim >= 2:  # vectors, masks of norms and statistics cost nothing: kept whole
            parameter.data = parameter.data.half()
    recogniser.provenance |= {
        "kind": "simulated",
        "name": kind.name,
        "recipe_version": RECIPE_VERSION,
        "subjects": SUBJECTS,
    }
    if kind.start:  # where the file lay says nothing to others; its checksum does
        recogniser.provenance["start"]["source"] = f"simulated:{kind.start}"
    output.mkdir(parents=True, exist_ok=True)
    file = output / f"{kind.name}.safetensors"
    save_recogniser(file, recogniser)
    top1, clips = score(file, store)
    facts = {
        "layout": kind.layout,
        "num_coords": recogniser.num_coords,
        "num_spatial": recogniser.num_spatial,
        "classes": len(recogniser.class_names),
        "parameters": sum(p.numel() for p in recogniser.model.parameters()),
        "recipe_version": RECIPE_VERSION,
        "seed": SEED,
        "clips": len(store.clips),
        "test_top1": round(top1, 4),
        "test_clips": clips,
        "command": f"python examples/simulated_weights/make.py --only {kind.name}",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    write_index(output / INDEX, kind.name, facts)
    return facts


def score(file: Path, store: Store) -> tuple[float, int]:
    """Accuracy of a stored file on the subjects that test, and their number of clips."""
    recogniser = load_recogniser(file)
    protocol = ProtocolOptions(protocol="xsub", test=TESTED, val=VALIDATED)
    split = split_store(store, protocol)
    parts = cut_parts(store, split, layout=recogniser.layout, data=recogniser.data)
    logits = predict_logits(recogniser.model, parts.test, recogniser.data)
    right = logits.argmax(1) == torch.as_tensor(parts.test.labels)
    return float(right.float().mean()), len(right)


def write_index(path: Path, name: str, facts: dict[str, Any]) -> None:
    """Put one file's facts among those of the others."""
    index = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    entries: dict[str, Any] = index.get("weights", {}) | {name: facts}
    order: Sequence[str] = [kind.name for kind in KINDS if kind.name in entries]
    content = {"schema_version": 1, "weights": {key: entries[key] for key in order}}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
