"""Does folding a trained model change its answers?

    python examples/results/folded.py RUN [RUN ...]

For the test clips of each run: how many answers change, and by how much logits differ.
"""

from __future__ import annotations

import argparse

import torch

from skelgraph.nn.folding import fold
from skelgraph.training.inference import predict_logits
from skelgraph.training.run_clips import clips_for, own_store, rows_of_part
from skelgraph.training.weights import load_recogniser


def main() -> None:
    """Print a row for each run and form."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    print("| run | form | clips | answers changed | largest difference of a logit |")
    print("| --- | --- | --- | --- | --- |")
    for run in parser.parse_args().runs:
        for form, row in compare(run).items():
            print(f"| {run} | {form} | {' | '.join(row)} |", flush=True)


def compare(run: str) -> dict[str, tuple[str, str, str]]:
    """Clips, changed answers and largest difference, by form."""
    recogniser, store = load_recogniser(run), own_store(run)
    clips = clips_for(recogniser, store, rows_of_part(run, store, "test"))
    plain = predict_logits(recogniser.model, clips, recogniser.data)
    rows = {}
    for form, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        model = fold(recogniser.model, dtype=dtype)
        logits = predict_logits(model, clips, recogniser.data)
        changed = (logits.argmax(1) != plain.argmax(1)).sum()
        rows[form] = (str(len(plain)), str(int(changed)), f"{(logits - plain).abs().max():.1e}")
    return rows


if __name__ == "__main__":
    main()
