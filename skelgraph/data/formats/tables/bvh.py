"""BVH files of motion capture: angles turned into positions, joints mapped by a mapping file.

A hierarchy of joints with offsets and channels, then a row of numbers a frame. The mapping (see
`TableMapping`) gives layout and axes, under `joints` the BVH joint of each joint, or several whose
mean it is, and the length of a unit, which the format leaves open. End sites are called by their
joint: Head.end. Lost: other joints and all rotations about a bone's own axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import first_files, read_each
from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tables.bvh_motion import parts_of, read_motion
from skelgraph.data.formats.tables.described_points import (
    PointPlan,
    make_clip,
    plan_points,
    take_joints,
)
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError

LENGTHS = ("metre", "millimetre")


def recognises(path: Path) -> bool:
    """Tell whether this is a file that ends in .bvh, or a folder with such files."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".bvh"
        return bool(first_files(path, "*.bvh", 1))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a BVH file or a folder of them.

    Raises:
        FormatError: If there is no mapping, no length of a unit, or nothing can be read.
        MissingExtraError: If bvhio is not installed.
    """
    need("bvhio", package="bvhio", what="reading .bvh files")
    plan = plan_points(path, ending=".bvh", what="joint", options=options)
    units, scale = _units(plan)
    report = ConversionReport(source=source_name(path), format="bvh")
    parse = partial(_clips, plan=plan, units=units, scale=scale)
    return Reading(
        clips=read_each(plan.files, parse, root=path, report=report),
        num_clips=len(plan.files),
        class_names=plan.class_names,
        report=report,
    )


def _units(plan: PointPlan) -> tuple[str, float]:
    """Find the unit of the clips, and what to multiply by."""
    given, scale = plan.options.units or plan.mapping.units, plan.mapping.scale
    if scale is not None and given in (None, "metre"):
        return "metre", float(scale)
    if scale is None and given in LENGTHS:
        return str(given), 1.0
    got = "none" if given is None else f"'{given}'"
    raise FormatError(
        f"{plan.mapping.path}: expected the length of a unit, which BVH does not say, got "
        f"{got if scale is None else f'{got} and a scale'}. Write scale: 0.01 for centimetres, "
        "0.0254 for inches; or units: metre or millimetre."
    )


def _clips(
    file: Path, report: ConversionReport, *, plan: PointPlan, units: str, scale: float
) -> Iterator[Clip]:
    motion = read_motion(file)
    names = [node.name for node in motion.nodes]
    joints = np.empty((len(motion.values), plan.layout.num_joints, 3), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged number ends as a missing joint
        for frames, positions in parts_of(motion):
            joints[frames] = take_joints(file, to_float32(positions * scale), names, plan)
    yield make_clip(file, joints, plan, report, units=units, fps=motion.fps)
