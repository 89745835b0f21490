"""Whatever is wrong outside: one line that says where and what to do, the right exit code, nothing lost or doubled."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import ROOT, Line

pytestmark = pytest.mark.system

OCTOBER = ("--period", "2026-10")
PROGRESS = " s  "


@pytest.fixture
def line(undisturbed: Line, tmp_path: Path) -> Line:
    """A workspace of its own in which everything was ingested."""
    return undisturbed.copy(tmp_path / "var")


@pytest.fixture
def adjusted(line: Line) -> Callable[[str, str, str], Line]:
    """Change a text in a file of a catalog and expectations of its own."""
    for name in ("catalog", "expectations"):
        shutil.copytree(ROOT / name, line.folder / name)
        line.extra[f"QMSREPORTS_{name.upper()}"] = name  # messages name files as a person sees them

    def adjust(file: str, before: str, after: str) -> Line:
        path = line.folder / file
        text = path.read_text(encoding="utf-8")
        assert before in text, f"{file} has no {before!r}"
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        return line

    return adjust


def said(line: Line, *arguments: str, expect: int) -> list[str]:
    """What a command says beside its progress and its table, workspace and time of the last load made neutral."""
    done = line.run(*arguments, expect=expect)
    lines = [text for text in done.stderr.splitlines() if PROGRESS not in text[:12]]
    return [re.sub(r"load [0-9: -]+ UTC", "load <then>", text.replace(str(line.folder), "<var>")) for text in lines]


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def outcome(report: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["table"]: entry["status"] for entry in report}


def place(file: str, words: str) -> str:
    """The ``file:line`` where the repository's own file has these words."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, text in enumerate(lines, 1) if words in text]
    return f"{file}:{number}"


# --- sources ---------------------------------------------------------------------------------------------------------
def _damaged(path: Path) -> None:
    content, chance = bytearray(path.read_bytes()), random.Random(9)
    content[:100] = chance.randbytes(100)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (
            Path.unlink,
            "the database file <var>/demo/mes.db does not exist (last good load <then>); check the connection",
        ),
        (
            lambda path: path.write_bytes(b""),
            "the database file <var>/demo/mes.db is empty (last good load <then>); restore it or check the connection",
        ),
        (
            _damaged,
            "the database <var>/demo/mes.db cannot be read (file is not a database) (last good load <then>); "
            "restore it or check the connection",
        ),
    ],
    ids=["missing", "empty", "corrupt"],
)
def test_a_database_that_cannot_be_read_stops_its_tables_alone(
    line: Line, undisturbed: Line, harm: Callable[[Path], None], what: str
) -> None:
    tables = "downtimes, inspections, operations, production_orders, receipts"
    harm(line.demo / "mes.db")
    assert said(line, "run", "ingest", "mes", expect=1) == [f"source mes: {what} (stops {tables})"]
    assert line.tables() == undisturbed.tables()  # what was published stays, marked as failed


def test_one_source_fails_and_the_others_are_published(new_line: Callable[..., Line], undisturbed: Line) -> None:
    line = new_line()
    line.extra["QMSREPORTS_CONNECTION_MES"] = ""
    done = line.run("run", "ingest", "mes", "production_files", expect=1)
    assert (
        "source mes: no connection is set; set one of: QMSREPORTS_CONNECTION_MES, AIRFLOW_CONN_MES "
        "(looked at in this order) (stops downtimes, inspections, operations, production_orders, receipts)"
    ) in done.stderr.splitlines()
    assert line.tables() == {"machine_shifts": undisturbed.tables()["machine_shifts"]}
    (run,) = line.register("SELECT status, message FROM runs")
    assert run[0] == "findings"
    assert "source mes, table receipts" in run[1]


