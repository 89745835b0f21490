"""A source looked at before it is trusted: what its rows become, side by side, from the source and from the landing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qmsreports import stages
from qmsreports.cli import app
from qmsreports.errors import ExitCode, UserError
from qmsreports.settings import Settings
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, source

SOURCE = source(
    "table: ord, key: [no], cursor: changed",
    "table: place, key: [code]",
    conform="orders: {from: ord, joins: {place: [code]}}",
).replace("time_zone: Europe/Vienna\n", "")  # that of the organisation
ORDERS = orders_of(
    "ord o LEFT JOIN place p ON p.code = o.code", order_id="o.no", site="p.site", due_on="o.due", pieces="o.pieces"
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Premises:
    made = Premises.found(tmp_path, monkeypatch)
    made.declare(SOURCE, ORDERS)
    made.sql("CREATE TABLE ord (no TEXT, code TEXT, due TEXT, pieces REAL, changed TEXT)")
    made.sql("CREATE TABLE place (code TEXT, site TEXT)")
    made.sql("INSERT INTO place VALUES ('L', 'linz')")
    made.sql(
        "INSERT INTO ord VALUES ('1', 'L', '2026-03-09', 2, '2026-03-01'), ('2', 'L', '9.3.2026', 3, '2026-03-01')"
    )
    monkeypatch.setenv("QMSREPORTS_VAR", str(made.settings.var))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(made.settings.catalog))
    return made


@pytest.fixture
def settings(shop: Premises) -> Settings:
    return Settings()


def test_rows_of_the_source_beside_what_they_become_refused_ones_first(settings: Settings) -> None:
    found = stages.preview_source("shop", "orders", settings=settings)
    assert found.of == "the first rows of the source (up to 1,000)"
    refused, fine = found.rows
    assert refused.refused == 'due_on "9.3.2026" is no date'
    assert (refused.landed["no"], refused.canonical["due_on"]) == ("2", "9.3.2026")
    assert fine.refused == ""
    assert fine.landed == {"no": "1", "code": "L", "due": "2026-03-09", "pieces": 2.0, "changed": "2026-03-01"}
    assert (fine.canonical["site"], fine.canonical["due_on"]) == ("linz", date(2026, 3, 9))
    assert not settings.var.exists()


def test_what_was_landed_is_shown_unless_the_source_is_asked_for(shop: Premises, settings: Settings) -> None:
    stages.land("shop", run_id="a", at=MORNING, settings=settings)
    shop.sql("UPDATE ord SET pieces = 9, due = '2026-03-10'")
    landed = stages.preview_source("shop", "orders", rows=1, settings=settings)
    fresh = stages.preview_source("shop", "orders", rows=1, fresh=True, settings=settings)
    assert (landed.of, len(landed.rows), landed.rows[0].landed["pieces"]) == ("what was landed", 1, 3.0)
    assert (fresh.rows[0].landed["pieces"], fresh.rows[0].refused) == (9.0, "")


def test_a_table_that_the_source_does_not_make(settings: Settings) -> None:
    with pytest.raises(UserError, match='shop makes no table "order"; did you mean "orders"') as told:
        stages.preview_source("shop", "order", settings=settings)
    assert told.value.exit_code == ExitCode.USAGE


def typed(*words: str, expect: int = 0) -> Any:
    done = CliRunner().invoke(app, ["source", *words])
    assert done.exit_code == expect, done.output
    return done.stdout


def test_the_commands(shop: Premises) -> None:
    checked = typed("check", "shop")
    assert "place  read     ok       2 columns, as declared" in checked
    assert "place: first rows as they would be landed\ncolumn  row 1\ncode    L\nsite    linz\n" in checked
    report = json.loads(typed("check", "shop", "--json"))
    assert (report["source"], report["failed"], report["samples"]["place"]) == (
        "shop",
        False,
        [{"code": "L", "site": "linz"}],
    )
    shown = typed("preview", "shop", "orders", "--rows", "1").splitlines()
    assert shown[2] == 'row 1: refused, due_on "9.3.2026" is no date'
    assert shown[3].split() == ["ord", "as", "read", "orders", "as", "it", "becomes"]
    assert json.loads(typed("preview", "shop", "orders", "--json"))["rows"][1]["canonical"]["order_id"] == "1"
    mapping = shop.settings.catalog / "sources" / "shop" / "orders.sql"
    mapping.write_text(ORDERS.replace("AS due_on", "AS due_no"))
    wrong = [
        entry
        for entry in json.loads(typed("check", "shop", "--json", expect=1))["checks"]
        if entry["outcome"] == "failed"
    ]
    assert wrong == [
        {
            "check": "mapping",
            "table": "orders",
            "outcome": "failed",
            "what": "orders has no column due_no",
            "todo": 'did you mean "due_on"?',
            "where": f"{mapping}:1",
        }
    ]
    mapping.write_text(ORDERS)
    shop.sql("DROP TABLE place")
    assert "failed" in typed("check", "shop", expect=1)
