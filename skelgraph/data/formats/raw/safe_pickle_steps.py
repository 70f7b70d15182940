"""The steps of a pickle that are admitted, and the stack, marks and memo that they work on."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from skelgraph.data.formats.raw.safe_pickle_arrays import (
    GLOBALS,
    Global,
    RefusedError,
    Unfinished,
    call,
    finish,
)

MAX_MARKS = 1000
SPARE = 1000
BYTES_A_CONTAINER = 8
BYTES_A_MEMO = 3
"""An empty list takes one byte of a file and sixty of memory. Sets of poses are far from both
bounds: they have some hundred bytes to a container."""


class Machine:
    """The stack, the marks and the memo of a pickle while its steps are walked."""

    def __init__(self, content: bytes) -> None:
        self.raw = content
        self.content = memoryview(content)
        self.at = 0
        self.next = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.containers_left = SPARE + len(content) // BYTES_A_CONTAINER
        self.memo_limit = SPARE + len(content) // BYTES_A_MEMO

    def pop(self) -> Any:
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) <= floor:
            raise IndexError("nothing left to take")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self) -> Any:
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) <= floor:
            raise IndexError("nothing to fill")
        return self.stack[-1]

    def take(self, length: int) -> memoryview:
        """Take the next bytes of the file, never more than it has."""
        end = self.next + length
        if length < 0 or end > len(self.content):
            raise ValueError(f"{length} bytes announced, {len(self.content) - self.next} left")
        found = self.content[self.next : end]
        self.next = end
        return found

    def number(self, form: str) -> Any:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def line(self) -> str:
        end = self.raw.find(b"\n", self.next)
        if end < 0:
            raise ValueError("a line without an end")
        text = self.raw[self.next : end].decode("latin-1")
        self.next = end + 1
        return text

    def push_new(self, container: Any) -> None:
        self.containers_left -= 1
        if self.containers_left < 0:
            raise RefusedError("more containers than recordings have in a file of this size")
        self.stack.append(container)

    def remember(self, key: int) -> None:
        item = self.top()
        self.memo[key] = item
        if len(self.memo) > self.memo_limit:
            raise RefusedError("more remembered values than a file of this size has")
        if isinstance(item, Unfinished):
            item.keys.append(key)


def _mark(machine: Machine) -> None:
    if len(machine.marks) >= MAX_MARKS:
        raise RefusedError(f"more than {MAX_MARKS} levels of nesting")
    machine.marks.append(len(machine.stack))


def _append(machine: Machine) -> None:
    item = machine.pop()
    _as(machine.top(), list).append(item)


def _appends(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _as(machine.top(), list).extend(items)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _fill(_as(machine.top(), dict), [key, value])


def _set_items(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _fill(_as(machine.top(), dict), items)


def _fill(target: dict[Any, Any], items: list[Any]) -> None:
    if len(items) % 2:
        raise ValueError("a key without a value")
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[_key(key)] = value


def _key(key: Any) -> Any:
    """Admit plain keys only: a nested tuple can take for ever to hash."""
    if key is None or isinstance(key, (str, int, float, bytes)):
        return key
    raise RefusedError(f"a {type(key).__name__} as a key")


def _add_items(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _as(machine.top(), set).update(map(_key, items))


def _as(item: Any, kind: type) -> Any:
    if type(item) is not kind:
        raise RefusedError(f"a {type(item).__name__.lower()} used as a {kind.__name__}")
    return item


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def build(machine: Machine) -> None:
        items = [machine.pop() for _ in range(count)]
        machine.push_new(tuple(reversed(items)))

    return build


def _dict_of_marked(machine: Machine) -> None:
    items = machine.pop_to_mark()
    made: dict[Any, Any] = {}
    _fill(made, items)
    machine.push_new(made)


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    machine.stack.append(_admitted(module, name))


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.stack.append(_admitted(module, name))


def _admitted(module: Any, name: Any) -> Global:
    if not isinstance(module, str) or not isinstance(name, str):
        raise RefusedError("a name that is no text")
    if (module, name) not in GLOBALS:
        raise RefusedError(f"a call of '{module[:60]}.{name[:60]}'")
    return GLOBALS[module, name]


def _reduce(machine: Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    if not isinstance(function, Global) or type(arguments) is not tuple:
        raise RefusedError("a call of something that is no name")
    machine.push_new(call(function, arguments))


def _build(machine: Machine) -> None:
    state, target = machine.pop(), machine.pop()
    if not isinstance(target, Unfinished):
        raise RefusedError(f"a state for a {type(target).__name__.lower()}")
    made = finish(target, state)
    for key in target.keys:
        machine.memo[key] = made
    machine.stack.append(made)


def _text(form: str, errors: str = "surrogatepass") -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        raw = machine.take(machine.number(form))
        machine.stack.append(str(raw, "utf-8", errors))

    return push


def _old_text(form: str) -> Callable[[Machine], None]:
    """Read Python 2's str, which may be text or bytes; latin-1 keeps both."""

    def push(machine: Machine) -> None:
        machine.stack.append(str(machine.take(machine.number(form)), "latin-1"))

    return push


