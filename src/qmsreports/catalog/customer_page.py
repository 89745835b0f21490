"""What a review shows about customers beside the KPIs themselves: how they are read together, and what they wrote.

One file, ``catalog/customers.yaml``, for all reviews; an organisation without it has no such page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from qmsreports.catalog.model import Model, Name, Text, Translated, Whole


class Expectation(Translated):
    """Something customers expect, and the KPIs that tell whether they get it."""

    title: Text
    kpis: tuple[Name, ...] = Field(min_length=1)


class Theme(Translated):
    """What comments may be about. ``words`` are by language, all are tried on each comment; ``late*`` also finds
    ``lateness``.
    """

    theme: Name
    title: Text
    words: Mapping[str, tuple[Text, ...]] = Field(min_length=1)

    def about(self, text: str) -> bool:
        """Tell whether a comment speaks of it; letters are compared without case and accents."""
        plain = f" {_spaced(text)} "
        return any(_found(word, plain) for words in self.words.values() for word in words)


class CustomerPage(Model):
    """``voices`` are the survey scores side by side along the dimensions ``by``, each beside ``response_rate``.

    ``share`` is the KPI of customers with a bad experience, ``again`` and ``others`` the share who came
    back after one, and that of all others.
    ``quotes`` are shown of each theme, masked; ``never`` are words that no quote may show, such as names of staff;
    ``names`` shows the names of customers who did not come back instead of their numbers.
    """

    clause: str = "9.3.2-c1"
    voices: tuple[Name, ...] = ()
    response_rate: Name | None = None
    by: tuple[Name, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    complaints: tuple[Name, ...] = ()
    share: Name | None = None
    again: Name | None = None
    others: Name | None = None
    names: bool = False
    themes: tuple[Theme, ...] = ()
    quotes: Whole = Field(default=2, ge=0, le=10)
    never: tuple[Text, ...] = ()

    @field_validator("clause", mode="before")
    @classmethod
    def _clause_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, float) else value

    @property
    def kpis(self) -> tuple[str, ...]:
        """Every KPI that is named."""
        expected = tuple(kpi for one in self.expectations for kpi in one.kpis)
        single = tuple(kpi for kpi in (self.response_rate, self.share, self.again, self.others) if kpi)
        return (*self.voices, *expected, *self.complaints, *single)


def folded(text: str) -> str:
    """Return a text without case and accents: ``Pünktlich`` is ``punktlich``."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one))


def _spaced(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", folded(text)))


def _found(word: str, plain: str) -> bool:
    wanted = _spaced(word)
    return bool(wanted) and (f" {wanted}" if word.endswith("*") else f" {wanted} ") in plain
