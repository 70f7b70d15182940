"""Whole sets in one .npz file: all clips' frames one after another, and columns about them.

Keys: `keypoints` (F, V, C') with `offsets` (clips + 1), or (clips, T, M, V, C') with all
clips of one length; `joint_names` or `layout` (names rule, the layout is a hint); `units`;
optional `label`, `class_names`, `subject`, `camera`, `setup`, `repetition`, `fps`, `width`,
`height`, `bodies`. Further one-dimensional arrays with an entry a clip become columns.
In pixels C' is x, y and maybe confidence; else x, y, z and maybe confidence or a Kinect
tracking state (0 lost, 1 inferred, 2 tracked; kept as confidence 0, 0.5, 1).
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.clip import HOUSE_AXES, IMAGE_AXES, Clip
from skelgraph.data.formats.arrays import ctrgcn_npz
from skelgraph.data.formats.arrays.npz_checks import (
    COLUMNS,
    UNIT_NAMES,
    as_text,
    as_texts,
    count_clips,
    npz_faults,
)
from skelgraph.data.formats.arrays.npz_stream import DAMAGE, damaged
from skelgraph.data.formats.joint_order import JointOrder, find_order
from skelgraph.data.formats.raw.archives import refuse_bombs
from skelgraph.data.formats.raw.npy_file import read_header
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults

FACTS = ("keypoints", "offsets", "class_names", "joint_names", "layout", "fps", "units", "bodies")


def recognises(path: Path) -> bool:
    """Tell whether this is an .npz file, but for those with x_train or x_test (CTR-GCN's)."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    return not ctrgcn_npz.recognises(path)  # a damaged one too: reading it says how


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open an .npz set.

    Raises:
        FormatError: If the file is damaged; lists everything that is wrong with it.
    """
    arrays = _load(path)
    if options.units is not None:
        arrays.setdefault("units", np.array(options.units))
    faults = npz_faults(arrays)
    if faults:
        raise FormatError(list_faults([f"{path}: {fault}" for fault in faults]))
    report = ConversionReport(source=source_name(path), format="npz", files=1)
    order = find_order(
        path,
        num_joints=arrays["keypoints"].shape[-2],
        joint_names=as_texts(arrays.get("joint_names")),
        hint=as_text(arrays.get("layout")),
        asked=options.layout,
    )
    report.notes += order.notes
    plan = _plan(path, arrays, order, options, report)
    return Reading(
        clips=_clips(arrays, plan, report),
        num_clips=plan.num_clips,
        class_names=tuple(as_texts(arrays.get("class_names")) or _made_up_names(arrays)),
        report=report,
    )


@dataclass(frozen=True)
class _Plan:
    """What holds for all clips of a file."""

    stem: str
    source: str
    order: JointOrder
    units: str
    fps: float | None
    width: int | None
    height: int | None
    num_clips: int
    scored: bool
    states: bool
    origin: list[int]
    bodies: list[int] | None
    extra: dict[str, np.ndarray]

    @property
    def axes(self) -> tuple[str, ...]:
        if self.units == "pixel":
            return IMAGE_AXES[:2]
        return IMAGE_AXES if self.units == "image fraction" else HOUSE_AXES


def _plan(
    path: Path,
    arrays: dict[str, np.ndarray],
    order: JointOrder,
    options: ReadOptions,
    report: ConversionReport,
) -> _Plan:
    units = UNIT_NAMES[as_text(arrays["units"]) or ""]
    channels = arrays["keypoints"].shape[-1]
    scored = channels == (3 if units == "pixel" else 4)
    states = scored and units != "pixel" and _are_states(arrays["keypoints"][..., -1])
    if states:
        report.notes.append("fourth channel read as Kinect tracking state (0 is missing)")
    num_clips = count_clips(arrays)
    known = {*COLUMNS, *FACTS, "width", "height", "clip"}
    extra = {
        key: value
        for key, value in arrays.items()
        if key not in known and value.ndim == 1 and len(value) == num_clips
    }
    return _Plan(
        stem=path.stem,
        source=source_name(path),
        order=order,
        units=units,
        fps=options.fps or _positive(arrays.get("fps")),
        width=options.width or _whole(arrays.get("width")),
        height=options.height or _whole(arrays.get("height")),
        num_clips=num_clips,
        scored=scored,
        states=states,
        origin=[] if units == "pixel" else _origin(arrays["keypoints"], order, report),
        bodies=_body_order(arrays, order, report),
        extra=extra,
    )


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile("no zip archive, or one that is cut off")
            file.seek(0)
            with np.load(file, allow_pickle=False) as content:
                refuse_bombs(path, content.zip.infolist())
                _refuse_false_sizes(content.zip)
                arrays = {key: content[key] for key in content.files}
    except FileNotFoundError as error:
        raise FormatError(f"{path}: expected a file, got none. Check the path.") from error
    except DAMAGE as error:
        raise damaged(path, error) from error
    faults = [fault for key, value in arrays.items() if (fault := _array_fault(key, value))]
    if faults:
        raise FormatError(list_faults([f"{path}: {fault}" for fault in faults]))
    return arrays


def _refuse_false_sizes(archive: zipfile.ZipFile) -> None:
    """Hold each array's header against its bytes before numpy makes room for what it claims."""
    for info in archive.infolist():
        with archive.open(info) as file:
            shape, _, dtype = read_header(file)
            size = info.file_size - file.tell()
        if not dtype.hasobject and math.prod(shape) * dtype.itemsize != size:
            raise ValueError(f"{size} bytes for {dtype} {shape} in '{info.filename}'")


def _array_fault(key: str, value: np.ndarray) -> str:
    """Say what makes texts none."""
    if value.dtype.kind != "U" or value.dtype.itemsize == 0 or not value.size:
        return ""
    codes = np.frombuffer(value.tobytes(), dtype=np.uint32).astype(value.dtype.byteorder + "u4")
    if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
        return f"{key[:100]!r}: expected texts, got damaged ones. Copy or make the set again."
    return ""


def _clips(arrays: dict[str, np.ndarray], plan: _Plan, report: ConversionReport) -> Iterator[Clip]:
    keypoints = arrays["keypoints"]
    for row in range(plan.num_clips):
        name = f"{plan.stem}_{row:05d}"
        if keypoints.ndim == 5:
            frames = keypoints[row]
        else:
            frames = keypoints[arrays["offsets"][row] : arrays["offsets"][row + 1], None]
        positions, score = _separate(frames, plan, report)
        yield _clip(arrays, plan, row, name, positions, score)


def _clip(
    arrays: dict[str, np.ndarray],
    plan: _Plan,
    row: int,
    name: str,
    positions: np.ndarray,
    score: np.ndarray | None,
) -> Clip:
    number = {key: int(arrays[key][row]) if key in arrays else -1 for key in COLUMNS}
    label = number.pop("label")
    return Clip(
        keypoints=positions,
        layout=plan.order.layout,
        name=name,
        confidence=score,
        units=plan.units,
        axes=plan.axes,
        fps=plan.fps,
        label=None if label < 0 else label,
        **number,
        width=plan.width,
        height=plan.height,
        source=f"{plan.source}#{row}",
        extra={key: values[row] for key, values in plan.extra.items()},
    )


def _separate(
    frames: np.ndarray, plan: _Plan, report: ConversionReport
) -> tuple[np.ndarray, np.ndarray | None]:
    """Split channels into positions (T, M, V, C) and scores, and mark what is missing as NaN."""
    frames = to_float32(frames[:, :, plan.order.index])
    if plan.bodies is not None:
        frames = frames[:, plan.bodies]
    positions = frames[..., :-1].copy() if plan.scored else frames
    score = frames[..., -1].copy() if plan.scored else None
    infinite = np.isinf(positions).any(axis=-1)
    nan = np.isnan(positions).any(axis=-1) & ~infinite
    zero = (positions == 0).all(axis=-1)
    zero[..., plan.origin] = False
    lost = np.zeros_like(zero)
    if score is not None and (plan.states or plan.units == "pixel"):
        lost = ~(score > 0) & ~zero
    report.repaired["joints with an infinite coordinate -> missing"] += int(infinite.sum())
    report.repaired["joints with a NaN coordinate -> missing"] += int(nan.sum())
    report.repaired["joints at the origin -> missing"] += int(zero.sum())
    report.repaired["joints with confidence or state 0 -> missing"] += int(lost.sum())
    positions[infinite | nan | zero | lost] = np.nan
    if score is not None:
        score = np.nan_to_num(score, nan=0.0, posinf=1.0, neginf=0.0)
        score = score / 2 if plan.states else score
        score[infinite | nan | zero | lost] = 0.0
        score = np.clip(score, 0.0, 1.0)
    return positions, score


def _made_up_names(arrays: dict[str, np.ndarray]) -> list[str]:
    labels = arrays.get("label")
    highest = -1 if labels is None or len(labels) == 0 else int(labels.max())
    return [str(label) for label in range(highest + 1)]


def _origin(keypoints: np.ndarray, order: JointOrder, report: ConversionReport) -> list[int]:
    """Find central joints that are the recording's origin: at zero whenever others are not."""
    zero = (keypoints[..., :3] == 0).all(axis=-1).reshape(-1, keypoints.shape[-2])[:, order.index]
    seen = ~zero.all(axis=1)
    layout = order.layout
    central = sorted({layout.root, *layout.centre})
    found = [joint for joint in central if seen.any() and zero[seen, joint].all()]
    report.notes.extend(
        f"'{layout.joints[joint]}' is always at the origin: kept as the origin of the recording"
        for joint in found
    )
    return found


def _body_order(
    arrays: dict[str, np.ndarray], order: JointOrder, report: ConversionReport
) -> list[int] | None:
    names = as_texts(arrays.get("bodies"))
    if order.layout.instances != "hands":
        return None
    if names is None:
        report.notes.append("sides of the hands not named: read as slot 0 left, slot 1 right")
        return None
    sides = {name: slot for slot, name in enumerate(names)}
    if names == ["left", "right"] or set(sides) != {"left", "right"}:
        return None
    report.notes.append(f"hands put in the order left, right (file: {', '.join(names)})")
    return [sides["left"], sides["right"]]


def _are_states(values: np.ndarray) -> bool:
    found = set(np.unique(values).tolist())
    return 2.0 in found and found <= {0.0, 1.0, 2.0}


def _positive(value: np.ndarray | None) -> float | None:
    if value is None or value.ndim or value.dtype.kind not in "fiu":
        return None
    number = float(value)
    return number if np.isfinite(number) and number > 0 else None


def _whole(value: np.ndarray | None) -> int | None:
    number = _positive(value)
    return None if number is None else int(number)
