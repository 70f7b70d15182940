"""The tables of a run, read back and refused where they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelgraph.errors import RunError
from skelgraph.training.run_tables import read_history, read_metrics, read_predictions

HISTORY = "epoch,stage,train_loss,val_top1\n1,links,600,\n2,main,1.5,0.25\n"
PREDICTIONS = (
    "clip,split,label,predicted,open,close\n"
    "a,test,open,close,0.4,0.6\nb,test,,open,0.9,0.1\nc,val,open,open,0.8,0.2\n"
)


def test_history_keeps_gaps(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY)
    history = read_history(tmp_path)
    assert history["stage"].tolist() == ["links", "main"]
    np.testing.assert_array_equal(history["val_top1"], [np.nan, 0.25])
    np.testing.assert_array_equal(history["epoch"], [1, 2])


def test_predictions_of_a_part(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text(PREDICTIONS)
    table = read_predictions(tmp_path)
    assert (table.class_names, table.names) == (("open", "close"), ("a", "b"))
    assert table.label.tolist() == [0, -1]
    assert table.predicted.tolist() == [1, 0]
    np.testing.assert_allclose(table.probabilities, [[0.4, 0.6], [0.9, 0.1]])
    assert read_predictions(tmp_path, "val").names == ("c",)
    with pytest.raises(
        RunError, match=r"split: expected one of test, val, got 'tst'. Did you mean"
    ):
        read_predictions(tmp_path, "tst")


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("history.csv", "", "rows of one length"),
        ("history.csv", "epoch,lr\n1\n", "rows of one length"),
        ("history.csv", "epoch,lr\n", "a row an epoch"),
        ("history.csv", "epoch,lr\n1,fast\n", "numbers as lr"),
        ("predictions.csv", "clip,split\na,test\n", "columns clip, split"),
        ("predictions.csv", PREDICTIONS.replace("0.4", "much"), "known classes and numbers"),
        ("predictions.csv", PREDICTIONS.replace("test,open", "test,shut"), "known classes"),
        ("metrics.json", '{"classes": ', "a JSON document"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, name: str, text: str, rule: str) -> None:
    (tmp_path / name).write_text(text)
    read = {"history.csv": read_history, "predictions.csv": read_predictions}.get(
        name, read_metrics
    )
    with pytest.raises(RunError, match=f"{name}: expected {rule}"):
        read(tmp_path)


def test_an_unfinished_run_is_told_so(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == {}
    for read in (read_history, read_predictions):
        with pytest.raises(RunError, match=r"expected a finished run, found no .*--resume"):
            read(tmp_path)


def test_the_last_training_of_a_history_is_numbered_through() -> None:
    from skelgraph.training.run_tables import last_training

    history = {
        "training": np.array(["supervised", "curriculum", "curriculum", "curriculum"]),
        "cycle": np.array([0.0, 0.0, 1.0, 1.0]),
        "epoch": np.array([1.0, 1.0, 1.0, 2.0]),
        "supervised": np.array([9.0, 3.0, 2.0, 1.0]),
    }
    kept = last_training(history)
    assert kept["epoch"].tolist() == [1, 2, 3]
    assert kept["supervised"].tolist() == [3.0, 2.0, 1.0]
    plain = {"epoch": np.array([1.0])}
    assert last_training(plain) == plain
