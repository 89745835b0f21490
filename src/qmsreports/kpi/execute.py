"""Runs statements on DuckDB: the functions and relations they rely on, and the guard that each is one SELECT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.kpi.clock import OpenTime, WindowRow, offsets
from qmsreports.kpi.engine import Dialect, Row, Tables
from qmsreports.kpi.hours import calendar_relation, slot_function
from qmsreports.kpi.rollup import WINDOWS
from qmsreports.kpi.rows import RANKS
from qmsreports.kpi.weeks import WeekMonths
from qmsreports.lake import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

_MICRO = 1_000_000
_DAY = 86400 * _MICRO
_COMPARED = 20
"""Clock changes that an instant is compared with one by one: those of ten years in most zones."""


@contextmanager
def duckdb_engine(lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]) -> Iterator[DuckDb]:
    """Open the engine on tables of the lake at these versions."""
    with lake.connect(tables, versions) as connection:
        yield DuckDb(connection)


class DuckDb:
    """The engine on a DuckDB connection in which the canonical tables are views."""

    dialect: Dialect = "duckdb"

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection = connection

    def prepare(self, *, zone: str, until: int, weeks: WeekMonths | None = None) -> None:
        """Provide the functions of time."""
        self.connection.execute(f"CREATE OR REPLACE MACRO local_day(t) AS {_local_day(zone, until)}")
        self.connection.execute("CREATE OR REPLACE MACRO epoch_seconds(t) AS epoch(t)")
        if weeks is not None:
            begins, months = f"DATE '{weeks.begins}'", ", ".join(map(str, weeks.months))
            week = f"(t - {begins}) // 7 + 1"
            body = f"CASE WHEN t >= {begins} THEN list_extract([{months}], {week}) END"
            self.connection.execute(f"CREATE OR REPLACE MACRO week_month(t) AS {body}")

    @contextmanager
    def beside(self) -> Iterator[DuckDb]:
        """Open another engine on a connection to the same database."""
        with self.connection.cursor() as connection:
            connection.execute("SET TimeZone = 'UTC'")  # a setting of the connection, not of the database
            yield DuckDb(connection)

    def select(self, statement: str) -> list[Row]:
        """Run one SELECT and return its rows."""
        return self.connection.execute(self._one_select(statement)).fetchall()

    def keep(self, name: str, statement: str) -> int:
        """Run one SELECT and keep its rows as a relation under ``name``; returns how many there are."""
        self._one_select(statement)
        (count,) = self.connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {statement}").fetchall()
        return int(count[0])

    def view(self, name: str, statement: str) -> None:
        """Provide one SELECT as a relation under ``name``, computed wherever it is read."""
        self._one_select(statement)
        self.connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {statement}")

    def export(self, statement: str, path: Path) -> int:
        """Write the rows of one SELECT to a CSV file as they come, never all in memory; returns how many there are."""
        from duckdb import IOException

        self._one_select(statement)
        copy = f"COPY ({statement}) TO {literal(str(path))} (FORMAT csv, HEADER true)"
        try:
            (count,) = self.connection.execute(copy).fetchall()
        except IOException:
            todo = "name another file, in a folder that exists"
            raise CouldNotRun(Finding(str(path), "cannot be written", todo)) from None
        return int(count[0])

    def windows(self, rows: Sequence[WindowRow]) -> None:
        """Provide the relation ``windows``."""
        self.connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {WINDOWS} AS SELECT unnest($1::VARCHAR[]) AS period,
            unnest($2::BIGINT[]) AS month, unnest($3::DATE[]) AS ends_on, unnest($4::TIMESTAMPTZ[]) AS ends_at,
            unnest($5::DOUBLE[]) AS ends_worked""",
            [
                [row.period for row in rows],
                [row.month for row in rows],
                [row.ends_on for row in rows],
                [row.ends_at for row in rows],
                [row.ends_worked for row in rows],
            ],
        )

    def ranks(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Provide the relation ``ranks`` of ``n``, ``low`` and ``high``."""
        self.connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {RANKS} AS SELECT unnest($1::BIGINT[]) AS n,
            unnest($2::BIGINT[]) AS low, unnest($3::BIGINT[]) AS high""",
            [[row[place] for row in rows] for place in range(3)],
        )

    def open_time(self, hours: OpenTime) -> None:
        """Provide the relation ``open_time_<calendar>`` and the function that finds its slots.

        It is filled from the open stretches by the database: three years of quarter hours in a tenth of a second.
        """
        name = quoted(calendar_relation(hours.calendar))
        slot = slot_function(hours.calendar)
        self.connection.execute(f"CREATE OR REPLACE TEMP MACRO {slot}(t) AS epoch_us(t) // {hours.length * _MICRO}")
        self.connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {name} AS
            WITH slots AS (SELECT unnest(range($1::BIGINT, $2::BIGINT)) AS slot),
            opened AS (
                SELECT unnest(range(begins, ends)) AS slot
                FROM (SELECT unnest($3::BIGINT[]) AS begins, unnest($4::BIGINT[]) AS ends)
            )
            SELECT slot, CAST(slot * {hours.length} AS DOUBLE) AS starts,
                CASE WHEN opened.slot IS NULL THEN 0 ELSE 1 END AS open,
                {hours.length} * CAST(COALESCE(COUNT(opened.slot) OVER earlier, 0) AS DOUBLE) AS worked
            FROM slots LEFT JOIN opened USING (slot)
            WINDOW earlier AS (ORDER BY slot ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)""",
            [hours.first, hours.after, list(hours.begins), list(hours.ends)],
        )

    def _one_select(self, statement: str) -> Statement:
        """Return the statement as parsed, refusing anything but a single SELECT: the last of several locks."""
        from duckdb import StatementType

        statements = self.connection.extract_statements(statement)
        if len(statements) != 1 or statements[0].type != StatementType.SELECT:
            raise ValueError("a KPI statement must be one SELECT")
        return statements[0]


def _local_day(zone: str, until: int) -> str:
    """Return the SQL of the day of an instant ``t``: the offset in force is added, then days are counted.

    Newest change first, so that rows of the last years are decided by the first few comparisons; no instant is decided
    at once, which would go through all of them otherwise (2.4 microseconds a row). The function stands twice for every
    clock of a statement, and a hundred changes in each cost more to plan than a month's rows to count: so those of long
    ago are looked up in a list, which takes a row half a microsecond longer.
    """
    changes = offsets(zone, until)
    older, recent = changes[:-_COMPARED] or changes[:1], changes[1:][-_COMPARED:]
    cases = " ".join(f"WHEN epoch_us(t) >= {second * _MICRO} THEN {offset * _MICRO}" for second, offset in recent[::-1])
    offset = f"CASE WHEN t IS NULL THEN 0 {cases} ELSE {_long_ago(older)} END"
    # counted from 1600, so that whole-number division also rounds down for instants before 1970
    since = (date(1970, 1, 1) - date(1600, 1, 1)).days * _DAY
    return f"DATE '1600-01-01' + CAST((epoch_us(t) + {offset} + {since}) // {_DAY} AS INTEGER)"


def _long_ago(changes: Sequence[tuple[int, int]]) -> str:
    """Return the SQL of the offset in force at an instant ``t``, in microseconds, by how many changes lie before it."""
    if len(changes) == 1:
        return str(changes[0][1] * _MICRO)
    seconds, known = (
        f"CAST('{[entry * _MICRO for entry in column]}' AS BIGINT[])"  # one text is planned faster than many numbers
        for column in ([second for second, _ in changes[1:]], [offset for _, offset in changes])
    )
    # the blank keeps the name apart from every declared column, which it would hide
    return f'list_extract({known}, 1 + len(list_filter({seconds}, lambda "a change": "a change" <= epoch_us(t))))'
