"""Objectives as they are shown: a row of the scoreboard, a card, a page in depth."""

from __future__ import annotations

from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import change_sentence, limits_sentence, reservations, signal_words, value_sentence
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Slice
from qmsreports.pack.view import reading, words

_SPARK = 24  # points in a sparkline and in the table of values
_PARTS = 12  # small charts of one dimension
_PER_ROW = 3


def row(objective: Objective) -> dict[str, Any]:
    """Return one row of the scoreboard."""
    latest = objective.latest
    valued = latest.value is not None
    return {
        "kpi": objective.kpi,
        "title": objective.title,
        "unit": figures.unit_name(objective.unit),
        "notes": _notes(objective),
        "other_notes": _notes(objective, provisional=False),
        "value": figures.number(latest.value, objective.unit),
        "interval": figures.interval(*objective.within(latest.low, latest.high), objective.unit),
        "n": figures.count(latest.n) if latest.n else figures.NONE,
        "target": figures.target(latest.target, objective.better, objective.unit),
        "near": figures.goal(latest.near, objective.unit) if latest.near is not None else "",
        "status": words.status(latest.standing, few=objective.few(latest)),
        "variation": words.variation(objective),
        "meets": words.meets(
            objective.assurance,
            has_target=latest.target is not None,
            judged=valued
            and objective.better != "neither"
            and objective.untested(latest) not in ("unfinished", "no_limits"),
            few=objective.few(latest),
        ),
        "link": f"kpi-{objective.kpi}",
        "spark": f"spark-{objective.kpi}",
        "spark_alt": spark_text(objective),
        "exception": bool(objective.exception),
        "owner": figures.role(objective.owner),
    }


def _notes(objective: Objective, *, provisional: bool = True) -> list[str]:
    latest = objective.latest
    valued = latest.value is not None
    notes = []
    if latest.unfinished and valued:
        notes.append(say("note.unfinished"))
    elif latest.provisional and valued and provisional:
        notes.append(say("note.provisional"))
    if objective.few(latest):
        notes.append(say("note.few"))
    if latest.restated:
        notes.append(say("note.restated"))
    if latest.status == "not_valid":
        notes.append(say("note.unfit" if latest.unfit else "note.stopped"))
    return notes


def spark_text(objective: Objective) -> str:
    """Return what a sparkline shows, for who cannot see it."""
    values = [point.value for point in objective.points[-_SPARK:] if point.value is not None]
    if not values:
        return say("spark.none", objective=objective.title)
    unit, untested = objective.unit, objective.untested(objective.latest)
    return say(
        "spark.values",
        n=len(values),
        objective=objective.title,
        least=figures.number(min(values), unit),
        most=figures.quantity(max(values), unit),
        signal=say(f"variation.untested.{untested}") if untested else signal_words(objective.points),
    )


def depth(objective: Objective, pack: PackModel) -> dict[str, Any]:
    """Return everything about one objective; print shows what it has room for."""
    shown = row(objective)
    shown.update(
        {
            "finding": objective.finding,
            "evidence": value_sentence(objective) if objective.latest.value is not None else "",
            "limits": limits_sentence(objective),
            "change": change_sentence(objective),
            "reservations": list(reservations(objective)),
            "clauses": words.clauses(objective.feeds, words.standards(pack)),
            "question": objective.question,
            "facts": _facts(objective),
            "chart": f"wide-{objective.kpi}",
            "card": f"half-{objective.kpi}",
            "alt": chart_text(objective, pack.header.shown),
            "multiples": _multiples(objective),
            "slices": _slices(objective),
            "drivers": reading.drivers(objective, pack),
            "reasons": reading.reasons(objective, pack),
            "comment": _comment(objective),
            "owed": figures.role(objective.owner),
            "values": [_value(point, objective) for point in reversed(objective.points[-_SPARK:])],
            "definition": f"def-{objective.kpi}",
            "sql": [f"sql-{sha[:12]}" for sha in objective.sql],
            "quality": _quality(objective, pack),
        }
    )
    return shown


def _drawn(objective: Objective, shown: int) -> str:
    """Return what is drawn of which objective; values without limits are a line, told by how far they range."""
    points = objective.points[-shown:]
    values = [point.value for point in points if point.value is not None]
    if not values or any(segment.mean is not None for segment in objective.segments):
        return say("chart.of", objective=objective.title, n=len(points))
    least, most = figures.number(min(values), objective.unit), figures.quantity(max(values), objective.unit)
    return say("chart.line_of", objective=objective.title, n=len(values), least=least, most=most)


def chart_text(objective: Objective, shown: int) -> str:
    """Return the finding and the evidence behind it as the chart's alternative text."""
    parts = [_drawn(objective, shown), f"{objective.finding}."]
    if objective.latest.value is not None:
        parts.append(value_sentence(objective))
        parts.append(limits_sentence(objective))
    return " ".join(part for part in parts if part)


def _facts(objective: Objective) -> list[dict[str, str]]:
    latest, unit = objective.latest, objective.unit
    before = _year_before(objective)
    facts = [
        ("value", figures.quantity(latest.value, unit)),
        ("interval", figures.interval(*objective.within(latest.low, latest.high), unit)),
        ("cases", figures.count(latest.n) if latest.n else ""),
        ("target", _target(objective)),
        ("year_before", figures.quantity(before, unit) if before is not None else ""),
        ("definition", say("definition.version", version=objective.version)),
        ("owner", figures.role(objective.owner)),
    ]
    return [{"label": say(f"label.fact.{name}"), "text": text} for name, text in facts if text]


