"""Register rows, feeds and actions of the made-up review."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from qmsreports.pack.model import Action, FailedRule, Feed, SourceQuality
from qmsreports.pack.register_table import RegisterTable


def actions() -> tuple[Action, ...]:
    """Six actions: done, done late, on track, moved, overdue twice."""
    return (
        Action(
            action="A-112",
            review="2026-07",
            title="Roll the new carrier out to Porto",
            owner="supply.manager",
            decided_on=date(2026, 7, 8),
            original_due=date(2026, 10, 15),
            due=date(2026, 10, 15),
            done_on=date(2026, 10, 12),
            state="done",
            progress="Porto on the new carrier since 12 October.",
            evidence="CR-2026-044",
        ),
        Action(
            action="A-113",
            review="2026-07",
            title="Second shift for the support desk in the morning",
            owner="support.manager",
            decided_on=date(2026, 7, 8),
            original_due=date(2026, 8, 31),
            due=date(2026, 9, 30),
            done_on=date(2026, 9, 21),
            state="done",
            moved_days=30,
            progress="Two people hired.",
        ),
        Action(
            action="A-115",
            review="2026-08",
            title="Root causes of complaints by product",
            owner="quality.manager",
            decided_on=date(2026, 8, 6),
            original_due=date(2026, 11, 30),
            due=date(2026, 11, 30),
            done_on=None,
            state="on_track",
            progress="Three of four families analysed.",
        ),
        Action(
            action="A-117",
            review="2026-08",
            title="Containment at supplier Borel",
            owner="purchasing.manager",
            decided_on=date(2026, 8, 6),
            original_due=date(2026, 9, 30),
            due=date(2026, 10, 19),
            done_on=None,
            state="overdue",
            overdue_days=12,
            moved_days=19,
            progress="100 % incoming inspection runs; supplier's 8D report outstanding.",
        ),
        Action(
            action="A-118",
            review="2026-09",
            title="Decide on the promise rule for export orders",
            owner="head.of.sales",
            decided_on=date(2026, 9, 7),
            original_due=date(2026, 10, 31),
            due=date(2026, 12, 15),
            done_on=None,
            state="on_track",
            moved_days=45,
        ),
        Action(
            action="A-109",
            review="2026-06",
            title="Competence matrix of the assembly team in Lyon",
            owner="production.manager",
            decided_on=date(2026, 6, 9),
            original_due=date(2026, 8, 31),
            due=date(2026, 8, 31),
            done_on=None,
            state="overdue",
            overdue_days=61,
        ),
    )


def quality() -> tuple[SourceQuality, ...]:
    """Five sources, one stopped feed."""

    def feed(
        source: str,
        table: str,
        title: str,
        rows: int,
        quarantined: int = 0,
        duplicates: int = 0,
        refreshed: int = 0,
        status: str = "published",
        message: str = "",
    ) -> Feed:
        kept = 0 if status == "stopped" else rows + refreshed - quarantined - duplicates
        return Feed(
            source=source,
            table=table,
            title=title,
            status=status,
            rows_in=rows,
            refreshed=refreshed,
            conformed=kept,
            quarantined=0 if status == "stopped" else quarantined,
            duplicates=duplicates,
            newest=date(2026, 10, 31),
            lake_version=7,
            message=message,
        )

    return (
        SourceQuality(
            source="crm",
            title="Customer relationship management",
            feeds=(
                feed("crm", "order_lines", "Order lines", 604310, 9, 212, 4120),
                feed("crm", "complaints", "Complaints", 1411, 2, 11),
                feed("crm", "survey_answers", "Survey answers", 31204, 0, 40),
                feed("crm", "opportunities", "Opportunities", 2290),
            ),
        ),
        SourceQuality(
            source="helpdesk",
            title="Help desk",
            feeds=(
                feed("helpdesk", "tickets", "Tickets", 118220, 11, 64, 900),
                feed("helpdesk", "ticket_replies", "Ticket replies", 402118, 3, 55),
            ),
        ),
        SourceQuality(
            source="mes",
            title="Manufacturing execution",
            feeds=(
                feed("mes", "operations", "Operations", 88120, 12, 20),
                feed("mes", "inspections", "Inspections", 22010),
                feed("mes", "receipts", "Receipts", 12404),
            ),
        ),
        SourceQuality(
            source="production_files",
            title="Production files",
            feeds=(
                feed(
                    "production_files",
                    "machine_shifts",
                    "Machine shifts",
                    1824,
                    status="stopped",
                    message="2,104 of 3,010 rows have no planned busy time (planned_busy_min, since 12 October)",
                ),
            ),
        ),
        SourceQuality(
            source="qms_registers",
            title="QMS registers",
            feeds=(
                feed("qms_registers", "audits", "Audits", 24),
                feed("qms_registers", "risks", "Risks and opportunities", 31),
                feed("qms_registers", "corrective_actions", "Corrective actions", 142),
            ),
        ),
    )


def failed_rules() -> tuple[FailedRule, ...]:
    """One critical, two warnings."""
    return (
        FailedRule(
            source="production_files",
            table="machine_shifts",
            rule="expect_column_values_to_not_be_null",
            column="planned_busy_minutes",
            severity="critical",
            on_failure="stop",
            why="Without the planned busy time the effectiveness of the equipment cannot be computed.",
            owner="production.manager",
            broken=False,
            rows_checked=3010,
            rows_failed=2104,
            sample=("", ""),
        ),
        FailedRule(
            source="helpdesk",
            table="tickets",
            rule="expect_column_values_to_be_in_set",
            column="channel",
            severity="warning",
            on_failure="quarantine",
            why="A ticket without a known channel cannot be counted by channel.",
            owner="support.manager",
            broken=False,
            rows_checked=118220,
            rows_failed=11,
            sample=("FAX", "?"),
        ),
        FailedRule(
            source="mes",
            table="operations",
            rule="expect_column_pair_values_a_to_be_greater_than_b",
            column="quantity_in",
            severity="warning",
            on_failure="quarantine",
            why="More pieces came out of the step than went in.",
            owner="production.manager",
            broken=False,
            rows_checked=88120,
            rows_failed=12,
            sample=("240 | 300",),
        ),
    )


def registers() -> dict[str, tuple[RegisterTable, ...]]:
    """Register tables by clause."""
    text = Path(__file__).with_name("pack_registers.json").read_text(encoding="utf-8")
    return {clause: tuple(map(RegisterTable.model_validate, tables)) for clause, tables in json.loads(text).items()}
