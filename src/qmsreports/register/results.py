"""KPI results and analyses: inserted, never updated; the newest row of a series is what is believed now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from qmsreports.period import Period
from qmsreports.records import KpiResult
from qmsreports.register.models import Analysis, Measurement, RestatementCandidate, Result, SqlText
from qmsreports.register.written import insert_many

Value = Result | Row[Any]
"""A row of the results: the whole record, or of :func:`latest_values`, which has the same names."""


def slice_key(slice_: Mapping[str, str]) -> str:
    """Return the text under which a slice is stored: ``""`` for the whole, ``channel=chat,site=linz`` otherwise."""
    return ",".join(f"{name}={value}" for name, value in sorted(slice_.items()))


def store_sql(session: Session, texts: Mapping[str, str], *, engine: str) -> None:
    """Store SQL texts under their sha256, each once."""
    known = set(session.scalars(select(SqlText.sha256).where(SqlText.sha256.in_(list(texts)))))
    session.add_all(
        SqlText(sha256=sha, engine=engine, text=sql) for sha, sql in sorted(texts.items()) if sha not in known
    )


def add_result(session: Session, result: KpiResult, *, run_id: str, supersedes: int, why: str, at: datetime) -> Result:
    """Insert one result that replaces the row ``supersedes`` (0 for the first of its series)."""
    row = Result(**_columns(result, supersedes, why), run_id=run_id, computed_at=at)
    session.add(row)
    return row


def add_results(session: Session, results: Iterable[tuple[KpiResult, int, str]], *, run_id: str, at: datetime) -> None:
    """Insert many (result, id of the row it replaces, why): a third of the time of one by one."""
    rows = [
        {**_columns(result, supersedes, why), "run_id": run_id, "computed_at": at}
        for result, supersedes, why in results
    ]
    if rows:
        insert_many(session, Result, rows)


def _columns(result: KpiResult, supersedes: int, why: str) -> dict[str, Any]:
    return {
        "kpi": result.kpi,
        "version": result.version,
        "period": str(result.period),
        "period_start": result.period.start,
        "slice_key": slice_key(result.slice),
        "slice": dict(result.slice),
        "unit": result.unit,
        "value": result.value,
        "numerator": result.numerator,
        "denominator": result.denominator,
        "n": result.n,
        "low": result.low,
        "high": result.high,
        "target": result.target,
        "near": result.near,
        "status": result.status,
        "provisional": result.provisional,
        "fingerprint": result.fingerprint,
        "sql": result.sql,
        "table_versions": dict(result.table_versions),
        "parts": dict(result.parts),
        "supersedes": supersedes,
        "why": why,
    }


def latest_results(
    session: Session,
    *,
    kpis: Iterable[str] = (),
    periods: Iterable[Period | str] = (),
    as_of: datetime | None = None,
) -> Sequence[Result]:
    """Newest row of every (kpi, period, slice), ordered by them; ``as_of`` gives what was believed at that instant."""
    return session.scalars(_latest(select(Result), kpis, periods, as_of)).all()


def latest_points(session: Session, *, periods: Iterable[Period] = ()) -> Sequence[Row[Any]]:
    """Return of the rows of :func:`latest_results` only what a series is made of: a third of the time."""
    columns = ("kpi", "slice_key", "period_start", "value", "status", "target", "fingerprint")
    return session.execute(_latest(select(*(getattr(Result, name) for name in columns)), (), periods, None)).all()


def latest_values(
    session: Session, *, kpis: Iterable[str], periods: Iterable[Period], as_of: datetime
) -> Sequence[Row[Any]]:
    """Return the rows of :func:`latest_results` with what a pack shows of them, in half the time.

    Left out is what each is computed again from: its parts, its run, and what it replaces.
    """
    columns = [column for column in Result.__table__.c if column.name not in ("parts", "run_id", "supersedes")]
    return session.execute(_latest(select(*columns), kpis, periods, as_of)).all()


def slices_on_record(
    session: Session, periods: Iterable[Period]
) -> dict[str, dict[Period, set[tuple[tuple[str, str], ...]]]]:
    """Return the slices that have a row, by KPI and period."""
    named = {str(period): period for period in periods}
    found: dict[str, dict[Period, set[tuple[tuple[str, str], ...]]]] = {}
    for kpi, period, cut in session.execute(_latest(select(Result.kpi, Result.period, Result.slice), (), named, None)):
        if cut:
            found.setdefault(kpi, {}).setdefault(named[period], set()).add(tuple(cut.items()))
    return found


def _latest(
    query: Select[Any], kpis: Iterable[str], periods: Iterable[Period | str], as_of: datetime | None
) -> Select[Any]:
    newest = select(func.max(Result.id)).group_by(Result.kpi, Result.period, Result.slice_key)
    if as_of is not None:
        newest = newest.where(Result.computed_at <= as_of)
    query = query.where(Result.id.in_(newest))
    names = list(kpis)
    if names:
        query = query.where(Result.kpi.in_(names))
    wanted = [str(period) for period in periods]
    if wanted:
        query = query.where(Result.period.in_(wanted))
    return query.order_by(Result.kpi, Result.period_start, Result.slice_key)


def as_record(row: Result, period: Period | None = None) -> KpiResult:
    """Return the stored row as the record that stages exchange; ``period`` is the one it names, if known already."""
    return KpiResult(
        kpi=row.kpi,
        version=row.version,
        period=period or Period.parse(row.period),
        slice=dict(row.slice),
        unit=row.unit,
        value=row.value,
        numerator=row.numerator,
        denominator=row.denominator,
        n=row.n,
        low=row.low,
        high=row.high,
        target=row.target,
        near=row.near,
        status=row.status,
        provisional=row.provisional,
        fingerprint=row.fingerprint,
        sql=row.sql,
        table_versions=dict(row.table_versions),
        parts=dict(row.parts),
    )


def valid_before(session: Session, row: Result) -> Result | None:
    """Return the newest value before this one that had a valid feed, ``None`` where there is none."""
    found: Result | None = row
    while found is not None and found.status == "not_valid":
        found = session.get(Result, found.supersedes) if found.supersedes else None
    return found


def add_candidate(session: Session, settled: Result, new: KpiResult, *, run_id: str, at: datetime) -> None:
    """Note that today's data would change a settled value; the same difference is noted once."""
    known = session.scalars(
        select(RestatementCandidate)
        .where(RestatementCandidate.result_id == settled.id)
        .order_by(RestatementCandidate.id.desc())
        .limit(1)
    ).first()
    same = (
        known is not None
        and known.open
        and (known.value, known.numerator, known.denominator) == (new.value, new.numerator, new.denominator)
    )
    if not same:
        session.add(_candidate(settled, new, run_id=run_id, at=at))