def test_tables_that_are_not_what_they_were(line: Line, undisturbed: Line) -> None:
    """No cursor column, a renamed column, and no row any more: each stops what hangs on it, the rest goes on."""
    file, kept = "catalog/sources/mes/source.yaml", line.folder / "kept.db"
    shutil.copy2(line.demo / "mes.db", kept)
    sql(
        line.demo / "mes.db",
        "ALTER TABLE wo DROP COLUMN chg",
        "ALTER TABLE goods_in RENAME COLUMN qty_rejected TO qty_rejct",
        "DELETE FROM stop",
    )
    done = line.run("run", "ingest", "mes", "--json", expect=1)
    report = json.loads(done.stdout)
    assert outcome(report) == dict.fromkeys(
        ("downtimes", "inspections", "operations", "production_orders", "receipts"), "failed"
    )
    told = {entry["table"]: entry["message"].replace(str(ROOT) + "/", "") for entry in report}
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    at = {name: next(n for n, text in enumerate(lines, 1) if f"table: {name}" in text) for name in ("wo", "goods_in")}
    stop = next(n for n, text in enumerate(lines, 1) if "table: stop" in text)
    where, _, rest = told["production_orders"].partition(": ")
    assert where.startswith(f"{file}:")
    assert at["wo"] <= int(where.rpartition(":")[2]) <= at["wo"] + 4
    assert rest.startswith('source mes, table wo: there is no cursor column "chg"; ')
    assert rest.endswith("; mend it at the source, or change this line and the mappings")
    where, _, rest = told["receipts"].partition(": ")
    assert at["goods_in"] <= int(where.rpartition(":")[2]) <= at["goods_in"] + 4
    assert rest.startswith(
        'source mes, table goods_in: there is no column "qty_rejected"; did you mean "qty_rejct"? (last good load '
    )
    where, _, rest = told["downtimes"].partition(": ")
    assert where == f"{file}:{stop}"
    assert rest.startswith('source mes, table stop: table "stop" is suddenly empty (')
    assert "check the table and the permissions of the account" in rest

    shutil.copy2(kept, line.demo / "mes.db")  # mended: nothing was lost and nothing comes twice
    assert set(outcome(line.json("run", "ingest", "mes")).values()) == {"unchanged"}
    assert line.tables() == undisturbed.tables()


def test_empty_files(line: Line, undisturbed: Line) -> None:
    folder = line.demo / "production"
    (folder / "machine_shifts_2026-11-02.csv").write_bytes(b"")
    notice = "notice: production/machine_shifts_2026-11-02.csv: the file is empty; nothing is landed; "
    assert said(line, "run", "ingest", "production_files", expect=0) == [
        f"{notice}deliver it again if it should have rows"
    ]
    last = folder / "machine_shifts_2026-10-30.csv"
    rows = len(last.read_text(encoding="utf-8").splitlines()) - 1
    last.write_bytes(b"")
    assert said(line, "run", "ingest", "production_files", expect=1) == [
        f"production/{last.name}: source production_files, table machine_shifts: the file is suddenly empty "
        f"({rows} rows before) (last good load <then>); restore it; "
        "may_be_empty: true in source.yaml if it was emptied in earnest"
    ]
    shutil.rmtree(folder)
    assert said(line, "run", "ingest", "production_files", expect=1) == [
        "source production_files: <var>/demo/production does not exist (last good load <then>); check the connection"
        " (stops machine_shifts)"
    ]
    assert line.tables() == undisturbed.tables()


def test_a_value_of_the_wrong_type_is_set_aside_and_the_others_pass(line: Line, undisturbed: Line) -> None:
    columns = "supplier, plant, material, committed, received"
    bad = f"INSERT INTO goods_in SELECT 'GR-BAD', {columns}, 'twelve', 0, '2026-11-01 08:00:00' FROM goods_in LIMIT 1"
    sql(line.demo / "mes.db", bad, bad.replace("GR-BAD", "GR-GOOD").replace("'twelve'", "12"))
    report = {entry["table"]: entry for entry in line.json("run", "ingest", "mes")}
    assert (report["receipts"]["rows_in"], report["receipts"]["conformed"], report["receipts"]["quarantined"]) == (
        2,
        1,
        1,
    )
    assert {report[table]["status"] for table in report if table != "receipts"} == {"unchanged"}
    (row,) = [
        row for row in line.json("quality", "quarantine", "list", "--table", "receipts") if "BAD" in row["row_key"]
    ]
    assert row["reason"] == 'quantity_received "twelve" is no number.'
    added = line.tables()["receipts"] - undisturbed.tables()["receipts"]
    assert len(added) == 1
    # mended at the source: the row comes again, passes, and is settled in quarantine
    sql(
        line.demo / "mes.db",
        "UPDATE goods_in SET qty = 12, chg = '2026-11-01 09:00:00' WHERE gr_no = 'GR-BAD'",
    )
    assert {entry["conformed"] for entry in line.json("run", "ingest", "mes") if entry["table"] == "receipts"} == {1}
    assert line.register("SELECT status, settled_why FROM quarantine WHERE row_key = 'GR-BAD'") == [
        ("mended", "a later version of the row passed")
    ]


