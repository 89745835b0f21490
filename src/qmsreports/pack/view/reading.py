"""What stands beside an objective in depth: the measures that come before it, and the reasons that a table gives."""

from __future__ import annotations

from typing import Any

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Reason, Reasons
from qmsreports.pack.view import words

_DEEP = 2  # levels of the tree that are shown
_ENOUGH = 0.6  # part of the whole that is "most of it"
_NAMED = 4  # reasons that are still few


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
        "status": words.status(latest.standing, few=one.few(latest)),
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
        "title": _heading(objective, found),
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


def _heading(objective: Objective, found: Reasons) -> str:
    """Say which rows are told apart by what, and how many they are: ``Missed tickets by category, 25 rows``."""
    inside = found.table if spoken().code == "de" else f"{found.table[:1].lower()}{found.table[1:]}"
    told = {"column": figures.dimension(found.column.replace(" ", "_")), "whole": _whole(found)}
    if found.kind == "missed":
        return say("reasons.title.missed", table=inside, **told)
    if found.kind == "counted":
        return say("reasons.title.counted", objective=objective.title, **told)
    return say("reasons.title.other", table=found.table, **told)


def _whole(found: Reasons) -> str:
    if not found.summed:
        return say("count.row", n=round(found.total))
    return say("unit.other.quantity", number=_amount(found.total), unit=found.unit).rstrip()


def _text(found: Reasons, pack: PackModel) -> str:
    """Say which few reasons make up most of it. It tells where to look, not why.

    What is equally frequent is named together or not at all: a limit between equals would be arbitrary.
    """
    told = {"whole": _whole(found), "in_period": figures.period(pack.header.period, "in")}
    groups: list[list[Reason]] = []
    for one in found.reasons:
        tied = groups and not one.others and _amount(groups[-1][0].amount) == _amount(one.amount)
        if tied:
            groups[-1].append(one)
        elif sum(each.amount for group in groups for each in group) >= found.total * _ENOUGH:
            break
        else:
            groups.append([one])
    if sum(len(group) for group in groups) > _NAMED or any(group[0].others for group in groups):
        said = say("reasons.spread", **told)
    else:
        said = say("reasons.most", **told, named=figures.listed([_together(group, found.total) for group in groups]))
    measured = found.measured
    if measured is None or _amount(measured) == _amount(found.total):
        return said
    return " ".join((said, say("reasons.changed_since", measured=_amount(measured))))


def _together(group: list[Reason], total: float) -> str:
    share = _share(group[0].amount, total)
    names = figures.listed([_in_sentence(one.title) for one in group])
    return say("reasons.tied" if len(group) > 1 else "reasons.one", reason=names, share=share)


def _in_sentence(title: str) -> str:
    """Return a reason as it stands in the middle of a sentence; German keeps the capital of a noun."""
    return title if spoken().code == "de" else title.lower()


def _amount(value: float) -> str:
    return figures.number(value, "count")


def _share(part: float, whole: float) -> str:
    return figures.percents(f"{100 * part / whole:.0f}") if whole else figures.NONE
