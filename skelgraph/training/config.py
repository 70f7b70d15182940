"""What a run was asked for: frozen dataclasses that resolve to and from `config.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.training.transfer.options import StartOptions
from skelgraph.transforms.options import AugmentOptions

PRECISIONS = ("auto", "32-true", "bf16-mixed", "64-true")
CENTRES = ("clip", "frame")
OPTIMISERS = ("adamw", "sgd")
SELECTIONS = ("best", "last")
BEGINNINGS = ("supervised", "start")
SCHEDULES = ("cosine", "plateau", "constant")
# Options of training that go by epochs over a validation part, by classes as they are, or belong to
# a prediction head: with few labels steps are counted, labels are balanced, and there is no head.
FEW_UNUSED = (
    *("patience", "select", "freeze_links", "class_weights"),
    *("plateau_patience", "plateau_factor", "forecast_weight"),
)


T = TypeVar("T")


@dataclass(frozen=True)
class DataOptions:
    """How recordings become the model's input.

    Args:
        num_frames: Frames sampled evenly from each clip; 0 keeps clips as they are, padded.
        crop: Shortest share of a clip from which training samples; 1 takes all of it.
        centre: Origin of coordinates: the mean centre over the `clip`, or that of each `frame`.
        max_gap: Longest gap that is interpolated, in frames; longer ones get the neutral pose.
        slot: Of an ordered pair of hands, the one to keep; None keeps both.
        window: Length of windows in frames, or in seconds as `3s`; None takes whole clips.
        overlap: Share of a window that the next one repeats.
        test_window: The same for validation and test; None means as in training.
        test_overlap: The same for validation and test; None means as in training.
    """

    num_frames: int = 48
    crop: float = 0.9
    centre: str = "clip"
    max_gap: int = 10
    slot: str | None = None
    window: str | None = None
    overlap: float = 0.0
    test_window: str | None = None
    test_overlap: float | None = None


@dataclass(frozen=True)
class ProtocolOptions:
    """Which clips train, validate and test; see `skelgraph.data.protocols.split_clips`."""

    protocol: str = "random"
    fold: int = 0
    folds: int = 3
    val_fraction: float = 0.2
    test: tuple[int, ...] | None = None
    val: tuple[int, ...] | None = None
    files: str | None = None
    split_seed: int = 0


@dataclass(frozen=True)
class ModelOptions:
    """Which model, of what size; None leaves a field as the preset has it.

    Args:
        name: A key of `skelgraph.models.MODELS`.
        preset: A size, `small` or `paper`; `auto` is small on a CPU and paper on a GPU.
        overrides: Fields of the model's own configuration that differ from the preset.
    """

    name: str = "as_gcn"
    preset: str = "auto"
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainOptions:
    """How the weights are found.

    Args:
        epochs: Passes over the training clips, after those for the A-links.
        link_epochs: Passes that train the A-link module alone, before.
        freeze_links: Leave the A-link module as those passes made it: in the main passes its
            weights and statistics stay, and links are what they are in evaluation.
        batch_size: Clips a step, over all devices.
        lr: Largest learning rate of the main passes, reached after `warmup` of the steps.
        link_lr: Learning rate of the passes for the A-links.
        weight_decay: Decoupled with adamw; not applied to biases, norms and masks.
        warmup: Share of the steps with linearly rising learning rate.
        schedule: The learning rate after that: it falls as a half `cosine`, or on a `plateau` of
            the validation's cross-entropy, or stays `constant`.
        plateau_patience: Epochs without gain that a plateau may have before the rate falls.
        plateau_factor: What the rate is then multiplied by.
        optimiser: `adamw`, or `sgd` with Nesterov momentum 0.9.
        label_smoothing: Probability spread evenly over the classes.
        class_weights: Weigh classes by 1 / frequency, normalised to mean 1 over the clips.
        link_weight: Weight of the A-link module's own loss in the main passes.
        forecast_weight: Weight of the prediction head's loss, a distance in metres.
        clip_norm: Largest norm of the gradient, of the A-link module and of the rest; 0 is off.
        recompute: Compute blocks again on the way back in place of keeping what they computed:
            less memory, more time, the same weights.
        ema: Decay of the averaged weights that validation and test use; 0 is off.
        patience: Epochs without a better validation before training stops; 0 never stops.
        select: Keep the weights of the `last` epoch or of the `best` validation. A validation
            part of one or two people is too noisy to choose an epoch by.
        precision: A Lightning precision; `auto` measures nothing, it takes bf16-mixed where the
            device computes in bfloat16 natively, else 32-true.
        seed: Source of all chance.
    """

    epochs: int = 30
    link_epochs: int = 3
    freeze_links: bool = False
    batch_size: int = 32
    lr: float = 5e-3
    link_lr: float = 5e-4
    weight_decay: float = 0.02
    warmup: float = 0.1
    schedule: str = "cosine"
    plateau_patience: int = 7
    plateau_factor: float = 0.1
    optimiser: str = "adamw"
    label_smoothing: float = 0.1
    class_weights: bool = False
    link_weight: float = 0.01
    forecast_weight: float = 1.0
    clip_norm: float = 5.0
    recompute: bool = False
    ema: float = 0.99
    patience: int = 0
    select: str = "last"
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class PretrainOptions:
    """Training without labels.

    Args:
        method: `masked`, or `contrastive`.
        all_clips: Learn from the people that the protocol tests as well.
        mask_share: Share of a clip that is hidden (masked).
        mask_span: Frames for which a part of the body is hidden at once (masked).
        motion_stride: Frames over which the motion that is predicted goes (masked).
        view_crop: Shortest share of a clip that a view covers (contrastive).
        temperature: Divides the cosines of two views (contrastive).
        divergence_weight: Weight of the extreme view's loss (contrastive); 0: no such view.
    """

    method: str = "masked"
    all_clips: bool = False
    mask_share: float = 0.6
    mask_span: int = 8
    motion_stride: int = 1
    view_crop: float = 0.5
    temperature: float = 0.1
    divergence_weight: float = 1.0


@dataclass(frozen=True)
class FewOptions:
    """Training with few labels.

    Args:
        method: A key of `skelgraph.training.semi.methods.table.METHODS`.
        method_options: Fields of the method's own options that differ from its defaults.
        label_budget: The labels that training may use, validation included: a share of the
            clips (`0.1`), a number a class (`5`), a CSV that names the clips, or `all` for all
            labels that the store has.
        draw_seed: Fixes which clips are labelled, where they are drawn.
        begin: What a method begins with: `supervised`, the weights after the supervised training
            on the same labels; `start`, those that the supervised training itself began with.
        supervised_epochs: Epochs of the supervised trainings; 0: as many as a cycle has.
        epoch_steps: Steps of an epoch; the epochs of `TrainOptions` are those of a cycle.
        unlabelled_ratio: Unlabelled clips of a step for each labelled one.
        strong: Augmentation of the strong view, a preset's name; the run's own augmentation is
            the weak one.
        guard: Keep the model that validation prefers: the method's, or the supervised one.
        guard_folds: Folds of the labelled clips in which both are compared.
        full_validation: Compare on the protocol's validation part, whose labels come on top of
            the budget.
        calibrate: Divide logits by the supervised model's temperature, fitted on validation,
            before a cycle's labels are chosen.
        points: Times at which the history of pseudo-labels is recorded, a cycle.
    """

    method: str = "fixmatch"
    method_options: dict[str, Any] = field(default_factory=dict)
    label_budget: str = "0.1"
    draw_seed: int = 0
    begin: str = "supervised"
    supervised_epochs: int = 0
    epoch_steps: int = 20
    unlabelled_ratio: int = 4
    strong: str = "strong"
    guard: bool = True
    guard_folds: int = 3
    full_validation: bool = False
    calibrate: bool = True
    points: int = 6


@dataclass(frozen=True)
class RunConfig:
    """All of a run's configuration, as `config.yaml` holds it.

    Args:
        layout: Name or file of the skeleton that the model sees.
        store: Path of the store, or None for simulated clips.
        data: Input options.
        protocol: Split options.
        model: Model options.
        training: Optimisation options.
        augment: Augmentation of training batches.
        pretrain: Training without labels; None: with them.
        simulated: Arguments of `skelgraph.data.synthetic.simulate` where store is None.
        start: Weights to start from. None: fresh ones.
        few: Training with few labels; None: with those of the whole training part.
    """

    layout: str
    store: str | None = None
    data: DataOptions = DataOptions()
    protocol: ProtocolOptions = ProtocolOptions()
    model: ModelOptions = ModelOptions()
    training: TrainOptions = TrainOptions()
    augment: AugmentOptions = AugmentOptions()
    pretrain: PretrainOptions | None = None
    simulated: dict[str, Any] = field(default_factory=dict)
    start: StartOptions | None = None
    few: FewOptions | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain containers, for YAML and JSON."""
        return _plain(asdict(self))


def from_dict(cls: type[T], values: Mapping[str, Any], *, where: str = "config") -> T:
    """Build a configuration dataclass, nested ones included, from plain containers.

    Raises:
        ConfigError: If a key is unknown, with the nearest name.
    """
    hints = get_type_hints(cls)
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    arguments = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(unknown_name(f"{where}, key", key, known))
        nested = _dataclass_in(hints[key])
        if nested is not None and value is not None:
            value = from_dict(nested, value, where=f"{where}.{key}")
        elif isinstance(value, list):
            value = tuple(value)
        arguments[key] = value
    return cls(**arguments)


def _dataclass_in(hint: Any) -> Any:
    """The dataclass that a field holds, alone or beside None; None for other fields."""
    return next((part for part in (hint, *get_args(hint)) if is_dataclass(part)), None)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
