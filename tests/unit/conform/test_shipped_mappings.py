"""The mappings of the demo company: what a few landed rows of each system become, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from landed_fixture import Line
from ruamel.yaml import YAML

from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.conform.mapping import check_select, read_select
from qmsreports.organisation import Organisation

CATALOG = Path(__file__).parents[3] / "catalog"


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


SOURCES = {
    path.parent.name: Source.model_validate(read(path)).model_copy(update={"folder": path.parent})
    for path in sorted((CATALOG / "sources").glob("*/source.yaml"))
}
TABLES = {path.stem: Table.model_validate(read(path)) for path in sorted((CATALOG / "tables").glob("*.yaml"))}
ORGANISATION = Organisation.model_validate(read(CATALOG / "organisation.yaml"))
MAPPED = [(name, table) for name, source in SOURCES.items() for table in source.conform]


def conformed(
    folder: Path, source: str, table: str, **landed: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return canonical rows and reasons of refused ones; a column that a row leaves out is empty."""
    declared = SOURCES[source]
    line = Line(folder, declared, TABLES[table], ORGANISATION)
    full: dict[str, list[dict[str, Any]]] = {}
    for name in (declared.conform[table].driving, *declared.conform[table].joins):
        feed = declared.feed(name)
        assert feed is not None
        columns = {
            column.lower().replace(" ", "_"): None for column in (*feed.key, *feed.needs, feed.cursor or feed.key[0])
        }
        full[name] = [columns | row for row in landed.get(name, [])] or [columns]
    line.land("1", **full)
    staged = line.stage()
    assert staged is not None
    line.publish(staged)
    return line.rows(), [reason for reason in line.rejects(staged) if "is empty" not in reason]


def test_every_canonical_table_has_one_source() -> None:
    assert sorted(table for _, table in MAPPED) == sorted(name for name in TABLES if not TABLES[name].derived_from)


@pytest.mark.parametrize(("source", "table"), MAPPED)
def test_a_mapping_may_run(source: str, table: str) -> None:
    declared = SOURCES[source]
    select = check_select(declared, TABLES[table], read_select(declared, TABLES[table]))
    assert select.text.startswith("--"), "a mapping begins with a sentence for its reader"
    for joined in declared.conform[table].joins:
        assert select.line_of(joined), f"{joined} is declared as joined and not read"


def test_an_order_line_takes_site_and_channel_from_its_order(tmp_path: Path) -> None:
    item = {
        "so_no": "SO-2026-000123", "pos": 10, "item_code": "CIR-110", "item_family": "CIR",
        "qty": 8, "qty_delivered": 5, "net_eur": 1179.54, "state": "OP",
        "wished": "2026-09-26", "commit_first": "2026-09-27", "commit_now": "2026-09-29", "late_notice": "2026-09-25",
    }  # fmt: skip
    order = {
        "so_no": "SO-2026-000123",
        "acc_no": "A00012",
        "plant_code": "LYO",
        "entry_channel": "SOC",
        "ordered": "2026-09-18",
    }
    rows, refused = conformed(
        tmp_path,
        "crm",
        "order_lines",
        so_item=[
            item,
            item | {"pos": 20, "so_no": "SO-1"},
            item | {"pos": 30, "wished": "0000-00-00"},
            item | {"pos": 40, "item_family": "ZZZ"},
            item | {"pos": 50, "state": "??"},
            item | {"pos": 60, "so_no": "SO-FAX"},
        ],
        sales_order=[order, order | {"so_no": "SO-FAX", "entry_channel": "FAX", "plant_code": "XXX"}],
    )
    assert rows == [
        {
            "order_line_id": "SO-2026-000123/10",
            "order_id": "SO-2026-000123",
            "customer_id": "A00012",
            "site": "lyon",
            "product": "CIR-110",
            "product_family": "circulation",
            "channel": "social",
            "ordered_on": date(2026, 9, 18),
            "requested_on": date(2026, 9, 26),
            "first_promised_on": date(2026, 9, 27),
            "promised_on": date(2026, 9, 29),
            "late_notice_on": date(2026, 9, 25),
            "trouble_on": None,
            "told_first": None,
            "delivered_on": None,
            "quantity_ordered": 8.0,
            "quantity_delivered": 5.0,
            "net_value": 1179.54,
            "status": "open",
        }
    ]
    assert refused == [
        'family "ZZZ" is not among the codes of the source',
        "order SO-1 is not in sales_order",
        'requested_on "0000-00-00" is no date',
        'site "XXX" is no site of the organisation; channel "FAX" is none of phone, email, chat, social, in_person',
        'status "??" is none of open, delivered, cancelled',
    ]


