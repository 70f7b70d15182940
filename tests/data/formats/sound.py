"""A small sound source of every format and form, for tests and fuzz runs that damage them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.io import savemat

from skelgraph.data.formats import ReadOptions
from tests.data import made_up, test_npz
from tests.data.formats import (
    test_array_sets,
    test_described_table,
    test_florence3d,
    test_keraal_pose,
    test_kinect_v2_text,
    test_kinetics_json,
    test_mads,
    test_mediapipe_files,
    test_mmaction_pickle,
    test_msr_action3d,
    test_ntu_skeleton,
    test_nw_ucla,
    test_openpose_json,
    test_shrec,
    test_utd_mhad,
    test_utkinect,
)

Sound = tuple[Path, ReadOptions]
Write = Callable[[Path], Sound]
"""Writes a source into an empty folder; gives its path and what the user tells its reader."""

PLAIN = ReadOptions()


def _file(write: Callable[[Path], Path], name: str = "") -> Write:
    """Make a sound source of a writer that takes a path, or a folder where no name is given."""
    return lambda folder: (write(folder / name if name else folder), PLAIN)


def _npz(**changes: Any) -> Write:
    return lambda folder: (made_up.write_npz(folder / "set.npz", **changes), PLAIN)


def _packed_npz(folder: Path) -> Sound:
    np.savez_compressed(folder / "set.npz", **made_up.arrays())
    return folder / "set.npz", PLAIN


def _ctrgcn(folder: Path) -> Sound:
    changes = {"y_train": np.eye(5)[[0, 1, 2]], "x_test": None, "y_test": None}
    return test_array_sets.ctrgcn(folder, **changes), PLAIN


def _ctrgcn_packed(folder: Path) -> Sound:
    rows = test_array_sets.rows(2).astype(np.float64)
    np.savez_compressed(folder / "set.npz", x_train=rows, y_train=np.array([0, 7]))
    return folder / "set.npz", PLAIN


def _stgcn_folder(folder: Path) -> Sound:
    test_array_sets.stgcn(folder)
    return folder, PLAIN


def _described(folder: Path, source: Path, **mapping: Any) -> Sound:
    file = folder / "mapping.yaml"
    file.write_text(yaml.safe_dump(mapping, sort_keys=False))
    return source, ReadOptions(mapping=str(file))


def _table(folder: Path) -> Sound:
    source = test_described_table.write(folder / "a.csv", before={"t": range(6)})
    return _described(folder, source, layout="kinect_v1", units="metre", fps=30, time="t")


def _table_of_clips(folder: Path) -> Sound:
    before: dict[str, list[Any]] = {"who": [1, 1, 1, 2, 2, 2], "what": ["a"] * 3 + ["b"] * 3}
    source = test_described_table.write(folder / "set" / "a.csv", before=before).parent
    facts = {"layout": "kinect_v1", "units": "metre", "fps": 30}
    return _described(folder, source, **facts, clip="who", subject="who", label="what")


def _c3d(folder: Path) -> Sound:
    from tests.data.formats import test_c3d  # needs the extra formats

    layout = test_c3d.LAYOUT
    source = test_c3d.write(folder / "S07_wave.c3d")
    joints = {layout.joints[0]: ["WRA", "WRB"]}
    return _described(
        folder, source, layout=layout.name, axes=["right", "away", "up"], joints=joints
    )


def _bvh(folder: Path) -> Sound:
    from tests.data.formats import test_bvh  # needs the extra formats

    source = test_bvh.write(folder / "S07_wave.bvh")
    return _described(folder, source, **test_bvh.MAPPING)


def _pose(version: float) -> Write:
    def write(folder: Path) -> Sound:
        from tests.data.formats import test_pose_file  # needs the extra formats

        components = {
            "POSE_LANDMARKS": test_pose_file.POSE,
            "FACE_LANDMARKS": ["0", "7"],
            "LEFT_HAND_LANDMARKS": test_pose_file.HAND,
        }
        return test_pose_file.write(folder / "sign.pose", components, version=version), PLAIN

    return write


def _kinetics(folder: Path) -> Sound:
    body = test_kinetics_json.body
    content = test_kinetics_json.video([[body(0.3)], [], [body(0.31), body(0.7)]])
    return test_kinetics_json.write(folder, content), test_kinetics_json.SIZE


def _kinetics_folder(folder: Path) -> Sound:
    _kinetics(folder / "set_val")
    labels = {"abc": {"has_skeleton": True, "label": "juggling balls", "label_index": 3}}
    test_kinetics_json.write(folder, labels, "set_val_label.json")
    return folder, test_kinetics_json.SIZE


def _mads_packed(folder: Path) -> Sound:
    frames = test_mads.poses()
    cells = np.empty((1, len(frames)), dtype=object)
    cells[0, :] = frames
    savemat(folder / test_mads.NAME, {"GTpose2": cells}, do_compression=True)
    return folder / test_mads.NAME, PLAIN


def _mediapipe_rows(dims: int) -> Write:
    def write(folder: Path) -> Sound:
        rows = [test_mediapipe_files.hand_row(label, dims) for label in (1, 0, 1)]
        (folder / "keypoint_labels.csv").write_text("Open\nClose\n")
        return test_mediapipe_files.write_rows(folder / "keypoint.csv", rows), PLAIN

    return write


def _mediapipe_json(folder: Path) -> Sound:
    frames = [test_mediapipe_files.holistic(t) for t in range(2)]
    content = {"fps": 25, "width": 640, "height": 480, "frames": frames}
    return test_mediapipe_files.dump(folder / "a.json", content), PLAIN


def _mediapipe_npy(folder: Path) -> Sound:
    frames = {f"wave__0__{t}": test_mediapipe_files.numbers(t, face=False) for t in range(3)}
    return test_mediapipe_files.save(folder / "data", **frames), PLAIN


def _mediapipe_array(folder: Path) -> Sound:
    frames = np.stack([test_mediapipe_files.numbers(t, face=False) for t in range(3)])
    return test_mediapipe_files.save(folder / "data", wave__a=frames), PLAIN


def _mmaction(folder: Path, annotations: list[dict[str, Any]], protocol: int) -> Sound:
    names = [str(entry["frame_dir"]) for entry in annotations]
    content = {"split": {"xsub_train": names[:1], "xsub_val": names[1:]}}
    raw = pickle.dumps({**content, "annotations": annotations}, protocol)
    return test_mmaction_pickle.save(folder, raw), PLAIN


def _mmaction_flat(folder: Path) -> Sound:
    made = [test_mmaction_pickle.flat("a", bodies=2), test_mmaction_pickle.flat("b")]
    return _mmaction(folder, made, 4)


def _mmaction_solid(folder: Path) -> Sound:
    names = ("S001C001P001R001A001", "S001C001P002R001A002")
    return _mmaction(folder, [test_mmaction_pickle.solid(name) for name in names], 2)


def _ntu(folder: Path) -> Sound:
    body = test_ntu_skeleton.moving(3)
    other = test_ntu_skeleton.moving(3, scale=0.3, body="72057594037944739")
    content = test_ntu_skeleton.text([list(pair) for pair in zip(body, other, strict=True)])
    return test_ntu_skeleton.write(folder, content), PLAIN


def _ntu_folder(folder: Path) -> Sound:
    for name in (test_ntu_skeleton.NAME, test_ntu_skeleton.NAME.replace("R001", "R002")):
        test_ntu_skeleton.write(folder, test_ntu_skeleton.SOUND, name)
    return folder, PLAIN


def _openpose_folder(folder: Path) -> Sound:
    frames = test_openpose_json.walking(3, test_openpose_json.person(400, hands=True))
    return test_openpose_json.folder(folder / "walk", frames), PLAIN


def _openpose_zip(folder: Path) -> Sound:
    frames = test_openpose_json.walking(3, test_openpose_json.person(400))
    return test_openpose_json.packed(folder / "set.zip", frames), PLAIN


def _openpose_frame(folder: Path) -> Sound:
    content = test_openpose_json.text(test_openpose_json.person(hands=True))
    test_openpose_json.folder(folder, {"0.json": content})
    return folder / "0.json", PLAIN


def _nw_ucla_folder(folder: Path) -> Sound:
    for name in (test_nw_ucla.NAME, test_nw_ucla.NAME.replace("e02", "e03")):
        test_nw_ucla.write(folder / name, file_name=name[:-5])
    return folder, PLAIN


def _keraal_blaze(folder: Path) -> Sound:
    from skelgraph.data.formats.sets.keraal_detectors import DETECTORS

    frames = {f"{t}.0": test_keraal_pose.frame(DETECTORS[-1], add=t / 10) for t in (1, 2)}
    return test_keraal_pose.write(folder / test_keraal_pose.NAME, frames), PLAIN


SOUND: dict[str, tuple[Write, ...]] = {
    "npz": (_npz(), _npz(**test_npz.pixels()), _npz(**test_npz.two_hands()), _packed_npz),
    "bvh": (_bvh,),
    "c3d": (_c3d,),
    "ctrgcn_npz": (_ctrgcn, _ctrgcn_packed),
    "florence3d": (_file(test_florence3d.write, test_florence3d.NAME),),
    "irds": (_file(test_kinect_v2_text.write_irds, test_kinect_v2_text.IRDS),),
    "keraal_kinect": (_file(test_kinect_v2_text.write_keraal, test_kinect_v2_text.KERAAL),),
    "keraal_pose": (_file(test_keraal_pose.write_sound, test_keraal_pose.NAME), _keraal_blaze),
    "kimore": (_file(test_kinect_v2_text.write_kimore, "input.csv"),),
    "kinetics_json": (_kinetics, _kinetics_folder),
    "mads": (_file(test_mads.write_sound, test_mads.NAME), _mads_packed),
    "mediapipe_csv": (_mediapipe_rows(2), _mediapipe_rows(3)),
    "mediapipe_json": (_mediapipe_json,),
    "mediapipe_npy": (_mediapipe_npy, _mediapipe_array),
    "mmaction_pickle": (_mmaction_flat, _mmaction_solid),
    "msr_action3d": (_file(test_msr_action3d.write_sound, test_msr_action3d.NAME),),
    "ntu_skeleton": (_ntu, _ntu_folder),
    "nw_ucla": (_file(test_nw_ucla.write, test_nw_ucla.NAME), _nw_ucla_folder),
    "openpose_json": (_openpose_folder, _openpose_zip, _openpose_frame),
    "pose": (_pose(0.1), _pose(0.2)),
    "shrec": (_file(test_shrec.write),),
    "shrec_28": (_file(test_shrec.write),),
    "stgcn_arrays": (_file(test_array_sets.stgcn), _stgcn_folder),
    "table": (_table, _table_of_clips),
    "utd_mhad": (
        _file(test_utd_mhad.write_plain, test_utd_mhad.NAME),
        _file(test_utd_mhad.write_compressed, test_utd_mhad.NAME),
    ),
    "utkinect": (
        _file(test_utkinect.write),
        _file(lambda root: test_utkinect.write(root).parents[1]),
    ),
}
"""Format name -> writers of its forms; a test fails where a format is missing."""
