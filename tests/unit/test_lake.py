"""The lake holds what each source says now: one commit or none, never a row twice, readable at every version."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, UserError
from qmsreports.lake import Lake
from qmsreports.lake_files import Asked
from qmsreports.records import Published

COLUMNS: list[dict[str, Any]] = [
    {"name": "ticket_id", "type": "text", "meaning": "Key."},
    {"name": "opened_at", "type": "instant", "meaning": "When."},
    {"name": "due_on", "type": "date", "nullable": True, "meaning": "Day."},
    {"name": "reopened", "type": "integer", "meaning": "Times."},
]
SCHEMA = pa.schema(
    [
        ("ticket_id", pa.string()),
        ("opened_at", pa.timestamp("us", "UTC")),
        ("due_on", pa.date32()),
        ("reopened", pa.int64()),
        *((name, pa.string()) for name in ("_source", "_load", "_row", "_month")),
    ]
)
OCTOBER, NOVEMBER = datetime(2026, 10, 5, 9, tzinfo=UTC), datetime(2026, 11, 5, 9, tzinfo=UTC)


def table(*more: dict[str, Any], partition: str | None = "opened_at", **changed: str) -> Table:
    columns = [column | {"type": changed.get(column["name"], column["type"])} for column in COLUMNS]
    return Table.model_validate(
        {"table": "tickets", "title": "T", "meaning": "T.", "key": ["ticket_id"], "partition": partition}
        | {"columns": [*columns, *more]}
    )


def row(
    key: str, opened: datetime = OCTOBER, due: date | None = None, times: int = 0, source: str = "desk"
) -> dict[str, Any]:
    month = f"{opened:%Y-%m}"
    mark = f"{key}{opened}{due}{times}"
    return {"ticket_id": key, "opened_at": opened, "due_on": due, "reopened": times} | {
        "_source": source, "_load": "1", "_row": mark, "_month": month,
    }  # fmt: skip


class Store:
    """A lake and the Parquet files that are merged into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = Lake(str(folder / "lake"))

    def file(self, rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> str:
        path = self.folder / f"{threading.get_ident()}-{len(list(self.folder.glob('*.parquet')))}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        return str(path)

    def merge(self, *rows: dict[str, Any], gone: tuple[str, ...] = (), source: str = "desk", **how: Any) -> Published:
        keys = self.file([{"ticket_id": key} for key in gone], pa.schema([("ticket_id", pa.string())])) if gone else ""
        return self.lake.merge(
            how.pop("table", table()), self.file(list(rows)), source=source, zone="Europe/Vienna", gone=keys, **how
        )

    def keys(self, **versions: int) -> list[str]:
        found = self.lake.read_sql("SELECT ticket_id FROM tickets ORDER BY 1", [table()], versions or None)
        return found.column(0).to_pylist()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def counts(published: Published) -> tuple[int, int, int, int]:
    return published.inserted, published.updated, published.unchanged, published.deleted


def test_an_unpublished_table_is_an_empty_view_of_the_declared_types(store: Store) -> None:
    assert not store.lake.exists("tickets")
    assert store.lake.version("tickets") is None
    assert store.lake.uris("tickets") == ()
    found = store.lake.read_sql("SELECT * FROM tickets", [table()])
    assert found.num_rows == 0
    assert found.schema.field("opened_at").type == pa.timestamp("us", "UTC")
    assert [field.name for field in found.schema][-1] == "_month"


def test_a_first_merge_with_no_rows_makes_an_empty_table(store: Store) -> None:
    assert counts(store.merge()) == (0, 0, 0, 0)
    assert store.lake.version("tickets") == 0
    assert store.keys() == []
    assert counts(store.merge(row("1"))) == (1, 0, 0, 0)
    assert store.keys() == ["1"]


def test_insert_update_unchanged_and_delete_are_one_version(store: Store) -> None:
    store.merge(row("1"), row("2"), row("3"))
    published = store.merge(row("1"), row("2", times=1), row("4", NOVEMBER), gone=("3", "unheard of"))
    assert counts(published) == (1, 1, 1, 1)
    assert published.version == store.lake.version("tickets") == 1
    assert store.keys() == ["1", "2", "4"]


def test_nothing_changed_writes_nothing(store: Store) -> None:
    store.merge(row("1"), row("2"))
    published = store.merge(row("2"), row("1"), gone=("9",))
    assert (counts(published), published.version, published.touched) == ((0, 0, 2, 0), 0, {})
    assert len(list((store.folder / "lake/tickets/_delta_log").glob("*.json"))) == 1


def test_only_touched_months_are_written_again(store: Store) -> None:
    store.merge(row("1"), row("2", NOVEMBER))
    before = set(store.lake.uris("tickets"))
    store.merge(row("2", NOVEMBER, times=1))
    after = set(store.lake.uris("tickets"))
    assert {Path(uri).parent.name for uri in before & after} == {"_month=2026-10"}
    assert {Path(uri).parent.name for uri in after - before} == {"_month=2026-11"}


def test_a_row_that_moves_to_another_month_is_there_once(store: Store) -> None:
    store.merge(row("1"), row("2"))
    published = store.merge(row("1", NOVEMBER))
    assert counts(published) == (0, 1, 0, 0)
    assert store.keys() == ["1", "2"]


def test_touched_months_are_those_before_and_after_in_local_time(store: Store) -> None:
    """31 October 23:30 UTC is 1 November 00:30 in Vienna."""
    evening = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert store.merge(row("1", evening), row("2", due=date(2026, 12, 24))).touched == {
        "opened_at": ("2026-10", "2026-11"),
        "due_on": ("2026-12",),
    }
    assert store.merge(row("2", due=date(2027, 1, 7))).touched == {
        "opened_at": ("2026-10",),
        "due_on": ("2026-12", "2027-01"),
    }
    assert store.merge(gone=("1",)).touched == {"opened_at": ("2026-11",)}


def test_a_complete_delivery_takes_away_the_other_rows_of_its_source_only(store: Store) -> None:
    store.merge(row("1"), row("2"))
    store.merge(row("3", source="other"), source="other")
    assert counts(store.merge(row("2"), complete=True)) == (0, 0, 1, 1)
    assert store.keys() == ["2", "3"]
    assert counts(store.merge(complete=True)) == (0, 0, 0, 1)
    assert store.keys() == ["3"]


def test_a_source_cannot_delete_a_row_of_another(store: Store) -> None:
    store.merge(row("1", source="other"), source="other")
    assert counts(store.merge(gone=("1",))) == (0, 0, 0, 0)
    assert store.keys() == ["1"]


def test_old_versions_stay_readable(store: Store) -> None:
    store.merge(row("1"))
    store.merge(row("2"))
    store.merge(gone=("1", "2"))
    assert store.lake.versions(["tickets", "nothing"]) == {"tickets": 2}
    assert (store.keys(tickets=0), store.keys(tickets=1), store.keys()) == (["1"], ["1", "2"], [])
    assert store.lake.uris("tickets", 0) == store.lake.uris("tickets", 0) != store.lake.uris("tickets")


def test_a_column_declared_later_is_null_in_older_rows_and_versions(store: Store) -> None:
    store.merge(row("1"), row("2", NOVEMBER))
    wider = table({"name": "topic", "type": "text", "nullable": True, "meaning": "T."})
    file = store.file(
        [row("2", NOVEMBER, times=1) | {"topic": "invoice"}], SCHEMA.append(pa.field("topic", pa.string()))
    )
    store.lake.merge(wider, file, source="desk", zone="Europe/Vienna")
    query = "SELECT ticket_id, topic FROM tickets ORDER BY 1"
    assert store.lake.read_sql(query, [wider]).to_pylist() == [
        {"ticket_id": "1", "topic": None},
        {"ticket_id": "2", "topic": "invoice"},
    ]
    assert store.lake.read_sql(query, [wider], {"tickets": 0}).column("topic").to_pylist() == [None, None]
    assert store.keys() == ["1", "2"], "the narrower declaration still reads"


def test_a_column_that_changes_its_type_is_refused_by_name(store: Store) -> None:
    store.merge(row("1"))
    with pytest.raises(UserError, match="reopened is declared as DOUBLE and lies in the lake as BIGINT"):
        store.merge(row("2"), table=table(reopened="number"))


def test_a_table_without_partition_lies_in_one_folder(store: Store) -> None:
    plain = table(partition=None)
    rows = [row("1") | {"_month": "0000-00"}, row("2", NOVEMBER) | {"_month": "0000-00"}]
    assert counts(store.merge(*rows, table=plain)) == (2, 0, 0, 0)
    assert counts(store.merge(rows[0] | {"_row": "new"}, table=plain)) == (0, 1, 0, 0)
    assert store.keys() == ["1", "2"]


def test_a_lake_may_lie_in_a_folder_with_a_space(tmp_path: Path) -> None:
    """Delta writes such a name as ``my%20company``; nothing lies there."""
    store = Store(tmp_path)
    store.lake = Lake(str(tmp_path / "my company" / "lake"))
    store.merge(row("1"), row("2"))
    store.merge(row("2", times=1), gone=("1",))
    assert store.keys() == ["2"]


def test_a_lake_may_be_a_url(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.lake = Lake(f"file://{tmp_path}/lake")
    store.merge(row("1"))
    store.merge(row("2"), gone=("1",))
    assert store.keys() == ["2"]


def test_a_key_of_another_source_is_refused_and_nothing_is_written(store: Store) -> None:
    """Ticket 17 of two help desks is not one ticket, not even where both say the same of it."""
    store.merge(row("17"), row("18"))
    version = store.lake.version("tickets")
    said = r"source rt, table tickets: nothing is published, 2 of its keys are keys of desk already, ticket_id 17 among"
    with pytest.raises(UserError, match=said + r" them; .*'rt-' \|\| .*replaces: \[desk\]"):
        store.merge(row("17", source="rt"), row("18", source="rt"), row("19", source="rt"), source="rt")
    assert store.keys() == ["17", "18"] and store.lake.version("tickets") == version


def test_a_source_that_replaces_another_takes_its_keys_over_for_good(store: Store) -> None:
    store.merge(row("17"), row("18"))
    how = {"source": "rt", "replaces": ("desk",)}
    assert counts(store.merge(row("17", source="rt"), row("19", source="rt"), **how)) == (1, 1, 0, 0)
    assert counts(store.merge(row("17", source="rt"), **how)) == (0, 0, 1, 0)
    assert counts(store.merge(gone=("17",))) == (0, 0, 0, 0)  # it is not the old one's any more
    with pytest.raises(UserError, match="keys of rt"):
        store.merge(row("17"))
    assert counts(store.merge(complete=True, **how)) == (0, 0, 0, 2)
    assert store.keys() == ["18"]


def test_two_writers_of_one_table_lose_nothing(store: Store) -> None:
    """Both compare with the version they saw; the one that comes second compares again."""
    store.merge(row("0"))
    errors: list[BaseException] = []
    start = threading.Barrier(2)

    def write(name: str) -> None:
        try:
            start.wait()
            for number in range(3):
                store.merge(row(f"{name}{number}", source=name), row(f"also {name}{number}", source=name), source=name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    also = [f"also {name}{number}" for name in "ab" for number in range(3)]
    assert store.keys() == ["0", "a0", "a1", "a2", *also, "b0", "b1", "b2"]
    named = {uri for version in range(7) for uri in store.lake.uris("tickets", version)}
    assert {str(path) for path in tickets(store).rglob("*.parquet")} == named  # what the loser wrote is gone


def test_two_writers_may_both_be_the_first(store: Store) -> None:
    start, errors = threading.Barrier(2), []

    def write(name: str) -> None:
        try:
            start.wait()
            store.merge(row(name, source=name), source=name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert store.keys() == ["a", "b"]


def test_files_of_a_write_that_was_killed_are_no_part_of_the_table(store: Store) -> None:
    store.merge(row("1"))
    (uri,) = store.lake.uris("tickets")
    Path(uri).with_name("half-written.parquet").write_bytes(b"PAR1")
    assert store.keys() == ["1"]
    assert counts(store.merge(row("1", times=2))) == (0, 1, 0, 0)


def test_the_log_says_which_days_the_file_of_a_changed_month_holds(store: Store) -> None:
    """Whole files are left aside by it: a file that was written again is found as one of a first load is."""
    store.merge(row("1"), row("2", NOVEMBER))
    store.merge(
        row("3", datetime(2026, 10, 7, 8, 30, 0, 250_000, tzinfo=UTC), date(2026, 10, 9), times=7), row("4", times=2)
    )
    files = store.lake.uris("tickets")
    assert len(files) == 2
    (october,) = [uri for uri in files if "_month=2026-10" in uri]

    def found(column: str, first: Any, after: Any = None) -> bool:
        return october in Lake(store.lake.url, within={"tickets": [[Asked(column, first, after)]]}).uris("tickets")

    assert found("due_on", date(2026, 10, 9)) and not found("due_on", date(2026, 10, 10))
    assert found("opened_at", datetime(2026, 10, 7, 8, 30, tzinfo=UTC))
    assert not found("opened_at", datetime(2026, 10, 7, 8, 31, tzinfo=UTC))
    assert found("opened_at", None, datetime(2026, 10, 5, 9, 1, tzinfo=UTC))
    assert not found("opened_at", None, datetime(2026, 10, 5, 8, 59, tzinfo=UTC))
    log = DeltaTable(f"{store.lake.url}/tickets").get_add_actions(flatten=True)
    told = {row["path"]: row for row in pa.table(log).to_pylist()}[str(Path(october).relative_to(tickets(store)))]
    assert (told["num_records"], told["null_count.due_on"], told["max.reopened"]) == (3, 2, 7)


def test_what_a_failed_write_leaves_is_removed(store: Store) -> None:
    store.merge(row("1"))
    before = sorted(tickets(store).rglob("*.parquet"))
    (tickets(store) / "_month=2026-11").write_text("in the way")
    with pytest.raises(CouldNotRun, match=r"tickets: cannot be written: .* the table is as it was"):
        store.merge(row("1", times=5), row("2", NOVEMBER))
    assert sorted(tickets(store).rglob("*.parquet")) == before
    assert not list(store.folder.glob("*.months"))
    assert store.keys() == ["1"]


def tickets(store: Store) -> Path:
    return store.folder / "lake" / "tickets"


def test_a_month_that_lost_all_its_rows_has_no_file(store: Store) -> None:
    store.merge(row("1"), row("2", NOVEMBER))
    store.merge(gone=("2",))
    assert ["_month=2026-10" in uri for uri in store.lake.uris("tickets")] == [True]
    assert counts(store.merge(gone=("1",))) == (0, 0, 0, 1)
    assert store.lake.uris("tickets") == () and store.keys() == []
    assert counts(store.merge(row("3"))) == (1, 0, 0, 0)
    assert store.keys() == ["3"]


def test_text_with_quotes_survives(store: Store) -> None:
    store.merge(row('O\'Brien "x"', source="o'neil"), source="o'neil")
    assert store.keys() == ['O\'Brien "x"']


def test_files_of_an_older_declaration_are_read_beside_newer_ones_by_name(store: Store) -> None:
    """The log is silent of a column that a file has not: what it says of one file is not taken for all."""
    store.merge(row("1"), row("2", NOVEMBER))
    extra = {"name": "topic", "type": "text", "nullable": True, "meaning": "T."}
    wider = table(extra)
    moved = pa.schema([pa.field("topic", pa.string()), *reversed(SCHEMA)])  # columns in another order
    file = store.file([row("3", NOVEMBER, times=7) | {"topic": "invoice"}], moved)
    store.lake.merge(wider, file, source="desk", zone="Europe/Vienna")
    query = "SELECT ticket_id, topic, reopened FROM tickets WHERE ticket_id <> '2' ORDER BY 1"
    assert [tuple(found.values()) for found in store.lake.read_sql(query, [wider]).to_pylist()] == [
        ("1", None, 0),
        ("3", "invoice", 7),
    ]
    old = [[Asked("opened_at", None, datetime(2026, 11, 1, tzinfo=UTC))]]
    october = Lake(store.lake.url, within={"tickets": old})
    assert october.read_sql("SELECT ticket_id, topic FROM tickets", [wider]).to_pylist() == [
        {"ticket_id": "1", "topic": None}
    ], "no file that is left has the column"


@pytest.mark.parametrize("known", [True, False])
def test_files_are_opened_for_their_columns_only_where_the_log_is_silent(store: Store, known: bool) -> None:
    store.merge(row("1"), row("2", NOVEMBER))
    declared = table() if known else table({"name": "topic", "type": "text", "nullable": True, "meaning": "T."})
    with store.lake.connect([declared]) as connection:
        ((text,),) = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'tickets'").fetchall()
    assert ("union_by_name" in text) is not known


def test_one_computation_opens_a_version_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.merge(row("1"), row("2", NOVEMBER))
    opened: list[int | None] = []

    class Opened(DeltaTable):
        def __init__(self, path: str, version: int | None = None) -> None:
            opened.append(version)
            super().__init__(path, version=version)

    monkeypatch.setattr("deltalake.DeltaTable", Opened)
    lake = store.lake.once()
    at = lake.versions(["tickets"])
    near, far = lake.narrowed({"tickets": [[Asked("due_on", empty=True)]]}, {})
    assert len(near.uris("tickets", at["tickets"])) == len(far.uris("tickets", at["tickets"])) == 2
    assert lake.rows_by_month("tickets", at["tickets"]) == {"2026-10": 1, "2026-11": 1}
    assert opened == [None]
    store.merge(row("3"))
    opened.clear()
    assert lake.versions(["tickets"]) == {"tickets": 1}, "the newest one is always looked for"
    assert opened == [None]
