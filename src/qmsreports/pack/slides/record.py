"""Slides of a review that is on record: what was decided, which actions were agreed, what was concluded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qmsreports.language import say
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.model import PackModel
from qmsreports.pack.slides.deck import Deck, Line, Place, whole
from qmsreports.pack.slides.paging import flowing, numbered, paged, rows_fit
from qmsreports.pack.view import meeting

_ROWS = 10
_LEAD = Place(0.045, 0.0, 0.91, 0.08)
_TABLE = Place(0.045, 0.1, 0.91, 0.88)
_TEXT = Place(0.045, 0.02, 0.91, 0.92)


def record(deck: Deck, pack: PackModel) -> bool:
    """Tell the minutes of the review; ``False`` where it is not held yet and the form is to be filled in."""
    said = meeting.minutes(pack)
    if said is None:
        return False
    title = say("label.form")
    decided = [_resolution(one) for one in said["resolutions"]]
    head = _heads("no", "decision_and_reason", "input", "kind", "owner", "due", "action")
    if decided:
        _table(deck, title, said["lead"], head, decided, (0.06, 0.4, 0.09, 0.13, 0.16, 0.1, 0.06))
    else:
        lines = [Line(said["lead"], 13, colour=PALETTE.quiet), Line(said["none"], 16)]
        deck.slide(title).text(_TEXT, lines, name="Nothing")
    agreed = [(one["number"], _with(one["title"], one["reason"]), one["owner"], one["due"]) for one in said["actions"]]
    if agreed:
        lead = "  ".join(said["withdrawn"])
        widths = (0.08, 0.58, 0.2, 0.14)
        _table(deck, say("label.actions_agreed"), lead, _heads("no", "action", "owner", "due"), agreed, widths)
    lines = [Line(whole(text), 13, colour=PALETTE.quiet) for text in (() if agreed else said["withdrawn"])]
    for one in said["conclusions"]:
        lines += [Line(one["label"], 16, bold=True), Line(whole(one["text"]), 15)]
    pages = flowing(deck.sheet, _TEXT, _TEXT, lines) if lines else []
    for name, page in numbered(say("label.conclusion"), pages):
        deck.slide(name).text(_TEXT, page, name="Conclusions")
    return True


def _resolution(one: dict[str, str]) -> tuple[str | Line, ...]:
    colour = PALETTE.concern_text if one["incomplete"] else PALETTE.ink
    text = _with(one["text"], one["reason"])
    owner, due = Line(one["owner"], colour=colour), Line(one["due"], colour=colour)
    return (one["number"], text, one["clause"], one["kind"], owner, due, one["action"])


def _with(text: str, reason: str) -> str:
    return f"{whole(text)} ({whole(reason)})" if reason else whole(text)


def _table(
    deck: Deck,
    title: str,
    lead: str,
    head: tuple[str, ...],
    rows: Sequence[Sequence[str | Line]],
    widths: tuple[float, ...],
) -> None:
    pages = paged(rows, _ROWS, lambda some: rows_fit(deck.sheet, _TABLE, head, some, widths))
    for name, page in numbered(title, pages):
        slide = deck.slide(name)
        if lead:
            slide.text(_LEAD, [Line(whole(lead), 13, colour=PALETTE.quiet)], name="Lead")
        slide.table(_TABLE, head, page, widths, alt=". ".join(part for part in (title, lead) if part), least=0.4)


def _heads(*names: str) -> tuple[Any, ...]:
    return tuple(say(f"head.{name}") for name in names)
