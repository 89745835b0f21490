"""The landing zone as its readers see it: which files count, under which names, in which order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qmsreports import landing
from qmsreports.errors import CouldNotRun


def put(zone: Path, load_id: str, *, record: str | None = None, files: int = 1, **tables: int) -> None:
    """Write a load by hand: ``tables`` are rows per landed table."""
    for table, rows in tables.items():
        (zone / "crm" / table).mkdir(parents=True, exist_ok=True)
        for number in range(files):
            pq.write_table(pa.table({"no": list(range(rows))}), zone / "crm" / table / f"{load_id}.f{number}.parquet")
    whole = {"load_id": load_id, "status": 0, "inserted_at": "2026-10-01T02:00:00+02:00"}
    path = zone / "crm" / "_dlt_loads" / f"crm__{load_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    if record != "none":
        path.write_text(json.dumps(whole) if record is None else record)


def note(zone: Path, load_id: str, after: str, rows: dict[str, int], state: dict[str, Any] | None = None) -> None:
    columns = {
        "landed": list(rows),
        "rows": list(rows.values()),
        "state": [json.dumps(state or {})] * len(rows),
        "after": [after] * len(rows),
    }
    (zone / "crm" / "_visits").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), zone / "crm" / "_visits" / f"{load_id}.n.parquet")


def test_files_come_in_the_order_of_their_loads_as_numbers(tmp_path: Path) -> None:
    for load_id in ("1000.5", "999.75", "1000.25"):
        put(tmp_path, load_id, account=1)
    files = landing.completed(tmp_path, "crm", "account")
    assert [file.load_id for file in files] == ["999.75", "1000.25", "1000.5"]
    assert all(Path(file.path).is_absolute() and pq.read_table(file.path).num_rows == 1 for file in files)
    assert len(landing.completed(tmp_path, "crm", "deal")) == 0


def test_files_of_loads_without_an_end_are_removed_and_all_others_stay(tmp_path: Path) -> None:
    put(tmp_path, "1.5", account=2, deal=1)
    put(tmp_path, "2.5", record="none", account=3, files=2)
    put(tmp_path, "3.5", record='{"load_id": "3.5", "sta', deal=4)
    (tmp_path / "crm" / "account" / "mine.parquet").write_bytes(b"of somebody else")
    (tmp_path / "crm" / "account" / "2.5.f0.parquet").write_bytes(b"PAR1 cut sh")
    assert landing.remove_unfinished(tmp_path, "crm") == 3
    left = sorted(path.relative_to(tmp_path / "crm").as_posix() for path in tmp_path.rglob("*.parquet"))
    assert left == ["account/1.5.f0.parquet", "account/mine.parquet", "deal/1.5.f0.parquet"]
    assert landing.remove_unfinished(tmp_path, "crm") == landing.remove_unfinished(tmp_path, "nobody") == 0


def test_a_load_may_bring_several_files_of_a_table(tmp_path: Path) -> None:
    put(tmp_path, "1.5", files=3, account=2)
    assert [Path(file.path).name for file in landing.completed(tmp_path, "crm", "account")] == [
        "1.5.f0.parquet",
        "1.5.f1.parquet",
        "1.5.f2.parquet",
    ]


@pytest.mark.parametrize("record", ["none", "", '{"load_id": "2.5", "sta', '{"load_id": "2.5", "status": 1}', "[]"])
def test_a_load_without_a_whole_record_does_not_count(tmp_path: Path, record: str) -> None:
    put(tmp_path, "1.5", account=1)
    put(tmp_path, "2.5", record=record, account=1)
    assert [file.load_id for file in landing.completed(tmp_path, "crm", "account")] == ["1.5"]
    put(tmp_path, "2.5", account=1)
    assert [file.load_id for file in landing.completed(tmp_path, "crm", "account")] == ["1.5", "2.5"]


def test_loads_know_when_they_were_completed_in_utc(tmp_path: Path) -> None:
    put(tmp_path, "1.5", account=1)
    assert landing.loads(tmp_path, "crm") == (landing.Load("1.5", datetime(2026, 10, 1, tzinfo=UTC)),)


def test_a_zone_where_nothing_was_landed_is_empty(tmp_path: Path) -> None:
    assert landing.completed(tmp_path / "nowhere", "crm", "account") == ()
    assert landing.loads(tmp_path, "crm") == ()
    assert landing.latest_loads(tmp_path, "crm") == {}
    assert landing.last_visit(tmp_path, "crm") is None


def test_the_newest_load_of_each_table_is_the_newest_that_brought_rows(tmp_path: Path) -> None:
    for load_id, after, rows in [
        ("1", "", {"a": 5, "b": 2}),
        ("2", "1", {"a": 0, "b": 3}),
        ("3", "2", {"a": 0, "b": 0}),
    ]:
        put(tmp_path, load_id, a=1)
        note(tmp_path, load_id, after, rows)
    found = landing.latest_loads(tmp_path, "crm")
    assert {table: (entry.load.load_id, entry.rows) for table, entry in found.items()} == {"a": ("1", 5), "b": ("2", 3)}


def test_the_next_visit_goes_on_from_the_newest_whole_load(tmp_path: Path) -> None:
    put(tmp_path, "1", a=1)
    note(tmp_path, "1", "", {"a": 1}, {"landed": 1})
    put(tmp_path, "2", record="none", a=1)
    note(tmp_path, "2", "1", {"a": 1}, {"landed": 2})
    visit = landing.last_visit(tmp_path, "crm")
    assert visit is not None
    assert (visit.load.load_id, visit.after, visit.states) == ("1", "", {"a": {"landed": 1}})
    (tmp_path / "crm" / "_dlt_loads" / "crm__1.jsonl").unlink()
    put(tmp_path, "2", a=1)
    assert landing.last_visit(tmp_path, "crm") is None  # what it was built upon is gone
    found = landing.visit_of(tmp_path, "crm", "2")
    assert found is not None
    assert found.rows == {"a": 1}


def test_any_url_will_do(tmp_path: Path) -> None:
    put(tmp_path, "1.5", account=2)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "crm"), "/zone/crm", recursive=True)
    try:
        (file,) = landing.completed("memory://zone", "crm", "account")
        assert file.path.startswith("memory://")
        with memory.open(file.path) as stream:
            assert pq.read_table(stream).num_rows == 2
        (same,) = landing.completed(f"file://{tmp_path}", "crm", "account")
        assert same.path == str(tmp_path / "crm" / "account" / "1.5.f0.parquet")
    finally:
        memory.rm("/zone", recursive=True)


def test_a_landing_zone_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text("a file")
    with pytest.raises(CouldNotRun) as caught:
        landing.completed(tmp_path, "crm", "account")
    assert str(caught.value) == (
        f"landing zone {tmp_path}/crm: cannot be read (Not a directory); check QMSREPORTS_LANDING and permissions"
    )


@pytest.mark.parametrize(
    ("written", "landed"),
    [
        ("so_no", "so_no"),
        ("Cost EUR", "cost_eur"),
        ("Effective (yes/no)", "effective_yes_no"),
        ("writeDate", "write_date"),
        ("HTTPStatus", "http_status"),
        ("Größe in mm²", "groesse_in_mm2"),
        ("2nd reply", "_2nd_reply"),
        ("_file", "_file"),
        ("  No.  ", "no"),
        ("a__b", "a_b"),
    ],
)
def test_names_are_landed_in_one_spelling(written: str, landed: str) -> None:
    assert landing.landed_name(written) == landed
    assert landing.landed_name(landed) == landed
