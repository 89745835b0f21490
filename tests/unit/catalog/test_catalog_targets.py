"""The target of the period applies, never today's; the most specific slice wins."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qmsreports.catalog.load import load_catalog
from qmsreports.catalog.target import KpiTargets, Targets
from qmsreports.errors import UserError
from qmsreports.period import Period

AGREED = {"by": "Board", "on": date(2023, 12, 1), "record": "Review 2023-11"}


def targets(unit: str, entries: list[dict[str, Any]], deviations: list[dict[str, Any]] | None = None) -> KpiTargets:
    return KpiTargets.model_validate(
        {
            "kpi": "on_time",
            "unit": unit,
            "targets": [{"agreed": AGREED, **entry} for entry in entries],
            "accepted_deviations": deviations or [],
        }
    )


FILE = targets(
    "percent",
    [
        {"from": date(2024, 1, 1), "meet": 90, "near": 85},
        {"from": date(2025, 1, 1), "to": date(2025, 12, 31), "meet": 95},
        {"from": date(2025, 7, 1), "slice": {"site": "lyon"}, "meet": 92},
        {"from": date(2025, 7, 1), "slice": {"site": "lyon", "channel": "chat"}, "meet": 80},
    ],
)


@pytest.mark.parametrize(
    ("period", "slice_", "meet"),
    [
        ("2023-12", {}, None),
        ("2024-01", {}, 90),
        ("2024-12", {}, 90),
        ("2025-01", {}, 95),
        ("2025-12", {}, 95),
        ("2026-01", {}, None),  # it ended, and no other follows
        ("2025-06", {"site": "lyon"}, 95),  # the whole's target holds for a site
        ("2025-07", {"site": "lyon"}, 92),  # until the site has its own
        ("2025-07", {"site": "linz"}, 95),
        ("2025-07", {"site": "lyon", "channel": "phone"}, 92),
        ("2025-07", {"site": "lyon", "channel": "chat"}, 80),
        ("2025-Q3", {}, 95),
        ("2024", {}, 90),
    ],
)
def test_target_of_a_period_and_slice(period: str, slice_: dict[str, str], meet: float | None) -> None:
    found = FILE.of(Period.parse(period), slice_)
    assert (found.meet if found else None) == meet


def test_a_target_of_an_amount_is_not_that_of_its_parts() -> None:
    """A backlog of 100 for the company says nothing of one channel's."""
    backlog = targets("count", [{"from": date(2024, 1, 1), "meet": 100}])
    assert backlog.of(Period.parse("2024-05")) is not None
    assert backlog.of(Period.parse("2024-05"), {"channel": "chat"}) is None


def test_a_deviation_covers_whole_periods_with_both_days_inclusive() -> None:
    file = targets(
        "percent",
        [{"from": date(2024, 1, 1), "meet": 90}],
        [{"from": date(2024, 7, 1), "to": date(2024, 8, 31), "at_least": 70, "because": "Move.", "action": "A-1"}],
    )
    covered = [str(period) for period in Period.parse("2024-12").back(12) if file.deviation(period) is not None]
    assert covered == ["2024-07", "2024-08"]
    assert file.deviation(Period.parse("2024-Q3")) is None
    deviation = file.deviation(Period.parse("2024-07"), {"site": "lyon"})
    assert deviation is not None
    assert [deviation.holds(value) for value in (69.9, 70, 71)] == [False, True, True]


def test_a_deviation_may_be_bounded_from_above() -> None:
    file = targets(
        "ppm",
        [{"from": date(2024, 1, 1), "meet": 500}],
        [{"from": date(2024, 7, 1), "to": date(2024, 7, 31), "at_most": 900, "because": "Lot.", "action": "A-2"}],
    )
    deviation = file.deviation(Period.parse("2024-07"))
    assert deviation is not None
    assert [deviation.holds(value) for value in (0, 900, 900.5)] == [True, True, False]


def test_targets_of_all_kpis_by_name() -> None:
    every = Targets({"on_time": FILE})
    found = every.of("on_time", Period.parse("2024-05"))
    assert found is not None
    assert (found.meet, found.near, found.agreed.record) == (90, 85, "Review 2023-11")
    assert every.of("nps", Period.parse("2024-05")) is None
    assert every.deviation("nps", Period.parse("2024-05")) is None
    assert every.deviation("on_time", Period.parse("2024-05")) is None


@pytest.mark.parametrize(("target", "last"), [(0, date(2024, 12, 31)), (1, date(2025, 12, 31)), (2, None)])
def test_a_target_lasts_until_the_next_of_its_slice(target: int, last: date | None) -> None:
    assert FILE.last_day(FILE.targets[target]) == last


def test_a_target_for_slices_that_are_not_combined_would_never_be_used(folder: Path) -> None:
    kpi, targets_file = folder / "kpis" / "on_time.yaml", folder / "targets" / "on_time.yaml"
    text = kpi.read_text(encoding="utf-8").replace("slices: [site]", "slices: [site, status]")
    kpi.write_text(text, encoding="utf-8")
    said = targets_file.read_text(encoding="utf-8").replace("{site: lyon}", "{site: lyon, status: open}")
    targets_file.write_text(said, encoding="utf-8")
    with pytest.raises(UserError, match=r"on_time is not computed by site and status together; add combinations: \[\["):
        load_catalog(folder)
    kpi.write_text(text.replace("status]", "status]\ncombinations: [[status, site]]"), encoding="utf-8")
    assert load_catalog(folder).warnings == ()


def test_a_target_is_for_its_kind_of_period() -> None:
    """95 % holds for a quarter as for a month; 10 complaints a month are no target of a quarter, 28 a quarter are."""
    monthly = {"from": date(2026, 1, 1), "meet": 10}
    file = targets("count", [monthly])
    month, quarter, year = Period.parse("2026-03"), Period.parse("2026-Q1"), Period.parse("2026")

    def meet(file: KpiTargets, period: Period, adds_up: bool = True) -> float | None:
        target = file.of(period, adds_up=adds_up)
        return target.meet if target else None

    assert [meet(file, period) for period in (month, quarter, year)] == [10, None, None]
    assert [meet(file, period, adds_up=False) for period in (month, quarter, year)] == [10, 10, 10]
    file = targets("count", [monthly, {**monthly, "meet": 28, "every": "quarter"}])
    assert [meet(file, period) for period in (month, quarter, year)] == [10, 28, None]
    assert file.last_day(file.targets[0]) is None  # the one for quarters does not end it


def test_amounts_grow_with_the_period_and_rates_and_levels_do_not() -> None:
    kpis = load_catalog(Path(__file__).parents[3] / "catalog").kpis
    grows = {name: kpi.adds_up(kpi.versions[-1]) for name, kpi in kpis.items()}
    assert grows["nonconformities"]
    assert grows["internal_failure_cost"]
    for name in (
        "on_time_delivery",
        "ticket_backlog",
        "first_response_p90",
        "channel_gap_csat",
        "cost_of_poor_quality",
    ):
        assert not grows[name]
