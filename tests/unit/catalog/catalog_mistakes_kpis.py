"""Mistakes in a KPI that show only when several files, or several fields of it, are read together."""

from __future__ import annotations

from catalog_mistakes import EXAMPLE, PERCENTILE, Mistake

# Whose hours count, where each row has its own calendar.
OF_CALENDARS_BY_ROW = tuple(
    Mistake(name, "kpis/reply_time.yaml", "calendar: desk", f"calendar: {calendar}")
    for name, calendar in (
        ("a calendar by an unknown column", "{by: sites, among: [desk]}"),
        ("a calendar by a number", "{by: rating, among: [desk]}"),
        ("an unknown calendar of a value", "{by: site, of: {linz: dusk}}"),
        ("an unknown calendar in a list", "{by: site, among: [desk, dusk]}"),
        ("an unknown calendar of other rows", "{by: site, among: [desk], otherwise: dusk}"),
        ("a calendar of a value that never occurs", "{by: line, of: {first: desk, secnd: desk}, otherwise: desk}"),
        ("values without a calendar", "{by: line, of: {first: desk}}"),
        ("calendars by row without calendars", "{by: site}"),
        ("calendars by row said twice", "{by: site, among: [desk], of: {linz: desk}}"),
        ("calendars by row misspelt", "{by: site, off: {linz: desk}}"),
        ("a list of calendars", "[desk]"),
    )
)

# The end of a KPI.
OF_RETIREMENTS = tuple(
    Mistake(name, file, "versions:\n", f"retired: {{from: {start}, because: No use., agreed: {agreed}}}\nversions:\n")
    for name, file, start, agreed in (
        ("a retirement inside a month", "kpis/doubled.yaml", "2026-10-02", "{by: Board, on: 2026-09-01, record: R-1}"),
        ("a retirement before it began", "kpis/on_time.yaml", "2024-02-01", "{by: Board, on: 2024-01-01, record: R-1}"),
        (
            "a retirement that a formula does not know",
            "kpis/on_time.yaml",
            "2026-10-01",
            "{by: B, on: 2026-09-01, record: R}",
        ),
        ("a retirement nobody agreed to", "kpis/doubled.yaml", "2026-10-01", "{}"),
    )
)

