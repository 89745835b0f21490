"""The few functions that mappings have besides DuckDB's own: days, instants and codes.

A value that cannot be read must never turn into an empty one unnoticed. So ``to_date``, ``to_utc`` and ``day_of`` give
text: the date or instant in ISO form, or the source's text as it is, which conform then refuses by name. Whoever
compares or takes the least of instants uses ``try_date`` and ``try_utc``: they are typed, and null where unreadable.

``day_of`` is the organisation's day on which an instant lies. Without a zone named, all read in the source's zone.

Time zones: an explicit offset in the text wins over the zone. The hour that autumn repeats is taken as its first
occurrence (summer time); the hour that spring leaves out moves forward (02:30 that never was is read as 03:30).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmsreports.lake import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.source import Source

# 2026-10-25, 2026-10-25 02:30, 2026-10-25T02:30:00.5 and nothing after it that DuckDB would silently leave out
_ZONELESS = r"^\s*\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*$"
_OFFSET = r"\d:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|z|UTC|[+-]\d{2}(:?\d{2})?)\s*$"
_DAY = r"^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T].*)?$"

_MACROS = f"""
CREATE TEMP MACRO first_occurrence(wall, zone) AS CASE
    WHEN ((wall AT TIME ZONE zone) - INTERVAL 1 HOUR) AT TIME ZONE zone = wall
        THEN (wall AT TIME ZONE zone) - INTERVAL 1 HOUR
    ELSE wall AT TIME ZONE zone END;
CREATE TEMP MACRO read_utc(t, zone) AS CASE
    WHEN regexp_matches(CAST(t AS VARCHAR), '{_OFFSET}')
        THEN TRY_CAST(regexp_replace(trim(CAST(t AS VARCHAR)), '\\s+([+-]\\S*)$', '\\1') AS TIMESTAMPTZ)
    WHEN NOT regexp_matches(CAST(t AS VARCHAR), '{_ZONELESS}') THEN NULL
    WHEN zone = 'UTC' THEN CAST(TRY_CAST(t AS TIMESTAMP) AS TIMESTAMPTZ)
    ELSE first_occurrence(TRY_CAST(t AS TIMESTAMP), zone) END;
CREATE TEMP MACRO local_day(moment) AS CAST(moment AT TIME ZONE __ZONE__ AS DATE);
CREATE TEMP MACRO try_utc(t) AS read_utc(t, __SOURCE_ZONE__), (t, zone) AS read_utc(t, zone);
CREATE TEMP MACRO to_utc(t) AS coalesce(CAST(try_utc(t) AS VARCHAR), CAST(t AS VARCHAR)),
    (t, zone) AS coalesce(CAST(try_utc(t, zone) AS VARCHAR), CAST(t AS VARCHAR));
CREATE TEMP MACRO day_of(t) AS coalesce(CAST(local_day(try_utc(t)) AS VARCHAR), CAST(t AS VARCHAR)),
    (t, zone) AS coalesce(CAST(local_day(try_utc(t, zone)) AS VARCHAR), CAST(t AS VARCHAR));
CREATE TEMP MACRO try_date(t) AS
        CASE WHEN regexp_matches(CAST(t AS VARCHAR), '{_DAY}') THEN TRY_CAST(t AS DATE) END,
    (t, form) AS CAST(try_strptime(CAST(t AS VARCHAR), form) AS DATE);
CREATE TEMP MACRO to_date(t) AS coalesce(CAST(try_date(t) AS VARCHAR), CAST(t AS VARCHAR)),
    (t, form) AS coalesce(CAST(try_date(t, form) AS VARCHAR), CAST(t AS VARCHAR));
"""


def create_macros(connection: DuckDBPyConnection, source: Source, zone: str) -> None:
    """Create the macros for one source; ``zone`` is the organisation's, in which ``day_of`` finds the day.

    ``code('site', plant)`` is what the source's ``codes`` say, or the code itself where they do not; ``unmapped`` is
    the reason to refuse a row for it, null where the code is known or empty.
    """
    macros = _MACROS.replace("__SOURCE_ZONE__", literal(source.time_zone)).replace("__ZONE__", literal(zone))
    connection.execute(macros)
    meanings, known = "", ""
    for name, codes in source.codes.items():
        pairs = " ".join(f"WHEN {literal(code)} THEN {literal(word)}" for code, word in codes.items())
        if codes:
            meanings += f"WHEN {literal(name)} THEN CASE CAST(c AS VARCHAR) {pairs} ELSE CAST(c AS VARCHAR) END "
            known += f"WHEN {literal(name)} THEN CAST(c AS VARCHAR) IN ({', '.join(literal(code) for code in codes)}) "
    connection.execute(
        f"""CREATE TEMP MACRO code(kind, c) AS CASE kind {meanings} WHEN '' THEN NULL ELSE CAST(c AS VARCHAR) END;
        CREATE TEMP MACRO unmapped(kind, c) AS CASE
            WHEN c IS NOT NULL AND NOT (CASE kind {known} WHEN '' THEN NULL ELSE false END)
            THEN kind || ' "' || left(CAST(c AS VARCHAR), 60) || '" is not among the codes of the source' END"""
    )
