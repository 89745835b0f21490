"""Slides that are tables: all objectives by input of the standard, and how the inputs of each standard are covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective
from qmsreports.pack.slides.deck import Deck, Line, Place, whole
from qmsreports.pack.slides.paging import numbered, paged, rows_fit
from qmsreports.pack.view import board, records

_PLACE = Place(0.045, 0.02, 0.91, 0.96)
_PLACE_BELOW = Place(0.045, 0.1, 0.91, 0.88)
_OBJECTIVES = 12  # rows of a slide, headings of inputs among them
_INPUTS = 8
_TONES = {"good": PALETTE.improvement, "bad": PALETTE.concern_text, "mute": PALETTE.quiet}
_Row = tuple[str | Line, ...]


def scoreboard(deck: Deck, pack: PackModel) -> None:
    """List every objective with value, target, status and what the statistics say, below the input it belongs to."""
    parts = [
        (
            f"{section.number}  {whole(section.title)}",
            [_objective(pack.objective(kpi)) for kpi in section.kpis],
        )
        for section in pack.sections
        if section.kpis
    ]
    head = tuple(say(f"head.{name}") for name in ("objective", "value", "target", "status", "variation", "will_meet"))
    widths = (0.36, 0.15, 0.12, 0.12, 0.13, 0.12)
    pages = list(_pages(parts, _OBJECTIVES, lambda some: rows_fit(deck.sheet, _PLACE, head, some, widths)))
    for title, rows in numbered(say("label.scoreboard"), pages):
        deck.slide(title).table(_PLACE, head, rows, widths, alt=title, right=(1, 2))


def coverage(deck: Deck, pack: PackModel) -> None:
    """List the inputs that each standard asks for: by what each is covered, or that it is missing."""
    head = tuple(say(f"head.{name}") for name in ("clause", "input", "state", "evidence"))
    widths = (0.1, 0.34, 0.14, 0.42)
    for ledger in records.ledgers(pack):
        rows = [_input(row) for row in ledger["rows"]]
        pages = paged(rows, _INPUTS, lambda some: rows_fit(deck.sheet, _PLACE_BELOW, head, some, widths))
        for title, page in numbered(say("label.coverage_of", standard=ledger["title"]), pages):
            slide = deck.slide(title)
            said = "  ·  ".join(text for text in (ledger["summary"], ledger["note"]) if text)
            line = Line(whole(said), 12, colour=PALETTE.quiet)
            slide.text(Place(0.045, 0.0, 0.91, 0.09), [line], name="Summary")
            slide.table(_PLACE_BELOW, head, page, widths, alt=title)


def _pages(
    parts: Sequence[tuple[str, list[_Row]]], most: int, fits: Callable[[Sequence[_Row]], bool]
) -> Iterator[list[_Row]]:
    """Yield the rows of each slide. The heading of an input stands above its rows, once more where they go on."""
    page: list[_Row] = []
    for heading, rows in parts:
        top: _Row = (Line(heading, bold=True), *[""] * 5)
        if page and (len(page) + 2 > most or not fits([*page, top, *rows[:1]])):
            yield page
            page = []
        page.append(top)
        for row in rows:
            if len(page) == most or (len(page) > 1 and not fits([*page, row])):
                yield page
                page = [top]
            page.append(row)
    if page:
        yield page


def _objective(objective: Objective) -> _Row:
    row = board.row(objective)
    return (
        whole(row["title"]),
        figures.quantity(objective.latest.value, objective.unit),
        row["target"],
        _toned(row["status"]),
        _toned(row["variation"]),
        _toned(row["meets"]),
    )


def _input(row: dict[str, Any]) -> _Row:
    proofs = figures.semicolons([one["text"] for one in row["evidence"]])
    return (
        row["number"],
        whole(row["label"]),
        _toned(row["state"]),
        whole(proofs or row["said"]),
    )


def _toned(said: dict[str, Any]) -> Line:
    sign = said.get("sign", "")
    return Line(f"{sign} {said['word']}" if sign else said["word"], colour=_TONES.get(said["tone"], PALETTE.ink))
