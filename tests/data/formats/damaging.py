"""Ways to damage a file, drawn by Hypothesis: in its bytes, its numbers, its lines, its counts."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][+-]?\d+)?")
DIGITS = re.compile(rb"\d+")
WORDS = (
    *(b"nan", b"NaN", b"inf", b"-Infinity", b"-1", b"0", b"-0.0", b"1e39", b"1e308", b"1e999"),
    *(b"99999999999", b"-99999999999999999999", b"9" * 400, b"1e-400", b"0x10", b"1_000", b"1.5"),
    *(b"", b"abc", b"null", b"true", b"[]", b"{}", b'"x"', b"[[1]]", "\u0663".encode(), b"\xff"),
)
BRACKETS = (b"[", b"[   ", b"{", b'{"a":', b"(", b"]", b"- ", b"}l")
DEPTHS = (3, 40, 1000, 100_000)
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**62, 2**64 - 1)
FLOATS = (float("nan"), float("inf"), -1e300, 1e39, -1.0, 5e-324)
MAT_HEADER, MAT_PACKED = 128, 15


class Damage(NamedTuple):
    """One damage.

    Args:
        kind: A key of `KINDS`.
        place: Where, as a share of the file, in 1/65536.
        early: Whether in the first 256 bytes, where headers are.
        inside: Whether to a part of an archive, which is packed again.
        size: How many bytes or digits.
        value: Chooses among words, extremes, depths.
        stuff: Bytes to put in.
    """

    kind: str
    place: int
    early: bool
    inside: bool
    size: int
    value: int
    stuff: bytes


def damaged(content: bytes, damage: Damage) -> bytes:
    """Damage the content of a file."""
    if damage.inside and content[:4] == b"PK\x03\x04":
        return _inside_zip(content, damage)
    if damage.inside and content[MAT_HEADER : MAT_HEADER + 4] == struct.pack("<I", MAT_PACKED):
        return _inside_mat(content, damage)
    length = min(256, len(content)) if damage.early else len(content)
    return KINDS[damage.kind](content, damage.place * length // 65536, damage)


def _inside_zip(content: bytes, damage: Damage) -> bytes:
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
            chosen = damage.value % max(1, len(old.infolist()))
            for place, info in enumerate(old.infolist()):
                part = old.read(info)
                if place == chosen:
                    part = damaged(part, damage._replace(inside=False))
                new.writestr(info.filename, part, info.compress_type)
    except _BROKEN:  # by an earlier damage
        return content[: damage.place * len(content) // 65536]
    return out.getvalue()


# zipfile raises a kind of RuntimeError for a way of packing that it does not know.
_BROKEN = (
    *(OSError, ValueError, EOFError, RuntimeError, KeyError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def _inside_mat(content: bytes, damage: Damage) -> bytes:
    start = MAT_HEADER + 8
    if len(content) < start:
        return content[: damage.place * len(content) // 65536]
    (size,) = struct.unpack_from("<I", content, MAT_HEADER + 4)
    try:
        part = zlib.decompress(content[start : start + size])
    except zlib.error:
        return content[: damage.place * len(content) // 65536]
    packed = zlib.compress(damaged(part, damage._replace(inside=False)))
    head = content[:MAT_HEADER] + struct.pack("<II", MAT_PACKED, len(packed))
    return head + packed + content[start + size :]


def _cut(content: bytes, at: int, damage: Damage) -> bytes:
    return content[:at]


def _flip(content: bytes, at: int, damage: Damage) -> bytes:
    changed = bytes(byte ^ (1 << damage.value % 8) for byte in content[at : at + 1])
    return content[:at] + changed + content[at + 1 :]


def _put(content: bytes, at: int, damage: Damage) -> bytes:
    return content[:at] + damage.stuff + content[at + len(damage.stuff) :]


def _insert(content: bytes, at: int, damage: Damage) -> bytes:
    return content[:at] + damage.stuff + content[at:]


def _remove(content: bytes, at: int, damage: Damage) -> bytes:
    return content[:at] + content[at + damage.size :]


def _double(content: bytes, at: int, damage: Damage) -> bytes:
    return content[: at + damage.size] + content[at:]


def _swap(content: bytes, at: int, damage: Damage) -> bytes:
    size = damage.size
    other = damage.value % (len(content) + 1)
    first, second = sorted((at, other))
    middle = content[first + size : second]
    return (
        content[:first]
        + content[second : second + size]
        + middle
        + content[first : min(first + size, second)]
        + content[second + size :]
    )


def _blank(content: bytes, at: int, damage: Damage) -> bytes:
    fill = (b"\0", b"\xff", b" ", b"0", b"9")[damage.value % 5]
    return content[:at] + fill * min(damage.size, len(content) - at) + content[at + damage.size :]


def _number(content: bytes, at: int, damage: Damage) -> bytes:
    word = WORDS[damage.value % len(WORDS)]
    found = NUMBER.search(content, at)
    start, end = found.span() if found else (at, at)
    return content[:start] + word + content[end:]


def _digits(content: bytes, at: int, damage: Damage) -> bytes:
    """Claim another count of as many digits, so that nothing else moves."""
    found = DIGITS.search(content, at)
    if found is None:
        return content + damage.stuff
    start, end = found.span()
    return (
        content[:start] + str(damage.value).encode().rjust(20, b"9")[start - end :] + content[end:]
    )


def _extreme(content: bytes, at: int, damage: Damage) -> bytes:
    """Claim an odd count or number in binary."""
    width = (1, 2, 4, 8)[damage.size % 4]
    at -= at % width if damage.size & 4 else 0
    choice = damage.value % (len(EXTREMES) + len(FLOATS))
    if choice < len(EXTREMES):
        word = (EXTREMES[choice] % 256**width).to_bytes(width, "little")
    else:
        word = struct.pack("<d" if width == 8 else "<f", _fitting(choice - len(EXTREMES), width))
    return content[:at] + word + content[at + len(word) :]


def _fitting(choice: int, width: int) -> float:
    value = FLOATS[choice]
    return value if width == 8 or not 3e38 < abs(value) < float("inf") else 3e38


def _drop_line(content: bytes, at: int, damage: Damage) -> bytes:
    start, end = _line(content, at)
    return content[:start] + content[end:]


def _repeat_line(content: bytes, at: int, damage: Damage) -> bytes:
    start, end = _line(content, at)
    return content[:end] + content[start:end] * (1 + damage.size % 3) + content[end:]


def _line(content: bytes, at: int) -> tuple[int, int]:
    end = content.find(b"\n", at) + 1
    return content.rfind(b"\n", 0, at) + 1, end or len(content)


def _nest(content: bytes, at: int, damage: Damage) -> bytes:
    bracket = BRACKETS[damage.value % len(BRACKETS)]
    depth = DEPTHS[damage.size % len(DEPTHS)]
    return content[:at] + bracket * depth + content[at:]


KINDS: dict[str, Callable[[bytes, int, Damage], bytes]] = {
    "cut": _cut,
    "flip": _flip,
    "put": _put,
    "insert": _insert,
    "remove": _remove,
    "double": _double,
    "swap": _swap,
    "blank": _blank,
    "number": _number,
    "digits": _digits,
    "extreme": _extreme,
    "drop line": _drop_line,
    "repeat line": _repeat_line,
    "nest": _nest,
}


def some_damage() -> st.SearchStrategy[Damage]:
    """Draw one damage."""
    return st.builds(
        Damage,
        kind=st.sampled_from(tuple(KINDS)),
        place=st.integers(0, 65535),
        early=st.booleans(),
        inside=st.booleans(),
        size=st.integers(1, 64),
        value=st.integers(0, 2**32 - 1),
        stuff=st.binary(min_size=1, max_size=9),
    )
