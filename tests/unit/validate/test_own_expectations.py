"""The rules that look beyond one row: links, the run's instant, freshness, volume, vanishing and refused rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from audit_fixture import AS_OF, order, rule

from qmsreports.records import Audit

Audited = Callable[..., Audit]

LINK = "expect_column_values_to_exist_in_table"
NO_LATER = "expect_column_values_to_be_no_later_than_run"
RECENT = "expect_column_newest_to_be_recent"
VOLUME = "expect_column_volume_to_match_history"
SHRINK = "expect_table_not_to_shrink"
REJECTS = "expect_table_rejects_to_be_few"


def to_customers() -> dict[str, object]:
    return rule(LINK, column="customer_id", other_table="customers", other_column="customer_id")


def test_a_link_to_nowhere_is_quarantined_and_an_empty_one_is_not(audited: Audited) -> None:
    result = audited(
        [order("A1"), order("A2", customer_id="C9"), order("A3", customer_id=None)],
        to_customers(),
        published={"customers": [order(None, customer_id="C1"), order(None, customer_id=None)]},
    )
    assert [(row.key, row.reason) for row in result.quarantined] == [
        ("A2", 'Customer id is "C9", which is not among the customers.')
    ]


def test_a_link_cannot_be_judged_before_the_other_table_has_rows(audited: Audited) -> None:
    result = audited([order("A1")], to_customers())
    assert (result.status, result.rows) == ("passed", 1)
    assert result.message == "links to customers were not checked: no rows are published there yet"
    (found,) = result.rules
    assert (found.success, found.rows_checked, found.sample) == (True, 0, ("not checked: customers has no rows yet",))


def test_a_table_may_point_into_itself(audited: Audited) -> None:
    result = audited(
        [order("A1", customer_id="A2"), order("A2", customer_id="A0"), order("A3", customer_id="A9")],
        rule(LINK, column="customer_id", other_table="orders", other_column="order_id"),
        published={"orders": [order("A0")]},
    )
    assert [row.key for row in result.quarantined] == ["A3"]


def test_a_day_may_be_today_anywhere_on_earth(audited: Audited) -> None:
    # the run is on 5 November 06:00 UTC; in Auckland it is the 5th, on Kiritimati (UTC+14) 20:00 of the 5th
    result = audited(
        [order("A1", ordered_on=date(2026, 11, 5)), order("A2", ordered_on=date(2026, 11, 6))],
        rule(NO_LATER, column="ordered_on"),
    )
    assert [(row.key, row.reason) for row in result.quarantined] == [
        ("A2", "Ordered on is 2026-11-06, which has not come yet.")
    ]


def test_an_instant_is_granted_its_slack(audited: Audited) -> None:
    rows = [order(f"A{minutes}", seen_at=AS_OF + timedelta(minutes=minutes)) for minutes in (0, 15, 16)]
    result = audited(rows, rule(NO_LATER, column="seen_at", slack_minutes=15))
    assert [(row.key, row.reason) for row in result.quarantined] == [
        ("A16", "Seen at is 2026-11-05 06:16 UTC, which has not come yet.")
    ]


def test_days_far_outside_the_calendar_are_judged_and_not_a_crash(audited: Audited) -> None:
    result = audited(
        [order("A1", ordered_on=date(9999, 12, 31)), order("A2", ordered_on=date(1, 1, 1))],
        rule(NO_LATER, column="ordered_on"),
        rule("expect_column_values_to_be_between", column="ordered_on", min_value="2015-01-01"),
    )
    assert sorted(row.key for row in result.quarantined) == ["A1", "A2"]


def test_freshness_looks_at_published_rows_too_and_past_a_mistyped_year(audited: Audited) -> None:
    stale = [order("A1", ordered_on=date(2026, 9, 1)), order("A2", ordered_on=date(2062, 9, 1))]
    fresh = rule(RECENT, "warning", "keep", column="ordered_on", days=35)
    (found,) = audited(stale, fresh).rules
    assert (found.success, found.sample) == (False, ("newest ordered on is 2026-09-01, 65 days old",))
    (found,) = audited(stale, fresh, published={"orders": [order("A0", ordered_on=date(2026, 11, 1))]}).rules
    assert (found.success, found.sample) == (True, ("newest ordered on is 2026-11-01, 4 days old",))


def test_a_published_row_that_is_replaced_does_not_make_a_table_fresh(audited: Audited) -> None:
    (found,) = audited(
        [order("A1", ordered_on=date(2026, 9, 1))],
        rule(RECENT, "warning", "keep", column="ordered_on", days=35),
        published={"orders": [order("A1", ordered_on=date(2026, 11, 1))]},
    ).rules
    assert not found.success


def test_a_week_out_of_the_usual_is_told(audited: Audited) -> None:
    # eight weeks of 10 orders each before the week that ends on 28 October, which has 2
    past = [
        order(f"B{week}-{number}", ordered_on=date(2026, 10, 20) - timedelta(weeks=week))
        for week in range(8)
        for number in range(10)
    ]
    new = [order("A1", ordered_on=date(2026, 10, 28)), order("A2", ordered_on=date(2026, 10, 22))]
    volume = rule(VOLUME, "info", "keep", column="ordered_on", weeks=8, at_least=0.3, at_most=3)
    (found,) = audited(new, volume, published={"orders": past}).rules
    assert (found.success, found.sample) == (False, ("2 rows in the last week, usually 10",))
    (found,) = audited(new, volume, published={"orders": past[:30]}).rules  # three weeks are no history for eight
    assert (found.success, found.sample) == (True, ("2 rows in the last week, 3 weeks of history",))


def test_a_table_that_has_a_row_now_and_then_is_not_out_of_the_usual_for_each(audited: Audited) -> None:
    # one order in each fourth week of twelve: most weeks have none, and half of none is none
    past = [order(f"B{week}", ordered_on=date(2026, 10, 20) - timedelta(weeks=week)) for week in (3, 7, 11)]
    volume = rule(VOLUME, "info", "keep", column="ordered_on", weeks=12, at_least=0.3, at_most=3)

    def seen(rows: int) -> tuple[bool, str]:
        new = [order(f"A{number}", ordered_on=date(2026, 10, 28)) for number in range(rows)]
        (found,) = audited(new, volume, published={"orders": past}).rules
        return found.success, found.sample[0]

    assert seen(1) == (True, "1 rows in the last week, usually none, 1 at most")
    assert seen(3)[0]
    assert seen(4) == (False, "4 rows in the last week, usually none, 1 at most")


def test_a_verdict_on_a_whole_column_says_what_was_seen(audited: Audited) -> None:
    def seen(rows: list[dict[str, Any]], kind: str, **arguments: Any) -> tuple[bool, tuple[str, ...]]:
        (found,) = audited(rows, rule(kind, "critical", "stop", **arguments)).rules
        return found.success, found.sample

    one, empty = [order("A1")], [order("A1", quantity=None), order("A2", quantity=None)]
    spread = {"column": "quantity", "min_value": 1}
    assert seen(one, "expect_column_stdev_to_be_between", **spread) == (
        True,
        ("not judged: one value has no spread",),
    )
    assert seen(empty, "expect_column_mean_to_be_between", **spread) == (False, ("quantity is empty in all 2 rows",))
    other = {"column": "customer_id", "value_set": ["C2"]}
    assert seen(one, "expect_column_distinct_values_to_be_in_set", **other) == (False, ('customer id is "C1"',))


@pytest.mark.parametrize(("gone", "status"), [(10, "passed"), (11, "stopped")])
def test_a_source_that_suddenly_lost_its_rows_stops(audited: Audited, gone: int, status: str) -> None:
    published = [order(f"B{number}") for number in range(50)]
    result = audited(
        [],
        rule(SHRINK, "critical", "stop", share=0.2, from_rows=5),
        published={"orders": published},
        deleted=[{"order_id": f"B{number}"} for number in range(gone)],
    )
    assert result.status == status
    assert result.rules[0].sample == (f"{gone} of 50 published rows are gone at the source",)


@pytest.mark.parametrize(("left", "status"), [(40, "passed"), (39, "stopped"), (0, "stopped")])
def test_a_complete_delivery_that_is_suddenly_short_stops(audited: Audited, left: int, status: str) -> None:
    result = audited(
        [order(f"N{number}") for number in range(left)],  # all keys are new, as after an edited mapping
        rule(SHRINK, "critical", "stop", share=0.2, from_rows=5),
        published={"orders": [order(f"B{number}") for number in range(50)] + [order("X1", _source="shop")]},
        complete=True,
    )
    assert result.status == status
    assert result.rules[0].sample == (f"{50 - left} of 50 published rows are gone at the source",)


def test_a_mapping_that_refuses_too_much_stops_the_table(audited: Audited) -> None:
    few = rule(REJECTS, "critical", "stop", share=0.05, from_rows=3)
    refused = [order(f"R{number}") | {"_reject": "no such plant"} for number in range(3)]
    rows = [order(f"A{number}") for number in range(57)]
    assert audited(rows, few, refused=refused).status == "passed"  # 3 of 60 are 5 %
    result = audited(rows[:56], few, refused=refused)  # 3 of 59 are more
    assert result.status == "stopped"
    told = "the mapping refused 3 of 59 rows, 3 of them like this: no such plant: expect_table_rejects_to_be_few"
    assert told in result.message


def test_the_reason_given_most_often_is_said_whatever_values_it_quotes(audited: Audited) -> None:
    few = rule(REJECTS, "critical", "stop", share=0.05, from_rows=3)
    reasons = ['plant "X1" is unknown', 'quantity "9 pcs" is no number', 'quantity "8 pcs" is no number', None]
    refused = [order(f"R{number}") | {"_reject": reason} for number, reason in enumerate(reasons)]
    (said,) = audited([order("A1")], few, refused=refused).rules[0].sample
    assert said == 'the mapping refused 4 of 5 rows, 2 of them like this: quantity "9 pcs" is no number'


def test_the_instant_of_the_run_must_say_its_zone(audited: Audited) -> None:
    from qmsreports.records import StagedTable
    from qmsreports.validate.evidence import Evidence

    with pytest.raises(ValueError, match="aware"):
        Evidence(
            StagedTable("crm", "orders", "", 0, "", 0, 0, 0, 0, ()),
            table=None,  # type: ignore[arg-type]
            as_of=datetime(2026, 11, 5),  # noqa: DTZ001 - the mistake in question
            lookup=lambda _name: (),
            spill=None,  # type: ignore[arg-type]
        )
    assert AS_OF.tzinfo is UTC
