"""What holds for any values and any history, tried on many."""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qmsreports.catalog.source import LandedFeed
from qmsreports.sources.columns import as_text, column_array
from qmsreports.sources.database import without_secrets
from qmsreports.sources.feed import FeedState, row_hash
from qmsreports.sources.sql import SqlFeeds

moments = st.datetimes(min_value=datetime.fromisoformat("1900-01-01"), max_value=datetime.fromisoformat("2100-01-01"))
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.booleans(),
    st.dates(),
    moments,
    st.binary(max_size=3),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
)


def moment(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())


def same(received: Any, landed: Any) -> bool:
    """Whether a landed value is the received one, or the text of it that a person would read."""
    if landed is None or received is None:
        return landed is received
    if isinstance(landed, str):
        return landed == as_text(received)
    if isinstance(received, date) and isinstance(landed, date):
        return moment(received) == moment(landed)
    if isinstance(received, Decimal):
        return Decimal(repr(landed)) == received
    return bool(landed == received)


@settings(deadline=None)
@given(st.lists(VALUES, max_size=6), st.sampled_from(["", "integer", "number", "date", "timestamp", "boolean", "text"]))
def test_no_value_is_dropped_rounded_or_refused(values: list[Any], kind: str) -> None:
    array, wide = column_array(values, kind)
    landed = array.to_pylist()
    assert len(landed) == len(values)
    assert all(same(received, value) for received, value in zip(values, landed, strict=True)), (values, landed)
    assert (
        kind in ("", wide) or wide in ("number", "timestamp", "text") or not any(value is not None for value in values)
    )


@settings(deadline=None)
@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
def test_a_kind_only_widens(first: list[Any], second: list[Any]) -> None:
    _, kind = column_array(first)
    _, wider = column_array(second, kind)
    assert column_array(first, wider)[1] == wider


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=5))
def test_the_hash_of_a_row_knows_no_order_and_no_empty_columns(row: dict[str, Any]) -> None:
    turned = dict(reversed(row.items())) | {"added later": None}
    assert row_hash(row) == row_hash(turned)


KEYS = st.sampled_from(["a", "b", "c"])
STAMP = st.sampled_from(["same", "later", None, "n/a", "9999-12-31 00:00:00"])
CHANGES = st.lists(st.tuples(KEYS, STAMP, st.integers(0, 3)), max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CHANGES, min_size=1, max_size=5), st.sampled_from([0, 120]))
def test_after_every_visit_the_landed_rows_are_those_of_the_source(history: list[Any], overlap: int) -> None:
    """Whatever changes between visits, in the same second, without a cursor or with one that is no date."""
    feed = LandedFeed(table="t", key=("k",), cursor="c", overlap_minutes=overlap)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.db"
        source = sqlite3.connect(path)
        source.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER, c TEXT)")
        source.execute("INSERT INTO t VALUES ('first', 0, '2026-10-25 02:00:00')")
        state, landed, second = FeedState(), {}, 0
        for changes in history:
            for key, stamp, value in changes:
                second += stamp == "later"
                cursor = f"2026-10-25 02:00:{second:02}" if stamp in ("same", "later") else stamp
                source.execute("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", (key, value, cursor))
            source.commit()
            feeds = SqlFeeds(f"sqlite:///{path}")
            try:
                reading = feeds.read(feed, state)
                for _, batch in reading.parts() if reading.fresh else ():
                    landed |= {row["k"]: row for row in batch.to_pylist()}
                state = FeedState.from_json(reading.state.to_json())
                assert not feeds.read(feed, state).fresh
            finally:
                feeds.close()
            expected = source.execute("SELECT k, v, c FROM t").fetchall()
            assert {key: (row["v"], row["c"]) for key, row in landed.items()} == {k: (v, c) for k, v, c in expected}
        source.close()


@pytest.mark.parametrize("url", ["postgresql://u:p%40ss@h/db", "sftp://u:p%40ss@h/in", "mysql+x://u:p@ss@h/db"])
def test_a_password_is_blotted_out_however_it_is_written(url: str) -> None:
    assert "ss" not in without_secrets(f"cannot reach {url} with p@ss or p%40ss", url).replace("pass", "")
