"""Runs statements on Spark over the Parquet files that a version of the lake's tables names.

No Delta reader is needed on the server: the Delta log is read here, and Spark is given the list of files with the
declared columns and the partition. Results of scans are a few thousand rows; they come here and go back as relations,
so that the roll-ups never read the files again and nothing has to be cached on the server.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.kpi.clock import OpenTime, WindowRow, offsets
from qmsreports.kpi.engine import Dialect, Row, Tables
from qmsreports.kpi.hours import calendar_relation, slot_function
from qmsreports.kpi.rollup import WINDOWS
from qmsreports.kpi.rows import RANKS
from qmsreports.kpi.spark import dialect, session
from qmsreports.kpi.weeks import WeekMonths
from qmsreports.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {
    "text": "STRING",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
_PARTITION = "_month"
_MICRO = 1_000_000
_DAY = 86400 * _MICRO


@dataclass(frozen=True, slots=True)
class Spark:
    """Opens the engine. ``place`` is ``QMSREPORTS_SPARK``, ``lake_there`` the lake's folder as the server sees it."""

    place: str = ""
    lake_there: str = ""

    @contextmanager
    def __call__(self, lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]) -> Iterator[SparkEngine]:
        """Open a session in which the tables are views of their files; :class:`CouldNotRun` when it cannot."""
        if not isinstance(lake, Lake):
            raise TypeError("Spark reads the files of a lake, rows in memory have none")
        with session.session(self.place) as opened:
            engine = SparkEngine(opened)
            for table in tables:
                files = lake.uris(table.table, versions.get(table.table))
                engine.table(table, [self._there(lake.url, file) for file in files])
            yield engine

    def _there(self, lake: str, uri: str) -> str:
        """Return a file's address as the server knows it: ``s3://`` is ``s3a://`` to Spark, a plain path a file."""
        path = uri.removeprefix("file://")
        if self.lake_there:
            path = self.lake_there.rstrip("/") + path.removeprefix(lake.removeprefix("file://"))
        if "://" not in path:
            return f"file://{path}"
        return "s3a://" + path.removeprefix("s3://") if path.startswith("s3://") else path


