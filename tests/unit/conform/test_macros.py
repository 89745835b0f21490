"""Days, instants and codes as mappings read them; every expected instant is worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection
from landed_fixture import make_source

from qmsreports.conform.macros import create_macros
from qmsreports.lake import open_duckdb


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("macros")
    with open_duckdb() as opened:
        create_macros(opened, make_source(folder, time_zone="Europe/Vienna"), "Europe/Vienna")
        yield opened


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01 12:00:00", (2026, 7, 1, 10, 0)),  # summer: UTC+2
        ("2026-01-15 12:00:00", (2026, 1, 15, 11, 0)),  # winter: UTC+1
        ("2026-10-25 01:59:00", (2026, 10, 24, 23, 59)),  # the night in which 02:00 to 03:00 comes twice
        ("2026-10-25 02:30:00", (2026, 10, 25, 0, 30)),  # the first of the two: summer time
        ("2026-10-25 03:00:00", (2026, 10, 25, 2, 0)),
        ("2026-10-25 02:30:00+01:00", (2026, 10, 25, 1, 30)),  # the second, said so
        ("2026-10-25 02:30:00+02:00", (2026, 10, 25, 0, 30)),
        ("2026-03-29 02:30:00", (2026, 3, 29, 1, 30)),  # never was: moves forward to 03:30 summer time
        ("2026-03-29 03:30:00", (2026, 3, 29, 1, 30)),
        ("2026-01-15 12:00:00+02:00", (2026, 1, 15, 10, 0)),  # an offset wins, in winter too
        ("2026-01-15T12:00:00Z", (2026, 1, 15, 12, 0)),
        ("2026-01-15 12:00:00 +0200", (2026, 1, 15, 10, 0)),
        ("2026-01-15 12:00", (2026, 1, 15, 11, 0)),
        ("2026-01-15", (2026, 1, 14, 23, 0)),
        ("  2026-01-15 12:00:00 ", (2026, 1, 15, 11, 0)),
    ],
)
def test_instants_are_read_in_the_zone_of_the_source(
    connection: DuckDBPyConnection, text: str, instant: tuple[int, ...]
) -> None:
    expected = datetime(*instant, tzinfo=UTC)  # type: ignore[arg-type,misc]
    row = connection.execute("SELECT try_utc(?), CAST(to_utc(?) AS TIMESTAMPTZ)", [text, text]).fetchone()
    assert row is not None
    assert [value.astimezone(UTC) for value in row] == [expected, expected]


@pytest.mark.parametrize(
    "text",
    ["0000-00-00 00:00:00", "2026-02-30 10:00:00", "15.01.2026 12:00", "2026-01-15 12:00:00 CET", "soon", "12:00"],
)
def test_what_is_no_instant_comes_through_as_it_is(connection: DuckDBPyConnection, text: str) -> None:
    assert connection.execute("SELECT to_utc(?), try_utc(?), day_of(?)", [text] * 3).fetchone() == (text, None, text)


def test_a_zone_may_be_named(connection: DuckDBPyConnection) -> None:
    row = connection.execute("SELECT to_utc('2026-07-01 12:00:00', 'UTC'), to_utc(NULL)").fetchone()
    assert row == ("2026-07-01 12:00:00+00", None)


def test_an_instant_lies_on_the_day_of_the_organisation(connection: DuckDBPyConnection) -> None:
    row = connection.execute("SELECT day_of('2026-06-30 22:30:00', 'UTC'), day_of('2026-06-30T21:30:00Z')").fetchone()
    assert row == ("2026-07-01", "2026-06-30")


def test_dates_are_read_in_iso_form_or_in_the_form_that_is_named(connection: DuckDBPyConnection) -> None:
    row = connection.execute(
        """SELECT to_date('2026-3-9'), to_date('2026-03-09 17:00:00'), to_date('09.03.2026', '%d.%m.%Y'),
        to_date('09.03.2026'), try_date('09.03.2026'), to_date('31.02.2026', '%d.%m.%Y'), try_date('2062-01-01')"""
    ).fetchone()
    assert row == (
        "2026-03-09", "2026-03-09", "2026-03-09", "09.03.2026", None, "31.02.2026", date(2062, 1, 1),
    )  # fmt: skip


def test_codes_mean_what_the_source_declares(connection: DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT code('site', 'LNZ'), code('site', 'XXX'), code('site', NULL), code('site', 7), "
        "unmapped('site', 'LNZ'), unmapped('site', 'XXX'), unmapped('site', NULL)"
    ).fetchone()
    assert row == ("linz", "XXX", None, "7", None, 'site "XXX" is not among the codes of the source', None)
