"""A day that one source lost is found by the suites of the demo, and days on which nobody works are none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qmsreports.catalog.load import load_catalog
from qmsreports.records import StagedTable
from qmsreports.validate import judging
from qmsreports.validate.evidence import Evidence
from qmsreports.validate.suite import load_suite

ROOT = Path(__file__).parents[3]
AS_OF = datetime(2026, 10, 30, 18, tzinfo=UTC)
LAST = date(2026, 10, 30)
WORKED = [day for back in range(120) if (day := LAST - timedelta(days=back)).weekday() < 5]
NATIONAL_DAY = date(2026, 10, 26)


def write(folder: Path, name: str, column: str, days: list[date], rows: int) -> str:
    """So many rows on each day, of a table that holds nothing else that is asked for."""
    path = folder / f"{name}.parquet"
    key = {"machine_shifts": "shift_id", "operations": "operation_id", "order_lines": "order_line_id"}[name]
    table = [{key: f"{day}-{number}", column: day} for day in days for number in range(rows)]
    pq.write_table(pa.Table.from_pylist(table), path)
    return str(path)


@pytest.mark.parametrize(
    ("table", "name", "column", "other", "by", "usual"),
    [
        ("order_lines", "no_day_of_deliveries_lost", "delivered_on", "machine_shifts", "shift_on", 26),
        ("machine_shifts", "no_day_of_shifts_lost", "shift_on", "operations", "finished_on", 26),
        ("operations", "no_day_of_bookings_lost", "finished_on", "machine_shifts", "shift_on", 26),
    ],
)
def test_a_lost_day_is_found_and_a_public_holiday_is_none(
    tmp_path: Path, table: str, name: str, column: str, other: str, by: str, usual: int
) -> None:
    declared = load_catalog(ROOT / "catalog").tables[table]
    (rule,) = [one for one in load_suite(ROOT / "expectations" / f"{table}.json", declared).rules if one.label == name]
    theirs = write(tmp_path, other, by, WORKED, usual)

    def judged(days: list[date]) -> tuple[bool, str]:
        files = {table: [write(tmp_path, table, column, days, 3)], other: [theirs]}
        nothing = StagedTable("shop", table, "", 0, "", 0, 0, 0, 0, ())
        off: Any = NATIONAL_DAY.__eq__
        now = Evidence(nothing, declared, as_of=AS_OF, lookup=files.__getitem__, spill=tmp_path, day_off=off)
        said = dict(rule.kwargs) | {"where": {}}
        with now.current():
            return judging.days_covered(
                now, column, (said["other_table"], said["other_by"]),
                days=said["days"], from_rows=said["from_rows"], where={},
            )  # fmt: skip

    kept = [day for day in WORKED if day != NATIONAL_DAY]
    assert judged(kept)[0]
    lost = date(2026, 10, 13)  # a Tuesday
    holds, seen = judged([day for day in kept if day != lost])
    assert not holds
    assert f" on 2026-10-13 ({usual} rows of {other.replace('_', ' ')})" in seen
    long_ago = date(2026, 7, 21)  # before the 90 days
    assert judged([day for day in kept if day != long_ago])[0]
    assert judged(kept[3:])[0], "a table that is late is the business of the rule on age"
