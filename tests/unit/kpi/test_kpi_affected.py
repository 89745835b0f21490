"""No value moves outside the periods that the touched months name, whatever the kind of measure."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import Row, cases, catalog, kpi, run

from qmsreports.catalog.kpi import Kpi
from qmsreports.kpi.affected import Touched, affected
from qmsreports.kpi.selection import select
from qmsreports.period import Period

PERIODS = [f"2026-0{month}" for month in range(1, 6)]
OPENED = {"table": "cases", "period_by": "opened_on"}
DATES = ("opened_on", "due_on", "closed_on")


def kpis() -> list[Kpi]:
    late = {"count": "rows", "where": [{"field": "closed_on", "above": {"field": "due_on"}}]}
    due = {"count": "rows", "population": {"table": "cases", "period_by": "due_on"}}
    nps = {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}
    rolling = {"last": 3, "of": "month"}
    span = {"elapsed": {"from": "opened_on", "to": "closed_on"}}
    return [
        kpi({"kind": "count"}, name="counted", population=OPENED, slices=["site"]),
        kpi({"kind": "ratio", "numerator": late, "denominator": due}, name="two", unit="percent", population=OPENED),
        kpi({"kind": "mean", "of": "minutes"}, name="rolling", unit="minutes", population=OPENED, window=rolling),
        kpi(
            {"kind": "sum", "of": "pieces"},
            name="year",
            population={**OPENED, "period_by": "due_on"},
            window={"to_date": "year"},
        ),
        kpi(nps, name="score", unit="points", population=OPENED),
        kpi({"kind": "level", "from": "opened_on", "to": "closed_on"}, name="level", population={"table": "cases"}),
        kpi(
            {"kind": "duration", "of": span, "unfinished": "count_until_period_end"},
            name="length",
            unit="days",
            population=OPENED,
            slices=["site"],
        ),
        kpi({"kind": "percentile", "of": "minutes", "p": 80}, name="spread", unit="minutes", population=OPENED),
        kpi({"kind": "formula", "value": {"add": [{"kpi": "counted"}, {"kpi": "level"}]}}, name="both"),
        kpi({"kind": "formula", "value": {"multiply": [{"kpi": "both"}, {"number": 2}]}}, name="above"),
    ]


def touched(before: list[Row], after: list[Row]) -> Touched:
    months: dict[str, set[str]] = {}
    for old, new in zip(before, after, strict=True):
        if old != new:
            for row in (old, new):
                for name in DATES:
                    if row.get(name):
                        months.setdefault(name, set()).add(row[name].isoformat()[:7])
    return {"cases": months}


def wanted(moved: Touched) -> dict[str, set[Period]]:
    entries = kpis()
    tasks = select(catalog(*entries), {entry.kpi: [1] for entry in entries}, [Period.parse(name) for name in PERIODS])
    return affected(tasks, moved)


@settings(max_examples=12, deadline=None)
@given(cases(12), cases(12), st.integers(0, 3))
def test_what_is_left_out_has_not_moved(old: list[Row], new: list[Row], changed: int) -> None:
    """The first few rows become others, or go, or come; the rest stay."""
    size = max(len(old), len(new))
    before = [old[at] if at < len(old) else {} for at in range(size)]
    after = [(new[at] if at < len(new) else {}) if at < changed else row for at, row in enumerate(before)]
    found = wanted(touched(before, after))

    def values(rows: list[Row]) -> dict[tuple[str, str, str], object]:
        return {
            (result.kpi, str(result.period), str(result.slice)): (result.value, result.n)
            for result in run(kpis(), rows, PERIODS).results
        }

    first, second = values(before), values(after)
    for place in first.keys() | second.keys():
        if first.get(place) != second.get(place):
            assert Period.parse(place[1]) in found[place[0]], place


def test_one_changed_month_names_the_periods_that_cover_it() -> None:
    found = wanted({"cases": {"opened_on": {"2026-02"}, "due_on": {"2026-03"}}})
    months = {name: sorted(str(period)[-2:] for period in periods) for name, periods in found.items()}
    assert months["score"] == months["spread"] == months["length"] == ["02"]
    assert months["two"] == ["02", "03"]
    assert months["rolling"] == ["02", "03", "04"]
    assert months["year"] == ["03", "04", "05"]
    assert months["level"] == months["both"] == months["above"] == ["02", "03", "04", "05"]
    assert months["counted"] == months["both"], "what a formula reads is computed with it"


def test_nothing_and_anything() -> None:
    assert not any(wanted({}).values())
    assert not any(wanted({"orders": None}).values())
    assert all(len(periods) == len(PERIODS) for periods in wanted({"cases": None}).values())
