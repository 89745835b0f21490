"""What somebody changed in a workbook where nothing is read, so that no edit is lost without a word."""

from __future__ import annotations

from collections.abc import Iterator

from qmsreports.catalog.load import Catalog
from qmsreports.catalog.spreadsheet.layout import OWNERS, TARGETS
from qmsreports.catalog.spreadsheet.read import Row, Workbook
from qmsreports.errors import Finding


def not_taken(book: Workbook, catalog: Catalog) -> Iterator[Finding]:
    """Yield a warning per sheet that is not read, per edited cell for reading only, and per owner without a row."""
    for title in book.others:
        yield Finding(f"{book.name}:{title}", "this sheet is not read", warning=True)
    for sheet in (TARGETS, OWNERS):
        for row in book.sheets.get(sheet.title, ()):
            yield from _shown(row, catalog)
    owners = book.sheets.get(OWNERS.title)
    named = {row.values.get("kpi") for row in owners or ()}
    for name, kpi in catalog.kpis.items():
        if owners is not None and name not in named and (("owner", name) in book.base or not book.base):
            what = f"no row of {name} is left; its owner stays {kpi.owner}"
            yield Finding(f"{book.name}:{OWNERS.title}", what, "name another one to change that", warning=True)


def _shown(row: Row, catalog: Catalog) -> Iterator[Finding]:
    name = str(row.values.get("kpi"))
    kpi = catalog.kpis.get(name)
    if kpi is None:
        return
    written = {"title": kpi.title, "unit": kpi.unit, "better": kpi.better}
    for key, text in row.shown.items():
        if text != written[key].strip():
            what = f'"{row.headings[key]}" is for reading and was not taken; it stays "{written[key]}"'
            yield Finding(row.cell(key), what, f"change it in kpis/{name}.yaml", warning=True)
