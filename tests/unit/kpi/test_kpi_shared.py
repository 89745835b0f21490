"""Conditions that many parts share: which are chosen, and in which order, is the same in every process."""

from __future__ import annotations

from qmsreports.kpi import plan
from qmsreports.kpi.plan import ColumnRef, Tally
from qmsreports.kpi.shared import shared_tests

DUE = ColumnRef("due_on", "date")
OFTEN = 6


def _tests(count: int) -> list[plan.Test]:
    return [plan.Test(ColumnRef(f"flag_{number}", "boolean"), "is", (True,)) for number in range(count)]


def _tally(number: int, where: tuple[plan.Test, ...]) -> Tally:
    return Tally(f"part {number}", "orders", DUE, "sum", ColumnRef(f"amount_{number}", "number"), where)


def test_conditions_asked_equally_often_come_in_the_order_in_which_they_are_written() -> None:
    """Texts are hashed anew in every process, so an order taken from a set would give another statement each time."""
    tests = _tests(3)
    plain = [_tally(number, ()) for number in range(OFTEN)]
    counted = [_tally(number, tuple(tests)) for number in range(OFTEN)]
    assert shared_tests([*plain, *counted]) == tuple(tests)
    backwards = [_tally(number, tuple(reversed(tests))) for number in range(OFTEN)]
    assert shared_tests([*plain, *backwards]) == tuple(reversed(tests))
