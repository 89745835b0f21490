"""An earlier state is what an incremental reader would have seen a month ago: same keys, older cursor values."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from demo_fixture import TABLES, rows_of, sheet, shift_lines

READ_AT = {  # the earlier state was read on 2026-10-02 at 06:00 UTC, which is 08:00 in Vienna
    "crm": "2026-10-02 06:00:00",
    "mes": "2026-10-02 06:00:00",
    "helpdesk": "2026-10-02 08:00:00",
}


@pytest.mark.parametrize(("system", "table", "key", "cursor"), TABLES)
def test_rows_only_come_or_change_with_a_later_cursor(
    company: Path, a_month_before: Path, system: str, table: str, key: list[str], cursor: str
) -> None:
    now = rows_of(company, system, f"SELECT * FROM {table}").set_index(key)
    then = rows_of(a_month_before, system, f"SELECT * FROM {table}").set_index(key)
    assert then[cursor].max() <= READ_AT[system]
    gone = then.index.difference(now.index)
    if table != "ticket":
        assert gone.empty
    both = then.index.intersection(now.index)
    same = (then.loc[both].astype(object).fillna("") == now.loc[both].astype(object).fillna("")).all(axis=1)
    changed = now.loc[both][~same]
    assert (changed[cursor] > READ_AT[system]).all()
    assert (changed[cursor] > then.loc[changed.index, cursor]).all()
    new = now.loc[now.index.difference(then.index)]
    assert (new[cursor] > READ_AT[system]).all()
    assert len(new) > 0


def test_tickets_vanish_between_the_states_and_leave_their_messages(company: Path, a_month_before: Path) -> None:
    now = set(rows_of(company, "helpdesk", "SELECT ticket_no FROM ticket").ticket_no)
    then = set(rows_of(a_month_before, "helpdesk", "SELECT ticket_no FROM ticket").ticket_no)
    gone = then - now
    assert gone
    planted = json.loads((company / "planted.json").read_text(encoding="utf-8"))
    deleted = next(kind for kind in planted["dirt"] if kind["id"] == "ticket_deleted")
    assert gone <= set(deleted["keys"])
    messages = rows_of(company, "helpdesk", "SELECT DISTINCT ticket_no FROM message")
    log = rows_of(company, "helpdesk", "SELECT DISTINCT ticket_no FROM state_log")
    assert set(deleted["keys"]) == set(messages.ticket_no) - now == set(log.ticket_no) - now


def test_shift_files_are_only_added(company: Path, a_month_before: Path) -> None:
    now = {path.name: path.read_bytes() for path in (company / "production").iterdir()}
    then = {path.name: path.read_bytes() for path in (a_month_before / "production").iterdir()}
    assert then.items() <= now.items()
    assert {name[:22] for name in now.keys() - then.keys()} == {"machine_shifts_2026-10"}
    assert len(shift_lines(company)) > len(shift_lines(a_month_before))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Audits", "Audit no"),
        ("Findings", "Finding no"),
        ("Nonconformities", "NC no"),
        ("Corrective actions", "CA no"),
        ("Review actions", "Action no"),
        ("Risks", "Risk no"),
        ("Ideas", "No"),
        ("Costs", "No"),
        ("Resources", "No"),
        ("Context", "No"),
    ],
)
def test_registers_keep_their_numbers(company: Path, a_month_before: Path, name: str, key: str) -> None:
    now, then = sheet(company, name), sheet(a_month_before, name)
    assert set(then[key]) <= set(now[key])
    never_change = ("Site", "Title", "Description", "Amount EUR", "Planned", "Raised")
    lasting = [column for column in never_change if column in now]
    earlier = then.drop_duplicates(key).set_index(key)[lasting]
    later = now.drop_duplicates(key).set_index(key)[lasting].loc[earlier.index]
    pd.testing.assert_frame_equal(earlier, later)


def test_nothing_in_the_registers_happened_after_the_reading(company: Path) -> None:
    for name, columns in {
        "Audits": ["Done"],
        "Findings": ["Raised", "Closed"],
        "Nonconformities": ["Detected", "Closed"],
        "Corrective actions": ["Opened", "Closed", "Checked"],
        "Risks": ["Identified", "Done", "Reviewed"],
        "Review actions": ["Decided", "Done"],
        "Ideas": ["Raised", "Decided"],
        "Considered inputs": ["On"],
    }.items():
        for column in columns:
            assert sheet(company, name)[column].max() <= pd.Timestamp("2026-11-02"), (name, column)
