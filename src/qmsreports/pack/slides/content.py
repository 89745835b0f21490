"""What the slides say, in the words of the pack: nothing is composed here that print and page do not say.

In the order of the meeting: whose review it is and who is there, what needs a decision, all objectives, what
changed, a slide for each exception, what was decided last time, the form for what is decided now, the coverage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qmsreports.language import say
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective
from qmsreports.pack.slides.deck import Deck, Line, Place, Slide, shortened
from qmsreports.pack.slides.native import add_chart
from qmsreports.pack.slides.tables import coverage, scoreboard
from qmsreports.pack.view import annexes, board, front, meeting

_LEFT, _WIDTH = 0.045, 0.91
_PER_SLIDE = 3  # decisions
_CHANGES = 5
_ROWS = 10
_TONES = {"good": PALETTE.improvement, "bad": PALETTE.concern_text}


def fill(deck: Deck, pack: PackModel) -> None:
    """Make all slides, in the order of the meeting."""
    head = front.header(pack.header)
    seen = front.front(pack)
    _first(deck.slide(f"{head['title']}, {head['period']}"), head, seen, pack)
    planned = annexes.agenda(pack)
    for title, items in _pages(say("label.agenda"), planned["rows"] if planned else (), _ROWS):
        _agenda(deck.slide(title), items, planned["lead"] if planned else "")
    for title, items in _pages(say("label.needs_decision"), seen["decisions"], _PER_SLIDE):
        _decisions(deck.slide(title), items)
    if not seen["decisions"]:
        _nothing(deck.slide(say("label.needs_decision")), seen["no_decision"])
    scoreboard(deck, pack)
    changed = say("label.changed_since", since=head["since_last"]) if head["since_last"] else say("label.changed")
    _changes(deck.slide(changed), seen)
    for objective in pack.objectives:
        if objective.exception:
            _exception(deck, objective, pack)
    for title, items in _pages(say("label.decided_last_time"), seen["decided"], _ROWS):
        _actions(deck.slide(title), items, seen["actions_summary"])
    if not seen["decided"]:
        _nothing(deck.slide(say("label.decided_last_time")), seen["actions_summary"])
    _form(deck.slide(say("slide.to_decide")), pack)
    coverage(deck, pack)
    whose = (shortened(head["organisation"], 40), shortened(head["document"], 60))
    deck.foot("  ·  ".join((*whose, shortened(head["state"], 60), shortened(head["classification"], 30))))


def _heads(*names: str) -> tuple[str, ...]:
    return tuple(say(f"head.{name}") for name in names)


def _pages(title: str, items: Sequence[Any], most: int) -> Iterator[tuple[str, Sequence[Any]]]:
    pages = [items[start : start + most] for start in range(0, len(items), most)]
    for number, page in enumerate(pages, start=1):
        yield (say("slide.page_of", title=title, number=number, all=len(pages)) if len(pages) > 1 else title), page


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
    trust = shortened(" ".join([seen["chance"], *seen["trust"]]), 520)
    slide.text(Place(_LEFT, 0.78, _WIDTH, 0.2), [Line(trust, 12, colour=quiet)], name="Trust")


def _people(pack: PackModel) -> list[Line]:
    """Return who was there, for whom and in the chair, once that is on record; until then who leads and is invited."""
    quiet = PALETTE.quiet
    chair = [Line(say("meeting.chair", chair=shortened(pack.header.chair, 80)), 14)] if pack.header.chair else []
    said = meeting.minutes(pack)
    if said is not None and said["present"]:
        present = [Line(shortened(one, 140), 14, mark="•") for one in said["present"]]
        held = Line(shortened(said["lead"], 140), 12, colour=quiet)
        return [Line(say("label.present"), 14, bold=True, colour=quiet), *chair, *present, held]
    invited = [Line(shortened(one, 80), 14, mark="•") for one in pack.header.participants]
    return [*chair, *([Line(say("head.invited"), 14, bold=True, colour=quiet)] if invited else []), *invited]


def _nothing(slide: Slide, text: str) -> None:
    slide.text(Place(_LEFT, 0.04, _WIDTH, 0.3), [Line(text, 16)], name="Nothing")


def _agenda(slide: Slide, items: Sequence[dict[str, Any]], lead: str) -> None:
    rows = [
        (shortened(item["title"], 90), item["clauses"], shortened(item["led_by"], 40), item["minutes"])
        for item in items
    ]
    slide.text(Place(_LEFT, 0.0, _WIDTH, 0.08), [Line(shortened(lead, 180), 13, colour=PALETTE.quiet)], name="Lead")
    slide.table(
        Place(_LEFT, 0.1, _WIDTH, 0.88),
        _heads("item", "clauses", "led_by", "minutes"),
        rows,
        (0.5, 0.18, 0.22, 0.1),
        alt=". ".join((say("label.agenda"), lead)),
        least=0.4,
    )


def _decisions(slide: Slide, items: Sequence[dict[str, Any]]) -> None:
    lines = []
    for item in items:
        lines.append(Line(shortened(item["title"], 150), 16, bold=True, mark=f"{item['number']}."))
        lines.append(Line(shortened(item["evidence"], 330), 12, colour=PALETTE.quiet))
        if item["asks"]:
            lines.append(Line(shortened(item["asks"], 160), 13))
    slide.text(Place(_LEFT, 0.02, _WIDTH, 0.88), lines, name="Decisions")


def _changes(slide: Slide, seen: dict[str, Any]) -> None:
    told = seen["changes"][:_CHANGES]
    lines = [Line(f"{item['kind']}. {shortened(item['text'], 240)}", 15) for item in told] or [
        Line(seen["no_change"], 16)
    ]
    more = len(seen["changes"]) - len(told)
    if more > 0:
        lines.append(Line(say("slide.and_more_in_pack", n=more), 13, colour=PALETTE.quiet))
    slide.text(Place(_LEFT, 0.04, _WIDTH, 0.8), lines, name="Changes")


def _actions(slide: Slide, items: Sequence[dict[str, Any]], summary: str) -> None:
    rows = [
        (
            item["action"],
            shortened(item["title"], 90),
            shortened(item["owner"], 30),
            item["due"],
            shortened(item["state"]["word"], 30),
        )
        for item in items
    ]
    head = _heads("no", "action", "owner", "due", "state")
    slide.text(
        Place(_LEFT, 0.0, _WIDTH, 0.08), [Line(shortened(summary, 180), 13, colour=PALETTE.quiet)], name="Summary"
    )
    slide.table(Place(_LEFT, 0.1, _WIDTH, 0.88), head, rows, (0.1, 0.42, 0.18, 0.14, 0.16), alt=summary, least=0.4)


def _exception(deck: Deck, objective: Objective, pack: PackModel) -> None:
    shown = board.depth(objective, pack)
    slide = deck.slide(f"{shortened(objective.title, 90)}: {shortened(objective.finding, 120)}")
    points = objective.points[-pack.header.shown :]
    charted = any(point.value is not None for point in points)
    if charted:
        place = Place(_LEFT, 0.0, 0.62, 0.9)
        add_chart(slide, place, points, objective.segments, objective.unit, bounds=objective.possible, alt=shown["alt"])
    quiet = PALETTE.quiet
    said = shown["comment"]
    lines = [Line(shortened(text, 260), 13) for text in (shown["evidence"], shown["limits"]) if text]
    lines += [Line(shortened(text, 180), 12, colour=PALETTE.concern_text) for text in shown["reservations"][:2]]
    lines.append(Line(say("slide.owner_says"), 12, bold=True, colour=quiet))
    if said is None:
        lines.append(
            Line(say("slide.comment_missing", owner=shortened(shown["owed"], 60)), 13, colour=PALETTE.concern_text)
        )
    else:
        lines += [Line(shortened(said[part], 200), 13) for part in ("cause", "action", "expected") if said[part]]
        who = ", ".join((shortened(said["author"], 60), said["on"]))
        text = say("slide.comment_due", said=who, day=said["by"]) if said["by"] else who
        lines.append(Line(text, 11, colour=quiet))
    lines.append(Line(shown["clauses"], 11, colour=quiet))
    place = Place(0.68, 0.0, 0.275, 0.9) if charted else Place(_LEFT, 0.04, _WIDTH, 0.8)
    slide.text(place, lines, name="Evidence")


def _form(slide: Slide, pack: PackModel) -> None:
    """Leave room for what is decided in the meeting, a row for each kind of decision that the standard asks for."""
    rows = [(f"{kind.label} ({kind.clause.replace('-', ' ', 1)})", "", "", "") for kind in pack.form]
    if rows:
        place = Place(_LEFT, 0.05, _WIDTH, 0.93)
        head = _heads("decision", "what", "owner", "due")
        slide.table(place, head, rows, (0.3, 0.42, 0.16, 0.12), alt=say("slide.form_alt"), least=1.1)
