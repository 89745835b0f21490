"""The made-up review as a whole, in any size."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pack_fixture import CLAUSES, ISO_2015, ISO_2026, OCTOBER, PLANS, SQL, Plan, objective
from pack_fixture_registers import actions, failed_rules, quality, registers

from qmsreports.pack.assemble import Facts, assemble
from qmsreports.pack.model import (
    DefinitionChange,
    FormKind,
    Header,
    Ledger,
    LedgerRow,
    PackModel,
    Restatement,
    Section,
    SqlEvidence,
    StandardName,
    TableVersion,
)
from qmsreports.pack.objective import Objective

FORM = (
    FormKind(clause="9.3.3 a", label="Opportunities for improvement"),
    FormKind(clause="9.3.3 b", label="Need for changes to the quality management system"),
    FormKind(clause="9.3.3 c", label="Resource needs"),
)


def header(**changed: object) -> Header:
    """The header of edition 1 of the review of October 2026."""
    return Header(
        organisation="Arvella Pumps",
        scope="Design, production and service of pumps in Linz, Lyon and Porto",
        title="Management review",
        review="monthly",
        period="2026-10",
        period_start=date(2026, 10, 1),
        period_end=date(2026, 10, 31),
        last_period="2026-09",
        edition=1,
        data_read_at=datetime(2026, 11, 3, 6, 12, tzinfo=UTC),
        time_zone="Europe/Vienna",
        standards=(ISO_2015, ISO_2026),
        rules="making_data_count",
        code_version="0.1.0",
    ).model_copy(update=changed)


def sections(objectives: list[Objective]) -> tuple[Section, ...]:
    """One section per clause input."""
    tables, found = registers(), []
    for clause, number, title in CLAUSES:
        kpis = tuple(o.kpi for o in objectives if clause in o.feeds)
        own = tables.get(clause, ())
        state = "data" if kpis or own or clause == "9.3.2-a" else "missing"
        note = (
            "Neither data nor a statement; last covered in July 2026. Owed by operations." if state == "missing" else ""
        )
        found.append(
            Section(
                clause=clause,
                number=number,
                title=title,
                anchor=f"clause-{clause.replace('.', '-')}",
                state=state,
                kpis=kpis,
                registers=own,
                note=note,
            )
        )
    return tuple(found)


def ledger(standard: StandardName, parts: tuple[Section, ...]) -> Ledger:
    """The ledger that follows from the sections; one input is considered, one missing."""
    rows = []
    for part in parts:
        if part.clause == "9.3.2-f":
            rows.append(
                LedgerRow(
                    clause=part.clause,
                    number=part.number,
                    label=part.title,
                    state="considered",
                    considered_by="M. Huber",
                    considered_on=date(2026, 11, 2),
                    statement="The ideas of October were looked at; nothing to decide this month.",
                    covers=part.clause,
                )
            )
            continue
        evidence = tuple(
            (text, part.anchor)
            for text in [f"{len(part.kpis)} objectives"] * bool(part.kpis)
            + [f"{t.title}, {t.total} rows" for t in part.registers]
        )
        if part.clause == "9.3.2-a":
            evidence = (("6 actions", "actions"),)
        rows.append(
            LedgerRow(
                clause=part.clause,
                number=part.number,
                label=part.title,
                state=part.state,
                evidence=evidence,
                last_considered="2026-07" if part.state == "missing" else "",
                covers=part.clause,
            )
        )
    return Ledger(standard=standard, rows=tuple(rows))


def facts(objectives: list[Objective], **changed: object) -> Facts:
    """Everything that a review of these objectives would have collected."""
    parts = sections(objectives)
    given: dict[str, object] = {
        "header": header(),
        "objectives": objectives,
        "actions": actions(),
        "sections": parts,
        "ledgers": (ledger(ISO_2015, parts), ledger(ISO_2026, parts)),
        "quality": quality(),
        "failed_rules": failed_rules(),
        "definition_changes": (
            DefinitionChange(
                kpi="on_time_delivery",
                title="On-time delivery",
                kind="definition",
                effective_from=date(2026, 1, 1),
                before="version 1",
                after="version 2",
                why="Lines still undelivered after the promised day were invisible in version 1.",
                approved="E. Novak on 18 Dec 2025",
            ),
            DefinitionChange(
                kpi="nps",
                title="Net promoter score",
                kind="target",
                effective_from=date(2026, 10, 1),
                before="at least 40 points",
                after="at least 45 points",
                why="Agreed for the financial year.",
                approved="M. Huber on 9 Sep 2026",
            ),
        ),
        "restatements": (
            Restatement(
                kpi="complaints_per_1000_orders",
                title="Complaints per 1,000 orders",
                unit="per_1000",
                period="2026-08",
                before=2.0,
                after=2.2,
                why="late data",
            ),
        ),
        "form": FORM,
        "sql": (
            SqlEvidence(
                sha256="5e1f" * 16,
                engine="duckdb",
                text=SQL,
                kpis=tuple(o.kpi for o in objectives if "9.3.2-c3" in o.feeds),
            ),
            SqlEvidence(
                sha256="0ab9" * 16,
                engine="duckdb",
                text=SQL.replace("order_lines", "tickets"),
                kpis=tuple(o.kpi for o in objectives if "9.3.2-c3" not in o.feeds),
            ),
        ),
        "tables": (
            TableVersion(table="order_lines", version=41, kpis=3),
            TableVersion(table="tickets", version=18, kpis=5),
        ),
        "quarantine_since": (("2026-08", 3), ("2026-10", 34)),
    }
    return Facts(**{**given, **changed})  # type: ignore[arg-type]


def stopped(one: Objective) -> Objective:
    """The objective as it is when validation stopped its feed."""
    latest = one.latest.model_copy(
        update={
            "value": None,
            "low": None,
            "high": None,
            "n": 0,
            "status": "not_valid",
            "kind": "common_cause",
            "signal": "none",
        }
    )
    return one.model_copy(
        update={
            "points": (*one.points[:-1], latest),
            "reads": ("machine_shifts",),
            "reservations": ("Machine shifts of 12 to 31 October were stopped by validation.",),
        }
    )


def review(kpis: int = 0, months: int = 36, **changed: object) -> PackModel:
    """The whole pack; ``kpis`` repeats or cuts the plans to that many."""
    plans = list(PLANS)
    while kpis and len(plans) < kpis:
        plans += [_again(p, len(plans)) for p in PLANS]
    plans = plans[:kpis] if kpis else plans
    objectives = [objective(plan, months) for plan in plans]
    objectives = [stopped(one) if one.kpi == "oee" else one for one in objectives]
    return assemble(facts(objectives, **changed))


def _again(plan: Plan, number: int) -> Plan:
    from dataclasses import replace

    return replace(plan, kpi=f"{plan.kpi}_{number}", title=f"{plan.title}, line {number}")


__all__ = ["OCTOBER", "facts", "header", "objective", "review", "stopped"]