# --- what people adjust ----------------------------------------------------------------------------------------------
def test_mistakes_in_the_catalog(adjusted: Callable[[str, str, str], Line]) -> None:
    kpi, target, desk = "catalog/kpis/otif.yaml", "catalog/targets/nps.yaml", "catalog/calendars/support_desk.yaml"
    adjusted(kpi, "{field: delivered_on, at_most:", "{field: deliverd_on, at_most:")
    adjusted(target, "unit: points", "unit: percent")
    line = adjusted(desk, "from: 2022-01-01", "from: 2024-06-01")
    lines = said(line, "catalog", "check", expect=1)
    column = f'{place(kpi, "{field: delivered_on, at_most:")}: table order_lines has no column "deliverd_on"; '
    assert f'{column}did you mean "delivered_on"?' in lines
    unit = f"{place(target, 'unit: points')}: the targets are in percent, the KPI is in points; "
    assert f"{unit}convert the values and write unit: points" in lines
    gap = [text for text in lines if "support_desk" in text]  # one for each KPI that counts by this calendar
    begins = 'calendar "support_desk" begins on 2024-06-01, after this version (2023-01-01)'
    where = place("catalog/kpis/first_response_p90.yaml", "calendar: support_desk")
    assert f"{where}: {begins}; add an earlier rule to the calendar" in gap
    assert all(begins in text for text in gap)
    assert len(lines) == 2 + len(gap)  # nothing but that, each once
    assert said(line, "run", "measure", *OCTOBER, expect=1) == lines
    assert line.register("SELECT COUNT(*) FROM results") == [(0,)]


def test_no_catalog_is_not_a_catalog_without_findings(line: Line) -> None:
    line.extra["QMSREPORTS_CATALOG"] = "nowhere"
    told = ["nowhere: there is no catalog here; run in a workspace or set QMSREPORTS_CATALOG"]
    assert said(line, "run", "ingest", expect=3) == told
    assert said(line, "catalog", "check", expect=3) == told


def test_a_broken_check_is_the_checks_fault_and_stops_its_table_alone(
    adjusted: Callable[[str, str, str], Line], undisturbed: Line
) -> None:
    """One check with a pattern that is none, one that names no column: the other tables of the source are published."""
    stops, receipts = "expectations/downtimes.json", "expectations/receipts.json"
    rule = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "reason", "regex": "(never closed"},
        "severity": "warning",
        "meta": {"why": "Codes have a form.", "owner": "it.data", "on_failure": "quarantine"},
    }
    adjusted(stops, '"expectations": [', f'"expectations": [\n{json.dumps(rule)},')
    line = adjusted(receipts, '"column": "receipt_id"', '"column": "reciept_id"')
    shutil.rmtree(line.folder / "lake")
    (line.folder / "register.db").unlink()
    done = line.run("run", "ingest", "mes", expect=1)
    told = [text for text in done.stderr.splitlines() if PROGRESS not in text[:12]]
    (first,) = [text for text in told if "regex" in text]
    assert first.startswith(f"{stops}:")
    assert "\"regex\" holds '(never closed', which is no regular expression (" in first
    assert first.endswith("mend the pattern (stops downtimes)")
    (second,) = [text for text in told if "reciept_id" in text]
    assert second.startswith(f"{receipts}:")
    assert second.endswith('receipts declares no column "reciept_id"; did you mean "receipt_id"? (stops receipts)')
    published = undisturbed.tables()
    assert line.tables() == {name: published[name] for name in ("inspections", "operations", "production_orders")}
    adjusted(stops, json.dumps(rule) + ",", "")
    adjusted(receipts, "reciept_id", "receipt_id")
    line.run("run", "ingest", "mes")
    assert line.tables() == {
        name: published[name] for name in ("downtimes", "inspections", "operations", "production_orders", "receipts")
    }