def test_a_line_is_trouble_from_its_missed_promise_or_its_first_complaint(tmp_path: Path) -> None:
    item = {"so_no": "SO-1", "item_code": "CIR-110", "item_family": "CIR", "qty": 1, "net_eur": 1.0, "state": "DL"}
    late = item | {"commit_first": "2026-09-10", "commit_now": "2026-09-15", "delivered": "2026-09-15"}
    in_time = item | {"commit_first": "2026-09-10", "commit_now": "2026-09-10", "delivered": "2026-09-10"}
    order = {"so_no": "SO-1", "acc_no": "A1", "plant_code": "LNZ", "entry_channel": "TEL", "ordered": "2026-09-01"}
    rows, _ = conformed(
        tmp_path,
        "crm",
        "order_lines",
        so_item=[
            late | {"pos": 10, "late_notice": "2026-09-09"},
            late | {"pos": 20, "late_notice": "2026-09-10"},
            late | {"pos": 30, "late_notice": "2026-09-09"},
            in_time | {"pos": 40},
            in_time | {"pos": 50},
        ],
        sales_order=[order],
        complaint=[
            {"cmp_no": "C1", "so_no": "SO-1", "pos": 30, "received": "2026-09-08"},
            {"cmp_no": "C2", "so_no": "SO-1", "pos": 40, "received": "2026-09-20"},
            {"cmp_no": "C3", "so_no": "SO-1", "pos": 40, "received": "2026-09-18"},
            {"cmp_no": "C4", "received": "2026-09-18"},
        ],
    )
    assert [(row["trouble_on"], row["told_first"]) for row in rows] == [
        (date(2026, 9, 10), True),
        (date(2026, 9, 10), False),  # told on the day itself
        (date(2026, 9, 8), False),  # the customer was faster
        (date(2026, 9, 18), False),
        (None, None),
    ]


def test_a_survey_answer_counts_on_the_day_in_vienna(tmp_path: Path) -> None:
    rows, refused = conformed(
        tmp_path,
        "crm",
        "survey_answers",
        survey_send=[{"send_id": "S1", "kind": "SUP", "via": "MAIL", "sent": "2026-09-28", "plant_code": "POR"}],
        survey_reply=[
            {"reply_id": "R1", "send_id": "S1", "acc_no": "A1", "replied": "2026-09-30 22:30:00", "q_recommend": 9},
            {"reply_id": "R2", "send_id": "S9", "acc_no": "A1", "replied": "2026-09-30 22:30:00"},
        ],
    )
    (row,) = rows
    assert (row["answered_on"], row["invited_on"]) == (date(2026, 10, 1), date(2026, 9, 28))
    assert (row["site"], row["survey"], row["channel"], row["recommend_score"]) == ("porto", "support", "email", 9)
    assert refused == ["invitation S9 is not in survey_send"]


