"""What the slides say, in the words of the pack: nothing is composed here that print and page do not say.

In the order of the meeting: whose review it is and who is there, what needs a decision, all objectives, what
changed, a slide for each exception, what was decided last time, the form for what is decided now, the coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qmsreports.language import say
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective
from qmsreports.pack.slides.deck import Deck, Line, Place, Slide, whole
from qmsreports.pack.slides.native import add_chart, broken_at
from qmsreports.pack.slides.paging import flowing, lines_fit, numbered, paged, rows_fit
from qmsreports.pack.slides.record import record
from qmsreports.pack.slides.tables import coverage, scoreboard
from qmsreports.pack.view import annexes, board, front, meeting

_LEFT, _WIDTH = 0.045, 0.91
_LEAD = Place(_LEFT, 0.0, _WIDTH, 0.08)
_TABLE = Place(_LEFT, 0.1, _WIDTH, 0.88)
_TEXT = Place(_LEFT, 0.02, _WIDTH, 0.9)
_PER_SLIDE = 3  # decisions
_ROWS = 10
_TONES = {"good": PALETTE.improvement, "bad": PALETTE.concern_text}


def fill(deck: Deck, pack: PackModel) -> None:
    """Make all slides, in the order of the meeting."""
    head = front.header(pack.header)
    seen = front.front(pack)
    _first(deck.slide(f"{head['title']}, {head['period']}"), head, seen, pack)
    planned = annexes.agenda(pack)
    _agenda(deck, planned["rows"] if planned else (), planned["lead"] if planned else "")
    _decisions(deck, seen["decisions"])
    if not seen["decisions"]:
        _nothing(deck.slide(say("label.needs_decision")), seen["no_decision"])
    scoreboard(deck, pack)
    changed = say("label.changed_since", since=head["since_last"]) if head["since_last"] else say("label.changed")
    _changes(deck, changed, seen)
    for objective in pack.objectives:
        if objective.exception:
            _exception(deck, objective, pack)
    _actions(deck, seen["decided"], seen["actions_summary"])
    if not seen["decided"]:
        _nothing(deck.slide(say("label.decided_last_time")), seen["actions_summary"])
    if not record(deck, pack):
        _form(deck.slide(say("slide.to_decide")), pack)
    coverage(deck, pack)
    whose = (whole(head["organisation"]), whole(head["document"]))
    deck.foot("  ·  ".join((*whose, whole(head["state"]), whole(head["classification"]))))


def _heads(*names: str) -> tuple[str, ...]:
    return tuple(say(f"head.{name}") for name in names)


def _first(slide: Slide, head: dict[str, Any], seen: dict[str, Any], pack: PackModel) -> None:
    """Say whose review it is, of when, in which state, who leads it and who is there, and how the objectives stand."""
    quiet = PALETTE.quiet
    lines = [
        Line(head["organisation"], 18, bold=True),
        Line("  ·  ".join((head["state"], head["edition"])), 16),
        Line("  ·  ".join(text for text in (head["days"], head["data"]) if text), 12, colour=quiet),
        Line(", ".join(head["standards"]), 12, colour=quiet),
    ]
    slide.text(Place(_LEFT, 0.0, 0.6, 0.3), lines, name="State")
    slide.text(Place(_LEFT, 0.32, 0.6, 0.42), _people(pack), name="People")
    counts = [
        Line(f"{item['count']} {item['label']}", 16, colour=_TONES.get(item["tone"], PALETTE.ink))
        for item in [*seen["tiles"], *seen["verdicts"]]
    ]
    lines = [Line(say("label.glance"), 14, bold=True, colour=quiet), *counts]
    slide.text(Place(0.68, 0.0, 0.275, 0.74), lines, name="Counts")
    trust = whole(" ".join([seen["chance"], *seen["trust"]]))
    slide.text(Place(_LEFT, 0.78, _WIDTH, 0.2), [Line(trust, 12, colour=quiet)], name="Trust")


def _people(pack: PackModel) -> list[Line]:
    """Return who was there, for whom and in the chair, once that is on record; until then who leads and is invited."""
    quiet = PALETTE.quiet
    chair = [Line(say("meeting.chair", chair=whole(pack.header.chair)), 14)] if pack.header.chair else []
    said = meeting.minutes(pack)
    if said is not None and said["present"]:
        present = [Line(whole(one), 14, mark="•") for one in said["present"]]
        held = Line(whole(said["lead"]), 12, colour=quiet)
        return [Line(say("label.present"), 14, bold=True, colour=quiet), *chair, *present, held]
    invited = [Line(whole(one), 14, mark="•") for one in pack.header.participants]
    return [*chair, *([Line(say("head.invited"), 14, bold=True, colour=quiet)] if invited else []), *invited]


def _nothing(slide: Slide, text: str) -> None:
    slide.text(Place(_LEFT, 0.04, _WIDTH, 0.3), [Line(text, 16)], name="Nothing")


def _agenda(deck: Deck, items: Sequence[dict[str, Any]], lead: str) -> None:
    rows = [(whole(item["title"]), item["clauses"], whole(item["led_by"]), item["minutes"]) for item in items]
    head, widths = _heads("item", "clauses", "led_by", "minutes"), (0.5, 0.18, 0.22, 0.1)
    pages = paged(rows, _ROWS, lambda some: rows_fit(deck.sheet, _TABLE, head, some, widths))
    for title, page in numbered(say("label.agenda"), pages):
        slide = deck.slide(title)
        slide.text(_LEAD, [Line(whole(lead), 13, colour=PALETTE.quiet)], name="Lead")
        slide.table(_TABLE, head, page, widths, alt=". ".join((say("label.agenda"), lead)), least=0.4)


def _decisions(deck: Deck, items: Sequence[dict[str, Any]]) -> None:
    def lines(some: Sequence[dict[str, Any]]) -> list[Line]:
        return [line for item in some for line in _decision(item)]

    pages = paged(items, _PER_SLIDE, lambda some: lines_fit(deck.sheet, _TEXT, lines(some)))
    for title, page in numbered(say("label.needs_decision"), pages):
        deck.slide(title).text(_TEXT, lines(page), name="Decisions")


def _decision(item: dict[str, Any]) -> list[Line]:
    lines = [
        Line(whole(item["title"]), 16, bold=True, mark=f"{item['number']}."),
        Line(whole(item["evidence"]), 12, colour=PALETTE.quiet),
    ]
    return [*lines, Line(whole(item["asks"]), 13)] if item["asks"] else lines


def _changes(deck: Deck, title: str, seen: dict[str, Any]) -> None:
    lines = [Line(f"{item['kind']}. {whole(item['text'])}", 15) for item in seen["changes"]]
    pages = flowing(deck.sheet, _TEXT, _TEXT, lines or [Line(seen["no_change"], 16)])
    for name, page in numbered(title, pages):
        deck.slide(name).text(_TEXT, page, name="Changes")


def _actions(deck: Deck, items: Sequence[dict[str, Any]], summary: str) -> None:
    rows = [
        (item["action"], whole(item["title"]), whole(item["owner"]), item["due"], whole(item["state"]["word"]))
        for item in items
    ]
    head, widths = _heads("no", "action", "owner", "due", "state"), (0.1, 0.42, 0.18, 0.14, 0.16)
    pages = paged(rows, _ROWS, lambda some: rows_fit(deck.sheet, _TABLE, head, some, widths))
    for title, page in numbered(say("label.decided_last_time"), pages):
        slide = deck.slide(title)
        slide.text(_LEAD, [Line(whole(summary), 13, colour=PALETTE.quiet)], name="Summary")
        slide.table(_TABLE, head, page, widths, alt=summary, least=0.4)


def _exception(deck: Deck, objective: Objective, pack: PackModel) -> None:
    """Show the chart and beside it what is known and said; what finds no room there follows on a slide of its own."""
    shown = board.depth(objective, pack)
    points = objective.points[-pack.header.shown :]
    charted = any(point.value is not None for point in points)
    title = say("part.finding", part=whole(objective.title), finding=whole(objective.finding))
    beside = Place(0.68, 0.0, 0.275, 0.9) if charted else _TEXT
    pages = flowing(deck.sheet, beside, _TEXT, _evidence(shown))
    for number, (name, page) in enumerate(numbered(title, pages)):
        slide = deck.slide(name)
        if charted and number == 0:
            broken = broken_at(points, objective.segments)
            place = Place(_LEFT, 0.0, 0.62, 0.82 if broken else 0.9)
            add_chart(slide, place, points, objective.segments, objective.unit, objective.possible, alt=shown["alt"])
            if broken:
                note = Line(whole(say("slide.broken_at", breaks=broken)), 11, colour=PALETTE.quiet)
                slide.text(Place(_LEFT, 0.83, 0.62, 0.1), [note], name="Breaks")
        slide.text(_TEXT if number else beside, page, name="Evidence")


def _evidence(shown: dict[str, Any]) -> list[Line]:
    """Return what is known of an exception and what its owner says of it."""
    quiet = PALETTE.quiet
    said = shown["comment"]
    lines = [Line(whole(text), 13) for text in (shown["evidence"], shown["limits"]) if text]
    lines += [Line(whole(text), 12, colour=PALETTE.concern_text) for text in shown["reservations"]]
    lines.append(Line(say("slide.owner_says"), 12, bold=True, colour=quiet))
    if said is None:
        missing = say("slide.comment_missing", owner=whole(shown["owed"]))
        lines.append(Line(missing, 13, colour=PALETTE.concern_text))
    else:
        lines += [Line(whole(said[part]), 13) for part in ("cause", "action", "expected") if said[part]]
        who = ", ".join((whole(said["author"]), said["on"]))
        text = say("slide.comment_due", said=who, day=said["by"]) if said["by"] else who
        lines.append(Line(text, 11, colour=quiet))
    return [*lines, Line(shown["clauses"], 11, colour=quiet)]


def _form(slide: Slide, pack: PackModel) -> None:
    """Leave room for what is decided in the meeting, a row for each kind of decision that the standard asks for."""
    rows = [(f"{kind.label} ({kind.clause.replace('-', ' ', 1)})", "", "", "") for kind in pack.form]
    if rows:
        place = Place(_LEFT, 0.05, _WIDTH, 0.93)
        head = _heads("decision", "what", "owner", "due")
        slide.table(place, head, rows, (0.3, 0.42, 0.16, 0.12), alt=say("slide.form_alt"), least=1.1)
