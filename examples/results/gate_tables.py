"""The rows of importance_gate.csv as the tables of docs/explain.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

Row = dict[str, str]

# In the order of the documentation: what takes away first, then gradients, attention, no model.
ORDER = (
    *("occlusion", "occlusion_change", "shapley", "occlusion_parts", "integrated_gradients"),
    *("grad_cam", "cam", "attention", "attention_rollout", "attention_gated", "occlusion_spans"),
    *("random", "motion_energy", "random orders of joints", "random orders of frames"),
)
LINKS = "links"  # how importance of A-links begins in the column of methods
TIMED = ("occlusion_spans", "random orders of frames")  # they rank no joints
CHANCE = "random orders"
AREA = "{:z.2f}"  # no -0.00
EVERY: dict[str, Callable[[Row], str]] = {
    "hit": lambda row: "-" if row["method"] in TIMED else _number(row["hit"]),
    "AUROC": lambda row: "-" if row["method"] in TIMED else _number(row["auroc"], "{:z.3f}"),
    "AUROC of frames": lambda row: _number(row["span_auroc"]),
    "deletion": lambda row: _area(row, "deletion"),
    "insertion": lambda row: _area(row, "insertion"),
    "beats random": lambda row: _verdict(row),
    "fidelity+ / - (20 %)": lambda row: _pair(row["plus20"], row["minus20"]),
    "head lost": lambda row: _number(row["head_lost"]),
    "all lost": lambda row: _number(row["all_lost"]),
    "noise": lambda row: _number(row["noise"]),
    "mirror": lambda row: _number(row["mirror"]),
}


def tables(rows: Sequence[Row]) -> str:
    """Lay rows out: a table a simulated case, one over its seeds, one of recordings of people."""
    first = [row for row in rows if row["deletion"]]  # other replacements have no areas
    simulated = [row for row in first if row["hit"]]
    cases = list(dict.fromkeys(row["case"] for row in simulated))
    found = [_case(case, [row for row in first if row["case"] == case]) for case in cases]
    found.append(_seeds([row for row in simulated if not row["method"].startswith(CHANCE)]))
    found.append(_links([row for row in rows if row["method"].startswith(LINKS)]))
    found.append(_people([row for row in first if row["case"] not in cases]))
    return "\n\n".join(table for table in found if table) + "\n"


def _case(case: str, rows: list[Row]) -> str:
    """Every check of the first seed, a row a method."""
    seed = min(int(row["seed"]) for row in rows)
    own = [row for row in _ordered(rows) if int(row["seed"]) == seed]
    columns = {
        name: cell
        for name, cell in EVERY.items()
        if name != "AUROC of frames" or any(row["span_auroc"] for row in own)
    }
    body = [[_named(row["method"]), *(cell(row) for cell in columns.values())] for row in own]
    clips, top1 = own[0]["clips"], float(own[0]["top1"])
    title = f"{case} (seed {seed}, {clips} clips, accuracy {_percent(top1)})"
    return f"{title}:\n\n{_table(['method', *columns], body)}"


def _seeds(rows: list[Row]) -> str:
    """Mean and range over seeds of what several seeds have."""
    keys = list(dict.fromkeys((row["case"], row["method"]) for row in _ordered(rows)))
    keys.sort(key=lambda key: [row["case"] for row in rows].index(key[0]))
    body = []
    for case, method in keys:
        own = [row for row in rows if (row["case"], row["method"]) == (case, method)]
        if len(own) < 2:
            continue
        beaten = sum(row["beats_random"] == "True" for row in own)
        cells = [_spread(own, "hit"), _spread(own, "auroc", "{:z.3f}")]
        cells += [_spread(own, "deletion"), _spread(own, "insertion")]
        told = case if not body or case not in {line[0] for line in body} else ""
        body.append([told, _named(method), *cells, f"{beaten} of {len(own)}"])
    head = ["case", "method", "hit", "AUROC", "deletion", "insertion", "beats random"]
    return _table(head, body) if body else ""


def _links(rows: list[Row]) -> str:
    body = [
        [
            *(row["case"], row["method"].removeprefix(f"{LINKS}, "), row["clips"]),
            *(_number(row["hit"]), _number(row["auroc"], "{:z.3f}")),
        ]
        for row in rows
    ]
    return _table(["case", "A-links in clips of", "clips", "hit", "AUROC"], body) if body else ""


def _people(rows: list[Row]) -> str:
    """Areas with their intervals, a row a set and method."""
    body: list[list[str]] = []
    cases = list(dict.fromkeys(row["case"] for row in rows))
    sets = list(dict.fromkeys(case.split(",")[0] for case in cases))
    for case in sorted(cases, key=lambda case: (sets.index(case.split(",")[0]), len(case))):
        own = _ordered([row for row in rows if row["case"] == case])
        told = f"{case}, {float(own[0]['top1']):.2f}, {own[0]['clips']}"
        for row in own:
            areas = [_interval(row, name) for name in ("deletion", "insertion")]
            gains = [_interval(row, f"{name}_gain") for name in ("deletion", "insertion")]
            body.append([told, _named(row["method"]), *areas, _verdict(row), *gains])
            told = ""
    head = ["set, accuracy, clips", "method", "deletion", "insertion", "beats random"]
    head += ["deletion gains", "insertion gains"]
    return _table(head, body) if body else ""


def _ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(
        (row for row in rows if row["method"] in ORDER), key=lambda row: ORDER.index(row["method"])
    )


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def _named(method: str) -> str:
    return method if method.startswith(CHANCE) else f"`{method}`"


def _number(text: str, form: str = AREA) -> str:
    return form.format(float(text)) if text else "-"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _pair(first: str, second: str) -> str:
    return f"{_number(first)} / {_number(second)}" if first else "-"


def _verdict(row: Row) -> str:
    if row["method"].startswith(CHANCE):
        return "-"
    return "yes" if row["beats_random"] == "True" else "no"


def _area(row: Row, name: str) -> str:
    """The area; what all are compared with has its interval too."""
    return _interval(row, name) if row["method"].startswith(CHANCE) else _number(row[name])


def _interval(row: Row, name: str) -> str:
    if not row[name]:
        return "-"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{_number(row[name])} ({_number(low)} to {_number(high)})"


def _spread(rows: Sequence[Row], name: str, form: str = AREA) -> str:
    """Mean, least and greatest; one number where all are the same."""
    values = [float(row[name]) for row in rows]
    low, mean, high = (form.format(one) for one in (min(values), fmean(values), max(values)))
    return mean if low == high else f"{mean} ({low} to {high})"
