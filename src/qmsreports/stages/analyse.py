"""From KPI values to what the statistics say of them: limits, signals, and the finding in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qmsreports.fiscal import CALENDAR
from qmsreports.period import Period
from qmsreports.records import Tell, silent
from qmsreports.settings import Settings
from qmsreports.stages import analysed
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import Row

    from qmsreports.catalog.kpi import Kpi
    from qmsreports.register.models import Result

_EDITION = 2
"""Of the rules and sentences of an analysis: where it goes up, a series is analysed again with the inputs it had.

2: no limits under five values, no value of a period that is not over, sentences that name every episode in view.
"""

_FEW = 3
"""Quarters or years of a slice from which on it is analysed: the limits of two values tell nothing of a part."""


def analyse(period: str, *, run_id: str, at: datetime, tell: Tell = silent, settings: Settings | None = None) -> int:
    """Tell signal from noise in every series up to ``period``; returns how many series were analysed anew.

    A series is one KPI and one slice. Limits start anew where a definition changed; a period that is not valid or
    has no data is a gap, never a zero. A period that was not over when the sources were last read takes no part: half a
    month moves no limit and is no signal.
    """
    from qmsreports.kpi.asked import asked

    with Workspace(settings) as workspace:
        reported = Period.parse(period, workspace.catalog.organisation.fiscal)
        return sum(
            _analyse(workspace, entry.last, entry.periods, run_id=run_id, at=at, tell=tell)
            for entry in asked(workspace.catalog, reported, at)
        )


def _analyse(
    workspace: Workspace, last: Period, periods: Sequence[Period], *, run_id: str, at: datetime, tell: Tell
) -> int:
    from qmsreports.register import feeds, results

    zone = ZoneInfo(workspace.catalog.organisation.time_zone)
    with workspace.register.read() as session:
        read_on = (feeds.read_at(session, at) or at).astimezone(zone).date()
        over = [one for one in periods if one.end <= read_on]
        ground = analysed.Ground.of(workspace, session, last, over)
        if analysed.stands(session, ground):
            return 0
        rows = results.latest_points(session, periods=over) if over else ()
    series: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        series.setdefault((row.kpi, row.slice_key), []).append(row)
    newest = _newest_two(workspace, over)
    monthly = (last.kind, last.of) == ("month", CALENDAR)  # a date alone names a calendar month, and nothing else
    names = {} if monthly else {one.start: str(one) for one in periods}
    with workspace.register.write() as session:
        before = results.analysed_inputs(session, str(last))
        anew: list[tuple[str, str, str, dict[str, Any]]] = []
        for (name, slice_key), values in sorted(series.items()):
            kpi = workspace.catalog.kpis.get(name)
            if kpi is None or kpi.limits.chart == "none" or (names and slice_key and len(values) < _FEW):
                continue
            tell(f"analyse {name}", 0)
            inputs = _series_inputs(kpi, values, names)
            if not slice_key and (change := _change(workspace, newest.get(name, ()), values)):
                inputs["change"] = change
            digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
            if before.get((name, slice_key)) != digest:
                anew.append((name, slice_key, digest, _analysed(inputs)))
        stored = results.store_analyses(session, str(last), anew, run_id=run_id, at=at)
        left = results.analyses_on_record(session)
    analysed.note(ground, left)
    return stored


def _newest_two(workspace: Workspace, over: Sequence[Period]) -> dict[str, list[Result]]:
    """Return by KPI the wholes of the last two periods, with all that they were made of."""
    from qmsreports.register import results

    if len(over) < 2:
        return {}
    found: dict[str, list[Result]] = {}
    with workspace.register.read() as session:
        for row in results.latest_results(session, periods=over[-2:]):
            if not row.slice_key:
                found.setdefault(row.kpi, []).append(row)
    return found


def _change(workspace: Workspace, rows: Sequence[Result], values: Sequence[Row[Any]]) -> dict[str, Any] | None:
    """Return the last value less the one before with the interval of this difference; None where there is none."""
    from qmsreports.stages.change import change_of

    if len(rows) < 2 or rows[-1].period_start != values[-1].period_start:
        return None
    found = change_of(workspace.catalog, rows[-2], rows[-1])
    if found.change is None or found.change_low is None or found.change_high is None:
        return None
    ends = {"value": found.change, "low": found.change_low, "high": found.change_high}
    return {"period": rows[-1].period, "of": rows[-1].value, **ends}


def _series_inputs(kpi: Kpi, values: Sequence[Row[Any]], names: Mapping[date, str]) -> dict[str, Any]:
    breaks = [
        after.period_start.isoformat() for before, after in pairwise(values) if before.fingerprint != after.fingerprint
    ]
    inputs: dict[str, Any] = {
        "edition": _EDITION,
        "rules": kpi.limits.rules,
        "better": kpi.better,
        "unit": kpi.unit,
        "points": [[row.period_start.isoformat(), row.value if row.status != "not_valid" else None] for row in values],
        "targets": [row.target for row in values],
        "version_breaks": breaks,
        "rebase": [rebase.start.isoformat() for rebase in kpi.limits.rebase],
    }
    if names:
        inputs["periods"] = {row.period_start.isoformat(): names[row.period_start] for row in values}
    return inputs


def _analysed(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the analysis with its finding in words, so that every reader of the register says the same."""
    from qmsreports.analysis import analyse_series
    from qmsreports.findings import describe

    breaks = [date.fromisoformat(day) for day in inputs["version_breaks"]]
    result = analyse_series(
        [(date.fromisoformat(day), value) for day, value in inputs["points"]],
        better=inputs["better"],
        target=inputs["targets"],
        rules=inputs["rules"],
        version_breaks=breaks,
        rebase=[date.fromisoformat(day) for day in inputs["rebase"]],
    )
    finding = describe(
        result,
        better=inputs["better"],
        unit=inputs["unit"],
        target=inputs["targets"][-1],
        version_breaks=breaks,
        periods={date.fromisoformat(day): name for day, name in inputs.get("periods", {}).items()},
    )
    said = {"rule": finding.rule, "title": finding.title, "alt": finding.alt}
    change = {"change": inputs["change"]} if "change" in inputs else {}
    return {**result.to_json(), "finding": said, **change}