# --- the register ----------------------------------------------------------------------------------------------------
def test_an_unreadable_register(line: Line) -> None:
    kept = (line.folder / "register.db").read_bytes()
    (line.folder / "register.db").write_bytes(b"no register at all " * 500)
    remedy = "restore it from a backup: nothing else holds approvals and results"
    told = [f"register sqlite:///<var>/register.db: cannot be opened (file is not a database); {remedy}"]
    assert said(line, "run", "ingest", "mes", expect=3) == told
    assert said(line, "kpi", "values", expect=3) == told
    (line.folder / "register.db").write_bytes(kept)
    assert set(outcome(line.json("run", "ingest", "mes")).values()) == {"unchanged"}


# --- a table without valid data --------------------------------------------------------------------------------------
def test_kpis_of_a_stopped_table_are_not_valid_and_page_one_says_so(measured: Line, tmp_path: Path) -> None:
    line = measured.copy(tmp_path / "var")
    before = {
        (kpi, period): value
        for kpi, period, value in line.register("SELECT kpi, period, value FROM results WHERE slice_key = ''")
    }
    sql(line.demo / "mes.db", "DELETE FROM goods_in")
    line.run("run", "ingest", "mes", expect=1)
    done = line.run("run", "review", *OCTOBER)
    (pack,) = (line.folder / "packs").iterdir()
    assert {path.suffix for path in pack.iterdir()} >= {".pdf", ".html", ".json"}
    assert "not valid" in done.stdout

    (ppm,) = [v for v in line.json("kpi", "values", "supplier_ppm", *OCTOBER) if not v["slice"]]
    assert (ppm["status"], ppm["value"], ppm["n"]) == ("not_valid", None, 0)  # neither last month's value nor zero
    (settled,) = [v for v in line.json("kpi", "values", "supplier_ppm", "--period", "2026-09") if not v["slice"]]
    assert settled["value"] == before["supplier_ppm", "2026-09"]
    (untouched,) = [v for v in line.json("kpi", "values", "otif", *OCTOBER) if not v["slice"]]
    assert untouched["value"] == before["otif", "2026-10"]

    model = json.loads((pack / "model.json").read_text(encoding="utf-8"))
    (decision,) = [item for item in model["decisions"] if item["kind"] == "failed_feed"]
    assert "suddenly empty" in decision["evidence"]
    assert "No value for" in decision["evidence"]
    assert "supplier_ppm" in model["trust"]["stopped"]
    assert model["glance"]["not_valid"] == len(model["trust"]["stopped"])
    assert model["trust"]["sources_read"] == model["trust"]["sources"] - 1
    assert model["trust"]["reconciles"]


# --- wrong usage -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "ingest", "mess"), 'there is no source "mess"; did you mean "mes"?'),
        (("run", "review", "montly", *OCTOBER), 'there is no review "montly"; did you mean "monthly"?'),
        (("pack", "build", "montly", *OCTOBER), 'there is no review "montly"; did you mean "monthly"?'),
        (("kpi", "values", "supplier_pmm"), 'there is no KPI "supplier_pmm"; did you mean "supplier_ppm"?'),
        (
            ("catalog", "approve", "supplier_pmm", "--by", "ana"),
            'there is no KPI "supplier_pmm"; did you mean "supplier_ppm"?',
        ),
        (
            ("run", "measure", "--period", "2026-13"),
            '"2026-13" is no period; write a month as 2026-10, a quarter as 2026-Q3, a year as 2026',
        ),
        (
            ("run", "review", "--period", "october"),
            '"october" is no period; write a month as 2026-10, a quarter as 2026-Q3, a year as 2026',
        ),
    ],
)
def test_wrong_usage(undisturbed: Line, arguments: tuple[str, ...], told: str) -> None:
    runs = undisturbed.register("SELECT COUNT(*) FROM runs WHERE status = 'running'")
    tables = undisturbed.tables()
    assert said(undisturbed, *arguments, expect=2) == [told]
    assert undisturbed.tables() == tables
    assert undisturbed.register("SELECT COUNT(*) FROM runs WHERE status = 'running'") == runs
