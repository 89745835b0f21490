"""Landed texts read as the feed declares: what means "not known", how days are written, which sign parts thousands.

Days and times become ISO text, so that they order as they should and every macro knows them; numbers lose the sign
between thousands. A text that is none of what was declared stays as it is, to be refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qmsreports.catalog.source import LandedFeed
from qmsreports.lake import literal, quoted
from qmsreports.landing import DOUBTFUL

_SIGNS = {".": r"\.", ",": ",", " ": "[ \u00a0\u202f\u2009]", "'": "['\u2019]"}
_SEVERAL = r"[-+]?\d{1,3}(\.\d{3}){2,}"
_FIRST_YEAR = 1000  # "03.11.26" under %d.%m.%Y would be the year 26


def as_declared(
    feed: LandedFeed, kinds: Mapping[str, str], numbers: frozenset[str], *, of: str = "", marked: bool = False
) -> str:
    """Return the SELECT list of landed rows, each text as declared, and ``_doubt``: why a number cannot be told.

    ``kinds`` are DuckDB's types of the landed columns, ``numbers`` the columns that numbers are made of. ``of`` is the
    table that a reason names, where it is not the driving one. Where no row can be told that uses a doubtful cell, it
    is ``marked``: made a text that is no number.

    >>> from qmsreports.catalog.source import LandedFeed
    >>> as_declared(LandedFeed(table="orders", key=("no",)), {"no": "VARCHAR"}, frozenset())
    '*, CAST(NULL AS VARCHAR) AS _doubt'
    """
    texts = sorted(name for name, kind in kinds.items() if kind == "VARCHAR" and name not in ("_file", DOUBTFUL))
    read = _without_nulls(feed, kinds, texts)
    doubts = []
    for name in texts:
        if name.lower() not in numbers:
            continue
        grouped, stripped = _grouped(feed, name, noted=DOUBTFUL in kinds)
        value = read.get(name, quoted(name))
        if grouped:
            read[name] = f"CASE WHEN {grouped} THEN {stripped} ELSE {value} END"
        if DOUBTFUL not in kinds:
            continue
        doubtful = _noted(name) + (f" AND NOT coalesce({grouped}, false)" if grouped else "")
        doubts.append(f"CASE WHEN {doubtful} THEN {literal(f'{of}: ' if of else '')} || {_doubt(feed, name)} END")
        if marked:
            read[name] = (
                f"CASE WHEN {doubtful} THEN {quoted(name)} || ' (12.5 or 12500?)' ELSE {read.get(name, value)} END"
            )
    for name, form in feed.dates.items():
        if name in texts:
            moment = f"try_strptime(trim({quoted(name)}), {literal(form)})"
            moment = f"CASE WHEN year({moment}) >= {_FIRST_YEAR} THEN {moment} END"
            if not re.search("%-?[HIMSpfz]", form):
                moment = f"CAST({moment} AS DATE)"
            read[name] = f"coalesce(CAST({moment} AS VARCHAR), {read.get(name, quoted(name))})"
    replaced = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in read.items())
    doubt = f"nullif(concat_ws('; ', {', '.join(doubts)}), '')" if doubts else "CAST(NULL AS VARCHAR)"
    return (f"* REPLACE ({replaced})" if replaced else "*") + f", {doubt} AS _doubt"


def _without_nulls(feed: LandedFeed, kinds: Mapping[str, str], texts: list[str]) -> dict[str, str]:
    if not feed.nulls:
        return {}
    listed = ", ".join(literal(text) for text in feed.nulls)
    read = {name: f"CASE WHEN trim({quoted(name)}) IN ({listed}) THEN NULL ELSE {quoted(name)} END" for name in texts}
    for name, kind in kinds.items():  # a day that means "unset", as 1970-01-01 does in some systems
        if kind.startswith(("DATE", "TIMESTAMP")):
            unset = ", ".join(f"TRY_CAST({literal(text)} AS {kind})" for text in feed.nulls)
            read[name] = f"CASE WHEN {quoted(name)} IN ({unset}) THEN NULL ELSE {quoted(name)} END"
    return read


def _grouped(feed: LandedFeed, name: str, *, noted: bool) -> tuple[str, str]:
    """Condition that a text has declared thousands, and the number without them; both empty where none are declared.

    Where the point parts thousands, a single one counts only in a cell that was noted with it: 12.500 may as well have
    been written 12,500, which lands as 12.500.
    """
    if not feed.thousands:
        return "", ""
    sign, decimal, text = _SIGNS[feed.thousands], _SIGNS[feed.decimal], f"trim({quoted(name)})"
    pattern = literal(rf"[-+]?\d{{1,3}}({sign}\d{{3}})+({decimal}\d+)?")
    matches = f"regexp_full_match({text}, {pattern})"
    if feed.thousands == ".":
        several = f"regexp_full_match({text}, {literal(_SEVERAL)})"
        matches = f"({several} OR ({matches} AND {_noted(name)}))" if noted else several
    return matches, f"replace(regexp_replace({text}, {literal(sign)}, '', 'g'), {literal(feed.decimal)}, '.')"


def _noted(name: str) -> str:
    return f"coalesce(list_contains(string_split({DOUBTFUL}, ' '), {literal(name)}), false)"


def _doubt(feed: LandedFeed, name: str) -> str:
    said = f'" has a point where the decimal sign is "{feed.decimal}"; '
    todo = "mend it at the source" if feed.thousands else 'if it parts thousands, write thousands: "." in source.yaml'
    return f"{literal(name + ' ' + chr(34))} || left({quoted(name)}, 60) || {literal(said + todo)}"
