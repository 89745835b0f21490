"""Rules on calendars: no gaps, no overlaps, known countries, and a rule in force wherever a KPI counts by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from qmsreports.catalog import columns
from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.document import Location
from qmsreports.catalog.span import CalendarByRow, WorkingTime
from qmsreports.catalog.table import Table
from qmsreports.errors import Finding, did_you_mean

_ONE_DAY = timedelta(days=1)


def calendar_rules_join(scope: Scope) -> Iterator[Finding]:
    """Find gaps and overlaps of rules: in a gap time would stand still, an overlap is ambiguous."""
    for name, calendar in scope.catalog.calendars.items():
        for index, rule in enumerate(calendar.rules):
            if rule.to is not None and rule.to < rule.start:
                what = f"the rule ends on {rule.to}, before it starts on {rule.start}"
                yield scope.finding("calendars", name, ("rules", index, "to"), what, "correct one of the two")
                continue
            if index == 0:
                continue
            before = calendar.rules[index - 1]
            if before.to is not None and before.to < before.start:
                continue  # said of the one before
            place = ("rules", index, "from")
            if rule.start <= before.start:
                what = f"the rule from {rule.start} does not follow the one from {before.start}"
                yield scope.finding("calendars", name, place, what, "write the rules oldest first, each date once")
            elif before.to is not None and before.to >= rule.start:
                what = f"the rule from {rule.start} overlaps the one before, which holds to {before.to}"
                yield scope.finding(
                    "calendars", name, place, what, f'remove that "to" or write {rule.start - _ONE_DAY}'
                )
            elif before.to is not None and before.to + _ONE_DAY < rule.start:
                gap = f"{before.to + _ONE_DAY} to {rule.start - _ONE_DAY}"
                what = f"no rule is in force from {gap}"
                yield scope.finding("calendars", name, place, what, 'remove "to" of the rule before or add a rule')


def calendar_covers_its_kpis(scope: Scope) -> Iterator[Finding]:
    """Find KPIs whose calendar is unknown, or has no rule in force while they are."""
    for kpi in scope.catalog.kpis.values():
        for index, version in enumerate(kpi.versions):
            found = {name: location for location, name in reversed(list(columns.calendars(version)))}
            for name in version.calendars:
                place = ("versions", index, *found[name])
                calendar = scope.catalog.calendars.get(name)
                if calendar is None:
                    if name not in scope.names("calendars"):
                        what = f'calendar "{name}" is not known'
                        todo = did_you_mean(name, scope.names("calendars")) or "add it in catalog/calendars"
                        yield scope.finding("kpis", kpi.kpi, place, what, todo)
                    continue
                first = min(rule.start for rule in calendar.rules)
                if version.effective_from < first:
                    what = f'calendar "{name}" begins on {first}, after this version ({version.effective_from})'
                    yield scope.finding("kpis", kpi.kpi, place, what, "add an earlier rule to the calendar")
                last = calendar.rules[-1].to
                end = kpi.effective_to(version.version)
                if last is not None and (end is None or last < end - _ONE_DAY):
                    what = f'calendar "{name}" ends on {last} while this version is in force'
                    yield scope.finding("kpis", kpi.kpi, place, what, 'remove "to" of its last rule or add a rule')


def calendars_by_row_find_their_column(scope: Scope) -> Iterator[Finding]:
    """Find calendars by a column that is not declared, is no text, or does not have the values that are named."""
    for kpi in scope.catalog.kpis.values():
        for index, version in enumerate(kpi.versions):
            for use in columns.spans(version):
                table = scope.table(use.table)
                if table is None or not isinstance(use.span, WorkingTime) or isinstance(use.span.calendar, str):
                    continue
                place = ("versions", index, *use.location, "calendar")
                for below, what, todo, warning in _misfits(use.span.calendar, table):
                    yield scope.finding("kpis", kpi.kpi, (*place, *below), what, todo, warning=warning)


def _misfits(calendar: CalendarByRow, table: Table) -> Iterator[tuple[Location, str, str, bool]]:
    """Yield what is wrong with the calendars of a table's rows: where, what, what to do, whether it is a warning."""
    column = table.column(calendar.by)
    if column is None:
        what = f'table {table.table} has no column "{calendar.by}"'
        yield ("by",), what, did_you_mean(calendar.by, table.names), False
        return
    if column.type != "text":
        what = f'column "{column.name}" is {columns.TYPE_WORDS[column.type]}, not a text'
        yield ("by",), what, "name a text column", False
        return
    named = dict(calendar.pairs())
    if not column.values:
        return
    for value in named:
        if value not in column.values:
            place: Location = ("of", value) if calendar.of else ("among", calendar.among.index(value))
            yield place, f'column "{column.name}" has no value "{value}"', did_you_mean(value, column.values), False
    missing = [value for value in column.values if value not in named]
    if missing and calendar.otherwise is None:
        what = f"rows with {column.name} {' or '.join(missing)} have no calendar and are not counted"
        yield (), what, "name one for each, or otherwise: for all of them", True


