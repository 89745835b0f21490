"""JSON lines and Parquet files, and files that are still being written."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_source import World, make_source

from qmsreports import sources
from qmsreports.records import LandResult
from qmsreports.sources.streams import content_of

JSONL = {"table": "orders", "files": "*.jsonl", "format": "jsonl", "key": ["no"], "needs": ["pieces"]}
PARQUET = {"table": "orders", "files": "*.parquet", "format": "parquet", "key": ["no"]}
CSV = {"table": "orders", "files": "*.csv", "key": ["no"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def world(folder: Path, feed: dict[str, Any]) -> World:
    return World(folder.parent, make_source(feed, kind="files"), str(folder))


def lines(path: Path, *records: object) -> None:
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")


# --- JSON lines ------------------------------------------------------------------------------------------------------
def test_objects_land_with_the_types_they_have(folder: Path) -> None:
    lines(folder / "a.jsonl", {"no": 1, "pieces": 5, "more": {"a": [1]}}, {"no": "2", "late": True, "pieces": 2.5})
    made = world(folder, JSONL)
    assert made.landed() == {"orders": 2}
    first, second = made.rows()
    assert first == {"no": "1", "pieces": 5.0, "more": '{"a": [1]}', "late": None, "_file": "a.jsonl", "_line": 1}
    assert (second["no"], second["pieces"], second["late"], second["_line"]) == ("2", 2.5, True, 2)
    assert made.landed() == {}


def test_numbers_keep_every_digit_and_halves_of_signs_are_no_obstacle(folder: Path) -> None:
    (folder / "a.jsonl").write_text(
        '{"no": "1", "pieces": 12345678901234567.89, "rate": 0.1, "far": 1e999999999, "in": {"a": 1.5}, '
        '"note": "\\ud83d"}\n'
    )
    made = world(folder, JSONL)
    assert made.landed() == {"orders": 1}
    (row,) = made.rows()
    assert (row["pieces"], row["rate"], row["far"]) == ("12345678901234567.89", 0.1, "1E+999999999")
    assert (row["in"], row["note"]) == ('{"a": 1.5}', "\\ud83d")


@pytest.mark.parametrize("encoding", ["hex", "rot13", "utf-88"])
def test_an_encoding_that_is_none_for_texts(folder: Path, encoding: str) -> None:
    lines(folder / "a.jsonl", {"no": "1", "pieces": 1})
    (folder / "a.csv").write_text("no\nA1\n")
    for feed in (JSONL, CSV):
        assert f'"{encoding}" is no encoding' in world(folder, {**feed, "encoding": encoding}).one_failure()


def test_packed_lines_and_blank_ones(folder: Path) -> None:
    text = '\ufeff{"no": "1", "pieces": 1}\n\n{"no": "2", "pieces": 2}\n'
    (folder / "a.jsonl").write_bytes(gzip.compress(text.encode()))
    made = world(folder, {**JSONL, "compression": "gzip"})
    assert made.landed() == {"orders": 2}
    assert [row["_line"] for row in made.rows()] == [1, 3]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'{"no": 1}\n{"no": \n', "<shown>:2: source shop, table orders: not readable as JSON (Expecting value)"),
        (b'[{"no": 1}]', "<shown>:1: source shop, table orders: the line is no object"),
        (b'{"no": "\xff"}', "<shown>:1: source shop, table orders: the line is not utf-8 text"),
        (b'{"no": 1}', 'source shop, table orders: there is no column "pieces"'),
    ],
)
def test_lines_that_are_no_objects(folder: Path, written: bytes, said: str) -> None:
    (folder / "a.jsonl").write_bytes(written)
    assert said.replace("<shown>", "in/a.jsonl") in world(folder, JSONL).one_failure()


# --- Parquet ---------------------------------------------------------------------------------------------------------
def test_parquet_files_land_with_their_types(folder: Path) -> None:
    rows = {"no": ["A1", "A2"], "due": [date(2026, 3, 9), None], "at": [datetime(2026, 3, 9, 8, tzinfo=UTC)] * 2}
    pq.write_table(pa.table(rows), folder / "a.parquet")
    made = world(folder, PARQUET)
    assert made.landed() == {"orders": 2}
    (table,) = made.tables()
    types = [pa.string(), pa.date32(), pa.timestamp("us", "UTC"), pa.string(), pa.int64()]
    assert table.schema.types == types
    assert table.to_pylist()[1] == {"no": "A2", "due": None, "at": rows["at"][1], "_file": "a.parquet", "_line": 2}
    (folder / "a.parquet").rename(folder / "b.parquet")
    assert made.landed() == {}


def test_times_of_nanoseconds_are_times(folder: Path) -> None:
    whole, finer = 1_767_254_400_000_000_000, 1_767_225_600_123_456_789
    pq.write_table(
        pa.table({
            "no": ["1", "2"],
            "local": pa.array([whole, None], pa.timestamp("ns")),
            "moment": pa.array([whole, None], pa.timestamp("ns", "Europe/Vienna")),
            "finer": pa.array([finer, None], pa.timestamp("ns")),
        }),
        folder / "a.parquet",
    )  # fmt: skip
    made = world(folder, PARQUET)
    assert made.landed() == {"orders": 2}
    row = made.rows()[0]
    assert row["local"] == datetime(2026, 1, 1, 8)  # noqa: DTZ001 - the column has no zone
    assert row["moment"] == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert row["finer"] == "2026-01-01 00:00:00.123456789"


def test_a_file_that_is_cut_short(folder: Path) -> None:
    (folder / "a.parquet").write_bytes(b"PAR1 and no more")
    assert (
        "in/a.parquet: source shop, table orders: the file is no readable Parquet"
        in world(folder, PARQUET).one_failure()
    )


# --- files still being written ---------------------------------------------------------------------------------------
def test_a_file_that_grows_while_it_is_looked_at_is_left_for_the_next_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("no\nA1\n")
    (folder / "b.csv").write_text("no\nB1\n")

    def growing(fs: Any, feed: Any, file: Any) -> str:
        found = content_of(fs, feed, file)
        if file.name == "b.csv":
            with Path(file.path).open("a") as stream:
                stream.write("B2\n")
        return found

    made = world(folder, CSV)
    with monkeypatch.context() as patched:
        patched.setattr("qmsreports.sources.csvs.content_of", growing)
        result = made.land()
    assert made.landed(result) == {"orders": 1}
    (warning,) = result.warnings
    assert str(warning) == "in/b.csv: the file is still being written; nothing: the next run reads it"
    assert made.landed() == {"orders": 2}
    assert [row["no"] for row in made.rows()] == ["A1", "B1", "B2"]


def test_a_known_file_that_is_being_written_again_keeps_what_was_landed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").write_text("no\nA1\n")
    made = world(folder, CSV)
    made.land()
    (folder / "a.csv").write_text("no\nA1\nA")
    with monkeypatch.context() as patched:
        patched.setattr("qmsreports.sources.files.FileFeeds._now", lambda *_: False)
        assert made.landed() == {}
    (folder / "a.csv").write_text("no\nA1\nA2\n")
    assert made.landed() == {"orders": 2}


def test_names_of_files_that_are_not_whole_yet(folder: Path) -> None:
    for name in ("a.csv", "b.csv.filepart", "c.part", "d.TMP", ".e.csv"):
        (folder / name).write_text("no\nA1\n")
    made = world(folder, {**CSV, "files": "*"})
    assert made.landed() == {"orders": 1}


def test_files_settle_for_as_long_as_is_declared(folder: Path) -> None:
    written = datetime(2026, 11, 2, 5, 59, 30, tzinfo=UTC)
    for name, age in (("a.csv", 600), ("b.csv", 0)):
        (folder / name).write_text(f"no\n{name}\n")
        os.utime(folder / name, (written.timestamp() - age, written.timestamp() - age))
    made = world(folder, {**CSV, "settle_seconds": 60})

    def land(minute: int) -> dict[str, int]:
        return made.landed(made.land(at=datetime(2026, 11, 2, 6, minute, tzinfo=UTC)))

    assert land(0) == {"orders": 1}
    assert land(1) == {"orders": 1}
    assert [row["no"] for row in made.rows()] == ["a.csv", "b.csv"]
    at = datetime(2026, 11, 2, 5, tzinfo=UTC)
    result = sources.land(made.source, connection=str(folder), landing=made.landing, state=made.state, at=at)
    assert "every file is still being written" in made.one_failure(result)


def test_a_known_file_that_waits_keeps_its_keys_and_what_is_known_of_it(folder: Path) -> None:
    feed = {**CSV, "settle_seconds": 60, "deletions": "keys"}
    written = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)

    def write(name: str, content: str, minute: int) -> None:
        (folder / name).write_text(content)
        at = written.replace(minute=minute).timestamp()
        os.utime(folder / name, (at, at))

    made = world(folder, feed)

    def land(minute: int) -> LandResult:
        return made.land(at=written.replace(minute=minute))

    write("a.csv", "no\nA1\nA2\n", 0)
    write("b.csv", "no\nB1\n", 0)
    assert made.landed(land(10)) == {"orders": 3, "orders__keys": 3}
    write("a.csv", "no\nA1\n", 20)  # half of it, under way
    write("b.csv", "no\nB1\nB2\n", 10)
    result = land(20)
    assert (made.landed(result), result.warnings) == ({"orders": 2}, ())
    write("a.csv", "no\nA1\nA2\n", 21)
    result = land(30)
    assert (made.landed(result), result.warnings) == ({"orders__keys": 4}, ())


def test_a_file_of_a_time_that_is_yet_to_come_is_said(folder: Path) -> None:
    for name, changed in (("a.csv", 1_790_000_000), ("b.csv", 4_000_000_000)):
        (folder / name).write_text(f"no\n{name}\n")
        os.utime(folder / name, (changed, changed))
    made = world(folder, {**CSV, "settle_seconds": 60})
    at = datetime(2026, 11, 2, 6, tzinfo=UTC)
    result = made.land(at=at)
    said = "the file was written to on 2096-10-02 07:06 UTC, which is yet to come; it waits until then"
    assert made.landed(result) == {"orders": 1}
    assert [warning.what for warning in result.warnings] == [said]
    (folder / "a.csv").unlink()
    assert said in made.one_failure(made.land(at=at))
