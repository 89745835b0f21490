"""Rules on a delivery as a whole: season, weekdays, mix of categories, sums of two sources, a disk that gives out."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from audit_fixture import AS_OF, ORDERS, order, rule, write_rows, write_suite

from qmsreports.errors import CouldNotRun
from qmsreports.records import Audit
from qmsreports.validate import evidence, standing
from qmsreports.validate.judging import stability

Audited = Callable[..., Audit]
VOLUME = "expect_column_volume_to_match_history"
WEEKDAYS = "expect_column_weekdays_to_match_history"
MIX = "expect_column_categories_to_match_history"
TOTAL = "expect_column_total_to_reconcile"
LAST = date(2026, 10, 28)  # a Wednesday; the seven days up to it begin on Thursday the 22nd


def orders(name: str, day: date, count: int, **values: Any) -> list[dict[str, Any]]:
    return [order(f"{name}-{day}-{number}", ordered_on=day, **values) for number in range(count)]


def seen(result: Audit) -> tuple[bool, str]:
    (found,) = result.rules
    return found.success, found.sample[0]


# --- season ----------------------------------------------------------------------------------------------------------
def weeks_back(counts: dict[int, int]) -> list[dict[str, Any]]:
    """So many orders on the last day of the week that lies so many weeks before the last."""
    return [row for back, count in counts.items() for row in orders("W", LAST - timedelta(weeks=back), count)]


@pytest.mark.parametrize(("last", "holds"), [(12, True), (7, False), (24, True), (25, False)])
def test_a_week_is_held_against_the_season_of_last_year(audited: Audited, last: int, holds: bool) -> None:
    # 20 a week in the eight weeks before; a year ago 40 a week, then 20 in the three weeks around this one: half
    # of the usual 20 is expected, 10; the band of 0.8 to 2.4 is 8 to 24
    history = {back: 20 for back in range(1, 9)} | {back: 40 for back in range(54, 62)} | {51: 20, 52: 20, 53: 20}
    volume = rule(VOLUME, "info", "keep", column="ordered_on", weeks=8, at_least=0.8, at_most=2.4, season=True)
    result = audited(orders("N", LAST, last), volume, published={"orders": weeks_back(history)})
    assert seen(result) == (holds, f"{last} rows in the last week, usually 20, 10 at this time of the year")


def test_without_a_year_of_history_there_is_no_season(audited: Audited) -> None:
    volume = rule(VOLUME, "info", "keep", column="ordered_on", weeks=8, at_least=0.8, at_most=2.4, season=True)
    published = weeks_back({back: 20 for back in range(1, 30)})
    assert seen(audited(orders("N", LAST, 12), volume, published={"orders": published})) == (
        False,
        "12 rows in the last week, usually 20",
    )


# --- weekdays --------------------------------------------------------------------------------------------------------
def test_a_lost_day_is_found_though_the_week_looks_usual(audited: Audited) -> None:
    # ten rows each working day, none at the weekend, for eight weeks; one Thursday of them was a holiday
    past = [
        row
        for back in range(7, 63)
        if (day := LAST - timedelta(days=back)).weekday() < 5 and day != date(2026, 9, 10)
        for row in orders("P", day, 10)
    ]
    week = {22: 0, 23: 10, 26: 10, 27: 2, 28: 28}  # Thursday to Wednesday; the sum is the usual 50
    new = [row for day, count in week.items() for row in orders("N", date(2026, 10, day), count)]
    by_day = rule(WEEKDAYS, "info", "keep", column="ordered_on", weeks=8, at_least=0.3, at_most=3, from_rows=5)
    success, said = seen(audited(new, by_day, published={"orders": past}))
    # Thursday's 0 was seen before, Saturday has no usual number, Wednesday's 28 may still go on
    assert (success, said) == (False, "2 rows on Tuesday 2026-10-27, usually 10")
    off = {"published": {"orders": past}, "day_off": lambda day: day == date(2026, 10, 27)}
    assert seen(audited(new, by_day, **off)) == (True, "50 rows in the last week, each day as usual")


# --- mix of categories -----------------------------------------------------------------------------------------------
def test_the_stability_index_is_what_its_formula_says() -> None:
    now, before = (60.5, 60.5, 80.5), (500.5, 300.5, 200.5)  # each count and a half
    by_hand = sum(
        (p / 201.5 - q / 1001.5) * math.log((p / 201.5) / (q / 1001.5)) for p, q in zip(now, before, strict=True)
    )
    assert by_hand == pytest.approx(0.2393, abs=5e-5)
    assert stability({"a": 60, "b": 60, "c": 80}, {"a": 500, "b": 300, "c": 200}) == pytest.approx(by_hand)
    assert stability({"a": 50}, {"a": 7}) == pytest.approx(0)


def mixed(name: str, counts: dict[str, int], stretch: int) -> list[dict[str, Any]]:
    """Orders of four weeks, ``stretch`` four weeks before the last ones, by status."""
    day = LAST - timedelta(days=28 * stretch)
    return [row for status, count in counts.items() for row in orders(f"{name}{status}", day, count, status=status)]


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ({"open": 52, "delivered": 48}, True),  # 20 % before, 52 % now: an index of 0.49
        ({"open": 30, "delivered": 70}, True),  # 0.05
        ({"open": 3, "delivered": 2}, True),  # 0.78, but of five rows: chance gives up to 2.2
    ],
)
def test_a_mix_that_moved_is_told_where_it_is_more_than_chance(
    audited: Audited, now: dict[str, int], holds: bool
) -> None:
    past = [row for stretch in range(1, 7) for row in mixed("P", {"open": 20, "delivered": 80}, stretch)]
    mix = rule(MIX, "info", "keep", column="status", by="ordered_on", days=28, stretches=6, at_most=0.25)
    success, said = seen(audited(mixed("N", now, 0), mix, published={"orders": past}))
    if now["open"] == 52:
        p, q = 52.5 / 101, 120.5 / 601
        index = (p - q) * math.log(p / q) + (q - p) * math.log((1 - p) / (1 - q))
        assert not success
        assert said == (
            f"status shifted by {index:.3f}, 0.250 at most is usual: "
            "delivered 48 % now, 80 % before, open 52 % now, 20 % before"
        )
    else:
        assert success is holds


def test_a_mix_that_comes_and_goes_anyway_raises_no_alarm(audited: Audited) -> None:
    past = [
        row
        for stretch in range(1, 7)
        for row in mixed("P", {"open": 60 if stretch in (2, 5) else 20, "delivered": 80}, stretch)
    ]
    mix = rule(MIX, "info", "keep", column="status", by="ordered_on", days=28, stretches=6, at_most=0.05)
    new = mixed("N", {"open": 60, "delivered": 80}, 0)
    assert seen(audited(new, mix, published={"orders": past}))[0]
    assert not seen(audited(new, mix, published={"orders": [row for row in past if row["status"] != "open"]}))[0]


def test_a_mix_without_history_is_not_judged(audited: Audited) -> None:
    mix = rule(MIX, "info", "keep", column="status", by="ordered_on", days=28, stretches=6, at_most=0.1)
    assert seen(audited(mixed("N", {"open": 9}, 0), mix)) == (True, "0 stretches of 28 days of history")


# --- sums of two sources ---------------------------------------------------------------------------------------------
def against(**values: Any) -> dict[str, Any]:
    said = {
        "column": "quantity",
        "by": "delivered_on",
        "other_table": "made",
        "other_column": "quantity",
        "other_by": "ordered_on",
        "days": 30,
        "at_least": 0.9,
        "at_most": 1.0,
    }
    return rule(TOTAL, "warning", "keep", **said | values)


def test_sums_of_two_sources_are_held_against_each_other_over_the_same_days(audited: Audited) -> None:
    made = [order("M1", ordered_on=date(2026, 10, 9), quantity=100.0), order("M2", ordered_on=date(2026, 10, 20))]
    shipped = [order("A1", quantity=60.0), order("A2", quantity=35.0), order("A3", quantity=500.0, status="open")]
    # the newest shipment is of 9 October: what was made on the 20th lies behind the days compared
    where = {"status": ["delivered"]}
    said = "{} quantity against 100 quantity of made, 2026-09-10 to 2026-10-09"
    assert seen(audited(shipped, against(where=where), published={"made": made})) == (True, said.format("95"))
    assert seen(audited(shipped, against(), published={"made": made})) == (False, said.format("595"))
    assert seen(audited(shipped[:1], against(where=where), published={"made": made})) == (False, said.format("60"))
    few = against(from_rows=2)
    assert seen(audited(shipped, few, published={"made": made})) == (True, "fewer than 2 rows to compare")


def test_sums_wait_for_the_other_source(audited: Audited) -> None:
    result = audited([order("A1")], against())
    assert result.message == "links to made were not checked: no rows are published there yet"
    assert seen(result) == (True, "not checked: made has no rows yet")


def test_sums_within_one_table_count_new_and_published_rows_once(audited: Audited) -> None:
    own = against(other_table="orders", other_column="score", other_by="delivered_on", at_least=1, at_most=1)
    published = [order("A1", quantity=1.0, score=1), order("A2", quantity=2.0, score=2)]
    new = [order("A1", quantity=5.0, score=5)]
    assert seen(audited(new, own, published={"orders": published})) == (
        True,
        "7 quantity against 7 score of orders, 2026-09-10 to 2026-10-09",
    )


# --- nothing new, no room --------------------------------------------------------------------------------------------
def test_age_is_judged_also_when_nothing_new_came(tmp_path: Path) -> None:
    suite = write_suite(
        tmp_path / "orders.json",
        rule("expect_column_newest_to_be_recent", "info", "keep", column="ordered_on", days=35),
    )
    published = write_rows(tmp_path / "published.parquet", [order("A1", ordered_on=date(2026, 9, 1))])

    def judged(files: list[str]) -> list[tuple[bool, tuple[str, ...]]]:
        found = standing("crm", ORDERS, suite=suite, out=tmp_path, as_of=AS_OF, lookup=lambda _name: files)
        return [(one.success, one.sample) for one in found]

    assert judged([published]) == [(False, ("newest ordered on is 2026-09-01, 65 days old",))]
    assert judged([]) == []


@pytest.mark.parametrize(
    ("new", "published", "newest"),
    [
        ((7, 1), (9, 1), "2026-09-01, 65"),  # neither lately: the published one is newer all the same
        ((7, 1), (10, 20), "2026-10-20, 16"),
        ((10, 21), (9, 1), "2026-10-21, 15"),
        ((8, 1), (7, 1), "2026-08-01, 96"),
    ],
)
def test_the_newest_day_is_found_however_long_ago(
    audited: Audited, new: tuple[int, int], published: tuple[int, int], newest: str
) -> None:
    recent = rule("expect_column_newest_to_be_recent", "info", "keep", column="ordered_on", days=1)
    there = [order("A1", ordered_on=date(2026, *published)), order("A2", ordered_on=date(2027, 1, 1))]  # not yet
    result = audited([order("A3", ordered_on=date(2026, *new))], recent, published={"orders": there})
    assert seen(result) == (False, f"newest ordered on is {newest} days old")


def test_a_disk_or_memory_that_gives_out_inside_a_rule_is_not_the_rule_s_fault(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "spill").write_text("no folder can be made here")
    monkeypatch.setattr(evidence, "MEMORY", "4MB")
    link = rule(
        "expect_column_values_to_exist_in_table", column="order_id", other_table="others", other_column="order_id"
    )
    rows = [order(f"A{'x' * 200}{number}") for number in range(60_000)]
    with pytest.raises(CouldNotRun, match="source crm, table orders: the rules could not be checked"):
        audited(rows, link, published={"others": [order("A1")]})


def test_memory_that_gives_out_inside_the_library_is_not_the_rule_s_fault(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: object) -> frozenset[object]:
        raise MemoryError

    monkeypatch.setattr(evidence.Evidence, "unknown", unable)
    link = rule(
        "expect_column_values_to_exist_in_table", column="order_id", other_table="others", other_column="order_id"
    )
    with pytest.raises(CouldNotRun, match=r"could not be checked \(out of memory\)"):
        audited([order("A1")], link, published={"others": [order("A1")]})
