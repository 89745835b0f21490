"""How each register is shown: which rows, in which order, and the sentence above them. Data, not code.

Every query sees ``$start`` and ``$end`` (the period, half-open) and ``$year`` (twelve months before ``$end``) as dates.
``rows`` names the rows that count, ``order`` sorts them, ``counts`` gives the numbers of the sentence above them.

A register is shown as it stood at ``$end``: what was done, closed, decided or entered on that day or later had not
happened yet, whatever the row says today. Where a row has no day of its own for something (the effect of an action on a
risk, the justification of a complaint), it counts from the day that its KPI counts it by.

Title, sentence and order in words are messages: ``register.<table>.title``, ``.summary`` and ``.order``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A column: key of its head, kind (see :class:`~qmsreports.pack.model.RegisterColumn`), SQL, share of the width."""

    head: str
    kind: str
    sql: str
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Register:
    """One register as a table of the pack."""

    table: str
    columns: tuple[Shown, ...]
    rows: str
    order: str
    counts: str
    newest: str
    group: str = ""


_OPEN_NC = "detected_on < $end AND (closed_on IS NULL OR closed_on >= $end)"
_OPEN_CA = "opened_on < $end AND (closed_on IS NULL OR closed_on >= $end)"
_OPEN_FINDING = "raised_on < $end AND (closed_on IS NULL OR closed_on >= $end)"
_AUDIT = (
    "(planned_on >= $start AND planned_on < $end) OR (planned_on < $start AND (done_on IS NULL OR done_on >= $start))"
)
_OPEN_IDEA = "raised_on < $end AND (status IN ('new', 'accepted') OR decided_on >= $end)"
_OPEN_RISK = "(done_on IS NULL OR done_on >= $end)"


def _newest(*days: str) -> str:
    """Return the newest of these days before the end of the period; a row without one of them has the others."""
    return f"greatest({', '.join(f'max({day}) FILTER ({day} < $end)' for day in days)})"


