"""A kind of management review: how often, against which standards, what it shows and where it is delivered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from qmsreports.catalog.delivery import Delivery
from qmsreports.catalog.model import Model, Name, Text, Translated, Whole
from qmsreports.fiscal import CALENDAR, FiscalYear
from qmsreports.organisation import Language
from qmsreports.period import LENGTH

Rhythm = Literal["month", "quarter", "half", "year", "fiscal_month", "fiscal_quarter", "fiscal_half", "fiscal_year"]


class Section(Translated):
    """One section of the pack, for one clause item of the first standard.

    ``kpis`` fixes the order; empty means every KPI that feeds the clause. ``tables`` are registers whose rows show.
    """

    clause: Text
    title: Text
    lead: str = ""
    kpis: tuple[Name, ...] = ()
    tables: tuple[Name, ...] = ()

    @field_validator("clause", mode="before")
    @classmethod
    def _clause_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Participant(Model):
    """Who takes part, by role; a name is optional because people change and roles stay."""

    role: Text
    name: str = ""

    @property
    def told(self) -> str:
        """Name and role, or the role alone where nobody is named."""
        return self.told_as(self.role)

    def told_as(self, role: str) -> str:
        """Name and role, the role in the words of the reader's language."""
        return f"{self.name} ({role})" if self.name else role

    def is_called(self, text: str) -> bool:
        """Tell whether a text is the name or the role."""
        plain = " ".join(text.casefold().split())
        return bool(plain) and plain in {" ".join(one.casefold().split()) for one in (self.name, self.role)}


class AgendaItem(Translated):
    """One item of the meeting: what is talked about, of which clauses, how long and who leads."""

    title: Text
    clauses: tuple[str, ...] = ()
    minutes: Whole = Field(default=0, ge=0, le=480)
    led_by: str = ""

    @field_validator("clauses", mode="before")
    @classmethod
    def _clauses_as_text(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [str(item) if isinstance(item, int | float) else item for item in value]
        return value


class Annexes(Model):
    """A page for each value of a slice, such as each site: the same KPIs, measured there alone.

    ``kpis`` fixes the order; empty means every KPI of the review that is cut by this slice.
    """

    slice: Name = "site"
    kpis: tuple[Name, ...] = ()


class Review(Translated):
    """What ``catalog/reviews/<name>.yaml`` says.

    ``period`` is the kind of period it looks back on, of the calendar year or of the organisation's fiscal year;
    ``standards`` are clause maps, the leading one first; ``months_shown`` is the length of the series in charts;
    ``scoreboard`` the KPIs of the overview in their order, empty for all. ``chair`` is the role or name of who leads
    the meeting: the review closes only when somebody did. ``audience`` is who reads the pack beside the participants,
    ``agenda`` the order of the meeting. ``slides`` asks for a presentation beside print and page. ``language`` is the
    one its pack is written in; left out, the organisation's.
    """

    review: Name
    title: Text
    period: Rhythm = "month"
    months_shown: Whole = Field(default=24, ge=12, le=120)
    standards: tuple[str, ...] = Field(min_length=1)
    chair: str = ""
    participants: tuple[Participant, ...] = ()
    audience: tuple[Text, ...] = ()
    agenda: tuple[AgendaItem, ...] = ()
    confidentiality: str = "Internal"
    scoreboard: tuple[Name, ...] = ()
    sections: tuple[Section, ...] = Field(min_length=1)
    annexes: Annexes | None = None
    deliver: Delivery | None = None
    slides: bool = False
    language: Language | None = None

    @property
    def kind(self) -> str:
        """Kind of its periods: month, quarter, half or year."""
        return self.period.removeprefix("fiscal_")

    def year(self, fiscal: FiscalYear | None) -> FiscalYear | None:
        """Return the year its periods are of; ``None`` where it asks for a fiscal year that is not declared."""
        return fiscal if self.period.startswith("fiscal_") else CALENDAR

    @property
    def points_shown(self) -> int:
        """How many points of its kind ``months_shown`` are; two at least, so that there is a line."""
        return max(2, self.months_shown // LENGTH[self.kind])
