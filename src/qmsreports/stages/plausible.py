"""Days that cannot be: before the period that a review looks back on, before what they follow from, or to come."""

from __future__ import annotations

from datetime import date

from qmsreports.errors import Finding, UserError
from qmsreports.period import Period


def begun(where: str, what: str, day: date, period: Period, option: str) -> None:
    """Refuse a day before the period begins. ``what`` goes before it: ``cannot have been held on``."""
    if day < period.start:
        said = f"{what} {day}, before {period} begins on {period.start}"
        raise UserError(Finding(where, said, f"say {option} truly"))


def follows(where: str, what: str, day: date, decided: date, option: str) -> None:
    """Refuse a day before the one on which it was decided. ``what`` goes before it: ``cannot be due on``."""
    if day < decided:
        raise UserError(Finding(where, f"{what} {day}, before it was decided on {decided}", f"say {option} truly"))


def not_to_come(where: str, what: str, day: date, today: date, option: str) -> None:
    """Refuse a day after today for what is over. ``what`` goes before it: ``cannot have been held on``."""
    if day > today:
        raise UserError(Finding(where, f"{what} {day}, which is to come", f"say {option} truly"))
