"""Each KPI once more, in pandas and straight from the raw files: no code, no table and no SQL of the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.real.raw import Raw

Key = tuple[str, str, str]
"""Period, name of the slice and its value; both empty for the whole."""


@dataclass(frozen=True)
class Expected:
    """A value with what it was divided from, where it was."""

    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None


def _grouped(
    rows: pd.DataFrame, day: str, slices: Iterable[str], figure: Callable[[pd.DataFrame], Expected]
) -> dict[Key, Expected]:
    """Apply a figure to the rows of each month, whole and by slice."""
    months = rows[day].dt.strftime("%Y-%m")
    found: dict[Key, Expected] = {}
    for month, part in rows.groupby(months):
        found[str(month), "", ""] = figure(part)
        for name in slices:
            found |= {(str(month), name, str(value)): figure(piece) for value, piece in part.groupby(name)}
    return found


def _share(above: pd.Series, below: pd.Series, scale: float) -> Expected:
    top, bottom = float(above.sum()), float(below.sum())
    return Expected(scale * top / bottom, int(bottom), top, bottom)


def _median(lengths: pd.Series) -> Expected:
    known = np.sort(lengths.dropna().to_numpy(dtype=float))
    middle = len(known) // 2
    value = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
    return Expected(float(value), len(known))


# --- sales -----------------------------------------------------------------------------------------------------------
def _decided(raw: Raw) -> pd.DataFrame:
    return raw.deals[raw.deals["deal_stage"].isin(["Won", "Lost"])]


def win_rate(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        _decided(raw),
        "close_date",
        ("office", "product"),
        lambda part: _share(part["deal_stage"] == "Won", part["deal_stage"] != "", 100),
    )


def sales_cycle(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        _decided(raw),
        "close_date",
        ("office",),
        lambda part: _median((part["close_date"] - part["engage_date"]).dt.days),
    )


def sales_cycle_of_all(raw: Raw) -> dict[Key, Expected]:
    """Kaplan-Meier median over the deals begun in the twelve months up to each month, as known at its end."""
    found: dict[Key, Expected] = {}
    for month in pd.period_range("2016-01", "2017-12", freq="M"):
        start, end = (month - 11).start_time, (month + 1).start_time
        begun = raw.deals[(raw.deals["engage_date"] >= start) & (raw.deals["engage_date"] < end)]
        if begun.empty:
            continue
        over = begun["close_date"] < end
        days = (begun["close_date"].where(over, end) - begun["engage_date"]).dt.days
        surviving, median = 1.0, None
        for length in sorted(days[over].unique()):
            ended, at_risk = int((days[over] == length).sum()), int((days >= length).sum())
            surviving *= 1 - ended / at_risk
            if surviving <= 0.5 + 1e-12:
                median = float(length)
                break
        found[str(month), "", ""] = Expected(median, len(begun))
    return found


# --- production ------------------------------------------------------------------------------------------------------
def _judged(rows: pd.DataFrame) -> pd.Series:
    return rows["Qty Completed"] + rows["Qty Rejected"] + rows["Qty for MRB"]


def _parts(raw: Raw) -> pd.DataFrame:
    return raw.operations.rename(columns={"Part Desc.": "part"})


def defects_ppm(raw: Raw) -> dict[Key, Expected]:
    rows = _parts(raw)
    return _grouped(
        rows[_judged(rows) > 0],
        "Complete Timestamp",
        ("part",),
        lambda part: _share(part["Qty Rejected"], _judged(part), 1e6),
    )


def first_pass_yield(raw: Raw) -> dict[Key, Expected]:
    rows = _parts(raw)
    return _grouped(
        rows[_judged(rows) > 0],
        "Complete Timestamp",
        ("part",),
        lambda part: _share(part["Qty Completed"].where(part["Rework"] != "Y", 0), _judged(part), 100),
    )


def rework_share(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        raw.operations,
        "Complete Timestamp",
        (),
        lambda part: _share(part["Rework"] == "Y", part["Case ID"] != "", 100),
    )


def lead_time(raw: Raw) -> dict[Key, Expected]:
    whole = raw.reports.groupby("Case ID").filter(lambda order: order["Start Timestamp"].notna().all())
    orders = whole.groupby("Case ID").agg(begun=("Start Timestamp", "min"), ended=("Complete Timestamp", "max"))
    return _grouped(
        orders, "ended", (), lambda part: _median((part["ended"] - part["begun"]).dt.total_seconds() / 86_400)
    )


# --- customers -------------------------------------------------------------------------------------------------------
def nps(raw: Raw) -> dict[Key, Expected]:
    """The one wave, which stands on a day of June 2017."""
    scores = raw.answers["nps"][raw.answers["nps"] != "NA"].astype(int)
    promoters, detractors = int((scores >= 9).sum()), int((scores <= 6).sum())
    return {("2017-06", "", ""): Expected(100 * (promoters - detractors) / len(scores), len(scores))}


# --- incidents -------------------------------------------------------------------------------------------------------
def sla_met(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        raw.incidents,
        "closed_at",
        ("priority",),
        lambda part: _share(part["made_sla"] == "true", part["number"] != "", 100),
    )


def reopened_share(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        raw.incidents,
        "closed_at",
        (),
        lambda part: _share(part["reopen_count"].astype(int) >= 1, part["number"] != "", 100),
    )


def resolution_time(raw: Raw) -> dict[Key, Expected]:
    return _grouped(
        raw.incidents,
        "resolved_at",
        ("priority",),
        lambda part: _median((part["resolved_at"] - part["opened_at"]).dt.total_seconds() / 3600),
    )


def _office_hours(moments: pd.Series) -> pd.Series:
    """Hours from the beginning of 2016 in which an office is open Monday to Friday, nine to five."""
    days = moments.dt.normalize()
    before = np.busday_count("2016-01-01", days.to_numpy().astype("datetime64[D]"))
    today = ((moments - days).dt.total_seconds() / 3600 - 9).clip(0, 8).where(days.dt.day_of_week < 5, 0)
    return 8.0 * before + today


def resolution_in_hours_worked(raw: Raw) -> dict[Key, Expected]:
    def ninth_of_ten(part: pd.DataFrame) -> Expected:
        hours = _office_hours(part["resolved_at"]) - _office_hours(part["opened_at"])
        return Expected(float(np.quantile(hours, 0.9)), len(hours))

    return _grouped(raw.incidents, "resolved_at", (), ninth_of_ten)


def incident_backlog(raw: Raw) -> dict[Key, Expected]:
    found: dict[Key, Expected] = {}
    for month in pd.period_range("2016-01", "2017-12", freq="M"):
        end = (month + 1).start_time
        still = raw.incidents[(raw.incidents["opened_at"] < end) & (raw.incidents["closed_at"] >= end)]
        found[str(month), "", ""] = Expected(float(len(still)), len(still))
        for priority, part in still.groupby("priority"):
            found[str(month), "priority", str(priority)] = Expected(float(len(part)), len(part))
    return found


KPIS: dict[str, Callable[[Raw], dict[Key, Expected]]] = {
    oracle.__name__: oracle
    for oracle in (
        defects_ppm,
        first_pass_yield,
        incident_backlog,
        lead_time,
        nps,
        reopened_share,
        resolution_in_hours_worked,
        resolution_time,
        rework_share,
        sales_cycle,
        sales_cycle_of_all,
        sla_met,
        win_rate,
    )
}
