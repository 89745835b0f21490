"""Each row by the hours of its own calendar, second by second in plain Python beside the SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import Row, by_place, catalog, instants, kpi, run
from kpi_hours import VIENNA, month_end, worked
from test_kpi_pauses import PAUSE, counted, histories, of_month

from qmsreports.catalog.fingerprint import kpi_fingerprint
from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import explain
from qmsreports.period import Period

PERIODS = ["2026-03", "2026-04", "2026-10"]
POPULATION = {"table": "cases", "period_by": "opened_at"}
BY_SITE = {"by": "site", "of": {"linz": "desk", "lyon": "office"}}
few = settings(max_examples=8, deadline=None)


@cache
def _office_days() -> tuple[int, list[int]]:
    """Seconds open before every local midnight of 2026: weekdays from nine to five, which no clock change touches."""
    day, total, sums = date(2025, 12, 1), 0, []
    for number in range(400):
        sums.append(total)
        total += 8 * 3600 if (day + timedelta(days=number)).weekday() < 5 else 0
    return day.toordinal(), sums


def office(moment: datetime) -> int:
    local = moment.astimezone(VIENNA)
    first, sums = _office_days()
    since_nine = local.hour * 3600 + local.minute * 60 + local.second - 9 * 3600
    return sums[local.toordinal() - first] + (min(max(since_nine, 0), 8 * 3600) if local.weekday() < 5 else 0)


def hours_at(site: str | None, otherwise: bool) -> Callable[[datetime], int] | None:
    return {"linz": worked, "lyon": office}.get(site or "", office if otherwise else None)


@st.composite
def cases(draw: st.DrawFn) -> list[Row]:
    found = []
    for number in range(draw(st.integers(1, 12))):
        begun = draw(instants())
        length = draw(st.none() | st.integers(-3600, 20 * 86400))
        ended = None if length is None else begun + timedelta(seconds=length)
        site = draw(st.sampled_from(["linz", "lyon", "graz", None]))
        found.append({"opened_at": begun, "closed_at": ended, "site": site, "channel": "ab"[number % 2]})
    return found


def mean_of(name: str, calendar: Any, unfinished: str, pause: Any = None, **more: Any) -> Any:
    span = {"from": "opened_at", "to": "closed_at", "calendar": calendar, **({"pause": pause} if pause else {})}
    measure = {"kind": "duration", "of": {"working_time": span}, "show": "mean", "unfinished": unfinished}
    return kpi(measure, name=name, unit="hours", population=POPULATION, **more)


def length_of(case: Row, period: str, unfinished: str, count: Callable[[datetime], int]) -> float | None:
    ended, end = case["closed_at"], month_end(period)
    if unfinished == "count_until_period_end" and (ended is None or ended >= end):
        ended = end
    length = None if ended is None else (count(ended) - count(case["opened_at"])) / 3600
    return length if length is not None and length >= 0 else None


@few
@given(cases())
def test_every_row_is_counted_in_the_hours_of_its_own_calendar(rows: list[Row]) -> None:
    """Over both clock changes; a site without a calendar has no length, or the hours of ``otherwise``."""
    asked = {
        "named": (BY_SITE, "leave_out", False),
        "named_so_far": (BY_SITE, "count_until_period_end", False),
        "all": ({**BY_SITE, "otherwise": "office"}, "leave_out", True),
        "all_so_far": ({**BY_SITE, "otherwise": "office"}, "count_until_period_end", True),
    }
    kpis = [mean_of(name, by, unfinished, slices=["channel"]) for name, (by, unfinished, _) in asked.items()]
    measured = run(kpis, rows, PERIODS)
    for name, (_, unfinished, otherwise) in asked.items():
        for period in PERIODS:
            for channel in ("", "a", "b"):
                own = [case for case in of_month(rows, period) if case["channel"] in (channel or "ab")]
                pairs = [(case, hours_at(case["site"], otherwise)) for case in own]
                found = [length_of(case, period, unfinished, count) for case, count in pairs if count is not None]
                lengths = [length for length in found if length is not None]
                result = by_place(measured, name).get((period, f"channel={channel}" if channel else ""))
                given_ = (result.n, result.value) if result is not None else (0, None)
                expected = pytest.approx(sum(lengths) / len(lengths)) if lengths else None
                assert given_ == (len(lengths), expected), (name, period, channel)


@few
@given(histories())
def test_pauses_are_taken_off_in_the_hours_of_each_row(history: tuple[list[Row], list[Row]]) -> None:
    """A history does not tell whose hours count: the same case can lie at two sites, and each takes off its own."""
    rows, changes = history
    rows = [{**case, "site": ("linz", "lyon")[number % 2]} for number, case in enumerate(rows)]
    for unfinished in ("leave_out", "count_until_period_end"):
        entry = mean_of("m", BY_SITE, unfinished, PAUSE, slices=["site"])
        measured = run(entry, rows, PERIODS, changes=changes)
        for period in PERIODS:
            for site, count in (("linz", worked), ("lyon", office)):
                lengths = []
                for case in of_month(rows, period):
                    ended, end = case["closed_at"], month_end(period)
                    if unfinished == "count_until_period_end" and (ended is None or ended >= end):
                        ended = end
                    if ended is not None and case["site"] == site:
                        lengths.append(counted(case, changes, ended, count) / 3600)
                lengths = [length for length in lengths if length >= 0]
                result = by_place(measured, "m").get((period, f"site={site}"))
                found = (result.n, result.value) if result is not None else (0, None)
                expected = pytest.approx(sum(lengths) / len(lengths)) if lengths else None
                assert found == (len(lengths), expected), (unfinished, period, site)


@few
@given(cases(), st.integers(0, 40))
def test_a_condition_counts_in_the_hours_of_the_row(rows: list[Row], hours: int) -> None:
    """What has no calendar is within no limit and beyond none."""
    span = {"working_time": {"from": "opened_at", "to": "closed_at", "calendar": BY_SITE}}
    kpis = [
        kpi({"kind": "count", "where": [{**span, word: f"{hours} hours"}]}, name=word, population=POPULATION)
        for word in ("at_most", "above")
    ]
    measured = run(kpis, rows, PERIODS)
    for period in PERIODS:
        pairs = [(case, hours_at(case["site"], False)) for case in of_month(rows, period) if case["closed_at"]]
        found = [count(case["closed_at"]) - count(case["opened_at"]) for case, count in pairs if count is not None]
        values = {word: by_place(measured, word)[period, ""].value for word in ("at_most", "above")}
        assert values["at_most"] == sum(length <= hours * 3600 for length in found), period
        assert values["above"] == sum(length > hours * 3600 for length in found), period


def test_one_calendar_for_all_rows_is_that_calendar() -> None:
    """The same numbers, censored and not, as the calendar named outright; a column may name the calendar itself."""
    begun = datetime(2026, 3, 27, 8, tzinfo=UTC)
    rows = [
        {
            "opened_at": begun + timedelta(hours=5 * n),
            "site": "desk",
            "closed_at": None if n % 3 else begun + timedelta(hours=7 * n + 2),
        }
        for n in range(12)
    ]
    by_name = {"by": "site", "among": ["desk", "office"]}
    span = {"from": "opened_at", "to": "closed_at"}
    kpis = [
        kpi(
            {"kind": "duration", "of": {"working_time": {**span, "calendar": calendar}}, "unfinished": unfinished},
            name=f"{name}_{unfinished}",
            unit="hours",
            population=POPULATION,
        )
        for unfinished in ("leave_out", "count_until_period_end", "censor")
        for name, calendar in (("plain", "desk"), ("by_name", by_name))
    ]
    measured = run(kpis, rows, ["2026-03"])
    for unfinished in ("leave_out", "count_until_period_end", "censor"):
        plain, own = (by_place(measured, f"{name}_{unfinished}")["2026-03", ""] for name in ("plain", "by_name"))
        assert (own.n, own.value, own.parts) == (plain.n, pytest.approx(plain.value), plain.parts)
        assert own.n


def test_the_rule_names_every_calendar_and_rows_without_one_are_told() -> None:
    entry = mean_of("m", BY_SITE, "leave_out")
    begun = datetime(2026, 3, 2, 8, tzinfo=UTC)
    rows = [
        {"case_id": n, "opened_at": begun, "closed_at": begun + timedelta(hours=2), "site": site}
        for n, site in enumerate(["linz", "graz", None])
    ]
    told = explain(
        catalog(entry),
        "m",
        Period.parse("2026-03"),
        approved=[1],
        lake=RowsInMemory({"cases": rows, "changes": []}),
        as_of=datetime(2026, 11, 1, tzinfo=UTC),
    )
    words = "within the hours of the calendar of its site (linz: desk, lyon: office, other rows have no length)"
    assert any(words in line for line in told.rule)
    assert ("left out: no calendar for its site", 2) in [(count.meaning, count.rows) for count in told.rows]
    assert (told.figure.n, told.figure.value) == (1, 2)


def test_the_fingerprint_covers_the_hours_of_every_calendar_that_can_apply() -> None:
    entry = mean_of("m", {**BY_SITE, "otherwise": "desk"}, "leave_out")
    (version,) = entry.versions
    assert version.calendars == ("desk", "office")
    calendars = catalog(entry).calendars
    later = {**calendars, "office": calendars["office"].model_copy(update={"time_zone": "Europe/London"})}
    assert kpi_fingerprint(entry, version, calendars) != kpi_fingerprint(entry, version, later)
    turned = mean_of("m", {"by": "site", "of": {"lyon": "office", "linz": "desk"}, "otherwise": "desk"}, "leave_out")
    assert kpi_fingerprint(turned, turned.versions[0], calendars) == kpi_fingerprint(entry, version, calendars)


REFUSED = [
    ({"by": "sites", "of": {"linz": "desk"}}, 'table cases has no column "sites"; did you mean "site"?'),
    ({"by": "pieces", "of": {"linz": "desk"}}, '"pieces" is of type number; a calendar by row needs text'),
    ({"by": "site", "of": {"linz": "desc"}}, 'there is no calendar "desc"; did you mean "desk"?'),
    (
        {"by": "site", "of": {"linz": "desk"}, "otherwise": "ofice"},
        'there is no calendar "ofice"; did you mean "office"?',
    ),
    ({"by": "site", "of": {"a\x00b": "desk"}}, "a value cannot be a text with control characters"),
]


@pytest.mark.parametrize(("calendar", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_calendar_that_cannot_be_found_is_refused(calendar: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words.replace("?", r"\?")):
        run(mean_of("m", calendar, "leave_out"), [], ["2026-03"])
