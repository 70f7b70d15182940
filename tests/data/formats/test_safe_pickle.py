"""Pickles from anywhere: what is read, and that nothing in them ever runs."""

from __future__ import annotations

import collections
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.formats.raw.safe_pickle import load_pickle
from skelgraph.errors import FormatError

POINTS = np.arange(24.0).reshape(2, 3, 4)
CONTENT = {
    "split": {"train": ["a", "b"], "test": []},
    "annotations": [
        {"label": 3, "shape": (320, 426), "valid": {0.5: 150}, "score": None, "done": True},
        {"label": -(2**70), "x": 1.5, "raw": b"\x00\xff", "name": "Ünï", "set": {"a", 2}},
    ],
    "arrays": [
        *(POINTS.astype(kind) for kind in ("f2", "f4", "f8", ">f4", "i1", "u2", "i8", "?")),
        *(np.asfortranarray(POINTS[0]), np.array(["a", "bcd"]), np.zeros((0, 3)), np.array(4.0)),
    ],
    "scalars": [np.int64(-3), np.float32(0.5), np.float16(2), np.bool_(True)],
    "fixed": frozenset(["x"]),
    "ordered": collections.OrderedDict(a=1),
}


def save(folder: Path, content: bytes) -> Path:
    path = folder / "file.pkl"
    path.write_bytes(content)
    return path


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_content_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    assert same(CONTENT, load_pickle(save(tmp_path, pickle.dumps(CONTENT, protocol))))


def test_pickles_of_python_2(tmp_path: Path) -> None:
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85U\x01b"
        b"\x87Rq\x02(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff"
        b"\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08" + struct.pack("<2f", 1.5, -2.0) + b"tb."
    )
    np.testing.assert_array_equal(load_pickle(save(tmp_path, array)), np.float32([1.5, -2]))
    assert load_pickle(save(tmp_path, b"(lp0\nS'S001'\np1\naL5L\naI01\na.")) == ["S001", 5, True]


def test_a_repeated_container_is_one(tmp_path: Path) -> None:
    one = [1]
    found = load_pickle(save(tmp_path, pickle.dumps([one, one])))
    assert found[0] is found[1]


class Runs:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch ran"),
        (eval, "open('ran', 'w')"),
        (getattr, "ran", "upper"),
        (np.load, "ran"),
        (np.fromfile, "ran"),
        (Path, "ran"),
    ],
)
def test_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Any, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    path = save(tmp_path, pickle.dumps([CONTENT, Runs(*call)], protocol))
    with pytest.raises(FormatError, match=r"file\.pkl, byte .* got a call of .* Nothing of it"):
        load_pickle(path)
    assert not (tmp_path / "ran").exists()


def objects(kind: Any) -> bytes:
    return pickle.dumps(np.zeros(2, dtype=kind))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a whole pickle"),
        (b"hello world", "expected a whole pickle"),
        (b"\x80\x04]", "expected a whole pickle"),
        (b"\x80\x04.", "nothing left to take"),
        (pickle.dumps(CONTENT)[:-40], "expected a whole pickle"),
        (pickle.dumps(np.zeros(2, dtype=object)), "got an array of 'O8'"),
        (objects([("a", "f4")]), "got an array of 'V4'"),
        (pickle.dumps(np.ma.zeros(2)), "got a call of 'numpy.ma"),
        (pickle.dumps(3j), r"a call of 'builtins\.complex'"),
        (b"cos\nsystem\n(S'id'\ntR.", r"a call of 'os\.system'"),
        (b"cnumpy\nndarray\n(I9999999999\ntR.", "a call of a class"),
        (b"\x80\x02cnumpy\nndarray\n.", "unfinished global"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", r"the step '\\x81'"),
        (b"\x80\x02]}b.", "a state for a list"),
        (b"(i__main__\nRuns\n.", "the step 'i'"),
        (b"\x80\x02P1\n.", "the step 'P'"),
        (b"\x8e" + b"\xff" * 8 + b".", "bytes announced, 1 left"),
        (b"\x80\x04" + b"](" * 2000, "more than 1000 levels"),
        (b"\x80\x04" + b"]" * 60_000, "more containers than"),
        (b"\x80\x04)" + b"\x85" * 500 + b".", "more than 32 levels of nesting"),
        (b"\x80\x04]q\x00h\x00a.", None),
        (b"\x80\x04N" + b"\x94" * 9000 + b"N.", "more remembered values"),
        (b"L" + b"9" * 9000 + b"L\n.", "expected a whole pickle"),
        (b"\x80\x04}K\x01\x85K\x02s.", "a tuple as a key"),
        (b"\x80\x04N2222222e.", "expected a whole pickle"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: bytes, message: str | None) -> None:
    path = save(tmp_path, content)
    if message is None:
        load_pickle(path)  # a list in itself: odd, but no danger to who looks for annotations
        return
    with pytest.raises(FormatError, match=message):
        load_pickle(path)


def test_a_tower_of_doubled_tuples_is_one_step_a_level(tmp_path: Path) -> None:
    tower = b"\x80\x04)" + b"2\x86" * 30 + b"."
    assert isinstance(load_pickle(save(tmp_path, tower)), tuple)
    with pytest.raises(FormatError, match="a tuple as a key"):
        load_pickle(save(tmp_path, b"\x80\x04})" + b"2\x86" * 30 + b"K\x01s."))


def test_an_array_is_as_large_as_its_bytes(tmp_path: Path) -> None:
    sound = pickle.dumps(np.zeros((2, 3), dtype="f4"), 2)
    lying = sound.replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")
    assert lying != sound
    with pytest.raises(FormatError, match=r"an array of shape .* with 24 bytes"):
        load_pickle(save(tmp_path, lying))


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_are_an_error_or_plain(tmp_path_factory: Any, data: st.DataObject) -> None:
    content = bytearray(pickle.dumps(CONTENT, data.draw(st.sampled_from([0, 2, 4]))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = save(tmp_path_factory.getbasetemp(), bytes(content[: data.draw(st.integers(1, 9999))]))
    try:
        load_pickle(path)
    except FormatError as error:
        assert "expected" in str(error)


@pytest.mark.data
def test_the_real_file(recordings: Path) -> None:
    found = load_pickle(recordings / "native" / "mmaction2" / "sample.pkl")
    assert len(found["annotations"]) == len(found["split"]["train"]) == 100
    first = found["annotations"][0]
    assert first["frame_dir"] == "jf7RDuUTrsQ" and first["label"] == 325
    assert first["frame_inds"].dtype == np.int16 and first["frame_inds"].max() == 299
