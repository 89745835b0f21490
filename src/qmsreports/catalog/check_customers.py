"""Rules on the customer page."""

from __future__ import annotations

from collections.abc import Iterator

from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.document import Location
from qmsreports.errors import Finding, did_you_mean

_KIND = "customers"


def customer_page_names_known_kpis(scope: Scope) -> Iterator[Finding]:
    """Find KPIs that do not exist; each is shown nowhere else, so nobody would miss it."""
    page = scope.catalog.customers
    if page is None:
        return
    places: list[tuple[Location, str | None]] = [(("voices", index), kpi) for index, kpi in enumerate(page.voices)]
    places += [(("complaints", index), kpi) for index, kpi in enumerate(page.complaints)]
    places += [((field,), getattr(page, field)) for field in ("response_rate", "share", "again", "others")]
    for index, one in enumerate(page.expectations):
        places += [(("expectations", index, "kpis", number), kpi) for number, kpi in enumerate(one.kpis)]
    known = scope.names("kpis")
    for place, kpi in places:
        if kpi is not None and kpi not in known:
            yield scope.finding(_KIND, _KIND, place, f'KPI "{kpi}" is not known', did_you_mean(kpi, known))


def customer_page_cuts_exist(scope: Scope) -> Iterator[Finding]:
    """Find dimensions along which no score is computed."""
    page = scope.catalog.customers
    for index, dimension in enumerate(page.by if page else ()):
        voices = [scope.catalog.kpis[kpi] for kpi in (page.voices if page else ()) if kpi in scope.catalog.kpis]
        if voices and not any(dimension in kpi.slices for kpi in voices):
            known = sorted({name for kpi in voices for name in kpi.slices})
            what = f'no score is computed by "{dimension}"'
            todo = did_you_mean(dimension, known) or f"write it into the slices of {voices[0].kpi}"
            yield scope.finding(_KIND, _KIND, ("by", index), what, todo)


def customer_themes_are_named_once(scope: Scope) -> Iterator[Finding]:
    """Find themes that stand there twice."""
    seen: set[str] = set()
    page = scope.catalog.customers
    for index, one in enumerate(page.themes if page else ()):
        if one.theme in seen:
            place: Location = ("themes", index, "theme")
            yield scope.finding(_KIND, _KIND, place, f"theme {one.theme} is listed twice", "join them")
        seen.add(one.theme)


RULES: tuple[Rule, ...] = (
    customer_page_names_known_kpis,
    customer_page_cuts_exist,
    customer_themes_are_named_once,
)
