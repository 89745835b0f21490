"""The sentence above a chart: each rule, its edges, and what must never be claimed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.analysis import analyse_series
from qmsreports.findings import SeriesFinding, describe, episodes
from qmsreports.findings.wording import count_word, day_name, interval_noun, measured, quantity, span

QUIET = [97.0, 98.0, 99.0, 98.0] * 3  # mean 98, ranges 1: limits 95.34 and 100.66


def months(values: Sequence[float | None], year: int = 2025) -> list[tuple[date, float | None]]:
    return [(date(year + i // 12, i % 12 + 1, 1), value) for i, value in enumerate(values)]


def said(
    values: Sequence[float | None], *, better: str = "higher", target: float | None = None, **options: object
) -> SeriesFinding:
    breaks = options.get("version_breaks", ())
    result = analyse_series(months(values), better=better, target=target, **options)  # type: ignore[arg-type]
    return describe(result, better=better, unit="percent", target=target, version_breaks=breaks)  # type: ignore[arg-type]


def title(values: Sequence[float | None], **options: object) -> str:
    return said(values, **options).title.replace("\u00a0", " ")  # type: ignore[arg-type]


def test_no_values() -> None:
    assert title([]) == "No data yet"
    assert title([None, None]) == "No data yet"


def test_a_missing_latest_value_is_said_before_anything_else() -> None:
    assert title([*QUIET, None]) == "No data for January 2026; last 98.0 % in December 2025"


def test_too_few_values() -> None:
    assert title([98.0]) == "Too few values for limits"


def test_no_signal() -> None:
    assert title(QUIET) == "No signal: common-cause variation around 98.0 %"
    assert title(QUIET[:11]) == "No signal against trial limits around 98.0 %"


@pytest.mark.parametrize(
    ("target", "end"),
    [(95.0, "will meet 95 %"), (98.5, "98.5 % is hit or miss"), (101.0, "101 % cannot be met as the process stands")],
)
def test_assurance_follows(target: float, end: str) -> None:
    assert title(QUIET, target=target) == f"No signal: common-cause variation around 98.0 %; {end}"


def test_a_promise_is_not_made_while_the_latest_value_denies_it() -> None:
    """Limits 95.34 to 100.66: they promise 95, and would still do so for the value that misses it."""
    denied = "its limits promise {}, the latest value speaks against it"
    worse = "Worse: one month below its limits, January 2026"
    assert title([*QUIET, 94], fix_after=12, target=95.0) == f"{worse}; {denied.format('95 %')}"
    assert title([*QUIET, 94.5], fix_after=12, target=94.0) == f"{worse}; {denied.format('94 %')}"  # met, and a concern
    better = "Better: one month below its limits, January 2026"
    assert title([*QUIET, 94], fix_after=12, target=101.0, better="lower") == f"{better}; will meet 101 %"
    above = "Worse: one month above its limits, January 2026"
    assert title([*QUIET, 102], fix_after=12, target=101.0, better="lower") == f"{above}; {denied.format('101 %')}"
    back = "One month below its limits, January 2026; back inside since February 2026"
    assert title([*QUIET, 94, 98], fix_after=12, target=95.0).startswith(back.split(";")[0])


def test_trial_limits_promise_nothing() -> None:
    assert title(QUIET[:11], target=95.0) == "No signal against trial limits around 98.0 %"


def test_a_signal_that_goes_on() -> None:
    assert title([*QUIET, 94, 93, 94.5], fix_after=12) == "Worse: three months below its limits, since January 2026"
    assert title([*QUIET, 94], fix_after=12) == "Worse: one month below its limits, January 2026"
    assert title([*QUIET, 94], fix_after=12, better="lower") == "Better: one month below its limits, January 2026"
    assert title([*QUIET, 94], fix_after=12, better="neither") == "Different: one month below its limits, January 2026"
    fall = [99.4, 99.2, 99, 98.8, 98.6, 98.4, 98.2]
    assert title([*QUIET, *fall], fix_after=12) == "Worse: falling for seven months, since January 2026"
    run = [98.5, 98.6] * 4
    assert title([*QUIET, *run], fix_after=12) == "Better: eight months in a row above its mean, since January 2026"
    near = [96, 98.5, 96, 97.5, 96]  # 95.34 to 96.23 is near the lower limit
    assert title([*QUIET, *near], fix_after=12) == "Worse: close to its lower limit, since March 2026"


def test_several_rules_at_once_are_counted_and_not_mixed_up() -> None:
    mixed = [97, 97, 94, 97, 97, 97, 97]
    assert title([*QUIET, *mixed], fix_after=12) == (
        "Worse: seven months of signals on the low side, since January 2026, one below its limits"
    )


def test_a_signal_that_ended() -> None:
    dip = [94, 93, 94.5, 94]
    assert title([*QUIET, *dip, 98.5, 97.5], fix_after=12) == (
        "Four months below its limits, January to April 2026; back inside since May 2026"
    )
    run = [98.5, 98.6] * 4
    assert title([*QUIET, *run, 97.5], fix_after=12) == (
        "Eight months in a row above its mean, January to August 2026; no signal since"
    )


def test_an_ended_signal_is_not_told_as_the_only_one_in_view() -> None:
    """One month below, back inside, two months below, back inside: a chart of 24 months marks three."""
    marked = [94, 98, 93, 94, 98.5]
    assert title([*QUIET, *marked], fix_after=12) == (
        "Last of two signals: two months below its limits, March to April 2026; back inside since May 2026"
    )
    far = [94, *[98.5, 97.5] * 11, 98.5, 93, 98]  # the first one lies 25 months back
    assert title([*QUIET, *far], fix_after=12).startswith("One month below its limits, ")


def test_a_signal_that_ended_a_year_ago_is_history() -> None:
    back = [98.5, 97.5] * 5
    assert title([*QUIET, 94, *back, 97.5], fix_after=12).startswith("One month below its limits, January 2026; back")
    assert title([*QUIET, 94, *back, 97.5, 98.5], fix_after=12).startswith("No signal")


LEVEL = [99.2, 99.4, 99.3, 99.5, 99.3, 99.4, 99.2]  # all above the old mean of 98


def test_a_recorded_new_level_is_told_after_seven_points_beyond_the_old_mean() -> None:
    rebase = [date(2026, 1, 1)]
    assert title([*QUIET, *LEVEL], rebase=rebase) == "On a new, better level since January 2026"
    assert title([*QUIET, *LEVEL], rebase=rebase, better="lower") == "On a new, worse level since January 2026"
    assert title([*QUIET, *LEVEL], rebase=rebase, better="neither") == "On a new level since January 2026"
    assert title([*QUIET, *LEVEL[:6]], rebase=rebase) == "No signal against trial limits around 99.4 %"
    one_short = [98.6, 99.6] * 5 + [97.9]  # inside its own limits, and one of them below the old mean
    assert title([*QUIET, *one_short], rebase=rebase).startswith("No signal")
    long = [*LEVEL, *LEVEL]
    assert (
        title([*QUIET, *long], rebase=rebase, target=100)
        == "On a new, better level since January 2026, still short of 100 %"
    )
    assert title([*QUIET, *long], rebase=rebase, target=99.3) == (
        "On a new, better level since January 2026; 99.3 % is hit or miss"
    )
    worse = title([*QUIET, *long], rebase=rebase, target=90, better="lower")
    assert worse == "On a new, worse level since January 2026; 90 % cannot be met as the process stands"


def test_a_new_definition_is_never_better_or_worse() -> None:
    start = [date(2026, 1, 1)]
    found = said([*QUIET, *LEVEL], version_breaks=start)
    assert found.title == "Counted by a new definition since January 2026, no signal since"
    assert title([*QUIET, *LEVEL, 50], version_breaks=start, fix_after=7).startswith("Worse: one month below")


def test_constant_values_and_limits_of_no_width() -> None:
    assert title([100.0] * 12, target=100) == "100.0 % in every month; 100 % is hit or miss"
    # one different value: its two moving ranges are screened out, the limits have no width and prove nothing
    assert title([100.0] * 12 + [50.0] + [100.0] * 12) == (
        "Nearly always the same value: limits of no width, so no signal can be told"
    )


def test_alternative_text_states_the_finding_and_the_numbers() -> None:
    alt = said([*QUIET, None, 94.0], target=96.0, fix_after=12).alt.replace("\u00a0", " ")
    assert alt == (
        "Process-behaviour chart, 14 months, January 2025 to February 2026. "
        "Worse: one month below its limits, February 2026; 96 % is hit or miss. Latest 94.0 % in February 2026. "
        "Mean 98.0 %, limits 95.3 % to 100.7 %. Target 96 %. 1 of 13 points are signals. 1 without data."
    )


VALUES = st.lists(st.none() | st.integers(80, 99).map(float), max_size=40)


@given(VALUES, st.sampled_from(["higher", "lower", "neither"]), st.none() | st.integers(75, 105))
def test_nothing_is_claimed_without_a_signal(values: list[float | None], better: str, target: int | None) -> None:
    result = analyse_series(months(values), better=better, target=target)
    found = describe(result, better=better, unit="percent", target=target)
    known = [point for point in result.points if point.value is not None]
    if not any(point.kind != "common_cause" for point in known):
        for claim in ("Better", "Worse", "Different", "ris", "fall", "above", "below"):
            assert claim not in found.title
    for cause in ("because", "due to", "caused", "thanks to"):
        assert cause not in found.title + found.alt
    assert found.title[:1].isupper() or found.title[:1].isdigit()
    assert sum(len(each.points) for each in episodes(result)) == sum(p.kind != "common_cause" for p in known)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (92.84, "percent", "92.8 %"),
        (95.0, "percent", "95 %"),
        (-0.04, "percent", "0 %"),
        (1150.4, "ppm", "1,150 ppm"),
        (0.00012, "", "0.00012"),
        (12.345, "hours", "12.3 h"),
        (-41.2, "points", "\u221241.2 points"),
        (1234567.0, "EUR", "1,234,567 EUR"),
        (0.0, "count", "0"),
        (None, "count", "no value"),
    ],
)
def test_quantities(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit).replace("\u00a0", " ") == text


def test_dates_are_named_as_people_name_them() -> None:
    quarters = [date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)]
    assert [day_name(day, quarters) for day in quarters[:2]] == [
        "the first quarter of 2026",
        "the second quarter of 2026",
    ]
    years = [date(2024, 1, 1), date(2025, 1, 1)]
    assert (interval_noun(years), span(*years, years)) == ("year", "2024 to 2025")
    weeks = [date(2026, 3, 2), date(2026, 3, 9)]
    assert (interval_noun(weeks), span(*weeks, weeks)) == ("week", "2 March to 9 March 2026")
    odd = [date(2026, 3, 2), date(2026, 3, 15)]
    assert (interval_noun(odd), count_word(2, interval_noun(odd))) == ("point", "two points")
    monthly = [date(2026, 3, 1), date(2026, 4, 1)]
    assert span(*monthly, monthly, ongoing=True) == "since March 2026"
    assert span(monthly[0], monthly[0], monthly) == "March 2026"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (95.0, "percent", "95.0 %"),
        (24.53, "minutes", "25 min"),
        (16.6, "count", "17"),
        (0.004, "percent", "0.004 %"),  # not nothing
        (4068.2, "EUR", "4,068 EUR"),
        (5.354, "score", "5.35"),
    ],
)
def test_a_mean_has_the_decimals_that_its_unit_has_in_every_table(value: float, unit: str, said: str) -> None:
    assert measured(value, unit).replace("\u00a0", " ") == said
