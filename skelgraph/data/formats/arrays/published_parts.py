"""Which part of a published split each clip belongs to, kept as columns of the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skelgraph.data.report import ConversionReport

PARTS = ("train", "val", "test")


def part_columns(
    split: Mapping[str, Iterable[str]], report: ConversionReport
) -> dict[str, dict[str, str]]:
    """Sort a published split into columns: one a protocol, clip -> train, val or test.

    Parts named train, val or test go to the column `split`, which the protocol `files` reads
    from the index itself; parts named PROTOCOL_train and so on go to `split_PROTOCOL`. Where
    a protocol has two parts only, its 'val' is what results are reported on, and is kept as
    'test'. Parts of other names have a column with 'yes'.

    Example:
        >>> report = ConversionReport(source="a.pkl", format="none")
        >>> part_columns({"xsub_train": ["a"], "xsub_val": ["b"]}, report)
        {'split_xsub': {'a': 'train', 'b': 'test'}}
    """
    columns: dict[str, dict[str, str]] = {}
    for name, clips in split.items():
        protocol, _, part = name.rpartition("_")
        if part in PARTS:
            column = f"split_{protocol}" if protocol else "split"
            if part == "val" and f"{protocol}_test".removeprefix("_") not in split:
                part = "test"
                report.note(f"part '{name}' is tested on: kept as test, there is no other")
        else:
            column, part = f"split_{name}", "yes"
        columns.setdefault(column, {}).update(dict.fromkeys(clips, part))
    return columns


def parts_of(clip: str, columns: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    """Give the extra columns of one clip; empty where it is in no part."""
    return {column: members.get(clip, "") for column, members in columns.items()}
