"""Rows in quarantine: let in or left out on a person's word, settled by what the source says next."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from qmsreports import stages
from qmsreports.errors import UserError
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)
SOURCE = """
source: shop
title: Shop
kind: sql
time_zone: Europe/Vienna
tables:
  - {table: ord, key: [no], cursor: changed, needs: [due, pieces], deletions: keys}
conform:
  orders: {from: ord}
"""
ORDERS = """
SELECT no AS order_id, 'linz' AS site, 'open' AS status, due AS due_on, NULL AS done_on, pieces, FALSE AS urgent
FROM ord
"""
META = {"why": "More than nine were never ordered.", "owner": "shop.owner", "on_failure": "quarantine"}
RULES = [
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "pieces", "max_value": 9},
        "severity": "warning",
        "meta": META,
    },
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "pieces", "max_value": 9},
        "severity": "critical",
        "meta": META | {"on_failure": "stop", "name": "far_too_many", "from_rows": 2},
    },
]
RULES[1]["kwargs"] = {"column": "pieces", "max_value": 9, "mostly": 0.5}


@dataclass
class Shop:
    """A workspace of one source with one table of orders."""

    settings: Settings
    database: Path
    day: int = 0

    def order(self, number: str, pieces: float | str, changed: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("REPLACE INTO ord VALUES (?, '2026-03-09', ?, ?)", (number, pieces, changed))

    def remove(self, number: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("DELETE FROM ord WHERE no = ?", (number,))

    def ingest(self) -> stages.FeedReport:
        self.day += 1
        at = MORNING + timedelta(days=self.day)
        (report,) = stages.ingest(["shop"], run_id=f"run {self.day}", at=at, settings=self.settings)
        out = report.conformed + report.quarantined + report.duplicates + report.deleted_at_source
        assert report.rows_in + report.refreshed == out
        return report

    def pieces(self) -> dict[str, float]:
        with Workspace(self.settings) as workspace:
            table = workspace.catalog.tables["orders"]
            rows = workspace.lake.read_sql("SELECT order_id, pieces FROM orders", [table]).to_pylist()
        return {row["order_id"]: row["pieces"] for row in rows}

    def entries(self) -> list[tuple[int, str, str]]:
        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            rows = session.execute(text("SELECT id, row_key, status FROM quarantine ORDER BY id"))
            return [tuple(row) for row in rows]

    def readmit(self, number: int, **said: Any) -> dict[str, Any]:
        return stages.readmit(number, by="Ada Lam", why="Counted by hand.", at=MORNING, settings=self.settings, **said)

    def reject(self, number: int) -> dict[str, Any]:
        return stages.reject(number, by="Ada Lam", why="A typing error.", at=MORNING, settings=self.settings)

    def events(self, number: int) -> list[tuple[str, str]]:
        found = stages.show_quarantined(number, at=MORNING, settings=self.settings)
        return [(event["event"], event["who"]) for event in found["events"]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop after its first day: three orders, of which one has too many pieces."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(SMALL, folder / "catalog")
    (folder / "catalog" / "sources" / "shop" / "source.yaml").write_text(SOURCE)
    (folder / "catalog" / "sources" / "shop" / "orders.sql").write_text(ORDERS)
    (folder / "expectations").mkdir()
    (folder / "expectations" / "orders.json").write_text(json.dumps({"name": "orders", "expectations": RULES}))
    with pytest.MonkeyPatch.context() as patch:
        made = there(folder, patch)
        with closing(sqlite3.connect(made.database)) as connection, connection:
            connection.execute("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces, changed TEXT)")
        for number, pieces in (("1", 1.0), ("2", 2.0), ("3", 90.0)):
            made.order(number, pieces, f"2026-03-01 0{number}:00:00")
        made.ingest()
    assert made.entries() == [(1, "3", "open")]
    return folder


def there(folder: Path, patch: pytest.MonkeyPatch, day: int = 0) -> Shop:
    patch.setenv("QMSREPORTS_CONNECTION_SHOP", f"sqlite:///{folder / 'shop.db'}")
    places = {"var": folder / "var", "catalog": folder / "catalog", "expectations": folder / "expectations"}
    return Shop(Settings(**places), folder / "shop.db", day)


@pytest.fixture
def shop(opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shutil.copytree(opened, tmp_path, dirs_exist_ok=True)
    return there(tmp_path, monkeypatch, day=1)


def test_a_readmitted_row_enters_at_the_next_ingest_though_nothing_is_new_and_stays(shop: Shop) -> None:
    found = shop.readmit(1)
    assert (found["status"], found["recorded"], found["row"]["pieces"]) == ("readmitted", True, 90.0)
    assert shop.readmit(1)["recorded"] is False
    report = shop.ingest()
    assert (report.status, report.rows_in, report.refreshed, report.conformed) == ("published", 0, 1, 1)
    assert report.message == "1 row enters on the word of a person although rules are broken"
    assert shop.pieces() == {"1": 1.0, "2": 2.0, "3": 90.0}
    assert shop.entries() == [(1, "3", "entered")]
    assert shop.events(1) == [("readmitted", "Ada Lam"), ("entered", "qmsreports")]
    assert shop.ingest().status == "unchanged"
    sql = shop.settings.catalog / "sources" / "shop" / "orders.sql"
    sql.write_text(sql.read_text() + "-- read anew\n")  # an edited mapping conforms everything once more
    assert shop.ingest().conformed == 3
    assert shop.pieces()["3"] == 90.0
    assert shop.entries() == [(1, "3", "entered")]


def test_a_readmitted_row_enters_beside_what_is_new_and_many_of_them_stop_nothing(shop: Shop) -> None:
    for number in ("4", "5", "6", "7", "8", "9"):
        shop.order(number, 50.0 if number in "45" else 5.0, f"2026-03-02 0{number}:00:00")
    shop.ingest()
    assert [key for _, key, _ in shop.entries()] == ["3", "4", "5"]
    for entry in (1, 2, 3):
        shop.readmit(entry)
    shop.order("2", 3.0, "2026-03-03 01:00:00")
    report = shop.ingest()  # three of four rows are above nine: without a person's word that is far too many
    assert (report.rows_in, report.refreshed, report.conformed, report.quarantined) == (1, 3, 4, 0)
    assert [shop.pieces()[key] for key in "2345"] == [3.0, 90.0, 50.0, 50.0]


def test_a_person_s_word_is_for_one_version_of_a_row(shop: Shop) -> None:
    shop.readmit(1)
    shop.order("3", 91.0, "2026-03-04 01:00:00")
    assert shop.ingest().quarantined == 1
    assert shop.entries() == [(1, "3", "superseded"), (2, "3", "open")]
    assert "3" not in shop.pieces()
    shop.readmit(2)
    shop.order("3", 9.0, "2026-03-05 01:00:00")
    shop.ingest()
    assert shop.pieces()["3"] == 9.0
    assert shop.entries()[1] == (2, "3", "entered")


def test_a_rejected_row_stays_out_and_is_not_opened_again(shop: Shop) -> None:
    assert shop.reject(1)["status"] == "rejected"
    assert shop.reject(1)["recorded"] is False
    sql = shop.settings.catalog / "sources" / "shop" / "orders.sql"
    sql.write_text(sql.read_text() + "-- read anew\n")
    assert shop.ingest().quarantined == 1
    assert shop.entries() == [(1, "3", "rejected")]
    shop.order("3", 92.0, "2026-03-04 01:00:00")  # another version is another row
    shop.ingest()
    assert shop.entries() == [(1, "3", "rejected"), (2, "3", "open")]
    with pytest.raises(UserError, match="quarantine 1: a later version of the row was kept out, too, as 2; decide on"):
        shop.readmit(1)


def test_a_person_may_decide_otherwise_until_the_row_is_in(shop: Shop) -> None:
    shop.readmit(1)
    assert shop.reject(1)["status"] == "rejected"
    assert shop.ingest().status == "unchanged"
    assert "3" not in shop.pieces()
    assert shop.readmit(1)["status"] == "readmitted"
    shop.ingest()
    assert shop.pieces()["3"] == 90.0
    assert [event for event, _ in shop.events(1)] == ["readmitted", "rejected", "readmitted", "entered"]
    with pytest.raises(UserError, match=r"quarantine 1: is entered since .* by Ada Lam: .*; mend it at the source"):
        shop.reject(1)


def test_a_rejected_row_that_is_gone_at_the_source_cannot_be_let_in(shop: Shop) -> None:
    shop.reject(1)
    shop.remove("3")
    shop.ingest()
    assert shop.entries() == [(1, "3", "gone")]
    with pytest.raises(UserError, match=r"quarantine 1: is gone since .* by source: the row is gone at the source"):
        shop.readmit(1)
    shop.order("3", 90.0, "2026-03-05 01:00:00")  # the very version that a person rejected
    assert shop.ingest().quarantined == 1
    assert shop.entries() == [(1, "3", "rejected")]


def test_a_rejected_row_that_is_mended_counts_and_its_entry_says_so(shop: Shop) -> None:
    shop.reject(1)
    shop.order("3", 3.0, "2026-03-04 01:00:00")
    shop.ingest()
    assert shop.pieces()["3"] == 3.0
    assert shop.entries() == [(1, "3", "mended")]
    assert shop.events(1) == [("rejected", "Ada Lam"), ("mended", "source")]
    shop.order("3", 90.0, "2026-03-05 01:00:00")  # the very version that a person rejected
    shop.ingest()
    assert "3" not in shop.pieces()
    assert shop.entries() == [(1, "3", "rejected")]
    assert shop.events(1)[-1] == ("rejected", "source")


def test_what_left_the_table_is_told_apart(shop: Shop) -> None:
    shop.order("1", "many", "2026-03-04 01:00:00")
    assert shop.ingest().left() == "1 published row left the table: its new version is in quarantine"
    shop.remove("2")
    assert shop.ingest().left() == "1 row is gone at the source and left the table"
    for number in ("4", "5"):
        shop.order(number, 1.0, "2026-03-05 01:00:00")
    shop.ingest()
    shop.order("4", "many", "2026-03-06 01:00:00")
    shop.remove("5")
    assert shop.ingest().left() == (
        "2 published rows left the table: gone at the source (1 in this run) or their new version in quarantine (1)"
    )


def test_instants_of_an_entry_all_carry_their_zone(shop: Shop) -> None:
    shop.reject(1)
    found = stages.show_quarantined(1, at=MORNING, settings=shop.settings)
    assert found["first_seen"] == "2026-04-03T06:00:00+00:00"
    assert [event["at"] for event in found["events"]] == ["2026-04-02T06:00:00+00:00"]


@pytest.mark.parametrize("readmitted", [False, True])
def test_the_entry_of_a_row_that_is_gone_at_the_source_closes_itself(shop: Shop, readmitted: bool) -> None:
    if readmitted:
        shop.readmit(1)
    shop.remove("3")
    shop.ingest()
    assert shop.entries() == [(1, "3", "gone")]
    assert shop.events(1)[-1] == ("gone", "source")
    assert shop.pieces() == {"1": 1.0, "2": 2.0}


def test_a_row_that_was_mended_at_the_source_enters_by_itself(shop: Shop) -> None:
    shop.order("3", 3.0, "2026-03-04 01:00:00")
    shop.ingest()
    assert shop.entries() == [(1, "3", "mended")]
    assert shop.pieces()["3"] == 3.0


def test_what_no_word_can_let_in_is_refused(shop: Shop) -> None:
    shop.order("4", "many", "2026-03-04 01:00:00")
    shop.ingest()
    with pytest.raises(UserError, match="the mapping could not read this row"):
        shop.readmit(2)
    with pytest.raises(UserError, match="there is no row 7 in quarantine"):
        shop.readmit(7)
    with pytest.raises(UserError, match="nobody in particular"):
        stages.readmit(1, by=" ", why="Because.", at=MORNING, settings=shop.settings)
    with pytest.raises(UserError, match="--why says nothing"):
        stages.readmit(1, by="Ada Lam", why=" ", at=MORNING, settings=shop.settings)


def test_what_happened_cannot_be_changed_and_stands_in_the_audit_log(shop: Shop) -> None:
    shop.readmit(1)
    with Workspace(shop.settings) as workspace:
        with workspace.register.read() as session:
            done = "SELECT who, action, subject FROM journal WHERE action != 'write' ORDER BY id DESC"
            entry = session.execute(text(done)).first()
            assert entry == ("Ada Lam", "readmitted row", "quarantine 1")
        with pytest.raises(DatabaseError, match="append-only"), workspace.register.write() as session:
            session.execute(text("UPDATE quarantine_events SET who = 'nobody'"))


def test_the_report_says_what_the_register_and_the_lake_hold(shop: Shop) -> None:
    shop.order("3", 95.0, "2026-03-03 01:00:00")
    shop.order("4", 4.0, "2026-03-03 02:00:00")
    shop.ingest()
    settings = shop.settings.model_copy(update={"templates": SMALL.parents[3] / "report_templates"})
    out = stages.write_quality(at=MORNING + timedelta(days=40), settings=settings)
    assert out == settings.var / "quality" / "data-quality.html"
    html = out.read_text(encoding="utf-8")
    assert "Pieces is 95, above 9." in html
    assert "held in 0 of 2 runs" in html  # the rule that keeps the row out
    assert "held in 2 of 2 runs" in html  # the rule with a tolerance
    assert "39 days" in html  # the row waits since the first ingest, one day after that morning
    assert not [path for path in out.parent.iterdir() if path != out]
    again = stages.write_quality(at=MORNING + timedelta(days=40), settings=settings)
    assert again.read_text(encoding="utf-8") == html


def test_the_commands_list_show_readmit_and_reject(shop: Shop) -> None:
    from typer.testing import CliRunner

    from qmsreports.cli.quality import app

    environment = {
        "QMSREPORTS_VAR": str(shop.settings.var),
        "QMSREPORTS_CATALOG": str(shop.settings.catalog),
        "QMSREPORTS_EXPECTATIONS": str(shop.settings.expectations),
    }

    def say(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments], env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    shop.order("4", 50.0, "2026-03-04 01:00:00")
    shop.ingest()
    assert [row["row_key"] for row in json.loads(say("quarantine", "list", "--json"))] == ["3", "4"]
    who = ("--by", "Ada Lam", "--why", "Counted by hand.")
    assert say("quarantine", "readmit", "1", *who) == "orders, key 3: enters at the next ingest\n"
    assert say("quarantine", "readmit", "1", *who).endswith("on record already, nothing added\n")
    assert say("quarantine", "reject", "2", *who) == "orders, key 4: stays out\n"
    assert json.loads(say("quarantine", "list", "--json")) == []
    listed = say("quarantine", "list", "--all")
    assert "readmitted" in listed
    assert "rejected" in listed
    shown = say("quarantine", "show", "1")
    assert "Pieces is 90, above 9." in shown
    assert "More than nine were never ordered. Owner: shop.owner." in shown
    assert "readmitted by Ada Lam: Counted by hand." in shown
    shop.order("5", "many", "2026-03-05 01:00:00")
    shop.ingest()
    assert "value as the mapping gave it" in say("quarantine", "show", "3")


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"table": "ordres"}, 'there is no canonical table "ordres": did you mean "orders"'),
        ({"source": "nowhere"}, 'there is no source "nowhere": known: '),
    ],
)
def test_a_list_of_a_table_or_source_that_is_none_is_refused(shop: Shop, named: dict[str, str], told: str) -> None:
    with pytest.raises(UserError) as refused:
        stages.list_quarantined(**named, settings=shop.settings)
    assert told in str(refused.value).replace("; ", ": ")
    assert refused.value.exit_code == 2


def test_a_table_without_entries_and_one_declared_no_more_are_listed(shop: Shop) -> None:
    assert [row.id for row in stages.list_quarantined("shop", "orders", settings=shop.settings)] == [1]
    assert not stages.list_quarantined("shop", "orders", states=("rejected",), settings=shop.settings)
    with Workspace(shop.settings) as workspace, workspace.register.write() as session:
        session.execute(text("DROP TRIGGER quarantine_no_update"))  # of a table that was declared no more since
        session.execute(text("UPDATE quarantine SET table_name = 'old_orders', status = 'gone'"))
    assert not stages.list_quarantined("", "old_orders", settings=shop.settings)
    assert not stages.list_quarantined("shop", "orders", settings=shop.settings)


# --- which rule keeps a row out --------------------------------------------------------------------------------------
DUE = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "due_on", "max_value": "2026-12-31"},
    "severity": "warning",
    "meta": {"why": "Nobody plans so far ahead.", "owner": "planning", "on_failure": "quarantine"},
}


@pytest.fixture
def two_rules(shop: Shop) -> Shop:
    """Two rules of one type, on two columns, and an order that breaks the second one."""
    suite = {"name": "orders", "expectations": [*RULES, DUE]}
    (shop.settings.expectations / "orders.json").write_text(json.dumps(suite))
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("REPLACE INTO ord VALUES ('4', '2099-03-09', 4.0, '2026-03-02 01:00:00')")
    shop.ingest()
    assert shop.entries() == [(1, "3", "open"), (2, "4", "open")]
    return shop


def as_before(shop: Shop) -> None:
    """Name rules without their columns, as entries of earlier versions do."""
    with Workspace(shop.settings) as workspace, workspace.register.write() as session:
        session.execute(text("UPDATE quarantine SET rule = 'expect_column_values_to_be_between'"))


def test_rules_of_one_type_are_told_apart_by_their_column(two_rules: Shop) -> None:
    for number, why, owner in ((1, META["why"], "shop.owner"), (2, "Nobody plans so far ahead.", "planning")):
        shown = stages.show_quarantined(number, at=MORNING, settings=two_rules.settings)
        assert (shown["why"], shown["owner"]) == (why, owner)
    assert shown["rule"] == "expect_column_values_to_be_between on due_on"


def test_a_row_that_breaks_another_rule_of_the_type_is_another_entry(two_rules: Shop) -> None:
    stages.reject(2, by="Ada Lam", why="A typing error.", at=MORNING, settings=two_rules.settings)
    with closing(sqlite3.connect(two_rules.database)) as connection, connection:
        connection.execute("REPLACE INTO ord VALUES ('3', '2099-03-09', 3.0, '2026-03-03 01:00:00')")
    two_rules.ingest()
    assert two_rules.entries() == [(1, "3", "superseded"), (2, "4", "rejected"), (3, "3", "open")]


def test_an_entry_of_an_earlier_version_claims_no_rule_it_may_not_have_broken(two_rules: Shop) -> None:
    as_before(two_rules)
    shown = stages.show_quarantined(2, at=MORNING, settings=two_rules.settings)
    assert (shown["rule"], shown["why"], shown["owner"]) == ("expect_column_values_to_be_between", "", "")
    assert shown["reason"]


def test_entries_of_an_earlier_version_keep_their_age_and_what_was_decided(two_rules: Shop) -> None:
    two_rules.reject(2)
    as_before(two_rules)
    sql = two_rules.settings.catalog / "sources" / "shop" / "orders.sql"
    sql.write_text(sql.read_text() + "-- read anew\n")
    assert two_rules.ingest().quarantined == 2
    assert two_rules.entries() == [(1, "3", "open"), (2, "4", "rejected")]
    shown = stages.show_quarantined(1, at=MORNING, settings=two_rules.settings)
    assert (shown["why"], shown["owner"]) == (META["why"], "shop.owner")
    assert shown["first_seen"].startswith("2026-04-03")  # the first ingest
