"""A whole series: segments, gaps, trial limits, variation and assurance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.analysis import analyse_series
from qmsreports.records import SpcResult

QUIET = [9.0, 10.0, 11.0, 10.0] * 3  # mean 10, every moving range 1: limits 7.34 and 12.66


def months(values: Sequence[float | None], first: int = 2024 * 12) -> list[tuple[date, float | None]]:
    return [(date((first + i) // 12, (first + i) % 12 + 1, 1), value) for i, value in enumerate(values)]


def test_the_json_contract() -> None:
    found = analyse_series(months([9, 10, 11, 10, 10]), better="higher", target=10).to_json()
    # mean 10, ranges 1, 1, 1 and 0: limits 10 - 2.66 x 0.75 and 10 + 2.66 x 0.75; under 12 points: trial, no assurance
    assert found == {
        "rules": "making_data_count",
        "segments": [
            {
                "from": "2024-01-01",
                "to": "2024-05-01",
                "mean": 10.0,
                "lower": pytest.approx(8.005),
                "upper": pytest.approx(11.995),
                "trial": True,
            }
        ],
        "points": [
            {
                "date": f"2024-0{month}-01",
                "value": value,
                "mean": 10.0,
                "lower": pytest.approx(8.005),
                "upper": pytest.approx(11.995),
                "signal": "none",
                "kind": "common_cause",
            }
            for month, value in ((1, 9), (2, 10), (3, 11), (4, 10), (5, 10))
        ],
        "variation": "common_cause",
        "assurance": "none",
    }


@pytest.mark.parametrize("rules", ["making_data_count", "wheeler"])
def test_under_five_values_there_are_no_limits(rules: str) -> None:
    """0, 0, 0, 1: the last lies 0.75 off the mean of 0.25, a limit 2.66 x 1/3 = 0.89. One 0 more: 0.8 and 0.67."""
    four = analyse_series(months([0, 0, 0, 1]), better="higher", target=5, rules=rules, screening=False)
    (segment,) = four.segments
    assert (segment.mean, segment.lower, segment.upper, segment.trial) == (0.25, None, None, True)
    assert [point.signal for point in four.points] == ["none"] * 4
    five = analyse_series(months([0, 0, 0, 0, 1]), better="higher", target=5, rules=rules, screening=False)
    assert five.segments[0].upper == pytest.approx(0.2 + 2.66 / 4)
    assert [point.signal for point in five.points] == ["none"] * 4 + ["above_limit"]


def test_limits_that_a_person_fixed_are_as_asked_for() -> None:
    fixed = analyse_series(months([1, 2, 9]), fix_after=2)
    assert (fixed.segments[0].upper, fixed.points[-1].signal) == (pytest.approx(1.5 + 2.66), "above_limit")


def test_eleven_points_are_on_trial_and_twelve_are_not() -> None:
    eleven = analyse_series(months(QUIET[:11]), better="higher", target=2)
    assert (eleven.segments[0].trial, eleven.assurance) == (True, "none")
    twelve = analyse_series(months(QUIET), better="higher", target=2)
    assert (twelve.segments[0].trial, twelve.assurance) == (False, "pass")
    # a gap is no point
    gapped = analyse_series(months([*QUIET[:11], None]), better="higher", target=2)
    assert (gapped.segments[0].trial, gapped.assurance) == (True, "none")
    # limits that were fixed on fewer than twelve stay on trial, however long the series grows
    assert analyse_series(months(QUIET * 2), better="higher", target=2, fix_after=11).segments[0].trial


@pytest.mark.parametrize(
    ("better", "target", "expected"),
    [
        ("higher", 7.0, "pass"),
        ("higher", 7.34, "hit_or_miss"),  # on the lower limit
        ("higher", 10.0, "hit_or_miss"),
        ("higher", 12.66, "hit_or_miss"),  # on the upper limit
        ("higher", 12.67, "fail"),
        ("lower", 7.0, "fail"),
        ("lower", 7.34, "hit_or_miss"),
        ("lower", 12.66, "hit_or_miss"),
        ("lower", 12.67, "pass"),
        ("neither", 20.0, "none"),
        ("higher", None, "none"),
    ],
)
def test_assurance(better: str, target: float | None, expected: str) -> None:
    assert analyse_series(months(QUIET), better=better, target=target).assurance == expected


def test_assurance_takes_the_target_of_the_latest_point_with_a_value() -> None:
    goals = [7.0] * 11 + [13.0]
    assert analyse_series(months(QUIET), better="higher", target=goals).assurance == "fail"
    later = months([*QUIET, None])
    assert analyse_series(later, better="higher", target=[*goals, 7.0]).assurance == "fail"
    assert analyse_series(months(QUIET), better="higher", target=[7.0] * 11 + [None]).assurance == "none"


def test_all_equal_values_give_no_signal_and_meet_or_miss_their_target() -> None:
    found = analyse_series(months([100.0] * 24), better="higher", target=100)
    assert {point.signal for point in found.points} == {"none"}
    assert (found.variation, found.assurance) == ("common_cause", "hit_or_miss")
    assert analyse_series(months([100.0] * 24), better="higher", target=99.9).assurance == "pass"
    assert analyse_series(months([0.1] * 24), better="lower", target=0.0).assurance == "fail"


RISE = [8.5, 8.7, 8.9, 9.1, 9.3, 9.5, 9.7]  # a trend that is still below the mean of 10


@pytest.mark.parametrize(
    ("tail", "better", "variation"),
    [
        (RISE, "higher", "improvement_high"),  # judged by direction, not by the side of the mean
        (RISE, "lower", "concern_high"),
        (RISE, "neither", "neutral_high"),
        ([13.0], "higher", "improvement_high"),
        ([13.0], "lower", "concern_high"),
        ([7.0], "higher", "concern_low"),
        ([7.0], "lower", "improvement_low"),
        ([7.0], "neither", "neutral_low"),
        ([13.0, 10.0], "higher", "common_cause"),  # the latest point alone decides
        ([13.0, None], "higher", "improvement_high"),  # nothing newer is known
    ],
)
def test_variation(tail: list[float | None], better: str, variation: str) -> None:
    found = analyse_series(months([*QUIET, *tail]), better=better, fix_after=12)
    assert found.variation == variation


def test_a_gap_takes_no_part() -> None:
    values: list[float | None] = [*QUIET, 10.5, None, 10.6, 10.5, None, None, 10.7, 10.5, 10.6, 10.5]
    with_gaps = analyse_series(months(values), fix_after=12)
    filled = [value for value in values if value is not None]
    without = analyse_series(months(filled), fix_after=12)
    kept = [point.signal for point in with_gaps.points if point.value is not None]
    assert kept == [point.signal for point in without.points]
    assert kept[-7:] == ["run_high"] * 7  # seven in a row, although three months are missing
    assert {point.signal for point in with_gaps.points if point.value is None} == {"none"}
    assert with_gaps.segments[0].upper == without.segments[0].upper
    assert with_gaps.points[13].mean == 10  # the line is drawn through the gap


def test_no_signal_crosses_a_rebase() -> None:
    # twelve high points in a row: one run without the break, after the break six and six around their own means
    values = [*QUIET, *[12.0, 12.2] * 3, *[12.0, 12.2] * 3]
    whole = analyse_series(months(values), fix_after=12)
    assert [point.signal for point in whole.points[12:]].count("none") == 0
    split = analyse_series(months(values), rebase=[months(values)[18][0]], fix_after=12)
    assert [point.signal for point in split.points[18:]] == ["none"] * 6
    assert {point.signal for point in split.points[12:18]} == {"two_of_three_high"}
    assert [(s.start, s.end, s.trial) for s in split.segments] == [
        (date(2024, 1, 1), date(2025, 6, 1), False),
        (date(2025, 7, 1), date(2025, 12, 1), True),
    ]
    # cut in the middle of the run instead, so that fewer than seven remain on either side
    short = [*QUIET, *[10.9, 10.8] * 5]
    assert "run_high" in {p.signal for p in analyse_series(months(short), fix_after=12).points}
    cut = analyse_series(months(short), fix_after=12, rebase=[months(short)[17][0]])
    assert {p.signal for p in cut.points} == {"none"}


def test_breaks_begin_with_the_first_point_on_or_after_their_date() -> None:
    series = months(QUIET * 2)
    dated = analyse_series(series, rebase=[date(2024, 12, 15)], version_breaks=[date(2025, 1, 1), date(2025, 7, 1)])
    assert [s.start for s in dated.segments] == [date(2024, 1, 1), date(2025, 1, 1), date(2025, 7, 1)]
    outside = analyse_series(series, rebase=[date(2020, 1, 1), date(2030, 1, 1)], version_breaks=[date(2024, 1, 1)])
    assert len(outside.segments) == 1


def test_fixed_limits_do_not_follow_later_points() -> None:
    calm = analyse_series(months([*QUIET, 30.0, 40.0, 50.0]), fix_after=12)
    assert (calm.segments[0].mean, calm.segments[0].upper) == (10.0, pytest.approx(12.66))
    assert [p.signal for p in calm.points[12:]] == ["above_limit"] * 3
    # each segment is fixed by its own first values
    twice = analyse_series(
        months([*QUIET, 30.0, *[v + 10 for v in QUIET], 5.0]), fix_after=12, rebase=[date(2025, 2, 1)]
    )
    assert [s.mean for s in twice.segments] == [10.0, 20.0]


def test_a_segment_without_values_promises_nothing() -> None:
    found = analyse_series(months([*QUIET, None, None]), better="higher", target=2, version_breaks=[date(2025, 1, 1)])
    assert (found.segments[1].mean, found.segments[1].lower, found.segments[1].trial) == (None, None, True)
    assert (found.variation, found.assurance) == ("common_cause", "none")


def test_no_points_and_one_point() -> None:
    assert analyse_series([]) == SpcResult("making_data_count", (), (), "common_cause", "none")
    one = analyse_series(months([5.0]), better="higher", target=1)
    assert (one.points[0].mean, one.points[0].lower, one.points[0].signal) == (5.0, None, "none")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"better": "up"}, "better must be"),
        ({"fix_after": 1}, "fix_after"),
        ({"target": [1.0]}, "1 targets for 2 points"),
    ],
)
def test_calls_that_make_no_sense(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analyse_series(months([1, 2]), **options)  # type: ignore[arg-type]


def test_dates_must_ascend_and_values_be_finite() -> None:
    day = date(2024, 1, 1)
    with pytest.raises(ValueError, match="ascend"):
        analyse_series([(day, 1.0), (day, 2.0)])
    with pytest.raises(ValueError, match="finite"):
        analyse_series([(day, float("nan"))])


VALUES = st.lists(st.none() | st.integers(-9, 9).map(float), max_size=30)


@given(VALUES, st.lists(st.integers(0, 29), max_size=3))
def test_a_break_analyses_its_sides_as_if_alone(values: list[float | None], cuts: list[int]) -> None:
    series = [(date(2024, 1, 1) + timedelta(days=i), value) for i, value in enumerate(values)]
    breaks = [date(2024, 1, 1) + timedelta(days=cut) for cut in cuts]
    whole = analyse_series(series, better="higher", rebase=breaks)
    bounds = sorted({0, len(series), *(cut for cut in cuts if cut < len(series))})
    alone = [analyse_series(series[a:b], better="higher") for a, b in pairwise(bounds)]
    assert whole.points == tuple(point for part in alone for point in part.points)
    assert whole.segments == tuple(segment for part in alone for segment in part.segments)


@given(VALUES)
def test_mirrored_values_and_mirrored_direction_tell_the_same_story(values: list[float | None]) -> None:
    up = analyse_series(months(values), better="higher", target=3)
    down = analyse_series(months([None if v is None else -v for v in values]), better="lower", target=-3)
    assert [p.kind for p in up.points] == [p.kind for p in down.points]
    assert up.assurance == down.assurance
    assert up.variation.split("_")[0] == down.variation.split("_")[0]
