"""A teacher learns to label from how its student does on the given labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.nn.processes import num_processes, sum_processes
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import (
    STRONG,
    WEAK,
    Method,
    Selection,
    Setting,
    StepBatch,
)
from skelgraph.training.semi.methods.checking import (
    AMOUNT,
    DECAY,
    POSITIVE,
    PROBABILITY,
    SHARE,
    check_options,
)
from skelgraph.training.semi.methods.matching import likeliest
from skelgraph.training.semi.methods.ramps import linear_ramp
from skelgraph.training.semi.passes import logits_of, predict


@dataclass(frozen=True)
class MetaPseudoLabelsOptions:
    """What the teacher learns from, and when the student sees given labels.

    Args:
        consistency: Weight of the teacher's consistency between its weak and strong view.
        full: Share of the steps at which that weight is reached; it rises linearly from 0.
        threshold: Least probability of the weak view's likeliest class, for consistency.
        temperature: Sharpening of the weak view's probabilities; below 1 makes them surer.
        decay: Decay of the moving average that is subtracted from the student's feedback.
        finetune_share: Share of the steps, the last ones, in which the student learns from the
            given labels and the teacher rests.

    Raises:
        ConfigError: If a value is out of range.
    """

    consistency: float = 1.0
    full: float = 0.2
    threshold: float = 0.6
    temperature: float = 0.7
    decay: float = 0.99
    finetune_share: float = 0.2

    def __post_init__(self) -> None:
        check_options(
            "meta_pseudo_labels",
            self,
            consistency=AMOUNT,
            full=SHARE,
            threshold=PROBABILITY,
            temperature=POSITIVE,
            decay=DECAY,
            finetune_share=SHARE,
        )


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the teacher made of a step's clips, with gradient.

    Args:
        labels: Its hard labels of the strong views, which the student learns, int64 (N,).
        own: Cross-entropy of those labels under its prediction for the same views, scalar.
        supervised: Cross-entropy of the given labels, scalar.
        consistency: Cross-entropy between its sharpened prediction for confident weak views and
            its prediction for the strong ones, mean over all, scalar.
        extra: The model's own auxiliary loss, scalar.
    """

    labels: Tensor
    own: Tensor
    supervised: Tensor
    consistency: Tensor
    extra: Tensor


class MetaPseudoLabels(Method):
    """Teach a student labels that lower its loss on the given ones.

    The student, whose weights are the result, steps on the teacher's hard labels of strong views
    alone. The feedback h is by how much that step lowered its loss on the labelled clips, less a
    moving average of it. The teacher steps on h CE(its strong view, its hard labels) + L_given +
    weight(t) * consistency. In the end the student is tuned on the given labels.

    Source:
        Pham et al. 2021, arXiv:2003.10580, section 2 and appendix A; h is the first-order form of
        its product of gradients. The release takes the new loss less the old, the other sign, and
        the teacher's soft prediction in place of hard labels, whose cross-entropy with itself has
        no gradient; here sign and label are the paper's. Both of the student's losses are of
        evaluation: the noise of training would hide the change. The consistency is that of Xie
        et al. 2020 (UDA), arXiv:1904.12848, with the threshold on the unsharpened prediction.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK, STRONG)
    second_model: ClassVar[str] = "same"

    def __init__(self, options: MetaPseudoLabelsOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.baseline = torch.zeros((), device=setting.device)

    def step(
        self, learners: Sequence[Learner], batch: StepBatch, *, share: float
    ) -> dict[str, Tensor]:
        """Move the student, then the teacher; see `Method.step`."""
        student, teacher = learners
        if share >= 1 - self.options.finetune_share:
            return self._tune(student, batch)
        lesson = self.teach(teacher, batch)
        (strong,), extra = logits_of(student, batch.views[STRONG])
        unlabelled = functional.cross_entropy(strong, lesson.labels)
        # After the pass that moved the statistics of normalisation: the step alone is judged.
        before = self._score(student, batch)
        student.step(unlabelled + extra)
        change = mean_over_processes(before - self._score(student, batch))
        feedback = change - self.baseline
        self.baseline = torch.lerp(change, self.baseline, self.options.decay)
        teacher.step(self.teacher_loss(lesson, feedback, share=share))
        return {
            "supervised": before,
            "unlabelled": unlabelled.detach(),
            "teacher_supervised": lesson.supervised.detach(),
            "teacher_consistency": lesson.consistency.detach(),
            "feedback": feedback,
        }

    def teach(self, teacher: Learner, batch: StepBatch) -> Lesson:
        """Label the strong views, and compute what the teacher's loss is made of."""
        options = self.options
        (weak,) = predict(teacher, batch.views[WEAK])
        confident = weak.softmax(1).amax(1) >= options.threshold
        (given, strong), extra = logits_of(teacher, batch.labelled, batch.views[STRONG])
        labels = strong.detach().argmax(1)
        target = (weak / options.temperature).softmax(1)
        each = functional.cross_entropy(strong, target, reduction="none")
        return Lesson(
            labels=labels,
            own=functional.cross_entropy(strong, labels),
            supervised=self.supervised(given, batch.labelled),
            consistency=(each * confident).mean(),
            extra=extra,
        )

    def teacher_loss(self, lesson: Lesson, feedback: Tensor, *, share: float) -> Tensor:
        """Weigh the parts of the teacher's loss; scalar.

        Args:
            lesson: The parts.
            feedback: h, without gradient, scalar.
            share: Share of the steps that are done.
        """
        weight = self.options.consistency * linear_ramp(share, begin=0.0, full=self.options.full)
        tuned = feedback * lesson.own + lesson.supervised + weight * lesson.consistency
        return tuned + lesson.extra

    def select(self, probabilities: Tensor) -> Selection:
        """Take every clip: the student is taught all; see `Method.select`."""
        return likeliest(probabilities)

    def state_dict(self) -> dict[str, Any]:
        return {"baseline": self.baseline.clone()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.baseline = state["baseline"].to(self.setting.device).clone()

    def _tune(self, student: Learner, batch: StepBatch) -> dict[str, Tensor]:
        """Move the student by the given labels; what rests shows as 0."""
        result = self.losses([student], batch, share=1.0)
        student.step(result.losses[0])
        resting = ("unlabelled", "teacher_supervised", "teacher_consistency", "feedback")
        zero = torch.zeros((), device=self.setting.device)
        return {**result.terms, **dict.fromkeys(resting, zero)}

    def _score(self, student: Learner, batch: StepBatch) -> Tensor:
        """Loss of the given labels in evaluation, without gradient; scalar."""
        (logits,) = predict(student, batch.labelled)
        return functional.cross_entropy(logits, batch.labelled.label)


def mean_over_processes(value: Tensor) -> Tensor:
    """Mean of a scalar over the processes that train together, without gradient."""
    return sum_processes(value.detach()) / num_processes()
