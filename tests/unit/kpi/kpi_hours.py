"""Open time of the fixture's desk by asking the wall clock, and cases with instants across both clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from kpi_fixture import ZONE, Row, instants

VIENNA = ZoneInfo(ZONE)
QUARTER = 900
HOURS = {  # the desk of the fixture, written again as minutes after midnight
    **{weekday: ((480, 720), (765, 1020)) for weekday in range(4)},
    4: ((540, 1020),),
    5: (),
    6: ((60, 240),),
}


@cache
def worked_quarters() -> tuple[int, list[int]]:
    """Seconds open before every quarter of an hour of 2026, found by asking the wall clock at each of them."""
    first = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp())
    total, sums = 0, []
    for quarter in range((400 * 86400) // QUARTER):
        sums.append(total)
        local = datetime.fromtimestamp(first + quarter * QUARTER, VIENNA)
        minute = local.hour * 60 + local.minute
        if any(opens <= minute < closes for opens, closes in HOURS[local.weekday()]):
            total += QUARTER
    return first, sums


def worked(moment: datetime) -> int:
    first, sums = worked_quarters()
    quarter, rest = divmod(int(moment.timestamp()) - first, QUARTER)
    is_open = sums[quarter + 1] > sums[quarter]
    return sums[quarter] + (rest if is_open else 0)


def clock(moment: datetime) -> int:
    return int(moment.timestamp())


def month_end(period: str) -> datetime:
    year, month = int(period[:4]), int(period[5:])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=VIENNA).astimezone(UTC)


def tickets(longest: int = 40 * 86400) -> st.SearchStrategy[list[Row]]:
    """Cases with instants; some open, some closed before they were opened, many within a month of a clock change."""
    opened = instants()
    row = st.builds(
        lambda begun, length, channel: {
            "opened_at": begun,
            "closed_at": None if length is None else begun + timedelta(seconds=length),
            "channel": channel,
        },
        opened,
        st.none() | st.integers(-3600, longest),
        st.sampled_from(["phone", "email", None]),
    )
    return st.lists(row, max_size=25)
