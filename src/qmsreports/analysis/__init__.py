"""What a series of KPI results says: limits, signals, intervals, and the finding in words.

Plain Python over small series (tens of points), so that every number can be checked by hand; nothing here reads a
store. ``analyse_series`` and ``result_interval`` are what the stages call.
"""

from __future__ import annotations

from qmsreports.analysis.intervals import result_interval
from qmsreports.analysis.series import analyse_series

__all__ = ["analyse_series", "result_interval"]
