"""The sheets of records: decisions, actions, inputs, registers, what was proposed and said, feeds and definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from qmsreports.language import say
from qmsreports.language.recorded import again
from qmsreports.pack import figures
from qmsreports.pack.appendix.cells import Cell, Measure, Sheet, sheet, words
from qmsreports.pack.model import PackModel
from qmsreports.pack.register_table import RegisterTable
from qmsreports.pack.view import front
from qmsreports.pack.view.customers import happened
from qmsreports.pack.view.records import chip_word, rule_word
from qmsreports.pack.view.words import tables as titles_of_tables


def decisions(pack: PackModel) -> Sheet:
    """Return what needs a decision."""
    first, later = front.in_order(pack)
    rows = [
        (number, words(one.kind), one.title, one.evidence, one.asks, ", ".join(one.clauses), one.kpi)
        for number, one in enumerate([*first, *later], start=1)
    ]
    head = ("no", "kind", "needs_a_decision", "evidence", "asks", "clauses", "kpi")
    return sheet("decisions_needed", head, (5, 14, 60, 80, 50, 24, 26), rows)


def changes(pack: PackModel) -> Sheet:
    """Return what changed since the last review."""
    rows = [(words(one.kind), one.text) for one in pack.changes]
    return sheet("changes", ("kind", "since_the_last_review"), (16, 110), rows)


def actions(pack: PackModel) -> Sheet:
    """Return the actions of earlier reviews."""
    head = ("action", "review", "title", "owner", "decided", "original_due", "due", "done_on", "state", "days_overdue")
    rows = [
        (
            one.action,
            one.review,
            one.title,
            figures.role(one.owner),
            one.decided_on,
            one.original_due,
            one.due,
            one.done_on,
            words(one.state),
            one.overdue_days or None,
            one.moved_days or None,
            one.progress,
            one.evidence,
            one.effect,
        )
        for one in pack.actions
    ]
    widths = (12, 10, 50, 22, 12, 12, 12, 12, 12, 13, 12, 50, 40, 40)
    return sheet("actions", (*head, "days_moved", "progress", "evidence", "effect"), widths, rows)


def resolutions(pack: PackModel) -> Sheet:
    """Return what this review decided."""
    head = ("decision", "clause", "kind", "decided", "reason", "action", "owner", "due", "decided_by", "decided_on")
    rows = [
        (
            one.number,
            one.clause,
            words(one.kind),
            one.text,
            one.reason,
            one.action,
            figures.role(one.owner),
            one.due,
            one.decided_by,
            one.decided_on,
        )
        for one in (pack.minutes.resolutions if pack.minutes else ())
    ]
    return sheet("decisions_taken", head, (10, 12, 14, 60, 40, 50, 22, 12, 22, 12), rows)


def agreed(pack: PackModel) -> Sheet:
    """Return the actions of this review that no single decision stands for."""
    rows = [
        (one.number, one.title, one.reason, figures.role(one.owner), one.due, one.kpi, one.agreed_by, one.agreed_on)
        for one in (pack.minutes.actions if pack.minutes else ())
    ]
    head = ("action", "title", "reason", "owner", "due", "kpi", "agreed_by", "agreed_on")
    return sheet("actions_agreed", head, (10, 60, 40, 22, 12, 26, 22, 12), rows)


def attendance(pack: PackModel) -> Sheet:
    """Return who took part, in which role and for whom."""
    rows = [
        (one.person, one.role, one.stood_in_for, one.chaired)
        for one in (pack.minutes.attendance if pack.minutes else ())
    ]
    return sheet("attendance", ("person", "role", "stood_in_for", "chaired"), (30, 30, 30, 10), rows)


def conclusions(pack: PackModel) -> Sheet:
    """Return what was concluded on the system."""
    said = pack.minutes
    names = ("suitability", "adequacy", "effectiveness")
    rows = [(say(f"label.conclusion.{name}"), getattr(said, name)) for name in names if said and getattr(said, name)]
    return sheet("conclusions", ("what", "conclusion"), (18, 110), rows)


def withdrawn(pack: PackModel) -> Sheet:
    """Return what was entered by mistake and taken back."""
    rows = [(one.what, one.reason, one.by, one.on) for one in (pack.minutes.withdrawn if pack.minutes else ())]
    return sheet("withdrawn", ("what", "reason", "withdrawn_by", "withdrawn_on"), (30, 60, 22, 14), rows)


def inputs(pack: PackModel) -> Sheet:
    """Return the coverage of every input by standard."""
    head = ("standard", "clause", "input", "state", "evidence", "statement", "considered_by", "considered_on")
    rows = [
        (
            ledger.standard.title,
            row.clause,
            row.label,
            words(row.state),
            figures.semicolons([what for what, _ in row.evidence]),
            row.statement,
            row.considered_by,
            row.considered_on,
        )
        for ledger in pack.ledgers
        for row in ledger.rows
    ]
    return sheet("inputs", head, (36, 14, 60, 12, 60, 50, 22, 14), rows)


_UNITS = {"integer": "count", "number": "decimal", "money": "count"}  # how the numbers of a register are shown
_WIDTHS = {"key": 16, "date": 12, "integer": 10, "number": 12, "money": 14, "chip": 14}


def register(table: RegisterTable) -> Sheet:
    """Return the rows of a register; where a very long one has more than a pack holds, the last line says so."""
    kinds = [column.kind for column in table.columns]
    rows = [tuple(_dated(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in table.rows]
    if table.total > len(rows):
        rows.append((say("register.more", n=table.total - len(rows)), *(None,) * (len(kinds) - 1)))
    head = tuple(column.title for column in table.columns)
    widths = tuple(_WIDTHS.get(kind) or _width(row[at] for row in rows) for at, kind in enumerate(kinds))
    return Sheet(table.title, head, widths, rows)


def _width(cells: Iterable[Cell]) -> int:
    """Return how wide a column of texts is: as its longest, from 10 to 70 characters."""
    return min(70, max(10, *(len(cell) + 2 for cell in cells if isinstance(cell, str)), 10))


def _dated(cell: Any, kind: str) -> Cell:
    """Return a cell of a register as what it is; the model writes days as text."""
    if kind == "chip" and isinstance(cell, str):
        return chip_word(cell)
    if kind == "date" and isinstance(cell, str):
        try:
            return date.fromisoformat(cell)
        except ValueError:
            return cell
    if kind in _UNITS and isinstance(cell, int | float) and not isinstance(cell, bool):
        return Measure(cell, _UNITS[kind])
    return cell if isinstance(cell, str | int | float | bool) else None


def feeds(pack: PackModel) -> Sheet:
    """Return the reconciliation of every feed."""
    head = ("source", "table", "status", "rows_in", "looked_at_again", "conformed", "quarantined", "duplicates")
    more = ("deleted_at_source", "held_back", "newest", "message")
    rows = [
        (
            source.title,
            feed.title,
            words(feed.status),
            feed.rows_in,
            feed.refreshed,
            feed.conformed,
            feed.quarantined,
            feed.duplicates,
            feed.deleted_at_source,
            feed.held,
            feed.newest,
            again(feed.message),
        )
        for source in pack.quality
        for feed in source.feeds
    ]
    return sheet("feeds", (*head, *more), (32, 28, 12, 11, 14, 11, 12, 11, 16, 11, 12, 70), rows)


def rules(pack: PackModel) -> Sheet:
    """Return the rules that did not hold."""
    tables = titles_of_tables(pack)
    head = (
        "source",
        "table",
        "rule",
        "column",
        "severity",
        "on_failure",
        "why",
        "owner",
        "rows_checked",
        "rows_failed",
    )
    rows = [
        (
            rule.source,
            tables.get(rule.table, rule.table.replace("_", " ")),
            rule_word(rule.rule),
            rule.column,
            words(rule.severity),
            words(rule.on_failure),
            rule.why,
            figures.role(rule.owner),
            rule.rows_checked,
            rule.rows_failed,
        )
        for rule in pack.failed_rules
    ]
    return sheet("failed_rules", head, (18, 24, 40, 22, 10, 12, 60, 22, 12, 12), rows)


def definitions(pack: PackModel) -> Sheet:
    """Return every version of every definition."""
    head = ("kpi", "title", "version", "in_force", "from", "why", "approved", "fingerprint", "rule")
    rows = [
        (
            found.kpi,
            found.title,
            version.version,
            version.in_force,
            version.effective_from,
            version.why,
            figures.semicolons(version.approved),
            version.fingerprint,
            version.rule,
        )
        for found in pack.objectives
        for version in found.definitions
    ]
    return sheet("definitions", head, (28, 38, 9, 9, 12, 60, 40, 20, 80), rows)


def reasons(pack: PackModel) -> Sheet:
    """Return where the rows of the period fall, for each objective whose table gives reasons."""
    rows = [
        (found.title, found.kpi, found.reasons.column, reason.title, found.reasons.unit, *amounts)
        for found in pack.objectives
        if found.reasons
        for reason in found.reasons.reasons
        for amounts in [(reason.amount, Measure(reason.before, "decimal"), found.reasons.total)]
    ]
    head = (
        "objective",
        "kpi",
        "by",
        "reason",
        "unit",
        "in_this_period",
        "average_of_the_twelve_months_before",
        "total",
    )
    return sheet("reasons", head, (38, 28, 18, 36, 10, 14, 18, 12), rows)


def proposals(pack: PackModel) -> Sheet:
    """Return the actions proposed for missed objectives."""
    rows = [
        (
            one.objective,
            one.kpi,
            one.title,
            figures.role(one.owner),
            one.due,
            one.why,
            ", ".join(one.required_by),
            one.action,
        )
        for one in pack.proposals
    ]
    head = ("objective", "kpi", "proposed", "owner", "due", "why", "required_by", "taken_up_as")
    return sheet("proposed_actions", head, (38, 28, 60, 22, 12, 80, 24, 12), rows)


def lost_customers(pack: PackModel) -> Sheet:
    """Return the customers who did not come back after a bad experience."""
    found = pack.customers.experiences if pack.customers else None
    rows = [
        (
            one.customer,
            one.site,
            figures.value(one.segment),
            figures.semicolons([happened(what) for what in one.happened]),
            one.last_order,
            one.open_complaints,
        )
        for one in (found.lost if found else ())
    ]
    head = ("customer", "site", "segment", "what_happened", "last_order", "open_complaints")
    return sheet("customers_not_back", head, (30, 16, 20, 70, 12, 12), rows)


def comments(pack: PackModel) -> Sheet:
    """Return the quoted comments by theme; what points at people is masked, as in the pack."""
    said = pack.customers.said if pack.customers else None
    rows = [
        (
            theme.title,
            theme.comments,
            theme.unhappy,
            quote.text,
            quote.recommend,
            quote.satisfied,
            figures.value(quote.channel),
        )
        for theme in (said.themes if said else ())
        for quote in theme.quotes
    ]
    head = ("theme", "comments", "of_unhappy_customers", "quoted", "would_recommend", "satisfied", "channel")
    return sheet("comments", head, (28, 11, 14, 90, 12, 11, 14), rows)
