"""Rules on table and source declarations and on the organisation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qmsreports.catalog.check import Rule, Scope
from qmsreports.errors import Finding, did_you_mean

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


def table_names_are_identifiers(scope: Scope) -> Iterator[Finding]:
    """Find names that cannot become SQL identifiers."""
    for name, table in scope.catalog.tables.items():
        if not _IDENTIFIER.fullmatch(name):
            yield scope.finding("tables", name, ("table",), f'"{name}" is no table name', _SPELLING)
        for index, column in enumerate(table.columns):
            if not _IDENTIFIER.fullmatch(column.name):
                place = ("columns", index, "name")
                yield scope.finding("tables", name, place, f'"{column.name}" is no column name', _SPELLING)


_SPELLING = "use lower-case letters, digits and underscores, a letter first"


def table_columns_are_named_once(scope: Scope) -> Iterator[Finding]:
    """Find columns of one name: they would overwrite each other."""
    for name, table in scope.catalog.tables.items():
        counts = Counter(table.names)
        for index, column in enumerate(table.columns):
            if counts[column.name] > 1 and table.names.index(column.name) != index:
                place = ("columns", index, "name")
                yield scope.finding("tables", name, place, f'column "{column.name}" is declared twice', "keep one")


def table_key_and_partition_exist(scope: Scope) -> Iterator[Finding]:
    """Find keys and partitions that are not declared or of no use as such."""
    for name, table in scope.catalog.tables.items():
        for index, key in enumerate(table.key):
            column = table.column(key)
            if column is None:
                what = f'key column "{key}" is not declared'
                yield scope.finding("tables", name, ("key", index), what, did_you_mean(key, table.names))
            elif column.nullable:
                what = f'key column "{key}" is nullable'
                yield scope.finding("tables", name, ("key", index), what, "a key is always known: remove nullable")
        if table.partition is not None:
            partition = table.column(table.partition)
            if partition is None:
                what = f'partition column "{table.partition}" is not declared'
                yield scope.finding("tables", name, ("partition",), what, did_you_mean(table.partition, table.names))
            elif partition.type not in ("date", "instant"):
                what = f'partition column "{table.partition}" is {partition.type}'
                yield scope.finding("tables", name, ("partition",), what, "take a date or an instant")


def derived_tables_are_made_of_delivered_ones(scope: Scope) -> Iterator[Finding]:
    """Find derived tables of unknown or derived tables, without their SELECT, or that a source delivers as well."""
    for name, table in scope.catalog.tables.items():
        for index, other in enumerate(table.derived_from):
            place = ("derived_from", index)
            source = scope.table(other)
            if other not in scope.names("tables"):
                what = f'canonical table "{other}" is not declared'
                yield scope.finding("tables", name, place, what, did_you_mean(other, scope.names("tables")))
            elif source is not None and source.derived_from:
                what = f"{other} is derived itself"
                yield scope.finding("tables", name, place, what, "name what it is made of")
        if not table.derived_from:
            continue
        if not (scope.catalog.folder / "tables" / f"{name}.sql").is_file():
            what = f"{name}.sql is missing beside this file"
            yield scope.finding("tables", name, ("derived_from",), what, "write the SELECT that makes the table")
        for source_name, delivering in scope.catalog.sources.items():
            if name in delivering.conform:
                what = f"{name} is derived and delivered by {source_name}"
                yield scope.finding("tables", name, ("derived_from",), what, "decide for one")


def source_makes_declared_tables(scope: Scope) -> Iterator[Finding]:
    """Find mappings to undeclared tables, without their SQL, or from what the source does not land."""
    for name, source in scope.catalog.sources.items():
        feeds = {feed.table for feed in source.tables}
        for table, mapping in source.conform.items():
            place = ("conform", table)
            if table not in scope.names("tables"):
                what = f'canonical table "{table}" is not declared'
                yield scope.finding("sources", name, place, what, did_you_mean(table, scope.names("tables")))
            elif not source.sql_path(table).is_file():
                what = f"{table}.sql is missing beside this file"
                yield scope.finding("sources", name, place, what, "write the SELECT that makes the table")
            for landed in (mapping.driving, *mapping.joins):
                if landed not in feeds:
                    where = (*place, "from") if landed == mapping.driving else (*place, "joins", landed)
                    what = f'"{landed}" is not landed by this source'
                    yield scope.finding("sources", name, where, what, did_you_mean(landed, feeds))


def source_feeds_are_whole(scope: Scope) -> Iterator[Finding]:
    """Find feeds without a key or listed twice, and time zones that do not exist."""
    for name, source in scope.catalog.sources.items():
        counts = Counter(feed.table for feed in source.tables)
        seen: set[str] = set()
        for index, feed in enumerate(source.tables):
            if counts[feed.table] > 1 and feed.table in seen:
                what = f'"{feed.table}" is landed twice'
                yield scope.finding("sources", name, ("tables", index, "table"), what, "keep one entry")
            seen.add(feed.table)
            if not feed.key:
                what = f'"{feed.table}" has no key'
                yield scope.finding("sources", name, ("tables", index, "key"), what, "name what tells its rows apart")
        try:
            ZoneInfo(source.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            what = f'"{source.time_zone}" is no IANA time zone'
            yield scope.finding("sources", name, ("time_zone",), what, "write for example Europe/Vienna")


def organisation_sites_are_named_once(scope: Scope) -> Iterator[Finding]:
    """Find sites of one code: they could not be told apart."""
    seen: set[str] = set()
    for index, site in enumerate(scope.catalog.organisation.sites):
        if site.site in seen:
            place = ("sites", index, "site")
            yield scope.finding(
                "organisation", "organisation", place, f'site "{site.site}" is declared twice', "keep one"
            )
        seen.add(site.site)


RULES: tuple[Rule, ...] = (
    table_names_are_identifiers,
    table_columns_are_named_once,
    table_key_and_partition_exist,
    derived_tables_are_made_of_delivered_ones,
    source_makes_declared_tables,
    source_feeds_are_whole,
    organisation_sites_are_named_once,
)
