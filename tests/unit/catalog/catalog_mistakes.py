"""Mistakes that people make in a catalog, each as one edit of the small catalog beside this file.

What the product says to each stands in ``tests/golden/catalog_messages.txt``, under the mistake's name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """The first ``old`` becomes ``new`` in ``file``; without ``old`` the whole text becomes ``new``.

    ``renamed`` is another name for the file; ``gone`` removes it.
    """

    name: str
    file: str
    old: str = ""
    new: str = ""
    renamed: str = ""
    gone: bool = False


EXAMPLE = """\
      - rows: |
          status | due_on     | done_on
          done   | 2026-03-03 | 2026-03-02
          open   | 2026-03-25 |
"""
WEEK = """\
      monday: ["09:00-17:00"]
      tuesday: ["09:00-17:00"]
      wednesday: ["09:00-17:00"]
      thursday: ["09:00-17:00"]
      friday: ["09:00-17:00"]
"""
PERCENTILE = """\
      kind: percentile
      of: {working_time: {from: opened_at, to: replied_at, calendar: desk}}
      p: 90
      unfinished: leave_out"""

# One file alone is wrong: its text, its fields, its values.
IN_ONE_FILE = (
    Mistake("a key written twice", "kpis/on_time.yaml", "title: On time\n", "title: On time\ntitle: In time\n"),
    Mistake("a tab", "kpis/on_time.yaml", "title: On time\n", "title: On time\n\tquestion: x\n"),
    Mistake("an anchor", "kpis/on_time.yaml", "title: On time\n", "title: &t On time\n"),
    Mistake("a tag", "kpis/on_time.yaml", "unit: percent", "unit: !!python/name:os.system percent"),
    Mistake("a second document", "kpis/on_time.yaml", "unit: percent", "---\nunit: percent"),
    Mistake("an empty file", "kpis/on_time.yaml", new=""),
    Mistake("a list instead of a mapping", "kpis/on_time.yaml", new="- kpi: on_time\n"),
    Mistake("an unclosed bracket", "kpis/on_time.yaml", "slices: [site]", "slices: [site"),
    Mistake("a missing organisation", "organisation.yaml", gone=True),
    Mistake("an unknown time zone", "organisation.yaml", "Europe/Vienna", "Europe/Wien"),
    Mistake(
        "an unknown field in a condition",
        "kpis/on_time.yaml",
        "{field: status, not_in: [cancelled]}",
        "{feild: status, not_in: [cancelled]}",
    ),
    Mistake("an unknown field of the KPI", "kpis/on_time.yaml", "owner: supply.manager", "owners: supply.manager"),
    Mistake("an unknown kind", "kpis/on_time.yaml", "kind: ratio", "kind: rato"),
    Mistake("a kind that is no word", "kpis/on_time.yaml", "kind: ratio", "kind: {ratio: 1}"),
    Mistake("a missing kind", "kpis/reply_time.yaml", "      kind: percentile\n", ""),
    Mistake("a missing field of a measure", "kpis/reply_time.yaml", "      p: 90\n", ""),
    Mistake("an unknown unit", "kpis/on_time.yaml", "unit: percent", "unit: per cent"),
    Mistake("an unknown direction", "kpis/on_time.yaml", "better: higher", "better: hihger"),
    Mistake("a number as text", "kpis/reply_time.yaml", "p: 90", 'p: "90"'),
    Mistake("a number out of bounds", "kpis/reply_time.yaml", "p: 90", "p: 100"),
    Mistake("a text instead of a list", "kpis/on_time.yaml", "slices: [site]", "slices: site"),
    Mistake(
        "a value instead of a mapping",
        "kpis/doubled.yaml",
        "{kind: formula, value: {multiply: [{kpi: on_time}, {number: 2}]}}",
        "formula",
    ),
    Mistake(
        "an empty sentence",
        "kpis/on_time.yaml",
        "question: Of the orders due, how many were done by then?",
        'question: ""',
    ),
    Mistake("no value", "kpis/on_time.yaml", "owner: supply.manager", "owner:"),
    Mistake("no such day", "kpis/on_time.yaml", "effective_from: 2024-01-01", "effective_from: 2024-02-30"),
    Mistake("a year as a date", "kpis/on_time.yaml", "effective_from: 2024-01-01", "effective_from: 2024"),
    Mistake("a condition without operator", "kpis/on_time.yaml", "{field: urgent, is: true}", "{field: urgent}"),
    Mistake(
        "a condition with two operators",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{field: urgent, is: true, known: true}",
    ),
    Mistake(
        "a condition with a list after is",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{field: urgent, is: [true]}",
    ),
    Mistake(
        "a combination of one slice",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\ncombinations: [[site]]",
    ),
    Mistake(
        "a condition on a column and a length",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{field: urgent, calendar_days: {from: due_on, to: done_on}, at_most: 2 days}",
    ),
    Mistake(
        "a length beside a number",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: due_on, to: done_on}, at_most: 2}",
    ),
    Mistake(
        "a length beside a column",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: due_on, to: done_on}, is: 2 days}",
    ),
    Mistake(
        "a length in an unknown unit",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: due_on, to: done_on}, at_most: 2 dyas}",
    ),
    Mistake(
        "no length of time",
        "kpis/on_time.yaml",
        "{field: urgent, is: true}",
        "{calendar_days: {from: due_on, to: done_on}, at_most: two days}",
    ),
    Mistake("a misspelt column reference", "kpis/on_time.yaml", "at_most: {field: due_on}", "at_most: {fild: due_on}"),
    Mistake(
        "a part that counts and sums",
        "kpis/on_time.yaml",
        "denominator: {count: rows}",
        "denominator: {count: rows, sum: pieces}",
    ),
    Mistake(
        "a name that could be SQL",
        "kpis/on_time.yaml",
        "table: orders, period_by: due_on, where: [{field: status",
        'table: "orders; DROP TABLE orders", period_by: due_on, where: [{field: status',
    ),
    Mistake("a duration that forgets the unfinished", "kpis/reply_time.yaml", "      unfinished: leave_out\n", ""),
    Mistake(
        "a duration of two sorts",
        "kpis/reply_time.yaml",
        "{working_time: {from: opened_at, to: replied_at, calendar: desk}}",
        "{working_time: {from: opened_at, to: replied_at, calendar: desk}, elapsed: {from: opened_at, to: replied_at}}",
    ),
    Mistake(
        "something that is no duration",
        "kpis/reply_time.yaml",
        "{working_time: {from: opened_at, to: replied_at, calendar: desk}}",
        "17",
    ),
    Mistake(
        "a formula of two operations",
        "kpis/doubled.yaml",
        "{multiply: [{kpi: on_time}, {number: 2}]}",
        "{multiply: [{kpi: on_time}, {number: 2}], kpi: on_time}",
    ),
    Mistake("a formula of one operand", "kpis/doubled.yaml", "[{kpi: on_time}, {number: 2}]", "[{kpi: on_time}]"),
    Mistake(
        "a population under a formula",
        "kpis/doubled.yaml",
        "    measure: {kind: formula",
        "    population: {table: orders}\n    measure: {kind: formula",
    ),
    Mistake("no population", "kpis/reply_time.yaml", "    population: {table: cases, period_by: opened_at}\n", ""),
    Mistake("a window of nothing", "kpis/reply_time.yaml", "    measure:\n", "    window: {last: 12}\n    measure:\n"),
    Mistake("a file named otherwise", "kpis/on_time.yaml", "kpi: on_time", "kpi: in_time"),
    Mistake(
        "an example that expects nothing known",
        "kpis/on_time.yaml",
        "expect: {numerator: 1, denominator: 2}",
        "expect: {nominator: 1}",
    ),
    Mistake("a deviation without bound", "targets/on_time.yaml", "at_least: 80, ", ""),
    Mistake(
        "a target nobody agreed",
        "targets/on_time.yaml",
        "    agreed: {by: Board, on: 2023-12-01, record: Review 2023-11}\n",
        "",
    ),
    Mistake(
        "an interval that ends before it starts",
        "calendars/desk.yaml",
        "saturday: closed\n      sunday: closed\n  - from: 2025",
        'saturday: ["22:00-06:00"]\n      sunday: closed\n  - from: 2025',
    ),
    Mistake(
        "an interval that is none",
        "calendars/desk.yaml",
        "saturday: closed\n      sunday: closed\n  - from: 2025",
        'saturday: ["9-12"]\n      sunday: closed\n  - from: 2025',
    ),
    Mistake(
        "an hour that does not exist",
        "calendars/desk.yaml",
        "saturday: closed\n      sunday: closed\n  - from: 2025",
        'saturday: ["09:00-25:00"]\n      sunday: closed\n  - from: 2025',
    ),
    Mistake(
        "intervals that overlap",
        "calendars/desk.yaml",
        'monday: ["09:00-12:30", "13:00-17:00"]',
        'monday: ["09:00-13:30", "13:00-17:00"]',
    ),
    Mistake(
        "hours without brackets",
        "calendars/desk.yaml",
        "saturday: closed\n      sunday: closed\n  - from: 2025",
        'saturday: "09:00-12:00"\n      sunday: closed\n  - from: 2025',
    ),
    Mistake(
        "a weekday that is not said", "calendars/desk.yaml", "      sunday: closed\n  - from: 2025", "  - from: 2025"
    ),
    Mistake("a calendar of no zone", "calendars/desk.yaml", "time_zone: Europe/Vienna", "time_zone: CET/Vienna"),
    Mistake("a country in small letters", "calendars/desk.yaml", "country: AT", "country: at"),
)
