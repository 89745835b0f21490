"""Every row of the real files is accounted for: conformed, in quarantine, or superseded; counted apart from the raw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Line
from tests.real.raw import Raw

pytestmark = pytest.mark.system


def expected(raw: Raw) -> dict[str, tuple[int, int, int, int]]:
    """Rows in, conformed, in quarantine, superseded: from the raw files alone."""
    lost = int((raw.log["Start Timestamp"] == "").sum())
    repeats, repeats_damaged = int(raw.log.duplicated().sum()), int(raw.damaged.duplicated().sum())
    orders, incidents = raw.log["Case ID"].nunique(), raw.events["number"].nunique()
    return {
        "accounts": (len(raw.accounts), len(raw.accounts), 0, 0),
        "products": (len(raw.products), len(raw.products), 0, 0),
        "opportunities": (len(raw.pipeline), len(raw.pipeline), 0, 0),
        "survey_answers": (len(raw.answers), len(raw.answers), 0, 0),
        "incident_events": (len(raw.events), len(raw.events), 0, 0),
        "incidents": (len(raw.events), incidents, 0, len(raw.events) - incidents),
        "operations": (len(raw.log), len(raw.log) - repeats - lost, lost, repeats),
        "work_orders": (len(raw.log), orders, 0, len(raw.log) - orders),
        "operation_reports": (len(raw.damaged), len(raw.damaged) - repeats_damaged, 0, repeats_damaged),
    }


def test_rows_in_are_rows_conformed_in_quarantine_and_superseded(
    ingested: tuple[Line, list[dict[str, Any]]], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from qmsreports.cli.output import print_table

    _, reports = ingested
    columns = ("rows_in", "conformed", "quarantined", "duplicates", "deleted_at_source")
    with capsys.disabled():
        print_table(
            ("source", "table", "status", "rows in", "conformed", "quarantined", "duplicates", "deleted"),
            [(row["source"], row["table"], row["status"], *(row[name] for name in columns)) for row in reports],
        )
    assert {row["status"] for row in reports} == {"published"}
    assert {row["table"]: tuple(row[name] for name in columns) for row in reports} == {
        table: (*counts, 0) for table, counts in expected(Raw(data)).items()
    }
    assert all(row["rows_in"] == sum(row[name] for name in columns[1:]) for row in reports)


def test_the_counts_of_the_data_sets_are_those_that_were_described(data: Path) -> None:
    counted = expected(Raw(data))
    assert counted["opportunities"][0] == 8_800
    assert counted["survey_answers"][0] == 13_954
    assert counted["incidents"][:2] == (28_513, 4_977)
    assert counted["operation_reports"][3] == 73
    assert counted["operations"][2] == 139


def test_most_repeats_of_the_damaged_copy_are_none(data: Path) -> None:
    """Cut time stamps make different reports look alike: a copy that lost its times must not be freed of repeats."""
    raw = Raw(data)
    times = ["Start Timestamp", "Complete Timestamp"]
    others = [column for column in raw.log if column not in times]
    assert raw.log[others].equals(raw.damaged[others])  # the same reports in the same order
    alike = raw.damaged.duplicated()
    assert (int(alike.sum()), int((alike & raw.log.duplicated()).sum())) == (73, 22)


def test_a_second_visit_brings_nothing(ingested: tuple[Line, list[dict[str, Any]]]) -> None:
    line, _ = ingested
    again = line.json("run", "ingest")
    assert {(row["status"], row["rows_in"]) for row in again} == {("unchanged", 0)}