REGISTERS: dict[str, Register] = {
    register.table: register
    for register in (
        Register(
            table="context_changes",
            columns=(
                Shown("no", "key", "change_id"),
                Shown("noticed", "date", "noticed_on"),
                Shown("kind", "chip", "replace(kind, '_', ' ')"),
                Shown("what", "text", "title", 3),
                Shown("effect", "text", "effect", 4),
                Shown("owner", "role", "owner", 1.4),
            ),
            rows="noticed_on < $end AND noticed_on >= $year",
            order="noticed_on DESC, change_id",
            counts="""SELECT count(*) AS total, count(*) FILTER (noticed_on >= $start) AS fresh,
                count(*) FILTER (kind = 'climate') AS climate,
                count(*) FILTER (kind = 'interested_party') AS parties FROM context_changes WHERE {rows}""",
            newest=_newest("noticed_on"),
        ),
        Register(
            table="nonconformities",
            columns=(
                Shown("no", "key", "nonconformity_id"),
                Shown("detected", "date", "detected_on"),
                Shown("site", "site", "site"),
                Shown("grade", "chip", "grade"),
                Shown("origin", "chip", "origin"),
                Shown("what", "text", "description", 4),
                Shown("cost", "money", "CASE WHEN closed_on IS NULL THEN cost END"),
            ),
            rows=_OPEN_NC,
            order="grade, detected_on, nonconformity_id",
            counts=f"""SELECT count(*) FILTER ({_OPEN_NC}) AS total,
                count(*) FILTER ({_OPEN_NC} AND grade = 'major') AS major,
                count(*) FILTER (detected_on >= $start AND detected_on < $end) AS opened,
                count(*) FILTER (closed_on >= $start AND closed_on < $end) AS closed FROM nonconformities""",
            newest=_newest("detected_on", "closed_on"),
        ),
        Register(
            table="corrective_actions",
            columns=(
                Shown("no", "key", "corrective_action_id"),
                Shown("action", "text", "title", 4),
                Shown("site", "site", "site"),
                Shown("owner", "role", "owner", 1.6),
                Shown("original_due", "date", "original_due_on"),
                Shown("due", "date", "due_on"),
                Shown("state", "chip", "CASE WHEN due_on < $end THEN 'overdue' ELSE 'open' END"),
            ),
            rows=_OPEN_CA,
            order="due_on, corrective_action_id",
            counts=f"""SELECT count(*) FILTER ({_OPEN_CA}) AS total,
                count(*) FILTER ({_OPEN_CA} AND due_on < $end) AS overdue,
                count(*) FILTER (closed_on >= $year AND closed_on < $end) AS closed,
                count(*) FILTER (closed_on >= $year AND closed_on < $end AND checked_on < $end) AS checked,
                count(*) FILTER (closed_on >= $year AND closed_on < $end AND checked_on < $end AND effective) AS good
                FROM corrective_actions""",
            newest=_newest("opened_on", "closed_on", "checked_on"),
        ),
        Register(
            table="audits",
            columns=(
                Shown("no", "key", "audit_id"),
                Shown("planned", "date", "planned_on"),
                Shown("done_on", "date", "CASE WHEN done_on < $end THEN done_on END"),
                Shown("site", "site", "site"),
                Shown("kind", "chip", "kind"),
                Shown("scope", "text", "scope", 3.5),
                Shown("lead", "text", "lead", 1.4),
            ),
            rows=_AUDIT,
            order="planned_on, audit_id",
            counts=f"""SELECT count(*) FILTER ({_AUDIT}) AS total,
                count(*) FILTER (planned_on >= $start AND planned_on < $end) AS planned,
                count(*) FILTER (planned_on >= $start AND planned_on < $end AND done_on < $end) AS done,
                count(*) FILTER (planned_on < $start AND (done_on IS NULL OR done_on >= $end)) AS owed,
                count(*) FILTER (planned_on >= $year AND planned_on < $end) AS year_planned,
                count(*) FILTER (planned_on >= $year AND planned_on < $end AND done_on < $end) AS year_done
                FROM audits""",
            newest="max(coalesce(done_on, planned_on)) FILTER (coalesce(done_on, planned_on) < $end)",
        ),
        Register(
            table="audit_findings",
            columns=(
                Shown("no", "key", "finding_id"),
                Shown("grade", "chip", "grade"),
                Shown("clause", "text", "clause", 0.8),
                Shown("finding", "text", "description", 5),
                Shown("raised", "date", "raised_on"),
                Shown("due", "date", "due_on"),
                Shown("state", "chip", "CASE WHEN due_on < $end THEN 'overdue' ELSE 'open' END"),
            ),
            rows=_OPEN_FINDING,
            order="CASE grade WHEN 'major' THEN 0 WHEN 'minor' THEN 1 ELSE 2 END, raised_on, finding_id",
            counts=f"""SELECT count(*) AS total, count(*) FILTER (grade = 'major') AS major,
                count(*) FILTER (grade = 'minor') AS minor, count(*) FILTER (grade = 'observation') AS seen,
                count(*) FILTER (due_on < $end) AS overdue FROM audit_findings WHERE {_OPEN_FINDING}""",
            newest=_newest("raised_on", "closed_on"),
        ),
        Register(
            table="receipts",
            columns=(
                Shown("supplier", "text", "supplier", 3),
                Shown("receipts", "integer", "count(*)"),
                Shown("received", "integer", "sum(quantity_received)"),
                Shown("rejected", "integer", "sum(quantity_rejected)"),
                Shown("ppm", "integer", "1e6 * sum(quantity_rejected) / nullif(sum(quantity_received), 0)"),
                Shown(
                    "on_time",
                    "number",
                    "100.0 * count(*) FILTER (received_on <= committed_on) / nullif(count(committed_on), 0)",
                ),
            ),
            rows="received_on < $end AND received_on >= $year",
            order="sum(quantity_rejected) DESC, supplier",
            counts="""SELECT count(DISTINCT supplier) AS total, count(*) AS receipts,
                count(DISTINCT supplier) FILTER (quantity_rejected > 0) AS hit FROM receipts WHERE {rows}""",
            newest=_newest("received_on"),
            group="supplier",
        ),
        Register(
            table="complaints",
            columns=(
                Shown("reason", "code", "reason", 3),
                Shown("in_the_period", "integer", "count(*) FILTER (received_on >= $start)"),
                Shown("twelve_months", "integer", "count(*)"),
                Shown("justified", "integer", "count(*) FILTER (justified AND closed_on < $end)"),
                Shown("still_open", "integer", "count(*) FILTER (closed_on IS NULL OR closed_on >= $end)"),
            ),
            rows="received_on < $end AND received_on >= $year",
            order="count(*) DESC, reason",
            counts="""SELECT count(DISTINCT reason) AS total, count(*) AS year,
                count(*) FILTER (received_on >= $start) AS fresh,
                count(*) FILTER (closed_on IS NULL OR closed_on >= $end) AS open FROM complaints WHERE {rows}""",
            newest=_newest("received_on"),
            group="reason",
        ),
        Register(
            table="resources",
            columns=(
                Shown("site", "site", "site"),
                Shown("kind", "chip", "kind"),
                Shown("what", "text", "title", 4),
                Shown("measured", "date", "measured_on"),
                Shown("planned", "number", "planned"),
                Shown("actual", "number", "actual"),
                Shown("unit", "unit", "unit"),
            ),
            rows="resource_id IN (SELECT arg_max(resource_id, (measured_on, resource_id)) FROM resources "
            "WHERE measured_on < $end AND measured_on >= $year GROUP BY site, kind, title)",
            order="actual / nullif(planned, 0), site, title",
            counts="""SELECT count(*) AS total, count(*) FILTER (actual < planned) AS short,
                count(*) FILTER (measured_on >= $start) AS fresh FROM resources WHERE {rows}""",
            newest=_newest("measured_on"),
        ),
        Register(
            table="risks",
            columns=(
                Shown("no", "key", "risk_id"),
                Shown("kind", "chip", "kind"),
                Shown("what", "text", "title", 4),
                Shown("owner", "role", "owner", 1.6),
                Shown("likelihood_times_severity", "integer", "likelihood * severity"),
                Shown("due", "date", "due_on"),
                Shown(
                    "effect",
                    "chip",
                    f"CASE WHEN {_OPEN_RISK} AND due_on < $end THEN 'overdue' WHEN {_OPEN_RISK} THEN 'open' "
                    "WHEN effective IS NULL THEN 'not checked' WHEN effective THEN 'effective' "
                    "ELSE 'not effective' END",
                ),
            ),
            rows="identified_on < $end",
            order="likelihood * severity DESC, risk_id",
            counts="""SELECT count(*) AS total, count(*) FILTER (likelihood * severity >= 12) AS high,
                count(*) FILTER (done_on < $end) AS done, count(*) FILTER (done_on < $end AND effective) AS good,
                count(*) FILTER (done_on < $end AND NOT effective) AS bad,
                count(*) FILTER (done_on < $end AND effective IS NULL) AS unchecked FROM risks WHERE {rows}""",
            newest=_newest("identified_on", "done_on", "reviewed_on"),
        ),
        Register(
            table="improvement_ideas",
            columns=(
                Shown("no", "key", "idea_id"),
                Shown("raised", "date", "raised_on"),
                Shown("site", "site", "site"),
                Shown("idea", "text", "title", 4),
                Shown("state", "chip", "CASE WHEN decided_on >= $end THEN 'new' ELSE status END"),
                Shown("benefit", "money", "CASE WHEN decided_on >= $end THEN NULL ELSE benefit END"),
            ),
            rows=_OPEN_IDEA,
            order="CASE WHEN decided_on >= $end THEN 'new' ELSE status END DESC, raised_on, idea_id",
            counts=f"""SELECT count(*) FILTER ({_OPEN_IDEA}) AS total,
                count(*) FILTER ({_OPEN_IDEA} AND (status = 'new' OR decided_on >= $end)) AS fresh,
                count(*) FILTER (status = 'done' AND decided_on >= $year AND decided_on < $end) AS done,
                count(*) FILTER (status = 'rejected' AND decided_on >= $year AND decided_on < $end) AS rejected
                FROM improvement_ideas""",
            newest=_newest("raised_on", "decided_on"),
        ),
        Register(
            table="costs",
            columns=(
                Shown("category", "code", "category", 3),
                Shown("in_the_period", "money", "sum(amount) FILTER (booked_on >= $start)"),
                Shown("twelve_months", "money", "sum(amount)"),
            ),
            rows="booked_on < $end AND booked_on >= $year AND category <> 'net_sales'",
            order="category",
            counts="""SELECT count(DISTINCT category) AS total, count(*) AS booked FROM costs WHERE {rows}""",
            newest=_newest("booked_on"),
            group="category",
        ),
    )
}
