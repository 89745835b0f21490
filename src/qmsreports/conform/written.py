"""What can be told of the SELECTs of a catalog before a row was landed: that they read, and that the columns fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.conform import derive
from qmsreports.conform.mapping import check_columns, check_select, read_select
from qmsreports.errors import Finding, UserError


def check_written(folder: Path, sources: Mapping[str, Source], tables: Mapping[str, Table]) -> list[Finding]:
    """Return what is wrong with the SELECTs of a catalog's sources and derived tables, the first mistake of each.

    ``folder`` is the catalog's; places are named from it on. Which columns a landed table has is not looked at: that
    only its rows tell, and ``qmsreports source preview`` reads some.
    """
    found = [finding for source in sources.values() for _, finding in mapping_misfits(source, tables)]
    for table in tables.values():
        if table.derived_from:
            try:
                derive.check_written(table, folder / "tables" / f"{table.table}.sql")
            except UserError as error:
                found += error.findings
    return [_from(folder, finding) for finding in found]


def mapping_misfits(source: Source, tables: Mapping[str, Table]) -> Iterator[tuple[str, Finding]]:
    """Yield canonical table and finding for each mapping of a source that cannot be right, whatever its rows are."""
    for name in source.conform:
        table = tables[name]
        try:
            select = check_select(source, table, read_select(source, table))
            if select.gives:
                check_columns(select, table, list(select.gives))
        except UserError as error:
            yield from ((name, finding) for finding in error.findings)


def _from(folder: Path, finding: Finding) -> Finding:
    """Name a file as the other findings of a catalog do: ``catalog/sources/crm/order_lines.sql:6``."""
    for above in (folder.absolute(), folder):
        if finding.where.startswith(f"{above}/"):
            return replace(finding, where=f"{folder.resolve().name}/{finding.where.removeprefix(f'{above}/')}")
    return finding
