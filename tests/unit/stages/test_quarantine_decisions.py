"""Rows in quarantine: let in or left out on a person's word, settled by what the source says next."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from qmsreports import stages
from qmsreports.errors import UserError
from qmsreports.workspace import Workspace
from tests.unit.stages.shop import Shop
from tests.unit.stages.small_shop import MORNING, SMALL


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


def test_a_person_may_decide_otherwise_as_often_as_need_be(shop: Shop) -> None:
    shop.readmit(1)
    assert shop.reject(1)["status"] == "rejected"
    assert shop.ingest().status == "unchanged"
    assert "3" not in shop.pieces()
    assert shop.readmit(1)["status"] == "readmitted"
    shop.ingest()
    assert shop.pieces()["3"] == 90.0
    assert [event for event, _ in shop.events(1)] == ["readmitted", "rejected", "readmitted", "entered"]


def test_a_row_that_was_let_in_by_mistake_leaves_again_on_a_word(shop: Shop) -> None:
    shop.readmit(1)
    shop.ingest()
    assert shop.pieces()["3"] == 90.0
    assert shop.reject(1)["status"] == "rejected"
    report = shop.ingest()
    assert (report.status, report.rows_in, report.refreshed, report.quarantined) == ("published", 0, 1, 1)
    assert shop.pieces() == {"1": 1.0, "2": 2.0}
    assert shop.entries() == [(1, "3", "rejected")]
    assert shop.events(1) == [
        ("readmitted", "Ada Lam"),
        ("entered", "qmsreports"),
        ("rejected", "Ada Lam"),
    ]
    assert shop.ingest().status == "unchanged"  # it is out, and is not taken out every night
    shop.readmit(1)
    shop.ingest()
    assert shop.pieces()["3"] == 90.0


def test_a_row_that_the_source_changed_since_it_was_let_in_is_not_rejected_by_its_old_entry(shop: Shop) -> None:
    shop.readmit(1)
    shop.ingest()
    shop.order("3", 4.0, "2026-03-06 01:00:00")
    shop.ingest()
    with pytest.raises(UserError, match=r"quarantine 1: the row is not published as it was let in: .*; mend it at the"):
        shop.reject(1)
    assert shop.pieces()["3"] == 4.0


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
