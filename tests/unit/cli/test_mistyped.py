"""What was mistyped is told at once and leaves no trace: no run on record, no value of a month to come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from qmsreports import stages

WRONG = [
    (("run", "ingest", "nowhere"), 'there is no source "nowhere"'),
    (("run", "measure", "--period", "2206-10"), "period 2206-10 begins on 2206-10-01, and today is 2026-11-03"),
    (("run", "measure", "--period", "2026-12"), "period 2026-12 begins on 2026-12-01, and today is 2026-11-03"),
    (("run", "review", "--period", "2027-Q1"), "period 2027-Q1 begins on 2027-01-01, and today is 2026-11-03"),
    (("pack", "build", "--period", "2027-01"), "period 2027-01 begins on 2027-01-01, and today is 2026-11-03"),
    (("pack", "approve", "--period", "2026-10", "--by", " "), "nobody is named; say who it is: --by"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_one_line_and_nothing_on_record(desk: Any, words: tuple[str, ...], said: str) -> None:
    before = desk.json("run", "list")
    told = desk.type(*words, expect=2)
    assert said in told and "\n" not in told
    assert desk.json("run", "list") == before


@pytest.mark.parametrize(
    ("at", "period"),
    [("2026-11-03 08:00", "2026-11"), ("2026-11-03 08:00", "2026"), ("2026-11-30 23:30", "2026-12")],
)
def test_a_period_that_has_begun_where_the_organisation_is_can_be_asked_for(desk: Any, at: str, period: str) -> None:
    """At half past eleven in Greenwich, December has begun in Vienna."""
    assert stages.asked_period(period, datetime.fromisoformat(f"{at}+00:00")) == period
