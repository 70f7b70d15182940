"""Who is seen: never a person who tests, with labels or without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ProtocolError
from skelgraph.graphs import load_layout
from skelgraph.training.clips import split_store
from skelgraph.training.config import ProtocolOptions
from skelgraph.training.pretrain.clips import SeenSplit, split_seen
from tests.training.clips import CLASSES, make_clips

PROTOCOLS = [
    ProtocolOptions(),
    ProtocolOptions(protocol="random", fold=1, folds=2),
    ProtocolOptions(protocol="loso", fold=2),
    ProtocolOptions(protocol="xsub", test=(1,), val=(3,)),
    ProtocolOptions(protocol="xview", test=(1,)),
]


def half_labelled(path: Path) -> Store:
    """Every third clip has no label, and nothing of the last person has one."""
    clips = make_clips(load_layout("coco17"))
    clips = [
        replace(
            clip,
            camera=number // 6 % 2,
            label=None if number % 3 == 0 or clip.subject == 5 else clip.label,
        )
        for number, clip in enumerate(clips)
    ]
    return write_store(path, clips, class_names=CLASSES, provenance={})


def people(store: Store, rows: np.ndarray) -> set[int]:
    return set(store.clips.subject[rows].tolist())


def whole(split: SeenSplit, store: Store) -> bool:
    rows = np.concatenate([split.train, split.val, split.kept_out])
    return sorted(rows.tolist()) == list(range(store.num_clips))


@pytest.mark.parametrize(
    "protocol",
    [one for one in PROTOCOLS if one.protocol != "xview"],  # the store has no cameras
    ids=lambda p: f"{p.protocol}{p.fold}",
)
def test_the_line_is_where_training_with_labels_draws_it(
    store: Store, protocol: ProtocolOptions
) -> None:
    seen, labelled = split_seen(store, protocol, all_clips=False), split_store(store, protocol)
    assert np.array_equal(seen.train, labelled.train)
    assert np.array_equal(seen.val, labelled.val)
    assert np.array_equal(seen.kept_out, labelled.test)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.protocol}{p.fold}")
def test_clips_without_a_label_go_with_their_person_or_camera(
    tmp_path: Path, protocol: ProtocolOptions
) -> None:
    store = half_labelled(tmp_path / "half")
    seen, labelled = split_seen(store, protocol, all_clips=False), split_store(store, protocol)
    assert whole(seen, store)
    assert set(labelled.train) < set(seen.train)
    assert not set(labelled.test) & {*seen.train, *seen.val}
    assert not people(store, seen.val) & people(store, seen.train)
    if protocol.protocol == "xview":  # the camera that tests, whoever is in its pictures
        assert not store.clips.camera[np.concatenate([seen.train, seen.val])].any()
    else:
        assert not people(store, labelled.test) & people(store, np.union1d(seen.train, seen.val))
        assert 5 in people(store, seen.train)  # nobody who tests


def test_without_any_label_people_are_dealt_all_the_same(tmp_path: Path) -> None:
    clips = [replace(clip, label=None) for clip in make_clips(load_layout("coco17"))]
    store = write_store(tmp_path / "none", clips, class_names=(), provenance={})
    for protocol in (ProtocolOptions(), ProtocolOptions(protocol="loso", fold=2)):
        seen = split_seen(store, protocol, all_clips=False)
        assert whole(seen, store) and len(seen.kept_out)
        parts = [people(store, rows) for rows in (seen.train, seen.val, seen.kept_out)]
        assert sum(map(len, parts)) == 6 and all(parts)


def test_files_name_clips_with_and_without_a_label(tmp_path: Path) -> None:
    store = half_labelled(tmp_path / "half")
    names, subject = store.clips.name, store.clips.subject
    lines = [
        f"{name},{('test', 'val', 'train', 'train', '', 'unlabelled')[person]}"
        for name, person in zip(names, subject, strict=True)
        if person != 4
    ]
    path = tmp_path / "split.csv"
    path.write_text("\n".join(["clip,split", *lines]), encoding="utf-8")
    seen = split_seen(store, ProtocolOptions(protocol="files", files=str(path)), all_clips=False)
    assert people(store, seen.train) == {2, 3, 5}
    assert people(store, seen.val) == {1}
    assert people(store, seen.kept_out) == {0, 4}
    assert whole(seen, store)
    path.write_text("\n".join(["clip,split", *(f"{n},train" for n in names[6:])]) + "\n")
    seen = split_seen(store, ProtocolOptions(protocol="files", files=str(path)), all_clips=False)
    assert people(store, seen.kept_out) == {0}
    assert len(people(store, seen.val)) == 1 and not people(store, seen.val) & people(
        store, seen.train
    )
    path.write_text("\n".join(["clip,split", f"{names[0]},train", f"{names[1]},test"]))
    with pytest.raises(ProtocolError, match="expected in one part, got in several"):
        split_seen(store, ProtocolOptions(protocol="files", files=str(path)), all_clips=False)


def test_all_clips_are_seen_but_those_that_measure(store: Store) -> None:
    seen = split_seen(store, ProtocolOptions(val_fraction=0.2), all_clips=True)
    assert len(seen.kept_out) == 0 and whole(seen, store)
    assert not people(store, seen.val) & people(store, seen.train)
    assert len(people(store, seen.val)) in (1, 2)
    alone = split_seen(store, ProtocolOptions(val_fraction=0.0), all_clips=True)
    assert len(alone.train) == store.num_clips


def test_a_protocol_that_does_not_fit_is_an_error(store: Store) -> None:
    with pytest.raises(ProtocolError, match="camera"):
        split_seen(store, ProtocolOptions(protocol="xview"), all_clips=False)
