"""What computes: an engine runs the statements of this package; here, and nowhere else, one is chosen.

An engine is a database that reads the canonical tables of the lake at pinned versions and provides the functions and
relations that :mod:`qmsreports.kpi.sql` lists. Statements are made once, for no engine; an engine names the dialect in
which it wants their text, and that text is what runs and what is kept as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from qmsreports.catalog.table import Table
from qmsreports.kpi.clock import OpenTime, WindowRow
from qmsreports.kpi.weeks import WeekMonths

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = tuple[Any, ...]
Dialect = Literal["duckdb", "spark"]


class Tables(Protocol):
    """What is needed of the lake: versions to pin, and a connection on which the tables are views."""

    def versions(self, tables: Iterable[str]) -> dict[str, int]:
        """Return the newest version of each table that exists."""

    def connect(self, tables: Iterable[Table], versions: Mapping[str, int] | None = None) -> DuckDBPyConnection:
        """Return a connection that reads the tables at these versions."""


class Engine(Protocol):
    """Runs one measurement. Every statement is checked to be one SELECT before it runs."""

    @property
    def dialect(self) -> Dialect:
        """The SQL it speaks."""

    def prepare(self, *, zone: str, until: int, weeks: WeekMonths | None = None) -> None:
        """Provide the functions; ``until`` is the last year for which ``LOCAL_DAY`` knows the zone's clock changes.

        ``WEEK_MONTH`` is there with ``weeks`` alone.
        """

    def beside(self) -> AbstractContextManager[Engine | None]:
        """Open another engine on the same tables, functions and kept relations, to be used by another thread at the
        same time; None where the server spreads each statement itself.

        Windows, ranks and open times are each engine's own.
        """

    def select(self, statement: str) -> list[Row]:
        """Run one SELECT and return its rows."""

    def keep(self, name: str, statement: str) -> int:
        """Run one SELECT and keep its rows as a relation under ``name``; returns how many there are."""

    def view(self, name: str, statement: str) -> None:
        """Provide one SELECT as a relation under ``name``, computed wherever it is read."""

    def windows(self, rows: Sequence[WindowRow]) -> None:
        """Provide the relation ``windows``."""

    def ranks(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Provide the relation ``ranks`` of ``n``, ``low`` and ``high``."""

    def open_time(self, hours: OpenTime) -> None:
        """Provide the relation ``open_time_<calendar>`` and the function that finds its slots."""


class Opener(Protocol):
    """Opens an engine on tables of the lake at these versions; leaving the context closes it."""

    def __call__(
        self, lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]
    ) -> AbstractContextManager[Engine]:
        """Open it; :class:`qmsreports.errors.CouldNotRun` when something that it needs is missing."""


def engine_of(name: str, *, spark: str = "", spark_lake: str = "") -> Opener:
    """Return what opens the engine of this name: ``duckdb``, or ``spark`` with the settings of the same names.

    Nothing is started or imported before it is opened; :class:`qmsreports.errors.CouldNotRun` comes from there.
    """
    if name == "spark":
        from qmsreports.kpi.spark import Spark

        return Spark(spark, lake_there=spark_lake)
    from qmsreports.kpi.execute import duckdb_engine

    return duckdb_engine