def test_a_complaint_takes_the_family_from_its_order_line(tmp_path: Path) -> None:
    complaint = {"acc_no": "A1", "plant_code": "LNZ", "received": "2026-09-01", "reason_code": "QUAL", "via": "TEL"}
    rows, refused = conformed(
        tmp_path,
        "crm",
        "complaints",
        so_item=[{"so_no": "SO-1", "pos": 10, "item_family": "DOS"}],
        complaint=[
            complaint | {"cmp_no": "C1", "so_no": "SO-1", "pos": 10, "justified": "Y"},
            complaint | {"cmp_no": "C2", "justified": "N"},
            complaint | {"cmp_no": "C3"},
            complaint | {"cmp_no": "C4", "reason_code": "Z9"},
        ],
    )
    assert [(row["order_line_id"], row["product_family"], row["justified"]) for row in rows] == [
        ("SO-1/10", "dosing", True),
        (None, None, False),
        (None, None, None),
    ]
    assert refused == ['reason "Z9" is none of late, damaged, quality, wrong_item, invoice, other']


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_ticket_is_told_by_its_messages_and_its_history(tmp_path: Path) -> None:
    """Times are local to Vienna: UTC+1 in January."""
    ticket = {"via": "CHAT", "topic": "delivery", "prio": 1, "site_code": "LNZ", "bot_started": 1, "handovers": 2}
    opened = {"opened_local": "2026-01-12 09:00:00", "due_local": "2026-01-14 12:00:00"}
    log = [
        (1, "09:00", None, "N"), (1, "09:20", "N", "O"), (1, "10:00", "O", "R"), (1, "11:00", "R", "O"),
        (1, "15:00", "O", "R"), (1, "16:00", "R", "C"), (2, "09:00", None, "N"), (3, "09:00", None, "N"),
        (3, "10:00", "N", "R"), (3, "12:00", "R", "O"),
    ]  # fmt: skip
    said = [
        (1, "09:00", "C"),
        (1, "09:01", "B"),
        (1, "09:20", "A"),
        (1, "14:00", "A"),
        (2, "09:00", "C"),
        (2, "09:01", "B"),
    ]
    rows, _ = conformed(
        tmp_path,
        "helpdesk",
        "tickets",
        ticket=[
            ticket | opened | {"ticket_no": number, "state": state} for number, state in ((1, "C"), (2, "N"), (3, "O"))
        ],
        message=[
            {"msg_id": place, "ticket_no": number, "sent_local": f"2026-01-12 {at}:00", "sender": who, "via": "CHAT"}
            for place, (number, at, who) in enumerate(said)
        ],
        state_log=[
            {
                "log_id": place,
                "ticket_no": number,
                "at_local": f"2026-01-12 {at}:00",
                "old_state": old,
                "new_state": new,
            }
            for place, (number, at, old, new) in enumerate(log)
        ],
    )
    closed, untouched, reopened = rows
    assert closed["opened_at"] == utc("2026-01-12 08:00")
    assert closed["first_reply_at"] == utc("2026-01-12 08:20"), "the bot does not count"
    assert closed["first_bot_reply_at"] == utc("2026-01-12 08:01")
    assert closed["resolved_at"] == utc("2026-01-12 14:00"), "the first resolution did not last"
    assert closed["closed_at"] == utc("2026-01-12 15:00")
    assert (closed["reopened"], closed["reassigned"], closed["priority"], closed["status"]) == (1, 2, "high", "closed")
    assert (closed["begun_by_bot"], closed["reached_human"]) == (True, True)
    assert closed["two_weeks_old_at"] == utc("2026-01-26 08:00")
    assert (closed["first_contact_resolved"], untouched["first_contact_resolved"]) == (False, None), "handed on twice"
    assert (untouched["first_reply_at"], untouched["reached_human"], untouched["resolved_at"]) == (None, False, None)
    assert (reopened["reopened"], reopened["resolved_at"], reopened["status"]) == (1, None, "open")


