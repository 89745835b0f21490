"""Actions that a pack proposes for missed objectives. A proposal is no record: a person makes it one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding
from qmsreports.settings import Settings
from qmsreports.stages.meeting import kpi_of, usage
from qmsreports.stages.review import kept_period, known_review
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.pack.proposals import Proposal


def list_proposals(review: str, period: str, *, at: datetime, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return what is proposed for each missed objective of a review, and the action that stands for it already."""
    return [one.model_dump() for one in _proposals(review, period, at=at, settings=settings)]


def proposed(
    kpi: str, *, review: str, period: str, given: tuple[str, str, str], at: datetime, settings: Settings | None = None
) -> tuple[str, str, str]:
    """Return title, owner and due day of an action for a KPI: what was given, else what is proposed."""
    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        kpi_of(workspace, declared, kpi)
    if all(given):
        return given
    found = next((one for one in _proposals(review, period, at=at, settings=settings) if one.kpi == kpi), None)
    if found is None:
        raise usage(f"{kpi} did not miss its target in {period}: nothing is proposed", "say --title, --owner and --due")
    plain = found.title.replace("\N{NO-BREAK SPACE}", " ")
    return given[0] or plain, given[1] or found.owner, given[2] or found.due.isoformat()


def without_plan(review: str, period: str, *, at: datetime, settings: Settings | None = None) -> list[Finding]:
    """Return one finding per missed target for which a chosen standard asks for an action and nobody recorded one."""
    with Workspace(settings) as workspace:
        maps = [workspace.catalog.clause_maps[name] for name in known_review(workspace, review).standards]
    if not any(item.action_plan for clauses in maps for item in clauses.items):
        return []
    return [
        Finding(
            f"objective {one.kpi}",
            f"missed its target ({one.why}) and has no action; asked for by {'; '.join(one.required_by)}",
            f"run: qmsreports action add --kpi {one.kpi} --review {review} --period {period} --by ...",
        )
        for one in _proposals(review, period, at=at, settings=settings)
        if one.required_by and not one.action
    ]


def _proposals(review: str, period: str, *, at: datetime, settings: Settings | None) -> tuple[Proposal, ...]:
    from qmsreports.pack.collect import collect

    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        of = kept_period(workspace, declared, period)
        found = collect(workspace.register, workspace.lake, workspace.catalog, declared, of, as_of=at)
    return found.pack.proposals
