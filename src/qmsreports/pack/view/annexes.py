"""The agenda, and the annexes of single sites, as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.annex import Annex, ReasonsThere
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Slice
from qmsreports.pack.view import reading, records, words


def agenda(pack: PackModel) -> dict[str, Any] | None:
    """Return the order of the meeting with who leads and how long; ``None`` where the review has none."""
    if not pack.agenda:
        return None
    total = sum(item.minutes for item in pack.agenda)
    said = [say("agenda.minutes", n=total)] if total else []
    if pack.header.audience:
        said.append(say("agenda.audience", readers=figures.listed(pack.header.audience)))
    return {
        "lead": " ".join(said),
        "rows": [
            {
                "title": item.title,
                "clauses": words.clauses(item.clauses, words.standards(pack)),
                "led_by": item.led_by,
                "minutes": str(item.minutes) if item.minutes else figures.NONE,
            }
            for item in pack.agenda
        ],
    }


def annexes(pack: PackModel) -> list[dict[str, Any]]:
    """Return the annexes, each with its rows beside the value of the whole."""
    return [_annex(one, pack) for one in pack.annexes]


def _annex(annex: Annex, pack: PackModel) -> dict[str, Any]:
    found = [(pack.objective(kpi), _part(pack.objective(kpi), annex)) for kpi in annex.kpis]
    signals = sum(part.variation != "common_cause" for _, part in found)
    missed = sum(part.latest.status in ("missed", "near") for _, part in found)
    in_period = figures.period(pack.header.period, "in")
    counts = say("annex.counts", n=len(found), missed=figures.count(missed), signals=say("count.signal", n=signals))
    anchor = f"annex-{annex.dimension}-{annex.key}".replace(" ", "-")
    return {
        "title": say("annex.title", part=annex.title),
        "anchor": anchor,
        "lead": say("annex.lead", part=annex.title, in_period=in_period, counts=counts),
        "whole_head": say("annex.whole", dimension=figures.dimension(annex.dimension))
        if f"annex.whole.{annex.dimension}" not in spoken().messages
        else say(f"annex.whole.{annex.dimension}"),
        "rows": [_row(objective, part) for objective, part in found],
        "quality": _quality(annex, found),
        "reasons": [_reasons(one, pack) for one in annex.reasons],
        "registers": [records.register(table, pack.header.currency, anchor) for table in annex.registers],
    }


def _quality(annex: Annex, found: Sequence[tuple[Objective, Slice]]) -> str:
    """Say how far the values of a part can be trusted: provisional, of few cases, without a value; rows that wait."""
    return say(
        "annex.quality",
        provisional=figures.count(sum(part.latest.provisional for _, part in found)),
        few=figures.count(sum(objective.few(part.latest) for objective, part in found)),
        none=figures.count(sum(part.latest.value is None for _, part in found)),
        waiting=figures.count(annex.quarantined),
        part=annex.title,
    )


def _reasons(one: ReasonsThere, pack: PackModel) -> dict[str, Any]:
    objective = pack.objective(one.kpi).model_copy(update={"reasons": one.reasons})
    return {"title": objective.title, "reasons": reading.reasons(objective, pack)}


def _part(objective: Objective, annex: Annex) -> Slice:
    return next(part for part in objective.slices if (part.dimension, part.key) == (annex.dimension, annex.key))


def _row(objective: Objective, part: Slice) -> dict[str, Any]:
    latest, unit = part.latest, objective.unit
    return {
        "title": objective.title,
        "unit": figures.unit_name(unit),
        "link": f"kpi-{objective.kpi}",
        "value": figures.number(latest.value, unit),
        "interval": figures.interval(*objective.within(latest.low, latest.high), unit),
        "n": figures.count(latest.n) if latest.n else figures.NONE,
        "target": figures.target(latest.target, objective.better, unit),
        "status": words.status(latest.standing, few=objective.few(latest)),
        "variation": words.variation(objective, part),
        "limits": figures.interval(*objective.within(latest.lower, latest.upper), unit),
        "whole": figures.number(objective.latest.value, unit),
    }
