"""Sections, registers, ledgers, data quality and definitions as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from qmsreports.language import say
from qmsreports.language.recorded import again
from qmsreports.pack import figures
from qmsreports.pack.assemble import actions_of
from qmsreports.pack.model import EarlyRows, FailedRule, Feed, LedgerRow, PackModel, Section, Trust
from qmsreports.pack.objective import Objective
from qmsreports.pack.register_table import RegisterTable
from qmsreports.pack.view import board, front, words
from qmsreports.pack.view.customers import customers
from qmsreports.records import DERIVED

_STATE = {"data": "good", "considered": "plain", "missing": "bad"}
_CHIP = {"major": "bad", "overdue": "bad", "not effective": "bad", "effective": "good", "done": "good", "no": "bad"}
_SAMPLE = 110
_ROWS = 10  # rows of one register; the others stand in the workbook
_NARROW = 18  # characters that a column may keep on one line
_RIGHT = ("integer", "number", "money")


def section(item: Section, pack: PackModel) -> dict[str, Any]:
    """Return one input with its objectives in depth, its cards and its registers."""
    own = [pack.objective(kpi) for kpi in item.kpis]
    return {
        "clause": item.clause,
        "number": item.number,
        "title": item.title,
        "anchor": item.anchor,
        "state": {"word": say(f"input.{item.state}"), "tone": _STATE[item.state], "chip": True},
        "note": item.note,
        "depth": [board.depth(one, pack) for one in own if one.exception],
        "cards": [board.depth(one, pack) for one in own if not one.exception],
        "also": [{"title": pack.objective(kpi).title, "link": f"kpi-{kpi}"} for kpi in item.also],
        "registers": [register(table, pack.header.currency) for table in item.registers],
        "summary": _summary(item, pack),
        "customers": customers(pack) if pack.customers and pack.customers.clause == item.clause else None,
    }


def _summary(item: Section, pack: PackModel) -> dict[str, str] | None:
    """Return the sentence of an input that other parts of the pack answer as a whole, and where they stand."""
    if item.clause in actions_of(pack.ledgers):
        return {"text": front.actions_summary(pack), "name": say("label.earlier_actions"), "link": "actions"}
    if item.clause == "9.3.2-c2":
        return {"text": front.objectives_summary(pack), "name": say("label.scoreboard"), "link": "scoreboard"}
    return None


def register(table: RegisterTable, currency: str, within: str = "") -> dict[str, Any]:
    """Return a register table with every cell as text, and what is not shown; ``within`` is the anchor of its annex."""
    shown = table.rows[:_ROWS]
    more = table.total - len(shown)
    rows = [[_cell(value, column.kind) for value, column in zip(row, table.columns, strict=True)] for row in shown]
    return {
        "title": table.title,
        "summary": table.summary,
        "anchor": f"{within or 'register'}-{table.table.replace('_', '-')}",
        "columns": [
            {
                "title": f"{column.title}, {currency}" if column.kind == "money" else column.title,
                "right": column.kind in _RIGHT,
                "width": column.width,
                "narrow": column.kind != "text" and all(len(row[at]["text"]) <= _NARROW for row in rows),
                "kind": column.kind,
            }
            for at, column in enumerate(table.columns)
        ],
        "rows": rows,
        "more": say("register.more", n=more) if more > 0 else "",
        "order": say("register.shown", order=table.order) if table.order and table.rows else "",
        "as_of": say("register.newest", day=figures.day(table.as_of)) if table.as_of else "",
    }


def _cell(value: str | int | float | bool | None, kind: str) -> dict[str, str]:
    if value is None or value == "":
        return {"text": figures.NONE, "tone": "mute"}
    if kind == "date" and isinstance(value, str):
        return {"text": figures.day(date.fromisoformat(value[:10])), "tone": ""}
    if isinstance(value, bool):
        return {"text": say("cell.yes") if value else say("cell.no"), "tone": "good" if value else "bad"}
    if isinstance(value, int | float):
        return {"text": figures.number(value, "percent" if kind == "number" else "count"), "tone": ""}
    if kind == "chip":
        return {"text": chip_word(value), "tone": _CHIP.get(value, "plain")}
    return {"text": value, "tone": ""}


def chip_word(value: str) -> str:
    """Return a state of a register in words; a word that no catalog of messages knows stands as it is."""
    return figures.known(f"chip.{value.replace(' ', '_')}", value)


def ledgers(pack: PackModel) -> list[dict[str, Any]]:
    """Return the coverage of each standard, row by row, with its counts."""
    found = []
    for ledger in pack.ledgers:
        states = [row.state for row in ledger.rows]
        found.append(
            {
                "title": ledger.standard.title,
                "note": say("ledger.unverified") if ledger.standard.unverified else "",
                "summary": say(
                    "ledger.summary", **{state: say(f"ledger.{state}", n=states.count(state)) for state in _STATE}
                ),
                "rows": [_ledger_row(row) for row in ledger.rows],
            }
        )
    return found


def _ledger_row(row: LedgerRow) -> dict[str, Any]:
    said = ""
    if row.state == "considered":
        said = row.statement
        if row.considered_by:
            day = figures.day(row.considered_on)
            said = say("coverage.considered", statement=row.statement, who=row.considered_by, day=day)
    elif row.state == "missing":
        last = row.last_considered
        covered = say("coverage.last", in_period=figures.period(last, "in")) if last else say("coverage.never")
        said = say("coverage.missing", covered=covered)
    return {
        "number": row.number,
        "label": row.label,
        "state": {"word": say(f"input.{row.state}"), "tone": _STATE[row.state], "chip": True},
        "evidence": [{"text": text, "link": link} for text, link in row.evidence],
        "said": said,
    }


def quality(pack: PackModel) -> dict[str, Any]:
    """Return the data-quality statement: every feed, the sums, every rule that did not hold."""
    trust = pack.trust
    return {
        "sources": [
            {
                "title": source.title,
                "source": source.source,
                "feeds": [_derived(feed) if source.source == DERIVED else _feed(feed) for feed in source.feeds],
            }
            for source in pack.quality
        ],
        "total": [figures.count(number) for number in (getattr(trust, name) for name in _COUNTS)],
        "adds_up": say("quality.adds_up") if trust.reconciles else say("quality.does_not_add_up"),
        "early": _early(pack.early),
        "reconciles": trust.reconciles,
        "rules": [_rule(rule, words.tables(pack)) for rule in pack.failed_rules],
        "no_rule": say("quality.every_rule_held"),
        "waiting": _waiting(trust),
    }


def _early(rows: Sequence[EarlyRows]) -> list[str]:
    """Return what is dated before a record begins, told together of the tables whose record begins on one day."""
    by_day: dict[tuple[date, bool], list[EarlyRows]] = {}
    for one in rows:
        by_day.setdefault((one.begins, one.declared), []).append(one)
    return [
        say(
            "quality.early_declared" if declared else "quality.early",
            n=sum(one.rows for one in own),
            tables=", ".join(f"{one.title} ({figures.count(one.rows)})" for one in own),
            day=figures.day(day),
        )
        for (day, declared), own in sorted(by_day.items())
    ]


def _waiting(trust: Trust) -> str:
    """Return how many rows wait in quarantine and since when: ``7 rows ... decision: 3 since 2026-09, 4 since ...``."""
    if not trust.quarantine_open:
        return ""
    since = [(figures.period(month), rows) for month, rows in trust.quarantine_since]
    ages = [say("quality.age", rows=figures.count(rows), month=month) for month, rows in since]
    if len(ages) > _AGES:
        older = sum(rows for _, rows in trust.quarantine_since[: 1 - _AGES])
        oldest = say("quality.age_or_later", rows=figures.count(older), month=since[0][0])
        ages = [oldest, *ages[1 - _AGES :]]
    if not ages:
        return say("quality.waiting", n=trust.quarantine_open)
    return say("quality.waiting_since", n=trust.quarantine_open, ages=", ".join(ages))


_COUNTS = ("rows_in", "refreshed", "conformed", "quarantined", "duplicates", "deleted_at_source")
_AGES = 4
"""Months that the quarantine's ages are told by; older ones are told together."""


