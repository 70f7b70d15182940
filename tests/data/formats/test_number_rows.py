"""Text files of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.errors import FormatError


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "rows.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_rows_are_read_past_blank_lines_and_windows_ends(tmp_path: Path) -> None:
    rows = read_rows(file(tmp_path, "\ufeff1 2.5 \r\n\r\n-3e1\tnan\r\n \n"), columns=2)
    np.testing.assert_array_equal(rows, [[1, 2.5], [-30, np.nan]])


def test_a_delimiter_may_end_a_row(tmp_path: Path) -> None:
    rows = read_rows(file(tmp_path, "1,2,\n3, inf,\n"), columns=2, delimiter=",")
    np.testing.assert_array_equal(rows, [[1, 2], [3, np.inf]])


def test_comments_are_passed_over_where_there_are_any(tmp_path: Path) -> None:
    path = file(tmp_path, "% a b\n1 2\n")
    assert read_rows(path, columns=2, comment="%").tolist() == [[1, 2]]
    with pytest.raises(FormatError, match=r"rows.txt, line 1: expected a number, got '%'"):
        read_rows(path, columns=2)


def test_ten_faults_are_listed_with_their_lines(tmp_path: Path) -> None:
    path = file(tmp_path, "1 2\n1\n\n1 x\n" + "1 2 3\n" * 10)
    with pytest.raises(FormatError) as caught:
        read_rows(path, columns=2)
    lines = str(caught.value).splitlines()
    assert "line 2: expected 2 numbers, got 1" in lines[0]
    assert "line 4: expected a number, got 'x'" in lines[1]
    assert "line 5: expected 2 numbers, got 3" in lines[2]
    assert lines[-1] == "... and 2 more" and len(lines) == 11


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "expected rows of 2 numbers, got none"),
        (b" \n\n", "expected rows of 2 numbers, got none"),
        (b"1 2\n\x80 3\n", r"line 2: expected text, got the byte 0x80"),
        (b"1 2\n3 \x00\n", r"line 2: expected text, got the byte 0x00"),
        (b"1_0 2\n", r"line 1: expected a number, got '1_0'"),
        (b"1 2 3\n4 5 6\n", r"line 1: expected 2 numbers, got 3"),
        (b"1 0x10\n", r"line 1: expected a number, got '0x10'"),
    ],
)
def test_what_is_no_row(tmp_path: Path, content: bytes, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        read_rows(file(tmp_path, content), columns=2)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="expected a file that can be read"):
        read_rows(tmp_path / "none.txt", columns=2)
    assert first_row(tmp_path / "none.txt") == []


def test_the_first_row_is_looked_at_without_raising(tmp_path: Path) -> None:
    assert first_row(file(tmp_path, "\n1 2 \nx")) == [1, 2]
    assert first_row(file(tmp_path, "1,2,\n"), delimiter=",") == [1, 2]
    for content in (b"", b"a b", b"\xff\xfe", b"1 2 x"):
        assert first_row(file(tmp_path, content)) == []


def test_numbers_beyond_float32_become_infinite() -> None:
    assert to_float32(np.array([1e300, np.nan, 1.5]))[0] == np.inf
