"""The gate between data and numbers: which canonical tables may not be measured, and why."""

from __future__ import annotations

from collections.abc import Iterable

from qmsreports.catalog.source import Source
from qmsreports.records import FeedFailure, FeedOutcome

_BARRED = ("stopped", "broken", "failed")


def gate(
    outcomes: Iterable[FeedOutcome], failures: Iterable[FeedFailure] = (), sources: Iterable[Source] = ()
) -> dict[str, str]:
    """Return the canonical tables whose KPIs are ``not_valid``, each with one reason in words.

    ``outcomes`` in the order they happened: of several for one source and table the last counts, so that a repeated
    run lifts the bar. ``failures`` are landed tables that could not be read; they bar what the declared ``sources``
    make of them, driving or joined. Two sources may feed one table: one bad feed is enough, half a number is none.

    >>> gate([FeedOutcome("crm", "order_lines", "stopped", 9, 0, 0, 0, 0, None, (), "half of the keys repeat")])
    {'order_lines': 'crm: half of the keys repeat'}
    """
    last = {(outcome.source, outcome.table): outcome for outcome in outcomes}
    reasons: dict[str, list[str]] = {}
    for outcome in last.values():
        if outcome.status in _BARRED:
            said = outcome.message or _WORDS[outcome.status]
            reasons.setdefault(outcome.table, []).append(_from(outcome.source, said))
    declared = {source.source: source for source in sources}
    for failure in failures:
        source = declared.get(failure.source)
        for table, mapping in source.conform.items() if source else ():
            if failure.table == mapping.driving or failure.table in mapping.joins:
                reasons.setdefault(table, []).append(_from(failure.source, str(failure.finding)))
    return {table: "; ".join(dict.fromkeys(found)) for table, found in sorted(reasons.items())}


def _from(source: str, said: str) -> str:
    return said if f"source {source}" in said else f"{source}: {said}"


_WORDS = {
    "stopped": "the validation stopped the table",
    "broken": "a check could not run",
    "failed": "the source could not be read",
}
