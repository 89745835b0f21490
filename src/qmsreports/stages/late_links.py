"""Links that were not judged when their rows came: judged once, when the table that they lead to has rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import UserError
from qmsreports.records import StagedTable
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def audited_anew(workspace: Workspace, source: str, table: str, *, run_id: str, at: datetime) -> bool:
    """Judge what is due of a table's links; returns whether all its rows have to be audited once more.

    They have to where published rows lead nowhere and the suite does not say that such rows are kept. Where they are
    kept or there is none, the outcome is recorded here. A suite that is wrong is left to the audit.
    """
    from qmsreports.register import feeds, quarantine
    from qmsreports.validate.late_links import judge_late
    from qmsreports.validate.suite import load_suite
    from qmsreports.validate.vocabulary import LINK

    with workspace.register.read() as session:
        due = feeds.unjudged_links(session, source, table)
        let_in = [entry.row_key for entry in quarantine.entries(session, source, table, states=("entered",))]
    if not due or not workspace.lake.exists(table):
        return False
    tables = workspace.catalog.tables
    try:
        suite = load_suite(workspace.settings.expectations / f"{table}.json", tables[table], tables=tables)
    except UserError:
        return False
    rules = [rule for rule in suite.rules if rule.type == LINK and (rule.label, ", ".join(rule.columns)) in due]
    plain = [rule for rule in rules if not rule.condition and rule.kwargs["other_table"] in tables]
    wanted = dict.fromkeys((table, *(str(rule.kwargs["other_table"]) for rule in plain)))
    with workspace.lake.connect([tables[name] for name in wanted]) as connection:
        results = judge_late(connection, plain, tables[table], source, let_in=let_in)
    if any(result.rows_failed and result.on_failure != "keep" for result in results):
        return True
    with workspace.register.write() as session:
        feeds.record_rules(session, results, run_id=run_id, at=at, source=source, table=table)
    return False


def looked_at_again(workspace: Workspace, staged: StagedTable, driving: str, done: Collection[str]) -> StagedTable:
    """Return the batch with the rows of loads that are ``done`` counted as refreshed: they came in before.

    It holds such rows where all were conformed once more, for a rule, a mapping or a suite.
    """
    from qmsreports.register import feeds

    before = {_load(one) for one in done}
    known = [one for one in staged.load_ids if _load(one) in before and one.startswith(f"{driving}/")]
    with workspace.register.read() as session:
        rows = feeds.rows_of_loads(session, staged.source, known)
    refreshed = min(rows, staged.rows_in)
    return replace(staged, rows_in=staged.rows_in - refreshed, refreshed=staged.refreshed + refreshed)


def _load(load_id: str) -> str:
    """Return a load without the fingerprint of the mapping it was conformed by."""
    return load_id.partition("@")[0]


def rows_with_found_links(workspace: Workspace, source: str, table: str) -> list[dict[str, Any]]:
    """Return the rows of the quarantine that led nowhere and lead to a published row now, as they are kept there.

    Sources are read one after the other: an order may come before its customer. It has nothing new to say when the
    customer comes, so it is judged again without being asked for.
    """
    from qmsreports.register import quarantine
    from qmsreports.validate.late_links import values_there
    from qmsreports.validate.suite import load_suite
    from qmsreports.validate.vocabulary import LINK

    with workspace.register.read() as session:
        open_ones = quarantine.open_quarantine(session, source, table)
        waiting = [(entry.rule, dict(entry.row)) for entry in open_ones if entry.row_key]
    tables = workspace.catalog.tables
    if not waiting:
        return []
    try:
        suite = load_suite(workspace.settings.expectations / f"{table}.json", tables[table], tables=tables)
    except UserError:
        return []
    found: list[dict[str, Any]] = []
    for rule in suite.rules:
        other = str(rule.kwargs.get("other_table", ""))
        rows = [row for name, row in waiting if name in (rule.identity, rule.label) and rule.columns[0] in row]
        if rule.type != LINK or not rows or other not in tables or not workspace.lake.exists(other):
            continue
        with workspace.lake.connect([tables[other]]) as connection:
            there = values_there(connection, rule, [row[rule.columns[0]] for row in rows])
        found += [row for row in rows if str(row[rule.columns[0]]) in there]
    return found


def newer_published(session: Session, staged: StagedTable) -> bool:
    """Whether another run published meanwhile what a batch of all rows does not hold: it would undo that."""
    from qmsreports.register import feeds

    return bool(feeds.done_loads(session, staged.source, staged.table) - set(staged.load_ids))
