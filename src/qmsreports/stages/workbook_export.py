"""The record of one review as the workbook that an import reads: to fill in, to hand on, to read in again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.settings import Settings
from qmsreports.stages.attendance import invited
from qmsreports.stages.meeting import opened
from qmsreports.stages.workbook_sheets import SHEETS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.review import Review
    from qmsreports.pack.appendix.cells import Cell

_WIDE = frozenset(
    {"Cause", "Action", "Expected effect", "Statement", "Decision", "Reason", "Progress", "Evidence", "Effect"}
    | {"Suitability", "Adequacy", "Effectiveness"}
)
_Rows = dict[str, "list[dict[str, Cell]]"]


def export_workbook(
    path: Path, *, review: str, period: str, at: datetime, settings: Settings | None = None
) -> dict[str, Any]:
    """Write what is on record of a review; who was invited and is not on record as present has a row to fill in.

    Reading the file in as it is adds nothing. An existing file is not overwritten.
    """
    from qmsreports.pack.appendix.cells import Sheet
    from qmsreports.pack.appendix.workbook import workbook_of

    with opened(review, period, settings) as (workspace, declared, of), workspace.register.read() as session:
        rows = _rows(session, declared, str(of))
        creator = workspace.catalog.organisation.name
    sheets = [
        Sheet(title, heads, tuple(_width(head) for head in heads), [[row.get(h) for h in heads] for row in rows[title]])
        for title, heads in SHEETS.items()
    ]
    content = workbook_of(sheets, title=f"{review} {of}", creator=creator, at=at)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise CouldNotRun(Finding(str(path), "is there already", "name another file, or move it away")) from None
    counts = {title.casefold(): len(found) for title, found in rows.items()}
    return {"file": str(path), "review": review, "period": str(of), **counts}


def _width(head: str) -> int:
    return 44 if head in _WIDE else 22 if head in ("Person", "Stood in for", "Role", "Owner", "KPI") else 14


def _rows(session: Session, declared: Review, month: str) -> _Rows:
    from qmsreports.register import reviews

    where: dict[str, Cell] = {"Review": declared.review, "Period": month}
    life = reviews.life(session, declared.review, month)
    head: dict[str, Cell] = {
        "Planned for": life.planned.day if life.planned else None,
        "Held on": life.held.day if life.held else None,
        **{name.capitalize(): life.conclusions.get(name) for name in reviews.CONCLUSIONS},
    }
    present: list[dict[str, Cell]] = [
        {
            **where,
            "Person": one.person,
            "Role": one.role,
            "Stood in for": one.stood_in_for,
            "Chaired": "yes" if one.chaired else None,
        }
        for one in life.attendance
    ]
    present += [{**where, "Role": one["role"]} for one in invited(declared, life.attendance) if not one["present"]]
    return {
        "Reviews": [{**where, **head}],
        "Withdrawn": [
            {
                **where,
                "KPI": one.detail.get(reviews.COMMENT),
                "Clause": one.detail.get(reviews.CONSIDERED),
                "Reason": one.detail["reason"],
                "By": one.who,
            }
            for one in life.withdrawn
            if reviews.COMMENT in one.detail or reviews.CONSIDERED in one.detail
        ],
        "Attendance": present,
        "Comments": [
            {
                **where,
                "KPI": row.kpi,
                "Cause": row.cause,
                "Action": row.action,
                "Expected effect": row.effect,
                "By when": row.by_when,
                "By": row.author,
            }
            for row in reviews.comments(session, declared.review, month).values()
        ],
        "Considered": [
            {**where, "Clause": row.clause, "Statement": row.text, "On": row.considered_on, "By": row.considered_by}
            for row in {
                row.clause: row for row in reviews.considered(session, declared.review) if row.period == month
            }.values()
        ],
        "Decisions": list(_decisions(session, declared.review, month, where)),
        "Actions": list(_actions(session, declared.review, month, where)),
    }


def _decisions(session: Session, review: str, month: str, where: dict[str, Cell]) -> Iterator[dict[str, Cell]]:
    from qmsreports.register import actions, reviews

    for row in reviews.decisions(session, review, month):
        first = actions.opening(session, row.action)
        yield {
            **where,
            "Clause": row.clause,
            "Kind": row.kind,
            "Decision": row.text,
            "Reason": row.reason,
            "Action": first.title,
            "Owner": first.owner,
            "Due": first.due,
            "Decided by": row.decided_by,
            "On": row.decided_on,
            "KPI": first.kpi,
        }


def _actions(session: Session, review: str, month: str, where: dict[str, Cell]) -> Iterator[dict[str, Cell]]:
    from qmsreports.register import actions

    for one in actions.standing(session).values():
        if (one.review, one.period) == (review, month) and not one.dropped:
            yield {
                "No": one.number,
                **where,
                "KPI": one.kpi,
                "Action": one.title,
                "Owner": one.owner,
                "Due": one.due,
                "Progress": one.progress,
                "Evidence": one.evidence,
                "Done": one.done_on,
                "Effective": {True: "yes", False: "no", None: None}[one.effective],
                "Effect": one.effect,
                "On": one.decided_on,
            }
