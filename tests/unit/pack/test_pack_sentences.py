"""What is said of a series: no rise or fall without a signal, and every reservation beside its number."""

# ruff: noqa: RUF001
from __future__ import annotations

from datetime import date

import pytest

from qmsreports.language import speaking
from qmsreports.pack import figures
from qmsreports.pack.finding import (
    change_sentence,
    current_run,
    ended_run,
    headline,
    limits_sentence,
    reservations,
    signal_words,
    value_sentence,
)
from qmsreports.pack.objective import Change, Objective, Point, Segment
from qmsreports.pack.view.board import chart_text


def points(*marks: str, mean: float = 90.0, better: str = "higher") -> tuple[Point, ...]:
    """One point per mark, monthly up to October 2026: ``.`` nothing, ``-`` no value, else a signal's word."""
    found = []
    for offset, mark in enumerate(marks):
        month = 10 - len(marks) + 1 + offset
        start = date(2026 + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        high = mark.endswith(("above_limit", "up", "high"))
        kind = "common_cause" if mark in ".-" else "improvement" if high == (better == "higher") else "concern"
        value = None if mark == "-" else mean + (2.0 + offset / 10 if high else -2.0 - offset / 10) * (mark != ".")
        found.append(
            Point(
                period=f"{start:%Y-%m}",
                start=start,
                value=value,
                mean=mean,
                signal="none" if mark in ".-" else mark,
                kind="common_cause" if value is None else kind,
            )
        )
    return tuple(found)


def objective(latest: Point, **changed: object) -> Objective:
    fields: dict[str, object] = {
        "kpi": "on_time",
        "title": "On time",
        "question": "?",
        "unit": "percent",
        "better": "higher",
        "owner": "supply.manager",
        "feeds": ("9.3.2-c3",),
        "version": 1,
        "points": (latest,),
    }
    return Objective.model_validate({**fields, **changed})


OCTOBER = date(2026, 10, 1)
TWO_OF_THREE = "two of three months close to its lower limit since August 2026"  # its unmarked third belongs to it


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ((".", ".", "."), "no signal"),
        ((".", "below_limit"), "below its lower limit in October 2026"),
        ((".", "below_limit", "below_limit"), "below its lower limit since September 2026"),
        (("below_limit", "-", "below_limit"), "below its lower limit since August 2026"),  # a gap ends nothing
        (("below_limit", ".", "below_limit"), "below its lower limit in October 2026"),  # a quiet month does
        (("run_high",) * 8, "8 months in a row above its mean"),
        (("trend_down",) * 7, "falling 7 months in a row"),
    ],
)
def test_signals_in_words(marks: tuple[str, ...], words: str) -> None:
    assert signal_words(points(*marks)).replace(figures.NBSP, " ") == words


def test_a_month_without_value_carries_no_signal() -> None:
    series = points("below_limit", "below_limit", "-")
    assert current_run(series) is None
    assert ended_run(series) is None  # nothing is known of October, so nothing is over
    assert signal_words(series) == "no signal"


def test_a_signal_does_not_reach_across_new_limits() -> None:
    old = points("above_limit", "above_limit", "above_limit")
    new = [point.model_copy(update={"mean": 95.0}) for point in old[1:]]
    run = current_run((old[0], *new))
    assert run is not None
    assert run.first.period == "2026-09"
    assert run.length == 2


def test_an_ended_signal_is_history_after_a_while() -> None:
    series = points("below_limit", *["."] * 11)
    assert ended_run(series, within=12) is not None
    assert ended_run(series, within=11) is None


