"""The register keeps what was recorded: on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from qmsreports.period import Period
from qmsreports.records import (
    Audit,
    KpiResult,
    LandedTable,
    LandResult,
    Published,
    QuarantinedRow,
    StagedTable,
)
from qmsreports.register import feeds, journal, quarantine, results, store
from qmsreports.register.models import Base, JournalEntry, Quarantine, Result
from qmsreports.register.store import Register

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def _result(value: float, *, status: str = "met", period: str = "2026-10", **slice_: str) -> KpiResult:
    return KpiResult(
        kpi="on_time_delivery",
        version=2,
        period=Period.parse(period),
        slice=slice_,
        unit="percent",
        value=value,
        numerator=value,
        denominator=100.0,
        n=100,
        low=None,
        high=None,
        target=95.0,
        near=92.0,
        status=status,
        provisional=False,
        fingerprint="f" * 64,
        sql="s" * 64,
        table_versions={"order_lines": 3},
    )


def _staged(load: str = "1") -> StagedTable:
    return StagedTable("crm", "complaints", "/x", 4, "", 0, rows_in=5, refreshed=0, duplicates=1, load_ids=(load,))


def _audit(*quarantined: QuarantinedRow, status: str = "passed") -> Audit:
    return Audit("crm", "complaints", status, "/y", 3, quarantined, ())


def _bad(key: str, load: str) -> QuarantinedRow:
    return QuarantinedRow(
        "crm", "complaints", key, {"complaint_id": key}, "in_set reason", 'reason "X" is unknown', load
    )


def test_migrations_give_exactly_the_models(register: Register) -> None:
    with register.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_file_names_of_migrations_tell_the_newest_as_alembic_does() -> None:
    folder = Path(store.__file__).parent / "migrations"
    assert store.newest_revision() == ScriptDirectory(str(folder)).get_current_head()


def test_migrating_twice_changes_nothing(register: Register) -> None:
    register.migrate()
    with register.read() as session:
        assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_a_failed_write_leaves_nothing_behind(register: Register) -> None:
    with pytest.raises(RuntimeError), register.write() as session:
        results.add_result(session, _result(93.4), run_id="r", supersedes=0, why="first", at=NOON)
        session.flush()
        raise RuntimeError
    with register.read() as session:
        assert results.latest_results(session) == []


def test_the_newest_result_is_believed_now_and_the_older_one_was_believed_then(register: Register) -> None:
    with register.write() as session:
        first = results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
    with register.write() as session:
        later = NOON + timedelta(days=1)
        results.add_result(session, _result(93.6), run_id="r2", supersedes=first.id, why="late data", at=later)
    with register.read() as session:
        assert [row.value for row in results.latest_results(session)] == [93.6]
        assert [row.value for row in results.latest_results(session, as_of=NOON)] == [93.4]
        assert results.latest_results(session, as_of=NOON - timedelta(seconds=1)) == []


def test_many_results_are_stored_as_one_by_one_and_read_as_points(register: Register) -> None:
    rows = [(_result(93.4), 0, "first"), (_result(90.0, site="linz"), 0, "first")]
    with register.write() as session:
        results.add_results(session, rows, run_id="r", at=NOON)
        results.add_results(session, [], run_id="r", at=NOON)
    with register.read() as session:
        stored = results.latest_results(session)
        assert [results.as_record(row) for row in stored] == [row for row, _, _ in rows]
        assert {(row.run_id, row.supersedes, row.why, row.computed_at) for row in stored} == {("r", 0, "first", NOON)}
        points = results.latest_points(session, periods=[Period.parse("2026-10")])
        assert [(point.kpi, point.slice_key, point.value) for point in points] == [
            ("on_time_delivery", "", 93.4),
            ("on_time_delivery", "site=linz", 90.0),
        ]
        assert results.latest_points(session, periods=[Period.parse("2026-09")]) == []
        (whole, linz) = results.latest_values(
            session, kpis=["on_time_delivery"], periods=[Period.parse("2026-10")], as_of=NOON
        )
        assert (whole.value, linz.value, linz.slice, whole.computed_at) == (93.4, 90.0, {"site": "linz"}, NOON)
        for lean, full in ((whole, stored[0]), (linz, stored[1])):
            assert {name: getattr(full, name) for name in lean._fields} == dict(lean._mapping)
        assert set(Result.__table__.c.keys()) - set(whole._fields) == {"parts", "run_id", "supersedes"}


def test_two_runs_cannot_replace_the_same_value(register: Register) -> None:
    with register.write() as session:
        results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
    with pytest.raises(IntegrityError), register.write() as session:
        results.add_result(session, _result(93.5), run_id="r2", supersedes=0, why="first", at=NOON)


@pytest.mark.parametrize("statement", ["UPDATE results SET value = 99", "DELETE FROM results"])
def test_the_database_itself_refuses_to_change_a_result(register: Register, statement: str) -> None:
    with register.write() as session:
        results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
    with pytest.raises(DBAPIError, match="append-only"), register.write() as session:
        session.execute(text(statement))


def test_a_result_comes_back_as_it_was_stored(register: Register) -> None:
    stored = _result(93.4, site="lyon", channel="chat")
    with register.write() as session:
        results.add_result(session, stored, run_id="r1", supersedes=0, why="first", at=NOON)
    with register.read() as session:
        row = results.latest_results(session, kpis=["on_time_delivery"], periods=[Period.parse("2026-10")])[0]
    assert row.slice_key == "channel=chat,site=lyon"
    assert row.computed_at == NOON
    assert results.as_record(row) == stored


def test_a_candidate_is_noted_once_for_the_same_difference(register: Register) -> None:
    with register.write() as session:
        settled = results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
    for _ in range(2):
        with register.write() as session:
            results.add_candidate(session, settled, _result(93.9), run_id="r2", at=NOON)
    with register.read() as session:
        assert session.scalar(text("SELECT count(*) FROM restatement_candidates")) == 1
        assert session.get_one(Result, settled.id).value == 93.4


def test_a_candidate_closes_when_the_data_give_the_value_again_and_may_open_once_more(register: Register) -> None:
    with register.write() as session:
        settled = results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
    steps = [(93.9, True), (93.4, False), (93.9, True), (93.7, True), (93.9, True)]
    for hour, (value, opens) in enumerate(steps, start=1):
        at = NOON + timedelta(hours=hour)
        with register.write() as session:
            note = results.add_candidate if opens else results.close_candidate
            note(session, settled, _result(value), run_id="r2", at=at)
    with register.read() as session:
        assert session.scalar(text("SELECT count(*) FROM restatement_candidates")) == 5
        believed = [
            results.candidates_of(session, {settled.id}, NOON + timedelta(hours=hour)) for hour in range(len(steps) + 1)
        ]
        assert believed == [{}, {settled.id: 93.9}, {}, {settled.id: 93.9}, {settled.id: 93.7}, {settled.id: 93.9}]
        counted = [results.waiting(session, ["2026-10"], NOON + timedelta(hours=hour)) for hour in range(3)]
        assert counted == [0, 1, 0]
        assert results.waiting(session, ["2026-09"], NOON + timedelta(hours=1)) == 0
    with register.write() as session:
        results.add_result(session, _result(93.9), run_id="r3", supersedes=settled.id, why="restatement", at=at)
    with register.read() as session:
        assert results.waiting(session, ["2026-10"], at) == 0, "what was restated waits no more"


def _analysis(session: Session, inputs: str) -> bool:
    json = {"rules": "wheeler", "variation": "common_cause", "assurance": "fail", "points": []}
    return results.store_analysis(
        session, run_id=inputs, kpi="otif", period="2026-10", slice_key="", inputs=inputs, json=json, at=NOON
    )


def test_the_newest_analysis_holds_also_where_the_same_was_said_before(register: Register) -> None:
    with register.write() as session:
        assert [_analysis(session, inputs) for inputs in ("a", "gap", "a", "a")] == [True, True, True, False]
        session.flush()
        assert [row.inputs for row in results.analyses_of(session, "2026-10")] == ["a"]
        assert results.analysed_inputs(session, "2026-10") == {("otif", ""): "a"}


def test_a_register_of_before_opens_with_its_analyses_and_candidates(unmigrated: Register) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["engine"] = unmigrated.engine
    command.upgrade(config, "0007")
    with unmigrated.write() as session:
        settled = results.add_result(session, _result(93.4), run_id="r1", supersedes=0, why="first", at=NOON)
        assert _analysis(session, "a")
        values = {"result": settled.id, "at": "2026-11-02 12:00:00+00:00"}
        session.execute(
            text(
                "INSERT INTO restatement_candidates (run_id, result_id, kpi, period, slice_key, value, n, at)"
                " VALUES ('r1', :result, 'on_time_delivery', '2026-10', '', 93.9, 100, :at)"
            ),
            values,
        )
    unmigrated.migrate()
    command.downgrade(config, "0007")  # nothing is on record that the schema before cannot hold
    unmigrated.migrate()
    with unmigrated.write() as session:
        assert [row.inputs for row in results.analyses_of(session, "2026-10")] == ["a"]
        assert results.candidates_of(session, {settled.id}) == {settled.id: 93.9}
        assert (_analysis(session, "gap"), _analysis(session, "a")) == (True, True)
    command.downgrade(config, "0008")
    with pytest.raises(CommandError, match=r"cannot hold analyses made again .* restore the register from before"):
        command.downgrade(config, "0007")
    unmigrated.migrate()
    with unmigrated.read() as session:
        assert [row.inputs for row in results.analyses_of(session, "2026-10")] == ["a"]
    for statement in ("UPDATE analyses SET kpi = 'x'", "DELETE FROM analyses"):
        with pytest.raises(DBAPIError, match="append-only"), unmigrated.write() as session:
            session.execute(text(statement))


def test_loads_are_done_only_when_published(register: Register) -> None:
    visit = LandResult("crm", (LandedTable("crm", "complaint", "1", 5), LandedTable("crm", "account", "", 0)))
    with register.write() as session:
        feeds.record_loads(session, visit, run_id="r", at=NOON)
        feeds.record_loads(session, visit, run_id="retry", at=NOON)
        feeds.record_outcome(
            session, run_id="r", at=NOON, staged=_staged(), audit=_audit(status="stopped"), published=None
        )
    with register.read() as session:
        assert session.scalar(text("SELECT count(*) FROM loads")) == 1
        assert feeds.done_loads(session, "crm", "complaints") == frozenset()
    published = Published("crm", "complaints", 4, 3, 0, 0, 0, {"received_on": ("2026-10",)})
    with register.write() as session:
        feeds.record_outcome(
            session, run_id="r2", at=NOON, staged=_staged(), audit=_audit(_bad("C1", "1")), published=published
        )
    with register.read() as session:
        assert feeds.done_loads(session, "crm", "complaints") == {"1"}
        (state,) = feeds.latest_outcomes(session)
        assert (state.status, state.quarantined, state.lake_version) == ("published", 1, 4)
        assert state.rows_in + state.refreshed == state.conformed + state.quarantined + state.duplicates


def test_a_row_that_fails_again_keeps_its_age_and_a_mended_one_is_settled(register: Register) -> None:
    published = Published("crm", "complaints", 4, 3, 0, 0, 0)
    for load, at in (("1", NOON), ("2", NOON + timedelta(days=1))):
        with register.write() as session:
            feeds.record_outcome(
                session, run_id=load, at=at, staged=_staged(load), audit=_audit(_bad("C1", load)), published=published
            )
    with register.read() as session:
        (row,) = quarantine.open_quarantine(session, "crm", "complaints")
        assert (row.first_seen, row.load_id) == (NOON, "2")
    with register.write() as session:
        assert quarantine.settle(session, _audit(), passed={"C1", "C2"}, at=NOON + timedelta(days=2)) == 1
    with register.read() as session:
        assert quarantine.open_quarantine(session) == []
        assert session.get_one(Quarantine, row.id).status == "mended"


def test_the_journal_finds_an_edited_and_a_missing_entry(tmp_path: Path) -> None:
    with Register(f"sqlite:///{tmp_path / 'r.db'}") as register:
        register.migrate()
        for number in range(4):
            with register.write() as session:
                journal.record(
                    session, who="ana", action="approve", subject=f"kpi {number}", detail={"n": number}, at=NOON
                )
        with register.read() as session:
            assert journal.verify(session) == []
        with register.engine.begin() as connection:  # what somebody with the file could do
            connection.execute(text("DROP TRIGGER journal_no_update"))
            connection.execute(text("DROP TRIGGER journal_no_delete"))
            connection.execute(text("UPDATE journal SET who = 'eve' WHERE id = 2"))
            connection.execute(text("DELETE FROM journal WHERE id = 3"))
        with register.read() as session:
            assert [str(finding) for finding in journal.verify(session)] == [
                "journal entry 2: was changed after it was written; compare with a backup",
                "journal entry 4: does not follow the entry before it; an entry was removed or reordered",
            ]


def test_writers_at_once_chain_behind_each_other(register: Register) -> None:
    def write(number: int) -> None:
        with register.write() as session:
            journal.record(session, who=f"w{number}", action="test", subject="x", detail={}, at=NOON)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with register.read() as session:
        assert session.scalar(text("SELECT count(*) FROM journal")) == 8
        assert journal.verify(session) == []


def test_the_head_of_the_journal_is_known_again(register: Register) -> None:
    with register.write() as session:
        assert journal.head(session) == journal.Head(0, "0" * 64)
        for number in range(3):
            journal.record(session, who="a", action="x", subject=str(number), detail={}, at=NOON)
    with register.read() as session:
        hashes = [entry.hash for entry in session.query(JournalEntry).order_by(JournalEntry.id)]
        assert journal.head(session) == journal.Head(3, hashes[2])
        sound = {journal.Head(0, "0" * 64): "e0", journal.Head(1, hashes[0]): "e1", journal.Head(3, hashes[2]): "e3"}
        assert journal.against(session, sound) == []
        wrong = {journal.Head(4, "f" * 64): "e4", journal.Head(2, "f" * 64): "e2", journal.Head(2, hashes[0]): "e1"}
        found = [finding.what.partition("; ")[2] for finding in journal.against(session, wrong)]
    assert found == ["it has 3", "that entry is not there", "some are gone"]
