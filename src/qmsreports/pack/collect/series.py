"""Make objectives of what was read from the register: their series, parts and approved definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.fingerprint import rule_text
from qmsreports.catalog.measure import Formula, Score
from qmsreports.findings import describe
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.charts.scale import possible_range
from qmsreports.pack.collect.measured import Measured
from qmsreports.pack.objective import Change, DefinitionVersion, Objective, Point, Segment, Slice
from qmsreports.period import Period
from qmsreports.records import SpcResult
from qmsreports.register.models import Analysis
from qmsreports.register.results import Value

if TYPE_CHECKING:
    from qmsreports.catalog.kpi import Kpi, KpiVersion
    from qmsreports.catalog.load import Catalog

ENGLISH = "en"
"""Language of the findings that are stored with the analyses."""


def objective(kpi: Kpi, catalog: Catalog, measured: Measured, stopped: Mapping[str, str]) -> Objective:
    """Return one KPI with its whole window. ``stopped`` gives the message of each table whose feed did not come in."""
    rows = {row.period: row for row in measured.results.get((kpi.kpi, ""), ())}
    analysis = measured.analyses.get((kpi.kpi, ""))
    points = _points(kpi, measured, rows, analysis)
    latest = rows.get(str(measured.periods[-1]))
    version = latest.version if latest else _version_in_force(kpi, measured.periods[-1])
    definition = kpi.version(version)
    reads = definition.tables if definition else ()
    return Objective(
        kpi=kpi.kpi,
        title=kpi.told("title", spoken().code),
        question=kpi.told("question", spoken().code),
        unit=kpi.unit,
        better=kpi.better,
        owner=kpi.owner,
        feeds=kpi.feeds,
        version=version,
        small_sample=_small_sample(kpi, measured),
        settles_after=_settles(kpi, version, measured.periods[-1]),
        rules=analysis.rules if analysis else "",
        points=points,
        segments=_segments(analysis, kpi, measured.periods),
        variation=analysis.variation if analysis and not points[-1].unfinished else "common_cause",
        assurance=analysis.assurance if analysis and not points[-1].unfinished else "none",
        finding=_said(analysis, kpi, _over(measured, rows), _small_sample(kpi, measured)),
        slices=_slices(kpi, catalog, measured),
        combined=_combined(kpi, catalog, measured),
        drivers=tuple(name for name in kpi.drivers if (name, "") in measured.results),
        change=_change(analysis, latest),
        definitions=_definitions(kpi, measured, version, rows.values(), catalog),
        possible=_possible(kpi, definition, points),
        reads=tuple(sorted(latest.table_versions)) if latest and latest.table_versions else reads,
        sql=(latest.sql,) if latest and latest.sql else (),
        reservations=(
            *_accepted(kpi, catalog, measured, latest),
            *_inside(kpi, version, measured.periods[-1]),
            *([say("reservation.not_analysed")] if analysis is None and kpi.limits.chart != "none" and latest else []),
            *(
                say("reservation.stopped", table=_table(table, catalog), why=stopped[table].rstrip("."))
                for table in reads
                if table in stopped and latest is not None and latest.status == "not_valid" and not points[-1].unfit
            ),
        ),
    )


def _change(analysis: Analysis | None, latest: Value | None) -> Change | None:
    """Return the difference to the period before as it was stored with the analysis of this very value."""
    stored = analysis.result.get("change") if analysis else None
    if not stored or latest is None or (stored["period"], stored["of"]) != (latest.period, latest.value):
        return None
    return Change(value=stored["value"], low=stored["low"], high=stored["high"])


def _possible(
    kpi: Kpi, definition: KpiVersion | None, points: Sequence[Point]
) -> tuple[float | None, float | None] | None:
    """Return what values can be where the unit does not say it: what the definition says, unless a value is beyond;
    the mean of answers on a scale stays on the scale, and a gap is never below 0.
    """
    least, most = kpi.limits.least, kpi.limits.most
    if least is not None or most is not None:
        values = [point.value for point in points if point.value is not None]
        low, high = possible_range(kpi.unit, values)
        low = least if least is not None and all(value >= least for value in values) else low
        high = most if most is not None and all(value <= most for value in values) else high
        return low, high
    measure = definition.measure if definition else None
    if isinstance(measure, Formula) and measure.value.is_gap:
        return 0.0, None
    return (1.0, 7.0) if isinstance(measure, Score) and measure.type == "ces" and kpi.unit == "score" else None


def _version_in_force(kpi: Kpi, period: Period) -> int:
    version = kpi.in_force(period.start)
    return version.version if version else kpi.versions[-1].version


def _small_sample(kpi: Kpi, measured: Measured) -> int:
    """Return under how many cases a value is judged by nothing, by the definition of the period under review."""
    last = str(measured.periods[-1])
    counted = [row.version for row in measured.results.get((kpi.kpi, ""), ()) if row.period == last]
    definition = kpi.version(counted[0] if counted else _version_in_force(kpi, measured.periods[-1]))
    return definition.small_sample if definition else 0


def _settles(kpi: Kpi, number: int, period: Period) -> str:
    version = kpi.version(number)
    if version is None or not version.settles_after.days:
        return ""
    return say("reservation.until", day=figures.day(period.last_day + timedelta(days=version.settles_after.days)))


def _accepted(kpi: Kpi, catalog: Catalog, measured: Measured, latest: Value | None) -> tuple[str, ...]:
    """Say until when, why and with which action a miss was accepted that the latest value is."""
    if latest is None or latest.status != "accepted_deviation":
        return ()
    found = catalog.targets.deviation(kpi.kpi, measured.periods[-1])
    if found is None:  # the file was edited since
        return ()
    facts = {"until": figures.day(found.to), "why": found.because.rstrip("."), "action": found.action}
    return (say("reservation.accepted", **facts),)


def _inside(kpi: Kpi, number: int, period: Period) -> tuple[str, ...]:
    """Say that a later version began inside the period, which the version of its first day counts as a whole."""
    return tuple(
        say(
            "reservation.new_version",
            later=version.version,
            day=figures.day(version.effective_from),
            version=number,
        )
        for version in kpi.versions
        if period.start < version.effective_from < period.end
    )


def _said(analysis: Analysis | None, kpi: Kpi, rows: Sequence[Value], small: int) -> str:
    """Return the finding that was stored with the analysis; in another language than English the same one said again,
    by the same rule from the same points.

    It is said again in English, too, where a signal of it rests on fewer than ``small`` cases, which the analysis does
    not know: such a value is left out like a gap. And where the limits promise the target: what was stored by an
    earlier version promises it whatever the latest value says.
    """
    stored = analysis.result.get("finding") if analysis else None
    if analysis is None or not isinstance(stored, dict):
        return ""
    result, few = SpcResult.from_json(analysis.result), {row.period_start for row in rows if 0 < row.n < small}
    doubted = [point.date in few and point.kind != "common_cause" for point in result.points]
    if spoken().code == ENGLISH and result.assurance != "pass" and not any(doubted):
        return str(stored.get("title", ""))
    points = [replace(one, value=None) if out else one for one, out in zip(result.points, doubted, strict=True)]
    result = replace(result, points=tuple(points))
    known = {row.period_start: row.period for row in rows}
    named = {point.date: known[point.date] for point in result.points if point.date in known}
    return describe(
        result,
        better=kpi.better,
        unit=kpi.unit,
        target=rows[-1].target if rows else None,
        version_breaks=[b.period_start for a, b in pairwise(rows) if a.fingerprint != b.fingerprint],
        periods=named if len(named) == len(result.points) else {},
    ).title


def _over(measured: Measured, rows: Mapping[str, Value]) -> list[Value]:
    return [row for name, row in rows.items() if name not in measured.unfinished]


def _points(kpi: Kpi, measured: Measured, rows: Mapping[str, Value], analysis: Analysis | None) -> tuple[Point, ...]:
    """Return one point per period from the first that has a row; a period without a row is a gap."""
    periods = measured.periods
    judged = {point["date"]: point for point in analysis.result["points"]} if analysis else {}
    first = next((index for index, period in enumerate(periods) if str(period) in rows), len(periods) - 1)
    restated = measured.restated_rows
    points = []
    for period in periods[first:]:
        row = rows.get(str(period))
        over = str(period) not in measured.unfinished
        point = _point(period, row, judged.get(period.start.isoformat(), {}) if over else {}, measured.unfit)
        if row is not None and row.id in restated:
            point = point.model_copy(update={"restated": True})
        if row is not None and _not_reached(kpi, row):
            point = point.model_copy(update={"not_reached": True})
        points.append(point if over else _unfinished(point))
    return tuple(points)


def _not_reached(kpi: Kpi, row: Value) -> bool:
    version = kpi.version(row.version)
    return version is not None and version.not_reached(row.value, row.n, row.status)


def _unfinished(point: Point) -> Point:
    """Return the point of a period that is not over: whatever its value is, it is not judged by it yet."""
    told = {"status": "provisional", "provisional": True} if point.value is not None else {}
    return point.model_copy(update={"unfinished": True, **told})


def _point(period: Period, row: Value | None, judged: Mapping[str, Any], unfit: Mapping[str, str]) -> Point:
    if row is None:
        return Point(period=str(period), start=period.start, value=None, status="no_data")
    return Point(
        period=row.period,
        start=period.start,
        value=row.value,
        low=row.low,
        high=row.high,
        n=row.n,
        numerator=row.numerator,
        denominator=row.denominator,
        target=row.target,
        near=row.near,
        status=row.status,
        provisional=row.provisional,
        unfit=unfit.get(row.sql, "") if row.status == "not_valid" else "",
        version=row.version,
        mean=judged.get("mean"),
        lower=judged.get("lower"),
        upper=judged.get("upper"),
        signal=judged.get("signal", "none"),
        kind=judged.get("kind", "common_cause"),
    )


def _segments(analysis: Analysis | None, kpi: Kpi, periods: Sequence[Period]) -> tuple[Segment, ...]:
    if analysis is None:
        return ()
    return tuple(
        Segment(
            start=date.fromisoformat(segment["from"]),
            end=date.fromisoformat(segment["to"]),
            mean=segment["mean"],
            lower=segment["lower"],
            upper=segment["upper"],
            trial=segment["trial"],
            reason=_reason(kpi, date.fromisoformat(segment["from"]), periods) if number else "",
        )
        for number, segment in enumerate(analysis.result["segments"])
    )


def _reason(kpi: Kpi, start: date, periods: Sequence[Period]) -> str:
    """Say why limits begin anew: a definition version or a recorded change of the process since the period before."""
    before = max((period.start for period in periods if period.start < start), default=date.min)
    for version in kpi.versions:
        if before < version.effective_from <= start:
            return say("definition.version_break", version=version.version)
    for rebase in kpi.limits.rebase:
        if before < rebase.start <= start:
            return ", ".join((rebase.told("because", spoken().code), rebase.agreed.record))
    return say("limits.new")


def _slices(kpi: Kpi, catalog: Catalog, measured: Measured) -> tuple[Slice, ...]:
    """Return the parts along each declared dimension that have a value in the period, by name."""
    found = []
    for dimension in kpi.slices:
        head = f"{dimension}="
        keys = sorted(
            slice_key
            for name, slice_key in measured.results
            if name == kpi.kpi and slice_key.startswith(head) and "," not in slice_key
        )
        for key in keys:
            value = key.removeprefix(head)
            found.append(_slice(kpi, measured, key, (dimension, value, _title(dimension, value, catalog))))
    return tuple(found)


def _combined(kpi: Kpi, catalog: Catalog, measured: Measured) -> tuple[Slice, ...]:
    """Return the parts along each declared combination: ``Linz, Phone`` by ``site, channel``."""
    asked = [cut for cut in kpi.cuts if len(cut) > 1]
    found: dict[tuple[str, ...], list[Slice]] = {cut: [] for cut in asked}
    for name, key in sorted(measured.results) if asked else ():
        values = dict(measured.results[name, key][-1].slice)
        cut = next((cut for cut in asked if name == kpi.kpi and set(cut) == set(values)), None)
        if cut is not None:
            title = ", ".join(_title(dimension, values[dimension], catalog) for dimension in cut)
            own = ", ".join(values[dimension] for dimension in cut)
            found[cut].append(_slice(kpi, measured, key, (", ".join(cut), own, title)))
    return tuple(piece for pieces in found.values() for piece in pieces)


def _slice(kpi: Kpi, measured: Measured, key: str, names: tuple[str, str, str]) -> Slice:
    """Return one part; ``names`` are its dimension, its value and the title it is shown under."""
    rows = {row.period: row for row in measured.results[kpi.kpi, key]}
    analysis = measured.analyses.get((kpi.kpi, key))
    dimension, value, title = names
    points = _points(kpi, measured, rows, analysis)
    return Slice(
        dimension=dimension,
        key=value,
        title=title,
        points=points,
        segments=_segments(analysis, kpi, measured.periods),
        variation=analysis.variation if analysis and not points[-1].unfinished else "common_cause",
        assurance=analysis.assurance if analysis and not points[-1].unfinished else "none",
        finding=_said(analysis, kpi, _over(measured, rows), _small_sample(kpi, measured)),
    )


def _title(dimension: str, value: str, catalog: Catalog) -> str:
    if dimension == "site":
        return catalog.organisation.site_title(value)
    return figures.value_title(value)


def _table(name: str, catalog: Catalog) -> str:
    table = catalog.tables.get(name)
    return table.told("title", spoken().code) if table else name.replace("_", " ")


def _definitions(
    kpi: Kpi, measured: Measured, in_force: int, rows: Iterable[Value], catalog: Catalog
) -> tuple[DefinitionVersion, ...]:
    """Return every version with its approvals, by the fingerprint that the results carry."""
    from qmsreports.catalog.fingerprint import kpi_fingerprint

    used = {row.version: row.fingerprint for row in rows}
    found = []
    for version in kpi.versions:
        fingerprint = used.get(version.version) or kpi_fingerprint(kpi, version, catalog.calendars)
        found.append(
            DefinitionVersion(
                version=version.version,
                effective_from=version.effective_from,
                why=version.told("why", spoken().code),
                rule=rule_text(version),
                fingerprint=fingerprint,
                approved=measured.approvals.get((kpi.kpi, fingerprint), ()),
                in_force=version.version == in_force,
            )
        )
    return tuple(found)