def close_candidate(session: Session, settled: Result, new: KpiResult, *, run_id: str, at: datetime) -> None:
    """Note that today's data give the settled value again; what was noted before stays in the record."""
    session.add(_candidate(settled, new, run_id=run_id, at=at, is_open=False))


def _candidate(
    settled: Result, new: KpiResult, *, run_id: str, at: datetime, is_open: bool = True
) -> RestatementCandidate:
    return RestatementCandidate(
        run_id=run_id,
        result_id=settled.id,
        kpi=new.kpi,
        period=str(new.period),
        slice_key=slice_key(new.slice),
        value=new.value,
        numerator=new.numerator,
        denominator=new.denominator,
        n=new.n,
        at=at,
        open=is_open,
    )


def finished_measurement(session: Session, inputs: str) -> dict[str, Any] | None:
    """Return the summary of a measurement of these inputs; ``None`` when a value was written since, or there is none.

    To measure again would then compute the same values and find each in the record.
    """
    known = session.scalars(
        select(Measurement).where(Measurement.inputs == inputs).order_by(Measurement.id.desc()).limit(1)
    ).first()
    if known is None or (known.results, known.candidates) != _rows(session):
        return None
    return dict(known.summary)


def last_measurement(session: Session) -> dict[str, Any] | None:
    """Return the state that the newest measurement left; None when there is none or a value was written since."""
    known = session.scalars(select(Measurement).order_by(Measurement.id.desc()).limit(1)).first()
    if known is None or (known.results, known.candidates) != _rows(session):
        return None
    state: dict[str, Any] | None = known.summary.get("state")
    return state


def candidates_of(session: Session, results: Collection[int], as_of: datetime | None = None) -> dict[int, float | None]:
    """Return by result what later data would make of it, of those for which another value was noted by ``as_of``."""
    return {row.result_id: row.value for row in open_candidates(session, as_of) if row.result_id in results}


def with_candidates(session: Session) -> frozenset[int]:
    """Return the results for which another value is noted."""
    return frozenset(row.result_id for row in open_candidates(session))


def open_candidates(session: Session, as_of: datetime | None = None) -> Sequence[RestatementCandidate]:
    """Return the newest note on each result, as of those that the data gave again nothing is open."""
    newest = select(func.max(RestatementCandidate.id)).group_by(RestatementCandidate.result_id)
    if as_of is not None:
        newest = newest.where(RestatementCandidate.at <= as_of)
    query = select(RestatementCandidate).where(RestatementCandidate.id.in_(newest), RestatementCandidate.open)
    return session.scalars(query.order_by(RestatementCandidate.id)).all()


