"""How long rows wait in quarantine, as a pack says it: by month, so that a night alone changes no pack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pack_fixture_review import facts

from qmsreports.pack.assemble import assemble
from qmsreports.pack.collect import feeds
from qmsreports.pack.view.records import quality
from qmsreports.register.models import Quarantine
from qmsreports.register.store import Register


def said(*since: tuple[str, int]) -> str:
    return str(quality(assemble(facts([], quarantine_since=since)))["waiting"]).replace("\u00a0", " ")


def test_the_months_since_which_rows_wait_are_told() -> None:
    assert said(("2026-08", 3), ("2026-10", 34)) == (
        "37 rows in quarantine wait for a decision: 3 since August 2026, 34 since October 2026."
    )
    assert said(("2026-10", 1)) == "1 row in quarantine waits for a decision: 1 since October 2026."
    assert said() == ""
    months = tuple((f"2026-0{month}", month) for month in range(1, 7))
    assert said(*months).endswith(
        "decision: 6 since January 2026 or later, 4 since April 2026, 5 since May 2026, 6 since June 2026."
    )


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with Register(f"sqlite:///{tmp_path / 'r.db'}") as made:
        made.migrate()
        yield made


def test_rows_wait_from_when_they_were_first_seen_until_they_were_settled(register: Register) -> None:
    def entry(seen: datetime, settled: datetime | None = None) -> Quarantine:
        return Quarantine(
            run_id="r",
            source="crm",
            table_name="orders",
            row_key="A",
            row={},
            rule="in_set",
            reason="Wrong.",
            load_id="1",
            status="mended" if settled else "open",
            first_seen=seen,
            settled_at=settled,
        )

    august, september, october = (datetime(2026, month, 9, tzinfo=UTC) for month in (8, 9, 10))
    with register.write() as session:
        session.add_all([entry(august), entry(august, october), entry(september), entry(october)])
    with register.read() as session:
        assert feeds.waiting(session, datetime(2026, 9, 30, tzinfo=UTC)) == (("2026-08", 2), ("2026-09", 1))
        assert feeds.waiting(session, october) == (("2026-08", 1), ("2026-09", 1), ("2026-10", 1))
