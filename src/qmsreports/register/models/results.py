"""KPI values, the SQL behind them, and what the statistics said; all append-only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from qmsreports.register.models.base import Base


class SqlText(Base):
    """A SQL text that produced results, stored once under its sha256."""

    __tablename__ = "sql_texts"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    engine: Mapped[str]
    text: Mapped[str] = mapped_column(Text)


class Result(Base):
    """One KPI value as it was believed from ``computed_at`` on.

    ``supersedes`` is the id of the value it replaces (0 for the first), unique per series: two runs at once cannot both
    replace the same value.
    """

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint("kpi", "period", "slice_key", "supersedes"),
        Index("ix_results_period", "period", "kpi"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    kpi: Mapped[str]
    version: Mapped[int]
    period: Mapped[str]
    period_start: Mapped[date]
    slice_key: Mapped[str]  # "" for the whole, else "site=linz", sorted by name
    slice: Mapped[dict[str, Any]]
    unit: Mapped[str]
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    n: Mapped[int]
    low: Mapped[float | None]
    high: Mapped[float | None]
    target: Mapped[float | None]
    near: Mapped[float | None]
    status: Mapped[str]
    provisional: Mapped[bool]
    fingerprint: Mapped[str]
    sql: Mapped[str]
    table_versions: Mapped[dict[str, Any]]
    parts: Mapped[dict[str, Any]]
    supersedes: Mapped[int]
    why: Mapped[str] = mapped_column(Text, default="")  # first | late data | target | restatement: ...
    computed_at: Mapped[datetime]


class Measurement(Base):
    """One finished measurement: what it was made from, what it came to, and the state of the record it left.

    ``results`` and ``candidates`` are how many rows the record held then. As nothing is ever deleted, the same numbers
    later mean that nobody has written a value since.
    """

    __tablename__ = "measurements"
    __table_args__ = (Index("ix_measurements_inputs", "inputs"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    period: Mapped[str]
    inputs: Mapped[str]  # sha256 over all that the values depend on
    results: Mapped[int]
    candidates: Mapped[int]
    summary: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class RestatementCandidate(Base):
    """A settled value that the data of its day would change; it stays as published until somebody restates it.

    The newest row of a result holds. One that is not ``open`` notes that the data give the published value again.
    """

    __tablename__ = "restatement_candidates"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    result_id: Mapped[int] = mapped_column(index=True)
    kpi: Mapped[str]
    period: Mapped[str]
    slice_key: Mapped[str]
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    n: Mapped[int]
    at: Mapped[datetime]
    open: Mapped[bool] = mapped_column(default=True, server_default=true())


class Analysis(Base):
    """What the statistics said of one KPI series up to one period; the newest of a series holds.

    The same inputs may come again after others: a feed that failed and recovered.
    """

    __tablename__ = "analyses"
    __table_args__ = (Index("ix_analyses_period", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    kpi: Mapped[str]
    period: Mapped[str]
    slice_key: Mapped[str]
    rules: Mapped[str]
    variation: Mapped[str]
    assurance: Mapped[str]
    signal: Mapped[str]  # of the latest point
    inputs: Mapped[str]  # sha256 over the series, target and options
    result: Mapped[dict[str, Any]]  # the JSON of SpcResult
    at: Mapped[datetime]
