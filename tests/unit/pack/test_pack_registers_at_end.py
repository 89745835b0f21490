"""A register stands as it stood at the end of its period, whatever its rows say today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from pack_workspace import Row, Workspace

from qmsreports.pack.appendix import records as workbook
from qmsreports.pack.collect.registers import register
from qmsreports.pack.model import RegisterTable
from qmsreports.pack.view import records
from qmsreports.period import Period

QUARTER = Period.parse("2026-Q3")  # 1 July to 30 September; all days of October come after it


def shown(folder: Path, name: str, rows: Sequence[Row], period: Period = QUARTER) -> RegisterTable:
    made = Workspace.at(folder)
    made.rows(name, list(rows))
    table = made.catalog.tables[name]
    with made.lake.connect([table]) as connection:
        return register(connection, table, period, made.catalog.organisation)


def column(found: RegisterTable, title: str) -> list[object]:
    place = [one.title for one in found.columns].index(title)
    return [row[place] for row in found.rows]


RISK: Row = {"kind": "risk", "title": "Fire", "owner": "a.b", "likelihood": 3, "severity": 4}


@pytest.mark.parametrize(
    ("due", "done", "effective", "effect"),
    [
        (date(2026, 9, 17), date(2026, 10, 7), None, "overdue"),  # done a week after the end
        (date(2026, 9, 17), date(2026, 10, 7), True, "overdue"),
        (date(2026, 12, 1), date(2026, 10, 1), True, "open"),  # the first day after the end is after it
        (date(2026, 9, 17), date(2026, 9, 30), None, "not checked"),
        (date(2026, 9, 17), date(2026, 9, 30), False, "not effective"),
        (date(2026, 9, 17), None, None, "overdue"),
    ],
)
def test_an_action_on_a_risk_that_was_done_later_was_not_done(
    due: date, done: date | None, effective: bool | None, effect: str, tmp_path: Path
) -> None:
    known = date(2026, 1, 5)
    risk = {**RISK, "risk_id": "R-1", "identified_on": known, "due_on": due, "done_on": done, "effective": effective}
    found = shown(tmp_path, "risks", [risk])
    assert column(found, "Effect") == [effect]
    assert found.as_of == (done if done and done < QUARTER.end else known)


def test_a_complaint_decided_later_was_not_justified_yet(tmp_path: Path) -> None:
    one = {"site": "linz", "channel": "phone", "reason": "late", "justified": True}
    days = [(date(2026, 9, 1), date(2026, 9, 20)), (date(2026, 9, 21), date(2026, 10, 9)), (date(2026, 10, 3), None)]
    rows = [
        {**one, "complaint_id": f"C-{n}", "received_on": received, "answer_due_on": received, "closed_on": closed}
        for n, (received, closed) in enumerate(days)
    ]
    found = shown(tmp_path, "complaints", rows)
    assert found.rows == (("late", 2, 2, 1, 1),)  # in the quarter, in twelve months, justified, still open
    assert found.as_of == date(2026, 9, 21)  # that of October is not this quarter's


def test_an_idea_decided_later_was_new(tmp_path: Path) -> None:
    one = {"site": "linz", "title": "Shelf", "raised_by": "x"}
    told = [
        ("I-1", "rejected", date(2026, 10, 2), None, date(2026, 8, 1)),
        ("I-2", "accepted", date(2026, 10, 30), 5100.0, date(2026, 8, 2)),
        ("I-3", "accepted", date(2026, 8, 9), 700.0, date(2026, 8, 3)),
        ("I-4", "done", date(2026, 9, 30), 300.0, date(2026, 8, 4)),
        ("I-5", "new", None, None, date(2026, 10, 4)),
    ]
    rows = [
        {**one, "idea_id": no, "status": status, "decided_on": decided, "benefit": benefit, "raised_on": raised}
        for no, status, decided, benefit, raised in told
    ]
    found = shown(tmp_path, "improvement_ideas", rows)
    assert [(row[0], row[4], row[5]) for row in found.rows] == [
        ("I-1", "new", None),
        ("I-2", "new", None),
        ("I-3", "accepted", 700.0),
    ]
    assert found.total == 3
    assert found.summary == "3 not settled, 2 of them new; 1 done and 0 rejected in twelve months."
    assert found.as_of == date(2026, 9, 30)


def test_the_cost_of_a_nonconformity_is_known_when_it_is_closed(tmp_path: Path) -> None:
    one = {
        "site": "linz",
        "origin": "internal",
        "grade": "minor",
        "process": "Painting",
        "description": "Thin",
        "detected_on": date(2026, 8, 30),
    }
    rows = [
        {**one, "nonconformity_id": "NC-1", "closed_on": date(2026, 10, 7), "cost": 1063.74},
        {**one, "nonconformity_id": "NC-2", "closed_on": None, "cost": 12.0},  # estimated, and open to this day
    ]
    found = shown(tmp_path, "nonconformities", rows)
    assert [(row[0], row[-1]) for row in found.rows] == [("NC-1", None), ("NC-2", 12.0)]
    assert found.as_of == date(2026, 8, 30)


def test_an_audit_held_later_has_no_day_yet(tmp_path: Path) -> None:
    one = {"audit_id": "A-1", "site": "linz", "kind": "internal", "scope": "Welding", "lead": "x"}
    found = shown(tmp_path, "audits", [{**one, "planned_on": date(2026, 9, 20), "done_on": date(2026, 10, 5)}])
    assert column(found, "Done") == [None]


NEWEST = [
    ("context_changes", {"change_id": "1", "kind": "climate", "title": "t", "effect": "e", "owner": "o"}, "noticed_on"),
    (
        "corrective_actions",
        {
            "corrective_action_id": "1",
            "site": "linz",
            "title": "t",
            "owner": "o",
            "original_due_on": date(2026, 12, 1),
            "due_on": date(2026, 12, 1),
        },
        "opened_on",
    ),
    (
        "audit_findings",
        {"finding_id": "1", "audit_id": "A", "grade": "minor", "clause": "8.1", "description": "d"},
        "raised_on",
    ),
    (
        "receipts",
        {"receipt_id": "1", "supplier": "S", "site": "linz", "material": "m"}
        | {"quantity_received": 5.0, "quantity_rejected": 0.0},
        "received_on",
    ),
    ("costs", {"cost_id": "1", "site": "linz", "category": "prevention", "amount": 5.0}, "booked_on"),
    (
        "resources",
        {"resource_id": "1", "site": "linz", "kind": "staffing", "title": "t", "unit": "FTE"}
        | {"planned": 5.0, "actual": 5.0},
        "measured_on",
    ),
]


@pytest.mark.parametrize(("name", "row", "day"), NEWEST, ids=[name for name, *_ in NEWEST])
def test_the_newest_entry_is_one_of_the_period(name: str, row: Row, day: str, tmp_path: Path) -> None:
    key = next(iter(row))
    rows = [{**row, key: "1", day: date(2026, 9, 29)}, {**row, key: "2", day: date(2026, 10, 1)}]
    assert shown(tmp_path, name, rows).as_of == date(2026, 9, 29)


def test_print_shows_the_first_rows_and_the_workbook_all(tmp_path: Path) -> None:
    known = date(2026, 1, 5)
    rows = [{**RISK, "risk_id": f"R-{n:03}", "identified_on": known, "due_on": known} for n in range(14)]
    found = shown(tmp_path, "risks", rows)
    printed = records.register(found, "EUR")
    assert ([row[0]["text"] for row in printed["rows"]][-1], printed["more"]) == ("R-009", "4 more in the register.")
    sheet = workbook.register(found)
    assert [row[0] for row in sheet.rows] == [f"R-{n:03}" for n in range(14)]
    longer = workbook.register(found.model_copy(update={"total": 20}))
    assert list(longer.rows)[-1] == ("6 more in the register.", *(None,) * 6)
