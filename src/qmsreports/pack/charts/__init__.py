"""Charts as SVG: process-behaviour chart, sparkline, small multiples. Plain data in, reproducible text out."""

from __future__ import annotations

from qmsreports.pack.charts.multiples import small_multiples
from qmsreports.pack.charts.process import process_chart
from qmsreports.pack.charts.series import ChartBreak, ChartPoint, ChartSeries
from qmsreports.pack.charts.sharing import share_outlines
from qmsreports.pack.charts.spark import sparkline
from qmsreports.pack.charts.style import ChartWords, Palette

__all__ = [
    "ChartBreak",
    "ChartPoint",
    "ChartSeries",
    "ChartWords",
    "Palette",
    "process_chart",
    "share_outlines",
    "small_multiples",
    "sparkline",
]
