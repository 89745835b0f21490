"""It looks like a company: size, growth, seasons, key accounts, channels, references that hold."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from demo_fixture import TABLES, month_of, rows_of, sheet, shift_lines

COLUMNS = {
    "account": "acc_no display_name seg country plant_code since is_active modified",
    "sales_order": "so_no acc_no plant_code entry_channel ordered modified",
    "so_item": "so_no pos item_code item_family qty qty_delivered net_eur wished commit_first commit_now late_notice "
    "delivered state modified",
    "deal": "deal_id acc_no plant_code opened closed phase amount_eur modified",
    "complaint": "cmp_no acc_no so_no pos plant_code received closed reason_code justified via modified",
    "survey_send": "send_id acc_no kind via sent plant_code case_no care modified",
    "survey_reply": "reply_id send_id acc_no replied q_recommend q_satisfied q_easy q_understood remark modified",
    "ticket": "ticket_no cust_ref via topic prio site_code opened_local due_local reply_due_local state bot_started "
    "wants_person handovers updated_local",
    "message": "msg_id ticket_no sent_local sender via",
    "state_log": "log_id ticket_no at_local old_state new_state",
    "update_promise": "promise_id ticket_no given_local due_local told_local changed_local",
    "wo": "wo_no plant item family plan_start due done qty_plan qty_good qty_scrap state chg",
    "wo_step": "step_id wo_no plant machine step_name finished qty_in qty_ok_first qty_rework qty_scrap chg",
    "qc_check": "check_id wo_no plant checked stage units bad_units defects defect_code chg",
    "stop": "stop_id plant machine from_utc to_utc why_code is_planned chg",
    "goods_in": "gr_no supplier plant material committed received qty qty_rejected chg",
}
SHEETS = {
    "Audits": "Audit no | Site | Kind | Scope | Planned | Done | Lead",
    "Findings": "Finding no | Audit no | Grade | Clause | Description | Raised | Due | Closed",
    "Nonconformities": "NC no | Site | Detected | Closed | Origin | Grade | Process | Description | Cost EUR",
    "Corrective actions": "CA no | NC no | Site | Title | Owner | Opened | Original due | Due | Closed | Checked | "
    "Effective",
    "Risks": "Risk no | Kind | Title | Site | Owner | Identified | Likelihood | Severity | Treatment | Due | Done | "
    "Effective | Reviewed",
    "Context": "No | Kind | Title | Noticed | Effect | Owner",
    "Resources": "No | Site | Kind | Title | Month | Planned | Actual | Unit",
    "Ideas": "No | Site | Title | Raised | By | Status | Decided | Benefit EUR",
    "Costs": "No | Site | Booked | Category | Amount EUR",
    "Review actions": "Action no | Review | Title | Owner | Decided | Original due | Due | Done | Progress | Evidence",
    "Considered inputs": "No | Clause | Period | Statement | By | On",
}


@pytest.mark.parametrize(("system", "table", "key", "cursor"), TABLES)
def test_tables_have_their_columns_and_keys(
    company: Path, system: str, table: str, key: list[str], cursor: str
) -> None:
    rows = rows_of(company, system, f"SELECT * FROM {table}")
    assert list(rows.columns) == COLUMNS[table].split()
    assert not rows.duplicated(key).any()
    assert rows[cursor].notna().all()


@pytest.mark.parametrize("name", SHEETS)
def test_sheets_have_their_headers(company: Path, name: str) -> None:
    assert " | ".join(sheet(company, name).columns) == SHEETS[name]
    assert len(sheet(company, name)) > 0


def test_shift_files_have_their_header_and_german_numbers(company: Path) -> None:
    text = (company / "production" / "machine_shifts_2026-10-05.csv").read_text(encoding="utf-8")
    header, first = text.splitlines()[:2]
    assert header == "plant;machine;shift_date;shift;planned_busy_min;run_min;min_per_item;produced;good"
    plant, machine, day, shift, busy, run, each, produced, good = first.split(";")
    assert (plant, machine, day, shift, each) == ("W1", "LIN-M01", "05.10.2026", "F", "2,40")
    assert 0 <= int(good) <= int(produced) and int(run) <= int(busy) == 450


def test_size(company: Path) -> None:
    stamp = json.loads((company / "demo.json").read_text(encoding="utf-8"))
    assert 150_000 < sum(stamp["rows"].values()) < 300_000
    counted = {
        f"{system}/{table}": int(rows_of(company, system, f"SELECT count(*) AS n FROM {table}").n[0])
        for system, table, _, _ in TABLES
    }
    assert counted.items() <= stamp["rows"].items()
    assert stamp["rows"]["production/machine_shifts"] == len(shift_lines(company))


def test_references_hold_but_for_what_was_planted(company: Path) -> None:
    for child, column, parent, system in (
        ("sales_order", "acc_no", "account", "crm"),
        ("survey_reply", "send_id", "survey_send", "crm"),
        ("deal", "acc_no", "account", "crm"),
        ("wo_step", "wo_no", "wo", "mes"),
        ("qc_check", "wo_no", "wo", "mes"),
    ):
        sql = f"SELECT count(*) AS n FROM {child} WHERE {column} NOT IN (SELECT {column} FROM {parent})"
        assert rows_of(company, system, sql).n[0] == 0, child
    lost = rows_of(
        company,
        "crm",
        "SELECT count(*) AS n FROM complaint c LEFT JOIN so_item i USING (so_no, pos) "
        "WHERE c.so_no IS NOT NULL AND (i.so_no IS NULL OR i.state <> 'DL')",
    )
    assert lost.n[0] <= 2  # a delivery entered late can lie behind the complaint about it


def test_orders_grow_and_have_seasons(company: Path) -> None:
    orders = rows_of(company, "crm", "SELECT ordered, plant_code FROM sales_order WHERE ordered >= '2023-11-01'")
    monthly = orders.groupby(month_of(orders.ordered)).size()[:"2026-10"]
    years = [monthly["2023-11":"2024-10"].sum(), monthly["2024-11":"2025-10"].sum(), monthly["2025-11":"2026-10"].sum()]
    assert years[1] / years[0] == pytest.approx(1.04, abs=0.015)
    assert years[2] / years[1] == pytest.approx(1.04, abs=0.015)
    for year in ("2024", "2025", "2026"):
        assert monthly[f"{year}-04"] > 1.3 * monthly[f"{year}-08"]
    weekend = pd.to_datetime(orders.ordered).dt.day_of_week >= 5
    assert 0.002 < weekend.mean() < 0.03
    shares = orders.plant_code.value_counts(normalize=True)
    assert shares["LNZ"] > shares["LYO"] > shares["POR"] > 0.15


def test_a_few_key_accounts_order_most(company: Path) -> None:
    orders = rows_of(company, "crm", "SELECT acc_no, seg FROM sales_order JOIN account USING (acc_no)")
    per_account = orders.groupby("acc_no").size().sort_values(ascending=False)
    assert per_account.head(len(per_account) // 5).sum() / per_account.sum() > 0.5
    assert (orders.seg == "K").mean() > 0.25


def test_families_differ_by_site(company: Path) -> None:
    lines = rows_of(company, "crm", "SELECT plant_code, item_family FROM so_item JOIN sales_order USING (so_no)")
    mix = lines.groupby("plant_code").item_family.agg(lambda family: family.value_counts().idxmax())
    assert mix[["LNZ", "LYO", "POR"]].tolist() == ["CIR", "DOS", "DRA"]


def test_all_five_channels_are_used(company: Path) -> None:
    tickets = rows_of(company, "helpdesk", "SELECT via FROM ticket WHERE via <> 'FAX'").via.value_counts(normalize=True)
    assert set(tickets.index) == {"PHONE", "EMAIL", "CHAT", "SOCIAL", "COUNTER"}
    assert tickets.idxmax() == "EMAIL" and tickets.min() > 0.03
    orders = rows_of(company, "crm", "SELECT entry_channel AS via FROM sales_order WHERE entry_channel <> 'FAX'").via
    assert set(orders) == {"TEL", "MAIL", "CHAT", "SOC", "VISIT"}


def test_levels_are_those_of_a_sound_company(company: Path) -> None:
    answers = rows_of(company, "crm", "SELECT avg(q_satisfied) AS satisfied, avg(q_easy) AS easy FROM survey_reply")
    assert answers.satisfied[0] == pytest.approx(4.2, abs=0.1)
    assert answers.easy[0] == pytest.approx(5.3, abs=0.15)
    replies = rows_of(
        company, "crm", "SELECT (SELECT count(*) FROM survey_reply) * 1.0 / count(*) AS share FROM survey_send"
    )
    assert replies.share[0] == pytest.approx(0.22, abs=0.01)
    final = rows_of(company, "mes", "SELECT sum(bad_units) * 1e6 / sum(units) AS ppm FROM qc_check WHERE stage = 'FIN'")
    assert final.ppm[0] == pytest.approx(350, rel=0.1)
    shifts = [line.replace(",", ".").split(";") for _, line in shift_lines(company)]
    earned = sum(float(line[6]) * float(line[8]) for line in shifts) / sum(float(line[4]) for line in shifts)
    assert earned == pytest.approx(0.70, abs=0.01)
    bots = rows_of(company, "helpdesk", "SELECT avg(bot_started) AS share FROM ticket WHERE via = 'CHAT'")
    assert bots.share[0] == pytest.approx(0.4, abs=0.03)
    back = rows_of(
        company,
        "helpdesk",
        "SELECT count(DISTINCT ticket_no) * 1.0 / (SELECT count(*) FROM ticket) AS share FROM state_log "
        "WHERE old_state = 'R' AND new_state = 'O'",
    )
    assert back.share[0] == pytest.approx(0.05, abs=0.01)


def test_registers_have_the_usual_size(company: Path) -> None:
    audits, cases = sheet(company, "Audits"), sheet(company, "Nonconformities")
    assert 24 <= audits.Planned.dt.year.value_counts()[2025] <= 34
    assert set(audits.Site) == {"Linz", "Lyon", "Porto"}
    assert 55 <= cases.Detected.dt.year.value_counts()[2025] <= 85
    assert len(sheet(company, "Risks")) == 25
    assert len(sheet(company, "Ideas")) == 40
    assert audits[audits.Planned < "2026-10-31"].Done.notna().mean() > 0.97


def test_a_ticket_lives_in_order(company: Path) -> None:
    log = rows_of(company, "helpdesk", "SELECT * FROM state_log ORDER BY ticket_no, at_local, log_id")
    follows = log.ticket_no.eq(log.ticket_no.shift())
    assert (log.old_state[follows] == log.new_state.shift()[follows]).all()
    assert log.old_state[~follows].isna().all()
    last = log.groupby("ticket_no").new_state.last()
    tickets = rows_of(company, "helpdesk", "SELECT ticket_no, state FROM ticket").set_index("ticket_no").state
    assert (last[tickets.index] == tickets).all()
