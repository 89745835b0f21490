"""What all registers share: plain dates, working days, people, and what was known on the day of reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar, cast

import numpy as np

from qmsreports.demo.clock import office
from qmsreports.demo.company import SITES
from qmsreports.demo.names import PEOPLE

Row = list[Any]
T = TypeVar("T")


def day(value: np.datetime64) -> date:
    """Return a plain date, as Excel cells want it."""
    return cast("date", value.astype("datetime64[D]").item())


def later(value: date, workdays: int = 0) -> date:
    """Return the day so many working days later, or the next working day."""
    return day(np.busday_offset(np.datetime64(value), workdays, roll="forward", busdaycal=office("AT")))


def seen(value: date | None, today: date) -> date | None:
    """Return the date if it had come by then."""
    return value if value is not None and value <= today else None


def in_turn(texts: Sequence[T], number: int) -> T:
    """Return the text of the number-th row: all of them come in turn, neighbours differ."""
    return texts[number * 7 % len(texts)]


def title(site: int) -> str:
    """Return the site as people write it in a sheet."""
    return SITES[site].capitalize()


def owner(rng: np.random.Generator, site: int) -> str:
    """Return a person of the site."""
    people = PEOPLE[SITES[site]]
    return people[int(rng.integers(len(people)))]
