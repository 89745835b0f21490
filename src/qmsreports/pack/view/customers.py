"""The customer page as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.customers import Customers, Experiences, Quote, Said, ThemeSaid
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point
from qmsreports.pack.view import board

_TOO_FEW = 5  # answers under which a score would show what single customers said
_LOST = 10  # customers named who did not come back; the others stand in the workbook
_EMPTY = {"value": figures.NONE, "interval": "", "n": ""}


def customers(pack: PackModel) -> dict[str, Any] | None:
    """Return the customer page; ``None`` where the pack has none."""
    page = pack.customers
    if page is None:
        return None
    voices = [pack.objective(kpi) for kpi in page.voices]
    return {
        "voices": _voices(page, voices, pack) if voices else None,
        "expectations": [
            {"title": one.title, "rows": [board.row(pack.objective(kpi)) for kpi in one.kpis]}
            for one in page.expectations
        ],
        "complaints": [board.row(pack.objective(kpi)) for kpi in page.complaints],
        "experiences": _experiences(page, page.experiences, pack) if page.experiences else None,
        "said": _said(page.said) if page.said else None,
    }


def _voices(page: Customers, voices: Sequence[Objective], pack: PackModel) -> dict[str, Any]:
    """Return the scores side by side: all customers, then each part of each dimension, beside its response rate."""
    rate = pack.objective(page.response_rate) if page.response_rate else None
    everyone = {
        "title": say("customers.all"),
        "cells": [_score(one.latest, one) for one in voices],
        "rate": _rate(rate.latest) if rate else "",
    }
    groups = []
    for dimension in page.by:
        titles: dict[str, str] = {}
        for one in voices:
            titles.update({piece.key: piece.title for piece in one.slices if piece.dimension == dimension})
        rows = [
            {
                "title": titles[key],
                "cells": [_part(one, dimension, key) for one in voices],
                "rate": _rate(point) if rate and (point := _point(rate, dimension, key)) else "",
            }
            for key in sorted(titles)
        ]
        if rows:
            groups.append({"title": say("customers.by", dimension=figures.dimension(dimension)), "rows": rows})
    return {
        "heads": [
            {"title": one.title, "unit": figures.unit_name(one.unit), "link": f"kpi-{one.kpi}"} for one in voices
        ],
        "rate": {"title": rate.title, "link": f"kpi-{rate.kpi}"} if rate else None,
        "all": everyone,
        "groups": groups,
    }


def _point(one: Objective, dimension: str, key: str) -> Point | None:
    return next((piece.latest for piece in one.slices if (piece.dimension, piece.key) == (dimension, key)), None)


def _part(one: Objective, dimension: str, key: str) -> dict[str, str]:
    point = _point(one, dimension, key)
    return _score(point, one) if point else _EMPTY


def _score(point: Point, one: Objective) -> dict[str, str]:
    """Return a score with interval and n; of so few answers that it is no score of a group, n alone."""
    if 0 < point.n < _TOO_FEW:
        return {"value": figures.NONE, "interval": "", "n": say("customers.too_few", count=figures.count(point.n))}
    return {
        "value": figures.number(point.value, one.unit),
        "interval": figures.interval(*one.within(point.low, point.high), one.unit),
        "n": say("value.cases", count=figures.count(point.n)) if point.n else "",
    }


def _rate(point: Point) -> str:
    if point.value is None:
        return figures.NONE
    whole = figures.count(round(point.denominator or point.n))
    return say("quality.of", some=figures.quantity(point.value, "percent"), all=whole)


def _experiences(page: Customers, seen: Experiences, pack: PackModel) -> dict[str, Any]:
    causes = figures.listed([experience(what, number) for what, number in seen.causes])
    facts = {
        "in_month": figures.period(seen.month, "in"),
        "bad": figures.count(seen.bad),
        "share": figures.share(seen.bad, seen.active),
    }
    said = [say("customers.bad", n=seen.active, **facts)]
    if causes:
        said = [say("customers.bad_because", n=seen.active, causes=causes, **facts)]
    share = pack.objective(page.share).latest if page.share else None
    if share is not None and share.provisional:
        said.append(say("reservation.provisional"))
    if seen.repeated:
        said.append(say("customers.repeated", n=seen.repeated))
    text = _capital(" ".join(said))
    return {
        "text": text,
        "after": _after(page, seen, pack),
        "lost": [
            {
                "customer": one.customer,
                "site": one.site,
                "segment": figures.value(one.segment),
                "happened": ", ".join(happened(what) for what in one.happened),
                "last_order": figures.day(one.last_order),
                "complaints": figures.count(one.open_complaints) if one.open_complaints else figures.NONE,
            }
            for one in seen.lost[:_LOST]
        ],
        "more": _more(seen),
    }


def _after(page: Customers, seen: Experiences, pack: PackModel) -> str:
    """Say what became of those whose 90 days are over, beside the other customers; no cause is asserted."""
    if not seen.earlier:
        return ""
    text = say(
        "customers.came_back",
        n=seen.came_back,
        earlier=figures.count(seen.earlier),
        in_month=figures.period(seen.earlier_month, "in"),
        month=figures.period(seen.earlier_month),
    )
    if page.again:
        text = say("customers.came_back_share", said=text, share=_with_interval(pack.objective(page.again).latest))
    if page.others:
        others = _point(pack.objective(page.others), "bad_experience", "false")
        if others is not None and others.value is not None:
            text = say("customers.others", said=text, share=_with_interval(others))
            return " ".join((f"{text}.", say("customers.compare_with_care")))
    return f"{text}."


def experience(what: str, number: int) -> str:
    """Return how many customers had one kind of bad experience: ``31 a late delivery``."""
    key = f"experience.{what}"
    return say(key, n=number) if key in spoken().messages else " ".join((figures.count(number), what))


def happened(what: str) -> str:
    """Return one kind of bad experience as it stands in a list."""
    key = f"happened.{what}"
    return say(key) if key in spoken().messages else what


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_interval(point: Point) -> str:
    said = figures.quantity(point.value, "percent")
    between = figures.interval(point.low, point.high, "percent")
    return ", ".join((said, say("value.interval", interval=between))) if between else said


def _more(seen: Experiences) -> str:
    hidden = seen.earlier - seen.came_back - min(len(seen.lost), _LOST)
    return say("customers.more_lost", n=hidden) if hidden > 0 else ""


def _said(said: Said) -> dict[str, Any]:
    whole = say("customers.comments", n=said.comments, answers=say("count.answer", n=said.answers))
    text = say("customers.elsewhere", n=said.elsewhere, comments=whole) if said.elsewhere else whole
    return {
        "text": " ".join((f"{text}.", say("customers.masked"))),
        "themes": [_theme(theme) for theme in said.themes],
    }


def _theme(theme: ThemeSaid) -> dict[str, Any]:
    unhappy = say("customers.unhappy", n=theme.unhappy) if theme.unhappy else say("customers.none_unhappy")
    return {
        "title": theme.title,
        "count": ", ".join((say("count.comment", n=theme.comments), unhappy)),
        "quotes": [{"text": quote.text, "by": _by(quote)} for quote in theme.quotes],
    }


def _by(quote: Quote) -> str:
    codes, scores = (figures.value(quote.segment), figures.value(quote.channel)), []
    if quote.recommend is not None:
        scores.append(say("customers.recommends", score=quote.recommend))
    if quote.satisfied is not None:
        scores.append(say("customers.satisfied", score=quote.satisfied))
    return ", ".join(part for part in (*codes, *scores) if part)
