"""What one measurement is asked for."""

from __future__ import annotations

from dataclasses import dataclass

YARDSTICK = "yardstick"


@dataclass(frozen=True)
class Case:
    """One measurement, made in a process of its own.

    Args:
        what: 'step' (training and evaluation on clips of full size), 'recordings' (training on
            clips as they are), 'streaming', 'loading' or 'arithmetic'.
        model: A key of `skelgraph.models.MODELS`, or 'yardstick'.
        preset: Size of the model.
        precision: '32-true' or 'bf16-mixed'.
        keep_memory: Whether freed memory is kept, as `skelgraph train` does.
        forecast: Frames that the model's prediction head predicts; 0: none.
        recompute: Whether blocks are computed again on the way back.
        folded: Whether the model is folded for prediction, in the precision's arithmetic.
        batch_size: Clips a step.
        calls: Steps to time; of streaming, forward passes.
        threads: Threads of torch.
    """

    what: str
    model: str = "as_gcn"
    preset: str = "paper"
    precision: str = "32-true"
    keep_memory: bool = False
    forecast: int = 0
    recompute: bool = False
    folded: bool = False
    batch_size: int = 4
    calls: int = 3
    threads: int = 2