# What a KPI names and what it counts.
OF_KPIS = (
    Mistake(
        "a bootstrap of a percentile",
        "kpis/reply_time.yaml",
        "    measure:\n",
        "    interval: bootstrap\n    measure:\n",
    ),
    Mistake("an unknown interval", "kpis/reply_time.yaml", "    measure:\n", "    interval: bootstap\n    measure:\n"),
    Mistake(
        "an unknown table",
        "kpis/on_time.yaml",
        "{table: orders, period_by: due_on, where: [{field: urgent",
        "{table: order, period_by: due_on, where: [{field: urgent",
    ),
    Mistake("an unknown column", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: urgnt, is: true}"),
    Mistake(
        "an unknown column on the right", "kpis/on_time.yaml", "at_most: {field: due_on}", "at_most: {field: due_at}"
    ),
    Mistake(
        "an unknown date of the period",
        "kpis/on_time.yaml",
        "period_by: due_on, where: [{field: urgent",
        "period_by: due, where: [{field: urgent",
    ),
    Mistake(
        "a period by a text",
        "kpis/on_time.yaml",
        "period_by: due_on, where: [{field: urgent",
        "period_by: status, where: [{field: urgent",
    ),
    Mistake("no period", "kpis/reply_time.yaml", ", period_by: opened_at", ""),
    Mistake(
        "a level by period",
        "kpis/reply_time.yaml",
        PERCENTILE,
        "      kind: level\n      from: opened_at\n      to: replied_at",
    ),
    Mistake(
        "a date beside a text",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{field: due_on, above: {field: status}}",
    ),
    Mistake("a date beside a word", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: due_on, above: soon}"),
    Mistake("a text beside a number", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: site, is: 7}"),
    Mistake("a number beside a text", "kpis/on_time.yaml", "{field: urgent, is: true}", '{field: pieces, above: "7"}'),
    Mistake(
        "a text beside at_most", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: status, at_most: open}"
    ),
    Mistake("a boolean beside a word", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: urgent, is: yes}"),
    Mistake(
        "an instant beside a date",
        "kpis/reply_time.yaml",
        "period_by: opened_at}",
        "period_by: opened_at, where: [{field: replied_at, above: 2026-01-01}]}",
    ),
    Mistake("a value that never occurs", "kpis/on_time.yaml", "[cancelled]", "[canceled]"),
    Mistake("a sum of texts", "kpis/on_time.yaml", "denominator: {count: rows}", "denominator: {sum: status}"),
    Mistake("working time between dates", "kpis/reply_time.yaml", "to: replied_at", "to: closed_on"),
    Mistake(
        "a duration from instant to date",
        "kpis/reply_time.yaml",
        "{working_time: {from: opened_at, to: replied_at, calendar: desk}}",
        "{elapsed: {from: opened_at, to: closed_on}}",
    ),
    Mistake(
        "a length to an unknown column",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: due_on, to: don_on}, at_most: 2 days}",
    ),
    Mistake(
        "a length from a text",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: status, to: done_on}, at_most: 2 days}",
    ),
    Mistake(
        "hours between dates",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{elapsed: {from: due_on, to: done_on}, at_most: 48 hours}",
    ),
    Mistake(
        "working time in days",
        "kpis/reply_time.yaml",
        "period_by: opened_at}",
        "period_by: opened_at, "
        "where: [{working_time: {from: opened_at, to: replied_at, calendar: desk}, at_most: 2 days}]}",
    ),
    Mistake(
        "a length from date to instant",
        "kpis/reply_time.yaml",
        "period_by: opened_at}",
        "period_by: opened_at, where: [{elapsed: {from: opened_at, to: closed_on}, at_most: 2 days}]}",
    ),
    Mistake(
        "an unknown calendar in a condition",
        "kpis/reply_time.yaml",
        "period_by: opened_at}",
        "period_by: opened_at, "
        "where: [{working_time: {from: opened_at, to: replied_at, calendar: dusk}, at_most: 4 hours}]}",
    ),
    Mistake(
        "evidence by a length of time",
        "clauses/std-2.yaml",
        "where: {cases: [{field: site",
        "where: {cases: [{calendar_days: {from: opened_on, to: closed_on}, at_most: 2 days}, {field: site",
    ),
    Mistake(
        "a combination of no slice",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site, status]\ncombinations: [[site, stauts]]",
    ),
    Mistake(
        "a slice combined with itself",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site, status]\ncombinations: [[site, site]]",
    ),
    Mistake(
        "a combination written twice",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site, status]\ncombinations: [[site, status], [status, site]]",
    ),
    *(
        Mistake(
            name,
            "kpis/reply_time.yaml",
            "calendar: desk}}",
            f"calendar: desk, pause: {{table: {table}, by: {by}, at: {at}, status: {status}, in: [linz]}}}}}}",
        )
        for name, table, by, at, status in (
            ("a pause from an unknown table", "case", "case_id", "replied_at", "site"),
            ("a pause by an unknown column", "cases", "case", "replied_at", "site"),
            ("a pause at a date", "cases", "case_id", "closed_on", "site"),
            ("a pause in a status of no text", "cases", "case_id", "replied_at", "opened_at"),
            ("a pause of another key", "orders", "pieces", "done_on", "status"),
        )
    ),
    Mistake(
        "a pause taken off days",
        "kpis/reply_time.yaml",
        "period_by: opened_at}",
        "period_by: opened_at, where: [{elapsed: {from: closed_on, to: closed_on, "
        "pause: {table: cases, by: case_id, at: replied_at, status: site, in: [linz]}}, at_most: 2 days}]}",
    ),
    Mistake("an unknown calendar", "kpis/reply_time.yaml", "calendar: desk", "calendar: desks"),
    Mistake("a calendar that begins too late", "calendars/desk.yaml", "from: 2023-01-01", "from: 2024-02-01"),
    Mistake(
        "a calendar that ends",
        "calendars/desk.yaml",
        "  - from: 2025-01-01\n",
        "  - from: 2025-01-01\n    to: 2026-06-30\n",
    ),
    Mistake("a unit the measure cannot give", "kpis/reply_time.yaml", "unit: hours", "unit: percent"),
    Mistake(
        "a score in the wrong unit",
        "kpis/reply_time.yaml",
        PERCENTILE,
        "      kind: score\n      type: nps\n      field: rating",
    ),
    Mistake(
        "a scale beside the unit",
        "kpis/on_time.yaml",
        "denominator: {count: rows}",
        "denominator: {count: rows}\n      per: 1000",
    ),
    Mistake("a foreign currency", "kpis/reply_time.yaml", "unit: hours", "unit: USD"),
    Mistake("an unknown slice", "kpis/on_time.yaml", "slices: [site]", "slices: [sites]"),
    Mistake("a slice by date", "kpis/on_time.yaml", "slices: [site]", "slices: [site, due_on]"),
    Mistake("a slice twice", "kpis/on_time.yaml", "slices: [site]", "slices: [site, site]"),
    Mistake("an unknown clause", "kpis/on_time.yaml", "feeds: [9.3.2-c3]", "feeds: [9.3.2-c4]"),
    Mistake("a clause of nothing", "kpis/on_time.yaml", "feeds: [9.3.2-c3]", "feeds: [customers]"),
    Mistake("a clause twice", "kpis/on_time.yaml", "feeds: [9.3.2-c3]", "feeds: [9.3.2-c3, 9.3.2-c3]"),
    Mistake(
        "a version inside a month", "kpis/on_time.yaml", "effective_from: 2025-01-01", "effective_from: 2025-01-15"
    ),
    Mistake(
        "a version before the one before",
        "kpis/on_time.yaml",
        "effective_from: 2025-01-01",
        "effective_from: 2023-01-01",
    ),
    Mistake("a version number left out", "kpis/on_time.yaml", "- version: 2", "- version: 3"),
    Mistake(
        "limits that begin anew inside a month",
        "kpis/on_time.yaml",
        "slices: [site]",
        "limits: {rebase: [{from: 2025-01-15, because: Move, agreed: {by: B, on: 2025-01-10, record: R}}]}",
    ),
    Mistake(
        "values that are possible the wrong way round",
        "kpis/on_time.yaml",
        "slices: [site]",
        "limits: {least: 100, most: 0}",
    ),
    Mistake(
        "limits that begin anew out of order",
        "kpis/on_time.yaml",
        "slices: [site]",
        "limits:\n  rebase:\n"
        "    - {from: 2025-02-01, because: Move, agreed: {by: B, on: 2025-01-10, record: R}}\n"
        "    - {from: 2025-01-01, because: Move, agreed: {by: B, on: 2025-01-10, record: R}}",
    ),
    Mistake(
        "an example of an unknown column",
        "kpis/on_time.yaml",
        "status | due_on     | done_on",
        "state  | due_on     | done_on",
    ),
    Mistake(
        "an example with an unreadable cell",
        "kpis/on_time.yaml",
        "done   | 2026-03-03 | 2026-03-02",
        "done   | 3 March    | 2026-03-02",
    ),
    Mistake(
        "an example with an unknown value",
        "kpis/on_time.yaml",
        "done   | 2026-03-03 | 2026-03-02",
        "ready  | 2026-03-03 | 2026-03-02",
    ),
    Mistake(
        "an example with a cell too many", "kpis/on_time.yaml", "open   | 2026-03-25 |", "open   | 2026-03-25 | | x"
    ),
    Mistake("an example of another table", "kpis/on_time.yaml", EXAMPLE, "      - rows: {cases: case_id}\n"),
    Mistake("an example without rows", "kpis/on_time.yaml", EXAMPLE, '      - rows: ""\n'),
    Mistake("a formula of an unknown KPI", "kpis/doubled.yaml", "{kpi: on_time}", "{kpi: on_tim}"),
    Mistake("a formula of itself", "kpis/doubled.yaml", "{kpi: on_time}", "{kpi: doubled}"),
)