def _feed(feed: Feed) -> dict[str, Any]:
    whole = feed.rows_in + feed.refreshed
    stopped = feed.status in ("stopped", "broken", "failed")
    return {
        "title": feed.title,
        "status": {"word": say(f"feed.{feed.status}"), "tone": "solid" if stopped else "mute", "chip": stopped},
        "rows_in": figures.count(feed.rows_in),
        "refreshed": figures.count(feed.refreshed),
        "conformed": figures.count(feed.conformed),
        "quarantined": figures.count(feed.quarantined),
        "share": figures.share(feed.quarantined, whole) if feed.quarantined else "",
        "duplicates": figures.count(feed.duplicates),
        "deleted_at_source": figures.count(feed.deleted_at_source),
        "newest": figures.day(feed.newest),
        "version": str(feed.lake_version) if feed.lake_version is not None else figures.NONE,
        "message": again(feed.message),
    }


def _derived(feed: Feed) -> dict[str, Any]:
    """Return a table that was made from others: its rows are no rows in, and stand with its name."""
    made = dict.fromkeys(_COUNTS, figures.NONE)
    rows = say("count.row", n=feed.rows_in + feed.refreshed)
    return {**_feed(feed), **made, "share": "", "title": ", ".join((feed.title, rows))}


def _rule(rule: FailedRule, tables: Mapping[str, str]) -> dict[str, Any]:
    what = rule_word(rule.rule)
    table = tables.get(rule.table, rule.table.replace("_", " "))
    where = say("quality.where", source=rule.source, table=table)
    return {
        "where": where,
        "rule": say("quality.rule_of", column=rule.column, rule=what) if rule.column else what,
        "why": rule.why,
        "severity": {
            "word": say(f"severity.{rule.severity}"),
            "tone": "solid" if rule.severity == "critical" else "plain",
            "chip": True,
        },
        "failed": say("quality.of", some=figures.count(rule.rows_failed), all=figures.count(rule.rows_checked)),
        "did": say("rule.broken") if rule.broken else say(f"rule.{rule.on_failure}"),
        "owner": figures.role(rule.owner),
        "sample": next((say("quality.quoted", text=_cut(again(text))) for text in rule.sample if text), ""),
    }


