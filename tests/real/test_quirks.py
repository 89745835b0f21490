"""The suites find the quirks of the real data, each as often as it is there, and tell nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.real.conftest import Line
from tests.real.raw import TIMES, Raw

pytestmark = pytest.mark.system


def two_machines_at_once(raw: Raw) -> int:
    """Reports during which the same worker has another one on another machine."""
    found: set[Any] = set()
    for _, jobs in raw.operations.groupby("Worker ID"):
        rows = list(jobs[["Start Timestamp", "Complete Timestamp", "Resource"]].itertuples())
        for begun in rows:
            for other in rows:
                if begun[3] != other[3] and begun[1] < other[2] and other[1] < begun[2]:
                    found.add(begun[0])
    return len(found)


def minutes(span: str) -> int | None:
    return int(span[:3]) * 60 + int(span[4:]) if len(span) == 6 else None


def counted(raw: Raw) -> dict[tuple[str, str], int]:
    """Rows that each rule must find, from the raw files alone; every other rule must find none."""
    reports, operations, history = raw.reports, raw.operations, raw.history
    length = (operations["Complete Timestamp"] - operations["Start Timestamp"]).dt.total_seconds() / 60
    span = operations["Span"].map(minutes)
    changes = history.groupby("number")["made_sla"].agg(lambda life: int((life != life.shift()).sum()) - 1)
    repeated = raw.events.duplicated(["number", "sys_mod_count"], keep=False)
    stray = raw.answers["explication"].map(lambda text: any("\x80" <= letter <= "\x9f" for letter in text))
    return {
        ("accounts", "sector is spelt"): int((raw.accounts["sector"] == "technolgy").sum()),
        ("accounts", "country is spelt"): int((raw.accounts["office_location"] == "Philipines").sum()),
        ("opportunities", "product is in the list"): int(
            (~raw.pipeline["product"].isin(raw.products["product"])).sum()
        ),
        ("opportunities", "account is named"): int((raw.pipeline["account"] == "").sum()),
        ("operations", "time is known"): int((raw.log["Start Timestamp"] == "").sum()),
        ("operations", "takes time by the clock"): int((length == 0).sum()),
        ("operations", "takes time by its span"): int((reports["Span"] == "000:00").sum()),
        ("operations", "span is what the clock says"): int((span.notna() & (span != length)).sum()),
        ("operations", "span is hours and minutes"): int((reports["Span"].str.len() != 6).sum()),
        ("operations", "activity has single blanks"): int(reports["Activity"].str.contains("  ").sum()),
        ("operations", "one machine at a time"): two_machines_at_once(raw),
        ("work_orders", "all operations have their time"): raw.log[raw.log["Start Timestamp"] == ""][
            "Case ID"
        ].nunique(),
        ("operation_reports", "time stamp is whole"): len(raw.damaged.drop_duplicates()),
        ("survey_answers", "score is given"): int((raw.answers["nps"] == "NA").sum()),
        ("survey_answers", "comment is all Latin-1"): int(stray.sum()),
        ("incidents", "resolution is known"): int(raw.incidents["resolved_at"].isna().sum()),
        ("incidents", "agreed time is settled from the start"): int((changes > 0).sum()),
        ("incidents", "within the log"): int((raw.incidents["opened_at"] >= "2016-06-01").sum()),
        ("incident_events", "change counted once"): int(repeated.sum()),
        ("incident_events", "changed after opened"): int((history["sys_updated_at"] < history["opened_at"]).sum()),
        ("incident_events", "caller is named"): int((raw.events["caller_id"] == "?").sum()),
        ("incident_events", "symptom is given"): int((raw.events["u_symptom"] == "?").sum()),
        ("incident_events", "somebody works on it"): int((raw.events["assigned_to"] == "?").sum()),
    }


def test_each_quirk_is_found_as_often_as_it_is_there(ingested: tuple[Line, list[dict[str, Any]]], data: Path) -> None:
    line, _ = ingested
    found = line.register("SELECT table_name, rule, rows_failed FROM validations WHERE rows_failed > 0")
    assert {(table, rule): rows for table, rule, rows in found} == counted(Raw(data))
    assert line.register("SELECT count(*) FROM validations WHERE broken OR (NOT success AND rows_failed = 0)") == [(0,)]


def test_a_finding_names_row_and_value(ingested: tuple[Line, list[dict[str, Any]]]) -> None:
    line, _ = ingested
    samples = {
        (table, rule): json.loads(sample)
        for table, rule, sample in line.register("SELECT table_name, rule, sample FROM validations WHERE NOT success")
    }
    assert samples["opportunities", "product is in the list"][0] == (
        'Z063OYW0: Product written is "GTXPro", which is not among the products.'
    )
    assert '"24:00.0"' in samples["operation_reports", "time stamp is whole"][0]
    assert samples["incident_events", "changed after opened"][0] == (
        "INC0000130|2016-02-29 07:27 UTC|2: The change of 2016-02-29 07:27 UTC lies before the opening of "
        "2016-02-29 09:41 UTC."
    )
    assert "the span says 0 minutes, the time stamps 75" in samples["operations", "span is what the clock says"][0]
    reasons = line.register("SELECT DISTINCT table_name, reason FROM quarantine")
    assert reasons == [("operations", "Started at is empty.")]


def test_texts_of_days_and_counts_do_not_order_events(data: Path) -> None:
    """Why the form of the cursor is declared: as texts, 9/3/2016 comes after 10/3/2016, and 9 after 10."""
    raw = Raw(data)
    for column, wrong in (("sys_updated_at", 1_710), ("sys_mod_count", 891)):
        last = raw.events.sort_values(["number", column], kind="stable").groupby("number").tail(1)
        assert len(last.index.difference(raw.incidents.index)) == wrong
    assert int((raw.history.groupby("number")["sys_updated_at"].diff().dt.total_seconds() == 0).sum()) == 2_794


def test_days_read_month_first_stop_the_log(changed: Callable[..., Line], data: Path) -> None:
    line = changed("incident_sample", ("%d/%m", "%m/%d"))
    _, said = line.run("run", "ingest", "incident_sample", expect=1)
    events = Raw(data).events
    right = pd.to_datetime(events["sys_updated_at"], format=TIMES), pd.to_datetime(events["opened_at"], format=TIMES)
    refused = int(((right[0].dt.day > 12) | (right[1].dt.day > 12)).sum())
    assert f"the mapping refused {refused} of {len(events)} rows" in said
    assert line.register("SELECT DISTINCT status FROM feeds") == [("stopped",)]


def test_a_question_mark_that_nobody_declared_stops_the_incidents(changed: Callable[..., Line], data: Path) -> None:
    line = changed("incident_sample", ('    nulls: ["?"]\n', ""))
    _, said = line.run("run", "ingest", "incident_sample", expect=1)
    unresolved = int(Raw(data).incidents["resolved_at"].isna().sum())
    assert f"the mapping refused {unresolved} of 4977 rows" in said


def test_damaged_times_stop_the_operations(changed: Callable[..., Line], data: Path) -> None:
    line = changed("production_log", ("production_data_rebuilt.csv", "Production_Data.csv"))
    _, said = line.run("run", "ingest", "production_log", expect=1)
    rows = len(Raw(data).damaged.drop_duplicates())
    assert f"the mapping refused {rows} of {rows} rows" in said


def test_a_file_that_is_not_in_the_declared_encoding_is_named_with_its_line(
    changed: Callable[..., Line], data: Path
) -> None:
    line = changed("nps_retail", ("latin-1", "utf-8"))
    _, said = line.run("run", "ingest", expect=1)
    lines = (data / "nps_retail" / "nps.csv").read_bytes().split(b"\n")
    first = next(number for number, text in enumerate(lines, 1) if not text.isascii())
    assert f"nps_retail/nps.csv:{first}: source nps_retail, table answers: the file is not utf-8 text" in said
