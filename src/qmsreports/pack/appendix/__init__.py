"""The appendix of a pack for who wants to calculate: one workbook with every value as a number, a date or a text."""

from __future__ import annotations

from qmsreports.pack.appendix.workbook import render_workbook

__all__ = ["render_workbook"]
