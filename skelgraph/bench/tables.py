"""What was measured, as rows for people."""

from __future__ import annotations

from typing import Any

from skelgraph.bench.options import YARDSTICK
from skelgraph.bench.running import Row

# Columns, then rows, of one table.
Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
MEGABYTE = 1e6


def tabulate(parts: dict[str, list[Row]]) -> dict[str, Table]:
    """Turn measurements into a table a part, ratios to the yardstick among the columns."""
    makers = {
        "step": _steps,
        "recordings": _recordings,
        "streaming": _streaming,
        "loading": _loading,
        "arithmetic": _arithmetic,
    }
    return {name: makers[name](rows) for name, rows in parts.items()}


def _steps(rows: list[Row]) -> Table:
    columns = ("what", "batch", "s a clip", "range", "ratio", "forward s", "ratio", "MB a clip")
    table: list[tuple[Any, ...]] = []
    plain: Row | None = None
    for row in rows:
        if row.name == YARDSTICK:
            plain = row
        assert plain is not None
        memory = row.largest("memory")
        table.append(
            (
                row.name,
                row.case.batch_size,
                _number(row.middle("step_wall", per_clip=True)),
                _range(row.spread("step_wall", per_clip=True)),
                _number(row.middle("step_wall") / plain.middle("step_wall"), digits=2),
                _number(row.middle("forward_wall", per_clip=True)),
                _number(row.middle("forward_wall") / plain.middle("forward_wall"), digits=2),
                None if memory is None else round(memory / MEGABYTE),
            )
        )
    return columns, table


def _recordings(rows: list[Row]) -> Table:
    plain, ours = rows
    full = plain.middle("step_wall", per_clip=True)
    own = ours.middle("clip_wall")
    last = ours.results[-1]
    what = (
        f"{ours.name} ({last['mean_frames']:.0f} frames, {last['mean_bodies']:.2f} bodies, "
        f"{last['padding']:.0%} padding)"
    )
    return ("what", "s a clip", "range", "ratio"), [
        (plain.name, _number(full), _range(plain.spread("step_wall", per_clip=True)), "1.00"),
        (what, _number(own), _range(ours.spread("clip_wall")), _number(own / full, digits=2)),
    ]


def _streaming(rows: list[Row]) -> Table:
    table: list[tuple[Any, ...]] = []
    for row in rows:
        found = row.results[0]
        times, growth = sorted(found["wall"]), found["growth"]
        table.append(
            (
                row.name,
                row.case.calls,
                _number(times[len(times) // 2] * 1e3, digits=2),
                _number(times[int(len(times) * 0.99)] * 1e3, digits=2),
                None if growth is None else _number(growth / MEGABYTE, digits=1),
            )
        )
    return ("what", "calls", "median ms", "99 % within ms", "memory growth, MB"), table


def _loading(rows: list[Row]) -> Table:
    found = rows[0].results[0]
    load, train = found["load_rate"], found["train_rate"]
    return ("what", "loaded clips a s", "trained clips a s", "ratio"), [
        (rows[0].name, round(load), round(train), _number(load / train, digits=1))
    ]


def _arithmetic(rows: list[Row]) -> Table:
    columns = ("what", "Gflop a step", "Gflop forward", "fp32 Gflop/s", "bf16 Gflop/s", "limit s")
    table: list[tuple[Any, ...]] = []
    for row in rows:
        found = row.results[0]
        speeds = found["speed_float32"], found["speed_bfloat16"]
        speed = speeds[row.case.precision == "bf16-mixed"]
        table.append(
            (
                row.name,
                _number(found["step"] / 1e9, digits=1),
                _number(found["forward"] / 1e9, digits=1),
                round(speeds[0] / 1e9),
                round(speeds[1] / 1e9),
                _number(found["step"] / speed),
            )
        )
    return columns, table


def _number(value: float, *, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
