"""What a review adds around its objectives: the order of the meeting, and pages of single sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qmsreports.language import spoken
from qmsreports.pack import figures
from qmsreports.pack.objective import Objective, Reasons, Record
from qmsreports.pack.register_table import RegisterTable

if TYPE_CHECKING:
    from qmsreports.catalog.review import Review


class AgendaItem(Record):
    """One item of the meeting; ``minutes`` 0 where no time was set."""

    title: str
    clauses: tuple[str, ...] = ()
    minutes: int = 0
    led_by: str = ""


class ReasonsThere(Record):
    """Where the rows of one objective fall, counted for one site alone."""

    kpi: str
    reasons: Reasons


class Annex(Record):
    """The page of one value of a slice, such as one site, with the objectives that have a value there.

    ``registers`` are its own rows, ``reasons`` those of objectives that miss their target or have a signal there,
    ``quarantined`` its rows that wait in quarantine.
    """

    dimension: str
    key: str
    title: str
    kpis: tuple[str, ...]
    registers: tuple[RegisterTable, ...] = ()
    reasons: tuple[ReasonsThere, ...] = ()
    quarantined: int = 0


def agenda_of(review: Review) -> tuple[AgendaItem, ...]:
    """Return the agenda as the catalog has it."""
    return tuple(
        AgendaItem(
            title=item.told("title", spoken().code),
            clauses=item.clauses,
            minutes=item.minutes,
            led_by=figures.written_role(item.led_by),
        )
        for item in review.agenda
    )


def annexes_of(review: Review, objectives: Sequence[Objective]) -> tuple[Annex, ...]:
    """Return one annex for each value that a slice has in the period, in the order of their titles."""
    asked = review.annexes
    if asked is None:
        return ()
    order = asked.kpis or tuple(one.kpi for one in objectives)
    chosen = [one for name in order for one in objectives if one.kpi == name]
    titles = {
        part.key: part.title
        for one in chosen
        for part in one.slices
        if part.dimension == asked.slice and part.points and part.latest.status != "no_data"
    }
    return tuple(
        Annex(
            dimension=asked.slice,
            key=key,
            title=title,
            kpis=tuple(
                one.kpi
                for one in chosen
                if any((part.dimension, part.key) == (asked.slice, key) for part in one.slices)
            ),
        )
        for key, title in sorted(titles.items(), key=lambda entry: entry[1])
    )