def test_a_second_channel_counts_within_seven_days(tmp_path: Path) -> None:
    ticket = {"topic": "delivery", "prio": 2, "site_code": "LNZ", "opened_local": "2026-01-12 09:00:00", "handovers": 0}
    said = [
        (1, "12 09:00", "C", "EMAIL"), (1, "19 08:59", "C", "PHONE"),
        (2, "12 09:00", "C", "EMAIL"), (2, "19 09:01", "C", "PHONE"),
        (3, "12 09:00", "C", "PHONE"), (3, "12 10:00", "A", "EMAIL"),
        (4, "12 09:00", "C", "CHAT"), (4, "13 09:00", "C", "CHAT"),
    ]  # fmt: skip
    rows, _ = conformed(
        tmp_path,
        "helpdesk",
        "tickets",
        ticket=[
            ticket | {"ticket_no": number, "via": via, "state": "C", "bot_started": int(bot), "wants_person": 1}
            for number, via, bot in ((1, "EMAIL", False), (2, "EMAIL", False), (3, "PHONE", False), (4, "CHAT", True))
        ],
        message=[
            {"msg_id": place, "ticket_no": number, "sent_local": f"2026-01-{at}:00", "sender": who, "via": via}
            for place, (number, at, who, via) in enumerate(said)
        ],
        state_log=[
            {"log_id": 1, "ticket_no": 1, "at_local": "2026-01-20 09:00:00", "old_state": "O", "new_state": "C"}
        ],
    )
    assert [row["second_channel_within_7_days"] for row in rows] == [True, False, False, False]
    assert [row["first_contact_resolved"] for row in rows] == [False, False, True, False]
    assert [row["asked_for_human"] for row in rows] == [None, None, None, True]


def test_a_promised_update_knows_when_it_was_kept(tmp_path: Path) -> None:
    promise = {"given_local": "2026-07-12 09:00:00", "due_local": "2026-07-14 09:00:00"}
    rows, refused = conformed(
        tmp_path,
        "helpdesk",
        "ticket_updates",
        ticket=[{"ticket_no": 1, "via": "SOCIAL", "updated_local": "2026-07-12 10:00:00"}],
        update_promise=[
            promise | {"promise_id": 5, "ticket_no": 1, "told_local": "2026-07-13 09:00:00"},
            promise | {"promise_id": 6, "ticket_no": 2},
        ],
    )
    assert [(row["channel"], row["due_at"], row["told_at"]) for row in rows] == [
        ("social", utc("2026-07-14 07:00"), utc("2026-07-13 07:00"))
    ]
    assert refused == ["ticket 2 is not in ticket"]


def test_messages_of_a_ticket_that_never_was_are_refused(tmp_path: Path) -> None:
    message = {"sent_local": "2026-07-12 09:00:00", "sender": "A", "via": "COUNTER"}
    rows, refused = conformed(
        tmp_path,
        "helpdesk",
        "ticket_replies",
        ticket=[{"ticket_no": 1, "updated_local": "2026-07-12 10:00:00"}],
        message=[message | {"msg_id": 5, "ticket_no": 1}, message | {"msg_id": 6, "ticket_no": 2}],
    )
    assert rows == [
        {
            "reply_id": "5",
            "ticket_id": "1",
            "replied_at": utc("2026-07-12 07:00"),
            "author": "agent",
            "channel": "in_person",
        }
    ]
    assert refused == ["ticket 2 is not in ticket"]


@pytest.mark.parametrize(
    ("table", "feed", "row"),
    [
        ("ticket_replies", "message", {"msg_id": 6, "sent_local": "2026-07-12 09:00:00", "sender": "A", "via": "CHAT"}),
        ("ticket_status_changes", "state_log", {"log_id": 6, "at_local": "2026-07-12 09:00:00", "new_state": "N"}),
        ("ticket_updates", "update_promise", {"promise_id": 6, "given_local": "2026-07-12 09:00:00"}),
    ],
)
def test_what_a_ticket_deleted_before_the_first_visit_left_behind_alarms_nobody(
    tmp_path: Path, table: str, feed: str, row: dict[str, Any]
) -> None:
    """Ticket 3 is there and 2 is not: 2 was given out before. 4 may still come, so its row waits."""
    ticket = {"ticket_no": 3, "via": "CHAT", "updated_local": "2026-07-12 10:00:00"}
    (key,) = [name for name in row if name.endswith("_id")]
    landed = {"ticket": [ticket], feed: [row | {"ticket_no": 2}, row | {"ticket_no": 4, key: 7}]}
    rows, refused = conformed(tmp_path, "helpdesk", table, **landed)
    assert rows == []
    assert len(refused) == 1 and refused[0].startswith("ticket 4 is not in ticket")


