"""Progress where nobody looks at a terminal: a log that says what runs, how many rows it has, and how long it took."""

from __future__ import annotations

import re

import pytest

from qmsreports.cli import output


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock; the test moves its only hand."""
    hand = [0.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: hand[0])
    return hand


def test_a_log_has_the_begin_of_each_step_and_its_rows(
    seconds: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with output.progress("ingest") as tell:
        tell("crm: so_item", 0)
        for batch in range(1, 31):  # 30 batches of 1,000 rows in 15 seconds
            seconds[0] += 0.5
            tell("crm: so_item", batch * 1000)
        tell("analyse otif", 0)
        tell("analyse otif", 0)
        tell("crm: customer", 7)
    assert capsys.readouterr().err.splitlines() == [
        "   0.0 s  ingest: crm: so_item",
        "  10.0 s  ingest: crm: so_item, 20,000 rows",
        "  15.0 s  ingest: crm: so_item, 30,000 rows",
        "  15.0 s  ingest: analyse otif",
        "  15.0 s  ingest: crm: customer, 7 rows",
    ]


def test_the_rows_of_the_last_step_are_said_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), output.progress("ingest") as tell:
        tell("crm: so_item", 0)
        tell("crm: so_item", 5)
        raise ZeroDivisionError
    first, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r" +\d+\.\d s  ingest: crm: so_item", first)
    assert last.endswith("ingest: crm: so_item, 5 rows")
