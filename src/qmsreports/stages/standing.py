"""What a table is held to beside its rows: its age when nothing new came, and the days on which nobody works."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache

from qmsreports.catalog.calendar import Calendar
from qmsreports.errors import UserError
from qmsreports.records import RuleResult
from qmsreports.workspace import Workspace


def held_to(
    workspace: Workspace, source: str, table: str, *, run_id: str, at: datetime
) -> tuple[str, str, tuple[RuleResult, ...]]:
    """Return status and message of a table of which nothing new came, and the rules on its age.

    ``unchanged``, or ``stopped`` where the suite says that such an age stops the table. A suite that is wrong stops
    nothing here: its rows were audited when they came; the message says where it is wrong.
    """
    from qmsreports import validate as auditing

    def lookup(name: str) -> tuple[str, ...]:
        return tuple(workspace.lake.uris(name)) if workspace.lake.exists(name) else ()

    try:
        rules = auditing.standing(
            source,
            workspace.catalog.tables[table],
            suite=workspace.settings.expectations / f"{table}.json",
            out=workspace.staging / run_id,
            as_of=at,
            lookup=lookup,
        )
    except UserError as error:
        return "unchanged", str(error), ()
    failed = [rule for rule in rules if not rule.success]
    stopping = [rule for rule in failed if rule.on_failure == "stop"]
    message = "; ".join(dict.fromkeys(f"nothing new came, {rule.sample[0]}" for rule in stopping or failed))
    if stopping:
        message = f"source {source}, table {table}: {message}; {stopping[0].owner} looks after the export"
    return "stopped" if stopping else "unchanged", message, rules


def days_off(calendars: Iterable[Calendar]) -> Callable[[date], bool]:
    """Return whether a day is a public holiday, or closed by name, in any of the calendars.

    Each year is looked up once: rules on volume ask for the days of more than a year.
    """
    known = tuple(calendars)

    @cache
    def of_year(year: int) -> frozenset[date]:
        found = set()
        for calendar in known:
            named = {one.on for rule in calendar.rules for one in rule.holidays.own if one.on.year == year}
            for day in named.union(*(rule.holidays.public(range(year, year + 1)) for rule in calendar.rules)):
                rule = calendar.rule_on(day)
                if rule is None:
                    continue
                own = {one.on: one.hours for one in rule.holidays.own}
                if own.get(day, "") == "closed" or day in rule.holidays.public(range(year, year + 1)):
                    found.add(day)
        return frozenset(found)

    return lambda day: day in of_year(day.year)
