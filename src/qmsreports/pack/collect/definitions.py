"""Definitions and targets that changed inside the window of the charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.finding import noun
from qmsreports.pack.model import DefinitionChange
from qmsreports.pack.objective import Objective

if TYPE_CHECKING:
    from qmsreports.catalog.kpi import Kpi
    from qmsreports.catalog.model import Agreed
    from qmsreports.catalog.target import KpiTargets, Target, Targets


def definition_changes(
    objectives: Sequence[Objective], targets: Targets, first: date, last: date
) -> tuple[DefinitionChange, ...]:
    """Return what changed from the first to the last day, by objective, then by day."""
    found: list[DefinitionChange] = []
    for objective in objectives:
        found += _versions(objective, first, last)
        found += _targets(objective, targets.files, first, last)
    return tuple(found)


def retirements(kpis: Iterable[Kpi], first: date, last: date) -> tuple[DefinitionChange, ...]:
    """Return the KPIs that have no value any more since a day from the first to the last; they have no objective."""
    return tuple(
        DefinitionChange(
            kpi=kpi.kpi,
            title=kpi.told("title", spoken().code),
            kind="definition",
            effective_from=kpi.retired.start,
            before=say("definition.version", version=kpi.versions[-1].version),
            after=say("definition.retired"),
            why=kpi.retired.told("because", spoken().code),
            approved=_approved(kpi.retired.agreed),
        )
        for kpi in kpis
        if kpi.retired is not None and first <= kpi.retired.start <= last
    )


def _versions(objective: Objective, first: date, last: date) -> list[DefinitionChange]:
    ordered = sorted(objective.definitions, key=lambda version: version.effective_from)
    return [
        DefinitionChange(
            kpi=objective.kpi,
            title=objective.title,
            kind="definition",
            effective_from=after.effective_from,
            before=say("definition.version", version=before.version),
            after=say("definition.version", version=after.version),
            why=after.why,
            approved=figures.listed(after.approved),
        )
        for before, after in pairwise(ordered)
        if first <= after.effective_from <= last
    ]


def _targets(objective: Objective, files: Mapping[str, KpiTargets], first: date, last: date) -> list[DefinitionChange]:
    """Only targets of the whole: those of a site change what the site is judged by, not the objective."""
    declared = files.get(objective.kpi)
    if declared is None:
        return []
    whole = [target for target in declared.targets if not target.slice]
    kind = noun(objective.latest.period).removesuffix("-year")
    own = [target for target in whole if target.every == kind] or [target for target in whole if target.every is None]
    ordered = sorted(own, key=lambda target: target.start)
    return [
        DefinitionChange(
            kpi=objective.kpi,
            title=objective.title,
            kind="target",
            effective_from=after.start,
            before=_said(before, objective),
            after=_said(after, objective),
            why=after.agreed.record,
            approved=_approved(after.agreed),
        )
        for before, after in pairwise(ordered)
        if first <= after.start <= last
    ]


def _approved(agreed: Agreed) -> str:
    return say("definition.approved_by", who=figures.written_role(agreed.by), day=figures.day(agreed.on))


def _said(target: Target, objective: Objective) -> str:
    return say(f"target.{objective.better}", target=figures.goal_quantity(target.meet, objective.unit))