def waiting(session: Session, periods: Collection[str], as_of: datetime) -> int:
    """Count the whole values believed at ``as_of``, of these periods, that later data would change."""
    believed = select(func.max(Result.id)).where(Result.computed_at <= as_of, Result.slice_key == "")
    newest = set(session.scalars(believed.group_by(Result.kpi, Result.period)))
    return sum(row.result_id in newest and row.period in periods for row in open_candidates(session, as_of))


def record_measurement(
    session: Session, *, run_id: str, period: str, inputs: str, summary: dict[str, Any], at: datetime
) -> None:
    """Note, in the transaction that wrote its values, that a measurement is finished."""
    session.flush()
    results, candidates = _rows(session)
    session.add(
        Measurement(
            run_id=run_id,
            period=period,
            inputs=inputs,
            results=results,
            candidates=candidates,
            summary=summary,
            at=at,
        )
    )


def is_measured(session: Session, period: Period) -> bool:
    """Tell whether a period was measured: by values on record, or by a measurement of it that found none.

    The measurement of the month that closes a quarter or a year measures that, too, as far as the record reaches.
    """
    asked = {str(period), str(Period.containing(period.last_day, "month", period.of))}
    valued = select(Result.id).where(Result.period == str(period)).limit(1)
    tried = select(Measurement.id).where(Measurement.period.in_(asked)).limit(1)
    return session.scalar(valued) is not None or session.scalar(tried) is not None


def _rows(session: Session) -> tuple[int, int]:
    counts = (session.scalar(select(func.count()).select_from(table)) for table in (Result, RestatementCandidate))
    results, candidates = (count or 0 for count in counts)
    return results, candidates


def values_on_record(session: Session) -> tuple[Any, ...]:
    """Return what tells that a value was written since, or put in the place of another: as nothing is ever deleted,
    the number of values says the first, and their newest instant and sums the second, of a register that was put back.
    """
    of = (func.count(), func.max(Result.id), func.max(Result.computed_at), func.sum(Result.value), func.sum(Result.n))
    return tuple(session.execute(select(*of)).one())


def analyses_on_record(session: Session) -> tuple[int, int]:
    """Return how many analyses there are and the number of the newest."""
    count, newest = session.execute(select(func.count(), func.max(Analysis.id))).one()
    return count or 0, newest or 0


def analysed_inputs(session: Session, period: str) -> dict[tuple[str, str], str]:
    """Return by KPI and slice the inputs of the analysis up to this period that holds: the newest."""
    query = select(Analysis.kpi, Analysis.slice_key, Analysis.inputs).where(Analysis.id.in_(_newest_analyses(period)))
    return {(kpi, slice_key): inputs for kpi, slice_key, inputs in session.execute(query)}


def _newest_analyses(period: str) -> Select[Any]:
    return select(func.max(Analysis.id)).where(Analysis.period == period).group_by(Analysis.kpi, Analysis.slice_key)


def store_analysis(
    session: Session,
    *,
    run_id: str,
    kpi: str,
    period: str,
    slice_key: str,
    inputs: str,
    json: dict[str, Any],
    at: datetime,
) -> bool:
    """Store an analysis unless the one that holds was made of the same inputs; returns whether it was new."""
    if analysed_inputs(session, period).get((kpi, slice_key)) == inputs:
        return False
    session.add(
        Analysis(
            run_id=run_id,
            kpi=kpi,
            period=period,
            slice_key=slice_key,
            rules=json["rules"],
            variation=json["variation"],
            assurance=json["assurance"],
            signal=json["points"][-1]["signal"] if json["points"] else "none",
            inputs=inputs,
            result=json,
            at=at,
        )
    )
    return True


def store_analyses(
    session: Session, period: str, found: Sequence[tuple[str, str, str, dict[str, Any]]], *, run_id: str, at: datetime
) -> int:
    """Insert many (KPI, slice, inputs, analysis) that :func:`analysed_inputs` does not have; returns how many.

    All at once costs a fifth of one by one, and a measurement has some hundred.
    """
    rows = [
        {
            "run_id": run_id,
            "kpi": kpi,
            "period": period,
            "slice_key": slice_key,
            "rules": json["rules"],
            "variation": json["variation"],
            "assurance": json["assurance"],
            "signal": json["points"][-1]["signal"] if json["points"] else "none",
            "inputs": inputs,
            "result": json,
            "at": at,
        }
        for kpi, slice_key, inputs, json in found
    ]
    if rows:
        insert_many(session, Analysis, rows)
    return len(rows)


def analyses_of(session: Session, period: str) -> Sequence[Analysis]:
    """Newest analysis of every series up to this period."""
    query = select(Analysis).where(Analysis.id.in_(_newest_analyses(period)))
    return session.scalars(query.order_by(Analysis.kpi, Analysis.slice_key)).all()