def rule_word(rule: str) -> str:
    """Return what a broken rule means, by its type or its own name; of an unknown one its name in words."""
    return figures.known(f"rule_type.{rule}", rule.removeprefix("expect_").replace("_", " "))


def _cut(text: str) -> str:
    """Return a sample that fits a cell; the whole of it stands in the quarantine."""
    return text if len(text) <= _SAMPLE else f"{text[: _SAMPLE - 1].rstrip()}\u2026"


def definition_changes(pack: PackModel) -> list[dict[str, str]]:
    """Return the definitions and targets that changed inside the window of the charts, newest first."""
    shown = {objective.kpi for objective in pack.objectives}
    ordered = sorted(pack.definition_changes, key=lambda change: (-change.effective_from.toordinal(), change.kpi))
    return [
        {
            "title": change.title,
            "kind": say(f"definition_change.{change.kind}"),
            "from": figures.day(change.effective_from),
            "what": f"{change.before} {figures.ARROW} {change.after}",
            "why": change.why,
            "approved": change.approved or say("definition.not_approved"),
            "link": f"kpi-{change.kpi}" if change.kpi in shown else "",
        }
        for change in ordered
    ]


def restatements(pack: PackModel) -> list[dict[str, str]]:
    """Return published values that were replaced."""
    return [
        {
            "title": item.title,
            "period": figures.period(item.period),
            "what": f"{figures.quantity(item.before, item.unit)} {figures.ARROW} "
            f"{figures.quantity(item.after, item.unit)}",
            "why": item.why,
            "link": f"kpi-{item.kpi}",
        }
        for item in pack.restatements
    ]


def definitions(pack: PackModel) -> list[dict[str, Any]]:
    """Return every definition with its versions, newest first."""
    return [_definition(objective, pack) for objective in pack.objectives]


def _definition(objective: Objective, pack: PackModel) -> dict[str, Any]:
    tables = words.tables(pack)
    versions = sorted(objective.definitions, key=lambda version: -version.version)
    rules = objective.rules.replace("_", " ")
    return {
        "anchor": f"def-{objective.kpi}",
        "kpi": objective.kpi,
        "title": objective.title,
        "question": objective.question,
        "line": ", ".join(
            [
                figures.unit_word(objective.unit),
                say(f"better.{objective.better}"),
                say("definition.owner", owner=figures.role(objective.owner)),
                say("definition.feeds", clauses=words.clauses(objective.feeds, words.standards(pack))),
                say("definition.rules", rules=rules) if rules else say("definition.no_chart"),
            ]
        ),
        "reads": figures.listed([tables.get(table, table.replace("_", " ")) for table in objective.reads]),
        "sql": [{"text": sha[:12], "link": f"sql-{sha[:12]}"} for sha in objective.sql],
        "versions": [
            {
                "version": version.version,
                "from": figures.day(version.effective_from),
                "why": version.why,
                "rule": version.rule,
                "fingerprint": version.fingerprint[:16],
                "approved": figures.listed(version.approved) or say("definition.not_approved_yet"),
                "is_approved": bool(version.approved),
                "in_force": version.in_force,
            }
            for version in versions
        ],
    }


def sql(pack: PackModel) -> list[dict[str, Any]]:
    """Return the SQL texts with the objectives whose values each gives."""
    titles = {objective.kpi: objective.title for objective in pack.objectives}
    return [
        {
            "anchor": f"sql-{text.sha256[:12]}",
            "sha": text.sha256,
            "short": text.sha256[:12],
            "engine": text.engine,
            "text": text.text.rstrip("\n"),
            "kpis": [{"title": titles[kpi], "link": f"kpi-{kpi}"} for kpi in text.kpis if kpi in titles],
        }
        for text in pack.sql
    ]
