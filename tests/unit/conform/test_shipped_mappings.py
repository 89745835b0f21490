"""The mappings of the demo company: what a few landed rows of each system become, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from shipped_fixture import MAPPED, SOURCES, TABLES, conformed

from qmsreports.conform.mapping import check_select, read_select


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