def calendar_opens_at_all(scope: Scope) -> Iterator[Finding]:
    """Find weeks that are closed on every day: no working time would ever pass."""
    for name, calendar in scope.catalog.calendars.items():
        for index, rule in enumerate(calendar.rules):
            if all(hours == "closed" for _, hours in rule.weekly):
                what = "the week is closed on every day"
                yield scope.finding("calendars", name, ("rules", index, "weekly"), what, "open it on at least one day")


def calendar_country_is_known(scope: Scope) -> Iterator[Finding]:
    """Find countries and regions whose public holidays nobody knows."""
    asked: set[tuple[str | None, str | None]] = {
        (rule.holidays.country, rule.holidays.region)
        for calendar in scope.catalog.calendars.values()
        for rule in calendar.rules
        if rule.holidays.country is not None
    }
    unknown = {pair: words for pair in asked if (words := _unknown(*pair)) is not None}
    for name, calendar in scope.catalog.calendars.items():
        for index, rule in enumerate(calendar.rules):
            words = unknown.get((rule.holidays.country, rule.holidays.region))
            if words is not None:
                yield scope.finding("calendars", name, ("rules", index, "holidays", words[0]), words[1], words[2])


def _unknown(country: str | None, region: str | None) -> tuple[str, str, str] | None:
    """Return field, what and what to do for a country or region without known holidays."""
    if country not in known_countries():
        what = f'no public holidays are known for country "{country}"'
        return ("country", what, "write its ISO 3166 code, such as AT")
    if region is None:
        return None
    import holidays

    known = holidays.list_supported_countries()[country]
    if region in known:
        return None
    todo = did_you_mean(region, known) if known else "leave the region out"
    return ("region", f'country {country} has no region "{region}"', todo)


def known_countries() -> frozenset[str]:
    """Return the ISO codes of the countries whose public holidays are known.

    Read from the package's list of countries without importing it: the import loads every country, which would cost
    each command a third of a second. Should the list ever look different, the package is asked after all.
    """
    spec = find_spec("holidays")
    folders = spec.submodule_search_locations if spec is not None else None
    registry = Path(folders[0]) / "registry.py" if folders else None
    if registry is not None and registry.is_file():
        codes = frozenset(re.findall(r'"([A-Z]{2})"', registry.read_text(encoding="utf-8")))
        if len(codes) > 100:
            return codes
    import holidays

    return frozenset(code for code in holidays.list_supported_countries() if len(code) == 2)


def own_days_are_named_once(scope: Scope) -> Iterator[Finding]:
    """Find days that are given hours twice."""
    for name, calendar in scope.catalog.calendars.items():
        for index, rule in enumerate(calendar.rules):
            seen = set()
            for number, day in enumerate(rule.holidays.own):
                if day.on in seen:
                    place = ("rules", index, "holidays", "own", number, "on")
                    yield scope.finding("calendars", name, place, f"{day.on} is written twice", "keep one")
                seen.add(day.on)


RULES: tuple[Rule, ...] = (
    calendar_rules_join,
    calendar_covers_its_kpis,
    calendars_by_row_find_their_column,
    calendar_opens_at_all,
    calendar_country_is_known,
    own_days_are_named_once,
)