def _target(objective: Objective) -> str:
    latest = objective.latest
    if latest.target is None:
        return say("target.none")
    text = figures.target(latest.target, objective.better, objective.unit)
    if latest.near is None:
        return text
    return say("target.and_near", target=text, near=figures.goal(latest.near, objective.unit))


def _year_before(objective: Objective) -> float | None:
    latest = objective.latest
    try:
        same = latest.start.replace(year=latest.start.year - 1)
    except ValueError:  # a period never starts on 29 February; a foreign calendar might
        return None
    return next((point.value for point in objective.points if point.start == same), None)


def shown_parts(objective: Objective) -> dict[str, list[Slice]]:
    """Return the parts that are drawn, by dimension.

    Only for exceptions; the first dimension always, another one where some part of it carries a signal. A dimension of
    many parts shows those with most cases, so that twelve sites fit and forty suppliers do not pretend to.
    """
    found: dict[str, list[Slice]] = {}
    if not objective.exception:
        return found
    for dimension in dict.fromkeys(piece.dimension for piece in objective.slices):
        pieces = [piece for piece in objective.slices if piece.dimension == dimension and _valued(piece)]
        if found and all(piece.variation == "common_cause" for piece in pieces):
            continue
        largest = sorted(pieces, key=lambda piece: (-piece.latest.n, piece.key))[:_PARTS]
        if len(largest) > 1:
            found[dimension] = [piece for piece in pieces if piece in largest]
    return found


def _valued(piece: Slice) -> bool:
    return any(point.value is not None for point in piece.points)


def _multiples(objective: Objective) -> list[dict[str, Any]]:
    """Return one group of small charts per dimension that is drawn."""
    found = []
    for dimension, pieces in shown_parts(objective).items():
        name = figures.dimension(dimension)
        said = figures.semicolons([say("part.finding", part=one.title, finding=one.finding) for one in pieces])
        every = sum(piece.dimension == dimension for piece in objective.slices)
        found.append(
            {
                "dimension": name,
                "chart": f"multiples-{objective.kpi}-{dimension}",
                "rows": -(-len(pieces) // _PER_ROW),
                "more": say("parts.largest", n=len(pieces), every=figures.count(every)) if every > len(pieces) else "",
                "alt": " ".join((say("chart.parts", objective=objective.title, dimension=name), f"{said}.")),
            }
        )
    return found


def _slices(objective: Objective) -> list[dict[str, Any]]:
    """Return the latest value of every slice as rows."""
    return [
        {
            "dimension": ", ".join(figures.dimension(name) for name in piece.dimension.split(", ")),
            "title": piece.title,
            "value": figures.number(piece.latest.value, objective.unit),
            "interval": figures.interval(*objective.within(piece.latest.low, piece.latest.high), objective.unit),
            "n": figures.count(piece.latest.n) if piece.latest.n else figures.NONE,
            "target": figures.target(piece.latest.target, objective.better, objective.unit),
            "status": words.status(piece.latest.standing, few=objective.few(piece.latest)),
            "variation": words.variation(objective, piece),
        }
        for piece in (*objective.slices, *objective.combined)
    ]


def _comment(objective: Objective) -> dict[str, str] | None:
    said = objective.comment
    if said is None:
        return None
    return {
        "author": said.author,
        "on": figures.day(said.on),
        "cause": said.cause,
        "action": said.action,
        "expected": said.expected,
        "by": figures.day(said.by) if said.by else "",
    }


def _value(point: Point, objective: Objective) -> dict[str, Any]:
    unit = objective.unit
    valued = point.value is not None
    return {
        "period": figures.short_period(point.period),
        "value": figures.number(point.value, unit),
        "interval": figures.interval(*objective.within(point.low, point.high), unit),
        "n": figures.count(point.n) if point.n else figures.NONE,
        "target": figures.target(point.target, objective.better, unit),
        "status": words.status(point.standing, few=objective.few(point)),
        "limits": figures.interval(*objective.within(point.lower, point.upper), unit) if valued else "",
        "signal": say(f"point.{point.signal}") if point.signal != "none" else "",
        "kind": {"improvement": "good", "concern": "bad"}.get(point.kind, "mute"),
        "notes": ", ".join(
            note
            for note, holds in (
                (say("note.provisional"), point.provisional and not point.unfinished),
                (say("note.unfinished"), point.unfinished and valued),
                (say("note.restated"), point.restated),
                (say("definition.version", version=point.version), point.version != objective.version),
            )
            if holds
        ),
    }


def _quality(objective: Objective, pack: PackModel) -> list[str]:
    """Return what validation said of the feeds this objective reads."""
    said = []
    for source in pack.quality:
        for feed in source.feeds:
            if feed.table not in objective.reads:
                continue
            rules = [rule for rule in pack.failed_rules if (rule.source, rule.table) == (feed.source, feed.table)]
            whole = say("count.row", n=feed.rows_in + feed.refreshed)
            kept = say("quality.kept", quarantined=figures.count(feed.quarantined), of=whole)
            if feed.newest:
                kept = say("quality.kept_newest", kept=kept, day=figures.day(feed.newest))
            held = say("quality.rules_failed", n=len(rules)) if rules else say("quality.rules_held")
            said.append(say("quality.feed", feed=feed.title, source=source.title, kept=kept, rules=held))
    return said
