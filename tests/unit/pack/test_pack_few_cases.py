"""What rests on too few cases, on no value or on limits that the latest value denies claims nothing, in any form."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts
from pack_workspace import ROOT

from qmsreports.analysis import analyse_series
from qmsreports.catalog.load import load_catalog
from qmsreports.pack import drawings
from qmsreports.pack.appendix import numbers
from qmsreports.pack.assemble import assemble, judged
from qmsreports.pack.charts import small_multiples
from qmsreports.pack.collect import series as collected
from qmsreports.pack.finding import current_run, ended_run
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Segment, Slice
from qmsreports.pack.view import board
from qmsreports.register.models import Analysis, Result

MONTHS = [date(2025, 1 + n, 1) for n in range(12)]


def series(values: list[float | None], *, few: Collection[int] = (), high: Collection[int] = ()) -> tuple[Point, ...]:
    """Twelve months of 100 cases between the limits 70 and 90; those in ``few`` have 4, those in ``high`` a signal."""
    return tuple(
        Point(
            period=f"{day:%Y-%m}",
            start=day,
            value=value,
            n=4 if at in few else 100,
            target=60.0,
            status="met",
            mean=80.0,
            lower=70.0,
            upper=90.0,
            signal="run_high" if at in high else "none",
            kind="improvement" if at in high else "common_cause",
        )
        for at, (day, value) in enumerate(zip(MONTHS, values, strict=True))
    )


def made(points: tuple[Point, ...], **changed: object) -> Objective:
    segment = Segment(start=MONTHS[0], end=MONTHS[-1], mean=80.0, lower=70.0, upper=90.0, trial=False)
    fields = {
        "kpi": "csat",
        "title": "Satisfied customers",
        "question": "?",
        "unit": "percent",
        "better": "higher",
        "owner": "a.b",
        "feeds": ("9.3.2-c1",),
        "version": 1,
        "small_sample": 30,
        "points": points,
        "segments": (segment,),
        "assurance": "pass",
        "finding": "No signal: common-cause variation around 80 %; will meet 60 %",
        **changed,
    }
    return Objective.model_validate(fields)


STEADY: list[float | None] = [80.0] * 12


def test_a_value_of_few_cases_carries_no_signal_wherever_it_stands() -> None:
    points = series(STEADY, few={3, 11}, high={3, 4, 11})
    part = Slice(dimension="channel", key="social", title="Social", points=points, variation="improvement_high")
    seen = judged(made(points, slices=(part,), combined=(part,), variation="improvement_high"))
    for shown in (seen, *seen.slices, *seen.combined):
        assert [at for at, point in enumerate(shown.points) if point.kind != "common_cause"] == [4]
        assert [at for at, point in enumerate(shown.points) if point.signal != "none"] == [4]
        assert [at for at, point in enumerate(shown.points) if point.few] == [3, 11]
        assert shown.variation == "common_cause"
        assert shown.finding.startswith("Too few cases to judge: 80")
        assert shown.assurance == "none"
    whole = judged(made(points, small_sample=0))
    assert [at for at, point in enumerate(whole.points) if point.kind != "common_cause"] == [3, 4, 11]


def test_few_cases_end_no_signal_and_break_none() -> None:
    inside = judged(made(series(STEADY, few={8}, high={6, 7, 9, 10, 11})))
    run = current_run(inside.points)
    assert run is not None
    assert (run.first.period, run.length) == ("2025-07", 5)  # July to December, without September
    after = judged(made(series(STEADY, few={11}, high={8, 9, 10})))
    assert ended_run(after.points) is None
    assert after.exception == ()


def test_too_few_cases_is_neither_no_signal_nor_a_verdict() -> None:
    seen = judged(made(series(STEADY, few={11}), assurance="hit_or_miss"))
    shown = board.row(seen)
    assert shown["variation"]["word"] == "not tested, too few cases"
    assert shown["meets"] == {"word": "too few cases", "tone": "mute"}
    assert "hit or miss" not in seen.finding
    assert "No signal" not in seen.finding


def test_a_period_without_a_value_has_no_verdict() -> None:
    values = [*STEADY[:11], None]
    seen = judged(made(series(values), assurance="hit_or_miss"))
    assert board.row(seen)["meets"]["word"] == "\u2013"
    failing = assemble(facts([made(series(values), assurance="fail")]))
    assert failing.glance.cannot_meet == 0
    assert [item.kind for item in failing.decisions if item.kpi] == []


@pytest.mark.parametrize(
    ("value", "kind", "better", "said"),
    [
        (80.0, "common_cause", "higher", "will meet"),
        (60.0, "common_cause", "higher", "will meet"),  # equality meets a target
        (59.99999999999999, "common_cause", "higher", "will meet"),  # 60, but for the last bit
        (59.0, "common_cause", "higher", "in doubt"),
        (65.0, "concern", "higher", "in doubt"),  # on target, and a signal that the process got worse
        (95.0, "improvement", "higher", "will meet"),
        (61.0, "concern", "lower", "in doubt"),
        (40.0, "improvement", "lower", "will meet"),
    ],
)
def test_will_meet_is_not_said_where_the_latest_value_denies_it(
    value: float, kind: str, better: str, said: str
) -> None:
    *before, latest = series([*STEADY[:11], value])
    seen = judged(made((*before, latest.model_copy(update={"kind": kind})), better=better))
    assert board.row(seen)["meets"]["word"] == said


def stored(values: list[float | None], few: set[int], title: str, **options: Any) -> str:
    """Return what a pack in English says of a series whose finding was stored as ``title``."""
    made = load_catalog(ROOT / "catalog")
    days = [date(2025 + at // 12, at % 12 + 1, 1) for at in range(len(values))]
    target = options.get("target")
    spc = analyse_series(list(zip(days, values, strict=True)), better="higher", target=target, fix_after=12)
    analysis = Analysis(result={**spc.to_json(), "finding": {"title": title, "alt": ""}})
    rows = [
        Result(
            period=f"{day:%Y-%m}",
            period_start=day,
            n=4 if at in few else 100,
            target=target,
            fingerprint="f",
        )
        for at, day in enumerate(days)
    ]
    return collected._said(analysis, made.kpis["csat"], rows, 30).replace("\u00a0", " ")


QUIET: list[float | None] = [97.0, 98.0, 99.0, 98.0] * 3  # mean 98, limits 95.34 to 100.66


def test_a_stored_finding_that_rests_on_few_cases_is_said_again_without_them() -> None:
    told = "One month below its limits, January 2026; back inside since February 2026"
    assert stored([*QUIET, 94.0, 98.0], set(), told) == told  # as it was stored
    assert stored([*QUIET, 94.0, 98.0], {12}, told) == "No signal: common-cause variation around 98.0 %"
    assert stored([*QUIET, 94.0, 98.0], {11}, told) == told  # few cases inside the limits change nothing
    both = stored([*QUIET, 94.0, 93.0, 94.0, 98.0], {13}, "stored")
    assert both == "Two months below its limits, January to March 2026; back inside since April 2026"


def test_a_stored_promise_that_the_latest_value_denies_is_not_repeated() -> None:
    said = stored([*QUIET, 94.0], set(), "Worse: one month below its limits, January 2026; will meet 95 %", target=95.0)
    assert said.endswith("; its limits promise 95 %, the latest value speaks against it")


def pack() -> PackModel:
    points = series(STEADY, few={3, 11}, high={3})
    other = series(STEADY, high={11})
    parts = (
        Slice(dimension="channel", key="social", title="Social", points=points),
        Slice(dimension="channel", key="phone", title="Phone", points=other, variation="improvement_high"),
    )
    whole = made(series(STEADY, high={11}), slices=parts, variation="improvement_high")
    return assemble(facts([whole]))


def test_a_small_chart_says_how_few_cases_its_latest_value_has() -> None:
    seen = pack().objective("csat")
    social, phone = (drawings._series(seen, part, 12) for part in seen.slices)
    assert (social.note.replace("\u00a0", " "), phone.note) == ("n 4", "")
    drawn = small_multiples([("Social", social), ("Phone", phone)])
    assert drawn != small_multiples([("Social", drawings._series(seen, seen.slices[1], 12)), ("Phone", phone)])
    assert {point.kind for point in social.points} == {"common_cause"}


def test_the_workbook_tells_the_reservation_of_a_part() -> None:
    sheet = numbers.slices(pack())
    rows = [dict(zip(sheet.head, row, strict=True)) for row in sheet.rows]
    told = {row["Part"]: row["Reservations"] for row in rows}
    assert told["Phone"] == ""
    assert str(told["Social"]).replace("\u00a0", " ").startswith("Few cases")


def test_the_made_up_review_gives_no_colour_to_few_cases() -> None:
    for plan in PLANS:
        seen = judged(objective(plan).model_copy(update={"small_sample": 10**9}))
        for one in (seen, *seen.slices):
            assert {point.kind for point in one.points} == {"common_cause"}
