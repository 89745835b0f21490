"""The record of reviews from a workbook: for who keeps the minutes in a spreadsheet.

Each row goes the way of a typed command, so the same rules hold; it is recorded as a whole or not at all, and one that
is on record already adds nothing. The record names who said it and on which day, the audit log who read which file in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import Finding, UserError
from qmsreports.settings import Settings
from qmsreports.stages.deciding import decide, withdraw
from qmsreports.stages.followup import add_action, update_action
from qmsreports.stages.meeting import Step, comment, consider, day_of, enter, person, record_steps
from qmsreports.stages.workbook_sheets import Row, read
from qmsreports.workspace import Workspace

Record = Callable[[Row, str, datetime, Settings | None], bool]


def import_workbook(path: Path, *, by: str, at: datetime, settings: Settings | None = None) -> dict[str, Any]:
    """Record what a workbook says of reviews; return by sheet how many rows it has and how many were new.

    ``findings`` name every row that cannot be recorded, with its cell; the others are recorded. Reading the file again
    adds only what changed.
    """
    who = person(by)
    content, sheets = read(path)
    counts: dict[str, dict[str, int]] = {}
    findings: list[Finding] = []
    for title, record in _RECORDS.items():
        counts[title] = {"rows": 0, "new": 0}
        for row in sheets.get(title, ()):
            counts[title]["rows"] += 1
            try:
                counts[title]["new"] += record(row, who, at, settings)
            except UserError as error:
                findings += [row.told(one) for one in error.findings]
    if any(count["new"] for count in counts.values()):
        detail = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), **counts}
        with Workspace(settings) as workspace, workspace.register.write() as session:
            enter(session, who, "import workbook", path.name, detail, at)
    return {
        "file": str(path),
        "by": who,
        **{title.casefold(): count for title, count in counts.items()},
        "findings": findings,
    }


def _where(row: Row) -> dict[str, str]:
    return {"review": row["Review"] or "monthly", "period": row.needed("Period")}


def _review(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    """Record the plan, the day on which it was held and the conclusions of a review, together."""
    steps = [Step(kind, row[head]) for kind, head in (("planned", "Planned for"), ("held", "Held on")) if row[head]]
    said = {name: row[name.capitalize()] for name in ("suitability", "adequacy", "effectiveness")}
    steps += [Step("concluded", detail=said)] if any(said.values()) else []
    return record_steps(steps, **_where(row), by=row["By"] or who, at=at, settings=settings)


def _withdrawn(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    """Take the comment on a KPI or the statement on a clause back, once: the file may be read in again."""
    said = withdraw(
        comment=row["KPI"],
        considered=row["Clause"],
        **_where(row),
        reason=row.needed("Reason"),
        by=row["By"] or who,
        at=at,
        again=False,
        settings=settings,
    )
    return bool(said["recorded"])


def _attended(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    chaired = "yes" if row.yes("Chaired") else ""
    said = {"person": row.needed("Person"), "for": row["Stood in for"], "role": row["Role"], "chaired": chaired}
    step = Step("attended", detail=said)
    return record_steps([step], **_where(row), by=row["By"] or who, at=at, settings=settings)


def _comment(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    said = comment(
        row.needed("KPI"),
        **_where(row),
        cause=row["Cause"],
        action=row["Action"],
        effect=row["Expected effect"],
        by_when=row.needed("By when"),
        by=row["By"] or who,
        at=at,
        again=False,
        settings=settings,
    )
    return bool(said["recorded"])


def _considered(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    said = consider(
        row.needed("Clause"),
        **_where(row),
        text=row["Statement"],
        on=row["On"],
        by=row["By"] or who,
        at=at,
        again=False,
        settings=settings,
    )
    return bool(said["recorded"])


def _decision(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    said = decide(
        row.needed("Clause"),
        **_where(row),
        kind=row["Kind"].replace(" ", "_"),
        text=row["Decision"],
        reason=row["Reason"],
        owner=row["Owner"],
        due=row["Due"],
        action=row["Action"],
        by=row["Decided by"] or who,
        on=row["On"],
        kpi=row["KPI"],
        at=at,
        settings=settings,
    )
    return bool(said["recorded"])


def _action(row: Row, who: str, at: datetime, settings: Settings | None) -> bool:
    """Carry an action on by its number; without one, open it together with what is known of it already."""
    by, reason = row["By"] or who, row["Reason"]
    news = {
        "progress": row["Progress"],
        "evidence": row["Evidence"],
        "done_on": day_of(row["Done"]) if row["Done"] else None,
        "effective": row.yes("Effective"),
        "effect": row["Effect"],
    }
    drop = bool(row.yes("Drop"))
    if row["No"]:
        news |= {"owner": row["Owner"], "due": day_of(row["Due"]) if row["Due"] else None}
        found = update_action(row["No"], news, by=by, at=at, reason=reason, drop=drop, settings=settings)
        return bool(found["recorded"])
    made = add_action(
        row["Action"],
        **_where(row),
        owner=row["Owner"],
        due=row["Due"],
        reason=reason,
        kpi=row["KPI"],
        on=row["On"],
        changes=news,
        drop=drop,
        by=by,
        at=at,
        settings=settings,
    )
    return bool(made["recorded"])


_RECORDS: dict[str, Record] = {
    "Reviews": _review,
    "Withdrawn": _withdrawn,
    "Attendance": _attended,
    "Comments": _comment,
    "Considered": _considered,
    "Decisions": _decision,
    "Actions": _action,
}
