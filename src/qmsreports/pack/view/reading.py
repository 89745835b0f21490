"""What stands beside an objective in depth: the measures that come before it, and the reasons that a table gives."""

from __future__ import annotations

from typing import Any

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Reason, Reasons
from qmsreports.pack.view import words

_DEEP = 2  # levels of the tree that are shown


def drivers(objective: Objective, pack: PackModel) -> list[dict[str, Any]]:
    """Return the declared input measures, each with those before it, as rows with their level; each once."""
    there = {one.kpi: one for one in pack.objectives}
    found: list[dict[str, Any]] = []
    seen = {objective.kpi}

    def add(one: Objective, level: int) -> None:
        for kpi in one.drivers:
            if kpi in there and kpi not in seen:
                seen.add(kpi)
                found.append(_row(there[kpi], level))
                if level < _DEEP:
                    add(there[kpi], level + 1)

    add(objective, 1)
    return found


def _row(one: Objective, level: int) -> dict[str, Any]:
    latest = one.latest
    return {
        "level": level,
        "title": one.title,
        "link": f"kpi-{one.kpi}",
        "value": figures.quantity(latest.value, one.unit),
        "target": figures.target(latest.target, one.better, one.unit),
        "status": words.status(latest.status, few=one.few(latest)),
        "variation": words.variation(one),
    }


def reasons(objective: Objective, pack: PackModel) -> dict[str, Any] | None:
    """Return the reasons with shares and bars; ``None`` where none are declared or nothing happened."""
    found = objective.reasons
    if found is None:
        return None
    largest = max(one.amount for one in found.reasons)
    sums, upto = [], 0.0
    for one in found.reasons:
        upto += one.amount
        sums.append(upto)
    return {
        "title": say("reasons.title", table=found.table, column=found.column),
        "text": _text(found, pack),
        "unit": found.unit,
        "rows": [
            {
                "title": one.title,
                "amount": _amount(one.amount),
                "share": _share(one.amount, found.total),
                "upto": _share(total, found.total),
                "before": figures.number(one.before, "percent"),
                "bar": round(100 * max(one.amount, 0.0) / largest) if largest > 0 else 0,
            }
            for one, total in zip(found.reasons, sums, strict=True)
        ],
    }


def _text(found: Reasons, pack: PackModel) -> str:
    """Say which few reasons make up most of it. It tells where to look, not why."""
    first: list[Reason] = []
    for one in found.reasons:
        if sum(each.amount for each in first) >= found.total * 0.6:
            break
        first.append(one)
    named = figures.listed(
        [say("reasons.one", reason=_in_sentence(one.title), share=_share(one.amount, found.total)) for one in first], 3
    )
    return say(
        "reasons.most",
        whole=say("unit.other.quantity", number=_amount(found.total), unit=found.unit),
        in_period=figures.period(pack.header.period, "in"),
        named=named,
    )


def _in_sentence(title: str) -> str:
    """Return a reason as it stands in the middle of a sentence; German keeps the capital of a noun."""
    return title if spoken().code == "de" else title.lower()


def _amount(value: float) -> str:
    return figures.number(value, "count")


def _share(part: float, whole: float) -> str:
    return figures.percents(f"{100 * part / whole:.0f}") if whole else figures.NONE