def test_the_headline_is_the_stored_finding_unless_there_is_no_value() -> None:
    (latest,) = points(".")
    segment = Segment(start=OCTOBER, end=OCTOBER, mean=90.0, lower=85.0, upper=95.0, trial=False)
    assert headline((latest,), (segment,), "No signal; 95 % is hit or miss") == "No signal; 95 % is hit or miss"
    assert headline((latest,), (segment,), "") == "No signal"
    assert headline((latest,), (), "") == "Values without limits"
    assert headline((), (), "stored") == "No values yet"
    gone = latest.model_copy(update={"value": None, "status": "no_data"})
    assert headline((gone,), (segment,), "stored") == "No data for October 2026"
    stopped = gone.model_copy(update={"status": "not_valid"})
    assert headline((stopped,), (segment,), "x") == "No value for October 2026: its feed failed validation"


def test_the_value_sentence_gives_interval_n_and_target() -> None:
    latest = Point(
        period="2026-10", start=OCTOBER, value=93.44, low=92.91, high=93.9, n=18730, target=95, status="missed"
    )
    said = value_sentence(objective(latest)).replace("\u00a0", " ")
    assert said == "93.4 % in October 2026 (95 % interval 92.9–93.9, n 18,730), target at least 95 %: missed."
    bare = value_sentence(objective(latest.model_copy(update={"low": None, "n": 0, "target": None})))
    assert bare.replace("\u00a0", " ") == "93.4 % in October 2026."
    lower = value_sentence(objective(latest, better="lower")).replace("\u00a0", " ")
    assert "target at most 95 %" in lower


def test_an_interval_may_have_no_upper_end() -> None:
    latest = Point(period="2026-10", start=OCTOBER, value=41.8, low=19.2, high=None, n=38)
    said = value_sentence(objective(latest, unit="days")).replace("\u00a0", " ")
    assert said == "41.8 days in October 2026 (95 % interval 19.2 or more, n 38)."


CHANGED = Change(value=2.13, low=-0.4, high=4.649)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "+2.1 points on the month before (95 %: −0.4 to +4.6)."),
        ("de", "+2,1 Punkte zum Vormonat (95 %: −0,4 bis +4,6)."),
        ("fr", "+2,1 points par rapport au mois précédent (95 % : −0,4 à +4,6)."),
        ("es", "+2,1 puntos respecto al mes anterior (95 %: −0,4 a +4,6)."),
    ],
)
def test_the_change_is_told_with_its_interval_and_without_a_verdict(language: str, said: str) -> None:
    latest = Point(period="2026-10", start=OCTOBER, value=93.4)
    with speaking(language):
        told = change_sentence(objective(latest, change=CHANGED))
    assert told.replace("\u00a0", " ").replace("\u202f", " ") == said


def test_the_change_of_longer_periods_and_of_other_units() -> None:
    day = date(2026, 7, 1)
    for period, kind in (("2026-Q3", "quarter"), ("2026-H2", "half-year"), ("2026", "year"), ("FY2027-P09", "period")):
        latest = Point(period=period, start=day, value=93.4)
        assert f"on the {kind} before" in change_sentence(objective(latest, change=CHANGED))
    hours = Change(value=-1.26, low=-3.0, high=0.04)
    told = change_sentence(objective(Point(period="2026-10", start=OCTOBER, value=8.0), unit="hours", change=hours))
    assert told.replace("\u00a0", " ") == "−1.3 h on the month before (95 %: −3.0 to +0.04)."


def test_a_change_is_told_no_finer_than_the_interval_beside_it() -> None:
    latest = Point(period="2026-10", start=OCTOBER, value=91.1)
    told = change_sentence(objective(latest, change=Change(value=0.033, low=-2.5, high=2.6)))
    assert told.replace("\u00a0", " ") == "0.0 points on the month before (95 %: −2.5 to +2.6)."
    narrow = change_sentence(objective(latest, change=Change(value=0.033, low=0.011, high=0.055)))
    assert narrow.replace("\u00a0", " ") == "+0.033 points on the month before (95 %: +0.011 to +0.055)."