def _bytes(form: str) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        machine.stack.append(bytes(machine.take(machine.number(form))))

    return push


def _number(form: str) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        machine.stack.append(machine.number(form))

    return push


def _long(form: str) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        raw = machine.take(machine.number(form))
        machine.stack.append(int.from_bytes(raw, "little", signed=True))

    return push


def _int_line(machine: Machine) -> None:
    text = machine.line()
    known = {"00": False, "01": True}
    machine.stack.append(known[text] if text in known else int(text.removesuffix("L")))


def _old_text_line(machine: Machine) -> None:
    text = machine.line()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        raise ValueError("a text without quotes")
    plain = text[1:-1].encode("latin-1").decode("unicode_escape")
    machine.stack.append(plain)


def _push(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(value)


def _get(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(machine.memo[machine.number(form)])


def _put(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.remember(machine.number(form))


STEPS: dict[int, Callable[[Machine], None]] = {
    ord(code): step
    for code, step in {
        "\x80": lambda machine: machine.take(1),
        "\x95": lambda machine: machine.take(8),
        "(": _mark,
        "0": lambda machine: machine.pop(),
        "1": lambda machine: machine.pop_to_mark(),
        "2": lambda machine: machine.stack.append(machine.top()),
        "N": _push(None),
        "\x88": _push(True),
        "\x89": _push(False),
        "I": _int_line,
        "L": _int_line,
        "J": _number("i"),
        "K": _number("B"),
        "M": _number("H"),
        "\x8a": _long("B"),
        "\x8b": _long("i"),
        "F": lambda machine: machine.stack.append(float(machine.line())),
        "G": lambda machine: machine.stack.append(struct.unpack(">d", machine.take(8))[0]),
        "S": _old_text_line,
        "T": _old_text("i"),
        "U": _old_text("B"),
        "V": lambda machine: machine.stack.append(
            machine.line().encode("latin-1").decode("raw_unicode_escape")
        ),
        "X": _text("I"),
        "\x8c": _text("B"),
        "\x8d": _text("Q"),
        "B": _bytes("I"),
        "C": _bytes("B"),
        "\x8e": _bytes("Q"),
        "\x96": _bytes("Q"),
        "]": lambda machine: machine.push_new([]),
        "}": lambda machine: machine.push_new({}),
        ")": lambda machine: machine.stack.append(()),
        "\x8f": lambda machine: machine.push_new(set()),
        "l": lambda machine: machine.push_new(machine.pop_to_mark()),
        "t": lambda machine: machine.push_new(tuple(machine.pop_to_mark())),
        "d": _dict_of_marked,
        "\x91": lambda machine: machine.push_new(frozenset(map(_key, machine.pop_to_mark()))),
        "\x85": _tuple_of(1),
        "\x86": _tuple_of(2),
        "\x87": _tuple_of(3),
        "a": _append,
        "e": _appends,
        "s": _set_item,
        "u": _set_items,
        "\x90": _add_items,
        "g": lambda machine: machine.stack.append(machine.memo[int(machine.line())]),
        "h": _get("B"),
        "j": _get("I"),
        "p": lambda machine: machine.remember(int(machine.line())),
        "q": _put("B"),
        "r": _put("I"),
        "\x94": lambda machine: machine.remember(len(machine.memo)),
        "c": _global,
        "\x93": _stack_global,
        "R": _reduce,
        "b": _build,
    }.items()
}
"""Code of a step -> what it does."""
