"""The organisation whose management system is reviewed: names, time zone, sites, and its rules for approval."""

from __future__ import annotations

from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from qmsreports.fiscal import WEEKDAYS, FiscalYear

Language = Literal["en", "de", "fr", "es"]
"""Languages that a pack can be written in; each has a catalog of messages."""

_Month = Literal[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Site(BaseModel):
    """A place where the organisation works; ``site`` is the code that rows carry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str
    title: str


class Weeks(BaseModel):
    """Months of whole weeks: the pattern of a quarter, and the day on which the year before ends.

    ``ends`` is ``last`` (the last such weekday of the month before the year's first) or ``nearest`` (the one nearest to
    that month's last day, which may lie in the month after). ``extra_week`` is the month, 1 to 12, that is a week
    longer in a year of 53.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: Literal["4-4-5", "4-5-4", "5-4-4"]
    ends_on: _Weekday
    ends: Literal["last", "nearest"]
    extra_week: int = Field(default=12, ge=1, le=12)


class FiscalYearRule(BaseModel):
    """The organisation's own year: the month it begins in and the calendar year it is named after.

    ``named_by: ends`` calls the year from July 2026 to June 2027 FY2027, ``begins`` FY2026.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: _Month
    named_by: Literal["begins", "ends"]
    weeks: Weeks | None = None


class Organisation(BaseModel):
    """What ``catalog/organisation.yaml`` says. ``time_zone`` bounds every period and dates every instant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    time_zone: str
    language: Language = "en"
    currency: str = "EUR"
    scope: str = ""
    translations: dict[Language, dict[Literal["scope"], str]] = Field(default_factory=dict)
    sites: tuple[Site, ...] = ()
    fiscal_year: FiscalYearRule | None = None
    approvals: int = Field(default=1, ge=1, le=2, description="people, besides the author, who must approve")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f'"{value}" is no IANA time zone; write for example Europe/Vienna') from error
        return value

    @property
    def fiscal(self) -> FiscalYear | None:
        """The rule of its fiscal year, as periods need it; ``None`` where it has only calendar years."""
        rule = self.fiscal_year
        if rule is None:
            return None
        month = get_args(_Month).index(rule.begins) + 1
        if rule.weeks is None:
            return FiscalYear(month, rule.named_by)
        weeks = rule.weeks
        ends_on = WEEKDAYS.index(weeks.ends_on)
        return FiscalYear(month, rule.named_by, weeks.pattern, ends_on, weeks.ends, weeks.extra_week)

    def scope_in(self, language: str) -> str:
        """Return what the management system covers, in a language; as it was written where nobody translated it."""
        return (
            next((said.get("scope") for code, said in self.translations.items() if code == language), "") or self.scope
        )

    def site_title(self, site: str) -> str:
        """Return the printed name of a site code; the code itself where none is declared."""
        return next((entry.title for entry in self.sites if entry.site == site), site)