def test_a_machine_shift_earns_minutes(tmp_path: Path) -> None:
    shift = {
        "plant": "W1", "machine": "LIN-M01", "shift_date": "05.10.2026", "shift": "F", "planned_busy_min": "450",
        "run_min": "377", "min_per_item": "2.40", "produced": "129", "good": "128",
    }  # fmt: skip
    rows, refused = conformed(
        tmp_path,
        "production_files",
        "machine_shifts",
        machine_shifts=[shift, shift | {"plant": "XXX"}, shift | {"shift_date": "31.09.2026"}],
    )
    assert rows == [
        {
            "machine_shift_id": "linz/LIN-M01/2026-10-05/early",
            "site": "linz",
            "machine": "LIN-M01",
            "shift_on": date(2026, 10, 5),
            "shift": "early",
            "planned_busy_minutes": 450.0,
            "running_minutes": 377.0,
            "stopped_minutes": 73.0,  # 450 - 377
            "planned_minutes_per_item": 2.4,
            "quantity_produced": 129.0,
            "quantity_good": 128.0,
            "earned_minutes": 309.6,  # 129 · 2.4
            "good_minutes": 307.2,  # 128 · 2.4
        }
    ]
    assert refused == ['shift_on "31.09.2026" is no date', 'site "XXX" is no site of the organisation']


def test_an_operation_belongs_to_the_day_on_the_clock_of_the_plant(tmp_path: Path) -> None:
    step = {
        "plant": "W3", "machine": "POR-M01", "step_name": "assembly", "finished": "2026-07-31 22:15:00",
        "qty_in": 60, "qty_ok_first": 58, "qty_rework": 2, "qty_scrap": 0,
    }  # fmt: skip
    rows, refused = conformed(
        tmp_path,
        "mes",
        "operations",
        wo=[{"wo_no": "W1", "family": "BOO"}],
        wo_step=[step | {"step_id": 1, "wo_no": "W1"}, step | {"step_id": 2, "wo_no": "W2"}],
    )
    assert [(row["site"], row["product_family"], row["finished_on"]) for row in rows] == [
        ("porto", "booster", date(2026, 8, 1))
    ]
    assert refused == ["work order W2 is not in wo"]


def test_incoming_goods_are_inspected_without_a_work_order(tmp_path: Path) -> None:
    check = {"plant": "W2", "checked": "2026-07-31 09:00:00", "stage": "IN", "units": 20, "bad_units": 1, "defects": 2}
    rows, refused = conformed(
        tmp_path,
        "mes",
        "inspections",
        wo=[{"wo_no": "W1", "family": "BOO"}],
        qc_check=[
            check | {"check_id": 1, "defect_code": "LEAK"},
            check | {"check_id": 2, "wo_no": "W9", "stage": "FIN"},
            check | {"check_id": 3, "defect_code": "??"},
        ],
    )
    assert [row["opportunities"] for row in rows] == [20.0], "an incoming part has one"
    assert [(row["stage"], row["production_order_id"], row["product_family"], row["defect_type"]) for row in rows] == [
        ("incoming", None, None, "leak")
    ]
    assert refused == ['defect "??" is not among the codes of the source', "work order W9 is not in wo"]


def test_a_register_row_is_read_in_its_own_words(tmp_path: Path) -> None:
    day = datetime(2026, 9, 1)  # noqa: DTZ001 - as a workbook holds it
    rows, _ = conformed(
        tmp_path,
        "qms_registers",
        "corrective_actions",
        corrective_actions=[
            {
                "ca_no": "CA-1", "nc_no": "NC-1", "site": "Lyon", "title": "Second source", "owner": "I. A.",
                "opened": day, "original_due": day, "due": day, "effective": "no",
            }
        ],
    )  # fmt: skip
    (row,) = rows
    assert (row["site"], row["effective"], row["opened_on"], row["closed_on"]) == (
        "lyon",
        False,
        date(2026, 9, 1),
        None,
    )
    rows, _ = conformed(
        tmp_path / "context",
        "qms_registers",
        "context_changes",
        context=[{"no": "K-1", "kind": "Interested party", "title": "T", "noticed": day, "effect": "E", "owner": "O"}],
    )
    assert rows[0]["kind"] == "interested_party"
