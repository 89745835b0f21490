"""Until when a value may move: what waits for late data, and what a load that is missing today could still bring."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from qmsreports.catalog.kpi import KpiVersion
from qmsreports.period import Period


def is_provisional(version: KpiVersion, period: Period, today: date) -> bool:
    """Tell whether the value may still move: it settles so many local days after the end of its period.

    October with ``settles_after: 14 days`` is provisional up to and with 14 November.
    """
    return today < period.end + timedelta(days=version.settles_after.days)


def is_open_to_change(period: Period, today: date, *, provisional: bool) -> bool:
    """Tell whether a load that is missing today could have brought rows of this period: it is provisional, or the
    newest of its kind that is over, or later.
    """
    return provisional or period.start >= _newest(today, period.kind)


@lru_cache(maxsize=16)  # asked for every KPI and period of a measurement
def _newest(today: date, kind: str) -> date:
    """Return the first day of the newest period of a kind that is over."""
    return Period.last_closed(today, kind).start
