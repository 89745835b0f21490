"""Closing a review: only when every input is covered and every decision has somebody and a day to answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding, UserError
from qmsreports.settings import Settings
from qmsreports.stages.attendance import absent, without_chair
from qmsreports.stages.meeting import details, enter, local_day, person, show_review
from qmsreports.stages.proposing import without_plan
from qmsreports.stages.review import kept_period, known_review, ledger
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def close_review(
    review: str,
    period: str,
    *,
    conclusions: Mapping[str, str],
    by: str,
    at: datetime,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Close a review and freeze its inputs and decisions; the ledger is kept as it was, and what is concluded with it.

    :class:`UserError` (exit 1) with one finding per obstacle: an input that is missing, a missed target for
    which a standard asks for an action, a decision whose action has no owner or no due date, nobody present, nobody in
    the chair that the review declares, no conclusion, not held yet. Who was invited and did not come is named among the
    ``notices``. A refused close records nothing, its conclusions neither.
    """
    from qmsreports.register import reviews

    who = person(by)
    said = details(conclusions)
    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        month = str(kept_period(workspace, declared, period))
        with workspace.register.read() as session:
            reviews.refuse_when_closed(session, review, month)
    rows = ledger(review, month, at=at, settings=settings)
    missing = _missing(rows, review, month)
    plans = without_plan(review, month, at=at, settings=settings)
    with Workspace(settings) as workspace:
        day = local_day(workspace, at)
        with workspace.register.write() as session:
            reviews.alone(session)
            obstacles = [*missing, *plans, *_undecided(session, review, month), *_unheld(session, review, month, said)]
            present = reviews.life(session, review, month).attendance
            obstacles += without_chair(declared, month, present)
            if obstacles:
                raise UserError(*obstacles)
            if said and reviews.step(session, review, month, "concluded", day=day, detail=said, who=who, at=at):
                enter(session, who, "review concluded", f"{review} {month}", {"day": day, **said}, at)
            reviews.step(session, review, month, "closed", day=day, detail={"ledger": rows}, who=who, at=at)
            enter(session, who, "close review", f"{review} {month}", {"inputs": len(rows)}, at)
    missed = absent(declared, present)
    notices = [f"invited, neither present nor stood in for: {', '.join(missed)}"] if missed else []
    return {**show_review(review, month, settings=settings), "recorded": True, "notices": notices}


def _missing(rows: list[dict[str, Any]], review: str, month: str) -> list[Finding]:
    """One finding per input without data and statement; what equals an input of the leading edition is named once."""
    findings: dict[str, Finding] = {}
    for row in rows:
        if row["state"] != "missing":
            continue
        key = row["covers"]
        name = f"{row['standard']}:{row['edition']}, {row['clause']} {row['label']}"
        findings.setdefault(
            key,
            Finding(
                f"review {review} {month}",
                f"has neither data nor a statement for {name}",
                f"run: qmsreports review consider {review} --period {month} --clause {key} --text ... --by ...",
            ),
        )
    return list(findings.values())


def _undecided(session: Session, review: str, month: str) -> list[Finding]:
    from qmsreports.register import actions, reviews

    stands = actions.standing(session)
    findings = []
    for row in reviews.decisions(session, review, month):
        action = stands[row.action]
        lacking = [name for name, there in (("owner", action.owner), ("due date", action.due)) if not there]
        if lacking and not action.dropped:
            options = " ".join({"owner": "--owner ...", "due date": "--due 2026-12-31"}[name] for name in lacking)
            findings.append(
                Finding(
                    f"decision {row.number}",
                    f"its action {row.action} has no {' and no '.join(lacking)}",
                    f"run: qmsreports action update {row.action} {options} --by ...",
                )
            )
    return findings


def _unheld(session: Session, review: str, month: str, said: Mapping[str, str]) -> list[Finding]:
    from qmsreports.register import reviews

    life = reviews.life(session, review, month)
    where, again = f"review {review} {month}", f"{review} --period {month}"
    findings = []
    if life.held is None:
        findings.append(Finding(where, "was not held yet", f"run: qmsreports review hold {again} --by ..."))
    if not life.attendance:
        findings.append(
            Finding(
                where, "names nobody who was present", f"run: qmsreports review attend {again} --person ... --by ..."
            )
        )
    without = [name for name in reviews.CONCLUSIONS if not (said.get(name) or life.conclusions.get(name))]
    if without:
        options = " ".join(f"--{name} ..." for name in without)
        findings.append(Finding(where, f"has no conclusion on {', '.join(without)}", f"add: {options}"))
    return findings