def test_the_alternative_text_of_values_without_limits_tells_how_far_they_range() -> None:
    days = [Point(period=f"2026-0{month}", start=date(2026, month, 1), value=10.0 + month) for month in (2, 4, 8)]
    one = objective(days[-1], unit="days", points=tuple(days), finding="Values without limits", segments=())
    told = chart_text(one, 24).replace("\u00a0", " ")
    assert told.startswith("Line chart of On time, 3 values from 12.0 to 18.0 days. Values without limits.")
    first = Segment(start=days[0].start, end=days[-1].start, mean=14, lower=8, upper=20, trial=False)
    told = chart_text(one.model_copy(update={"segments": (first,)}), 24)
    assert told.startswith("Process-behaviour chart of On time, 3\u00a0points.")


def test_no_change_is_told_where_there_is_none_to_tell() -> None:
    latest = Point(period="2026-10", start=OCTOBER, value=93.4)
    assert change_sentence(objective(latest)) == ""
    assert change_sentence(objective(latest.model_copy(update={"value": None}), change=CHANGED)) == ""
    assert change_sentence(objective(latest.model_copy(update={"unfinished": True}), change=CHANGED)) == ""


def test_limits_say_that_they_are_on_trial_and_since_when_they_hold() -> None:
    first = Segment(start=date(2025, 1, 1), end=date(2025, 12, 31), mean=80, lower=70, upper=90, trial=False)
    second = Segment(
        start=date(2026, 1, 1), end=OCTOBER, mean=92.8, lower=91, upper=94.6, trial=True, reason="definition version 2"
    )
    (latest,) = points(".")
    alone = limits_sentence(objective(latest, segments=(first,))).replace("\u00a0", " ")
    assert alone == "Mean 80.0 %, limits 70.0 to 90.0 %."
    both = limits_sentence(objective(latest, segments=(first, second))).replace("\u00a0", " ")
    assert both == (
        "Mean 92.8 %, trial limits (fewer than 12 points) 91.0 to 94.6 % since January 2026 (definition version 2)."
    )
    few = Segment(start=OCTOBER, end=OCTOBER, mean=None, lower=None, upper=None, trial=True)
    assert limits_sentence(objective(latest, segments=(few,))) == "Too few values for limits."
    assert limits_sentence(objective(latest)) == ""


def test_reservations_come_with_few_cases_provisional_and_restated_values() -> None:
    latest = Point(period="2026-10", start=OCTOBER, value=78.0, n=23, provisional=True, restated=True)
    said = reservations(objective(latest, small_sample=30, settles_after="until 5 Nov 2026", reservations=("Late.",)))
    assert [text.replace("\u00a0", " ") for text in said] == [
        "Few cases: n 23 is under the 30 that this KPI needs, so read the interval and not the value.",
        "Provisional: late entries can still change it (until 5 Nov 2026).",
        "Restated after it was first published.",
        "Late.",
    ]
    enough = Point(period="2026-10", start=OCTOBER, value=78.0, n=30)
    assert reservations(objective(enough, small_sample=30)) == ()


def test_limits_and_intervals_are_shown_no_further_than_values_can_go() -> None:
    start = date(2026, 10, 1)
    latest = Point(period="2026-10", start=start, value=6.9, low=6.6, high=7.2, n=12, lower=-0.4, upper=7.9)
    segment = Segment(start=start, end=start, mean=50.0, lower=-2.5, upper=100.3, trial=False)
    percent = objective(latest, segments=(segment,))
    assert "limits 0.0 to 100.0" in limits_sentence(percent)
    effort = objective(latest, unit="score", possible=(1.0, 7.0))
    assert effort.within(latest.low, latest.high) == (6.6, 7.0)
    assert effort.within(latest.lower, latest.upper) == (1.0, 7.0)
    assert effort.within(None, None) == (None, None)
    assert "interval 6.60–7.00" in value_sentence(effort)
    money = objective(latest, unit="EUR")
    assert money.within(-5.0, 5.0) == (-5.0, 5.0)  # a sum of money may be less than nothing