class SparkEngine:
    """The engine on one Spark session."""

    dialect: Dialect = "spark"

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark

    def table(self, table: Table, files: Sequence[str]) -> None:
        """Provide a canonical table from its files; empty where there are none, null what an old file does not have."""
        from pyspark.errors import AnalysisException

        columns = ", ".join(f"`{column.name}` {_TYPES[column.type]}" for column in table.columns)
        columns += f", `{_PARTITION}` STRING"
        if not files:
            self._view(table.table, self.spark.createDataFrame([], columns))
            return
        base = files[0].split(f"/{_PARTITION}=", 1)[0]
        reader = self.spark.read.schema(columns).option("basePath", base).option("datetimeRebaseMode", "CORRECTED")
        try:
            self._view(table.table, reader.parquet(*files))
        except AnalysisException as error:
            if "PATH_NOT_FOUND" not in str(error):
                raise
            todo = "set QMSREPORTS_SPARK_LAKE to the lake's address as the server sees it"
            raise CouldNotRun(Finding("engine spark", f"the server does not see {base}", todo)) from None

    def prepare(self, *, zone: str, until: int, weeks: WeekMonths | None = None) -> None:
        """Provide the functions of time."""
        self._function("local_day", "DATE", _local_day(zone, until))
        self._function("epoch_seconds", "DOUBLE", f"UNIX_MICROS(t) / {_MICRO}.0D")
        if weeks is not None:
            begins, months = f"DATE'{weeks.begins}'", ", ".join(map(str, weeks.months))
            found = f"GET(ARRAY({months}), CAST(DATEDIFF(t, {begins}) DIV 7 AS INT))"
            self._function("week_month", "BIGINT", f"CASE WHEN t >= {begins} THEN {found} END", of="DATE")

    def beside(self) -> AbstractContextManager[None]:
        """Return no other engine: a session has one set of names, and the server spreads each statement itself."""
        return nullcontext()

    def select(self, statement: str) -> list[Row]:
        """Run one SELECT and return its rows."""
        return [tuple(row) for row in self._query(statement).collect()]

    def keep(self, name: str, statement: str) -> int:
        """Run one SELECT and keep its rows as a relation under ``name``; returns how many there are."""
        frame = self._query(statement)
        rows = frame.toArrow()
        if rows.num_rows:
            self._relation(name, rows)
        else:
            self._view(name, self.spark.createDataFrame([], frame.schema))
        return int(rows.num_rows)

    def view(self, name: str, statement: str) -> None:
        """Provide one SELECT as a relation under ``name``, computed wherever it is read."""
        self._view(name, self._query(statement))

    def windows(self, rows: Sequence[WindowRow]) -> None:
        """Provide the relation ``windows``."""
        import pyarrow as pa

        self._relation(
            WINDOWS,
            pa.table(
                {
                    "period": pa.array([row.period for row in rows], pa.string()),
                    "month": pa.array([row.month for row in rows], pa.int64()),
                    "ends_on": pa.array([row.ends_on for row in rows], pa.date32()),
                    "ends_at": pa.array([row.ends_at for row in rows], pa.timestamp("us", "UTC")),
                    "ends_worked": pa.array([row.ends_worked for row in rows], pa.float64()),
                }
            ),
        )

    def ranks(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Provide the relation ``ranks`` of ``n``, ``low`` and ``high``; an ``INT`` is what finds a place in a list."""
        import pyarrow as pa

        places = {"n": pa.int64(), "low": pa.int32(), "high": pa.int32()}
        columns = {name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(places.items())}
        self._relation(RANKS, pa.table(columns))

    def open_time(self, hours: OpenTime) -> None:
        """Provide the relation ``open_time_<calendar>`` and the function that finds its slots.

        The server fills it from stretches, open and shut in turn, with the seconds worked before each.
        """
        import pyarrow as pa

        name = calendar_relation(hours.calendar)
        stretches = f"stretches of {hours.calendar}"
        begins, ends, opened, before = zip(*_stretches(hours), strict=True)
        columns = {"begins": begins, "ends": ends, "open": opened, "before": before}
        self._relation(stretches, pa.table({key: pa.array(values, pa.int64()) for key, values in columns.items()}))
        self._function(slot_function(hours.calendar), "BIGINT", f"UNIX_MICROS(t) DIV {hours.length * _MICRO}")
        self._view(
            name,
            self.spark.sql(
                f"""SELECT slot, CAST(slot * {hours.length} AS DOUBLE) AS starts, open,
                CAST({hours.length} * (before + open * (slot - begins)) AS DOUBLE) AS worked
                FROM (SELECT EXPLODE(SEQUENCE(begins, ends - 1)) AS slot, begins, open, before FROM `{stretches}`)"""
            ),
        )

    def _query(self, statement: str) -> DataFrame:
        """Refuse anything but a single SELECT: the last of several locks, the compiler makes nothing else."""
        if not dialect.is_one_select(statement):
            raise ValueError("a KPI statement must be one SELECT")
        return self.spark.sql(statement)

    def _relation(self, name: str, rows: pa.Table) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pyspark about pandas, which is not used
            self._view(name, self.spark.createDataFrame(rows))

    def _view(self, name: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(f"`{name}`")

    def _function(self, name: str, kind: str, body: str, of: str = "TIMESTAMP") -> None:
        self.spark.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {name}(t {of}) RETURNS {kind} RETURN {body}")


def _stretches(hours: OpenTime) -> Iterator[tuple[int, int, int, int]]:
    """Return first slot, slot after the last, open 1 or 0, and open slots before, without gaps over all slots.

    An opening may begin before the first slot or end after the last: what lies outside is cut off.
    """
    place, worked = hours.first, 0
    for begins, ends in zip(hours.begins, hours.ends, strict=True):
        begins, ends = max(begins, place), min(ends, hours.after)
        if begins >= ends:
            continue
        if begins > place:
            yield place, begins, 0, worked
        yield begins, ends, 1, worked
        place, worked = ends, worked + ends - begins
    if place < hours.after:
        yield place, hours.after, 0, worked


def _local_day(zone: str, until: int) -> str:
    """Return the SQL of the day of an instant ``t``: the offset in force is added, then days are counted."""
    changes = offsets(zone, until)
    cases = " ".join(
        f"WHEN UNIX_MICROS(t) >= {second * _MICRO} THEN {offset * _MICRO}" for second, offset in reversed(changes[1:])
    )
    offset = f"CASE {cases} ELSE {changes[0][1] * _MICRO} END" if cases else str(changes[0][1] * _MICRO)
    # counted from 1600, so that whole-number division also rounds down for instants before 1970
    since = (date(1970, 1, 1) - date(1600, 1, 1)).days * _DAY
    return f"DATE_ADD(DATE '1600-01-01', CAST((UNIX_MICROS(t) + {offset} + {since}) DIV {_DAY} AS INT))"
