"""Every kind of dirt that the list claims is really there, and no more than real systems have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from demo_fixture import TABLES, rows_of, sheet, shift_lines

IN_DATABASES = {  # kind: (system, SQL that finds its keys without the list)
    "account_mojibake": ("crm", "SELECT acc_no FROM account WHERE display_name LIKE '%Ã¼%'"),
    "order_plant_xxx": ("crm", "SELECT so_no FROM sales_order WHERE plant_code NOT IN ('LNZ', 'LYO', 'POR')"),
    "order_channel_fax": ("crm", "SELECT so_no FROM sales_order WHERE entry_channel = 'FAX'"),
    "order_entered_late": ("crm", "SELECT so_no FROM sales_order WHERE julianday(modified) - julianday(ordered) > 15"),
    "item_delivered_before_ordered": (
        "crm",
        "SELECT so_no, pos FROM so_item JOIN sales_order USING (so_no) WHERE delivered < ordered",
    ),
    "item_delivered_far_future": ("crm", "SELECT so_no, pos FROM so_item WHERE delivered > '2027'"),
    "item_zero_date": ("crm", "SELECT so_no, pos FROM so_item WHERE wished = '0000-00-00'"),
    "item_negative_quantity": ("crm", "SELECT so_no, pos FROM so_item WHERE qty <= 0"),
    "item_orphan": ("crm", "SELECT so_no, pos FROM so_item WHERE so_no NOT IN (SELECT so_no FROM sales_order)"),
    "complaint_reason_z9": (
        "crm",
        "SELECT cmp_no FROM complaint WHERE reason_code NOT IN ('LATE', 'DMG', 'QUAL', 'WRONG', 'INV', 'OTH')",
    ),
    "reply_recommend_11": ("crm", "SELECT reply_id FROM survey_reply WHERE q_recommend > 10"),
    "ticket_channel_fax": ("helpdesk", "SELECT ticket_no FROM ticket WHERE via = 'FAX'"),
    "ticket_site_xxx": ("helpdesk", "SELECT ticket_no FROM ticket WHERE site_code = 'XXX'"),
    "ticket_offset": ("helpdesk", "SELECT ticket_no FROM ticket WHERE opened_local LIKE '%+02:00'"),
    "message_offset": ("helpdesk", "SELECT msg_id FROM message WHERE sent_local LIKE '%+02:00'"),
    "ticket_doubled_hour": (
        "helpdesk",
        "SELECT ticket_no FROM ticket WHERE opened_local LIKE '2025-10-26 02:%' AND opened_local NOT LIKE '%+%'",
    ),
    "ticket_missing_hour": ("helpdesk", "SELECT ticket_no FROM ticket WHERE opened_local LIKE '2026-03-29 02:%'"),
    "ticket_deleted": (
        "helpdesk",
        "SELECT DISTINCT ticket_no FROM message WHERE ticket_no NOT IN (SELECT ticket_no FROM ticket)",
    ),
    "work_order_plant_xxx": ("mes", "SELECT wo_no FROM wo WHERE plant = 'XXX'"),
    "step_late_record": ("mes", "SELECT step_id FROM wo_step WHERE julianday(chg) - julianday(finished) > 15"),
    "check_unknown_code": ("mes", "SELECT check_id FROM qc_check WHERE defect_code = '??'"),
    "stop_unknown_reason": ("mes", "SELECT stop_id FROM stop WHERE why_code = 'Q99'"),
    "stop_ends_before_start": ("mes", "SELECT stop_id FROM stop WHERE to_utc < from_utc"),
    "receipt_negative_quantity": ("mes", "SELECT gr_no FROM goods_in WHERE qty < 0"),
    "receipt_plant_xxx": ("mes", "SELECT gr_no FROM goods_in WHERE plant = 'XXX'"),
    "receipt_late_record": ("mes", "SELECT gr_no FROM goods_in WHERE julianday(chg) - julianday(received) > 15"),
}


def keys_of(planted: dict[str, Any], kind: str) -> list[Any]:
    entry = next(entry for entry in planted["dirt"] if entry["id"] == kind)
    assert entry["count"] == len(entry["keys"]) > 0
    return [tuple(key) if isinstance(key, list) else key for key in entry["keys"]]


@pytest.mark.parametrize("kind", IN_DATABASES)
def test_listed_rows_are_dirty_and_no_others(company: Path, planted: dict[str, Any], kind: str) -> None:
    system, sql = IN_DATABASES[kind]
    found = rows_of(company, system, sql)
    keys = [row if len(row) > 1 else row[0] for row in found.itertuples(index=False, name=None)]
    assert sorted(keys) == sorted(keys_of(planted, kind))


def test_late_deliveries_were_entered_weeks_after(company: Path, planted: dict[str, Any]) -> None:
    items = rows_of(company, "crm", "SELECT *, julianday(modified) - julianday(delivered) AS days FROM so_item")
    items = items.set_index(["so_no", "pos"])
    assert (items.loc[keys_of(planted, "item_late_record")].days > 20).all()
    assert (items.loc[keys_of(planted, "item_late_record")].state == "DL").all()


def test_late_complaints_were_entered_weeks_after(company: Path, planted: dict[str, Any]) -> None:
    complaints = rows_of(company, "crm", "SELECT *, julianday(modified) - julianday(received) AS days FROM complaint")
    assert (complaints.set_index("cmp_no").loc[keys_of(planted, "complaint_entered_late")].days > 17).all()


def test_offsets_are_the_true_ones_in_winter_too(company: Path) -> None:
    """The reply to a ticket is written after it was opened, once both are read with their offsets."""
    rows = rows_of(
        company,
        "helpdesk",
        "SELECT opened_local, at_local FROM ticket JOIN state_log USING (ticket_no) "
        "WHERE opened_local LIKE '%+02:00' AND new_state = 'N'",
    )
    for opened, logged in rows.itertuples(index=False, name=None):
        day, shown = logged[5:10], opened[:19]
        if "04-05" < day < "10-20":
            assert shown == logged  # +02:00 is Vienna's own offset in summer
        elif day < "03-20" or day > "11-01":
            assert shown[14:] == logged[14:]
            assert (int(shown[11:13]) - int(logged[11:13])) % 24 == 1  # an hour ahead of the wall clock


def test_files_without_rows(company: Path, planted: dict[str, Any]) -> None:
    assert keys_of(planted, "shift_file_empty") == ["machine_shifts_2025-02-11.csv"]
    assert (company / "production" / "machine_shifts_2025-02-11.csv").stat().st_size == 0
    [name] = keys_of(planted, "shift_file_header_only")
    assert len((company / "production" / name).read_text(encoding="utf-8").splitlines()) == 1
    empty = [path.name for path in (company / "production").iterdir() if path.stat().st_size < 100]
    assert sorted(empty) == sorted(["machine_shifts_2025-02-11.csv", name])


def test_a_day_was_exported_twice(company: Path, planted: dict[str, Any]) -> None:
    [name] = keys_of(planted, "shift_file_exported_twice")
    folder = company / "production"
    assert (folder / name).read_bytes() == (folder / "machine_shifts_2026-05-12.csv").read_bytes()
    assert len((folder / name).read_bytes()) > 500


def test_repeated_lines_and_unknown_plants_in_files(company: Path, planted: dict[str, Any]) -> None:
    lines = shift_lines(company)
    counts = Counter(lines)
    repeated = sorted(entry for entry, count in counts.items() if count > 1)
    assert repeated == sorted(keys_of(planted, "shift_line_repeated"))
    unknown = sorted(entry for entry in counts if entry[1].startswith("XXX;") and "export2" not in entry[0])
    assert unknown == sorted(keys_of(planted, "shift_line_plant_xxx"))


def test_dirt_in_the_workbook(company: Path, planted: dict[str, Any]) -> None:
    cases = sheet(company, "Nonconformities")
    [twice] = keys_of(planted, "nonconformity_twice")
    assert list(cases["NC no"][cases.duplicated()]) == [twice]
    assert list(cases["NC no"][cases.Site == "XXX"]) == keys_of(planted, "nonconformity_site_xxx")


def test_every_kind_is_covered_here(planted: dict[str, Any]) -> None:
    elsewhere = {
        "item_late_record",
        "complaint_entered_late",
        "shift_file_empty",
        "shift_file_header_only",
        "shift_file_exported_twice",
        "shift_line_repeated",
        "shift_line_plant_xxx",
        "nonconformity_twice",
        "nonconformity_site_xxx",
    }
    assert {entry["id"] for entry in planted["dirt"]} == set(IN_DATABASES) | elsewhere


@pytest.mark.parametrize(("system", "table", "key", "cursor"), TABLES)
def test_dirt_stays_small(
    company: Path, planted: dict[str, Any], system: str, table: str, key: list[str], cursor: str
) -> None:
    size = rows_of(company, system, f"SELECT count(*) AS n FROM {table}").n[0]
    dirty = sum(entry["count"] for entry in planted["dirt"] if (entry["system"], entry["table"]) == (system, table))
    assert dirty <= max(0.02 * size if size < 1000 else 0.011 * size, 1)
