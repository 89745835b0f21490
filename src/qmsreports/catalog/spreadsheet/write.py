"""Writes the workbook: typed cells, frozen heads, lists to choose from, a word of help on every cell."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from qmsreports.catalog.canonical import plain
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.spreadsheet import layout
from qmsreports.catalog.spreadsheet.layout import Column, Sheet
from qmsreports.catalog.spreadsheet.parts import base_of_parts, hours_text, slice_text
from qmsreports.errors import Finding, UserError

_SPARE = 300
"""Empty rows below the table that have lists and help, too."""
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DATE = "yyyy-mm-dd"


def workbook(catalog: Catalog, *, at: datetime) -> bytes:
    """Return the workbook of a catalog as bytes of an .xlsx file.

    :class:`UserError` when the catalog holds a character that no spreadsheet can.
    """
    from openpyxl import Workbook
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = Workbook()
    book.properties.creator = "qmsreports"
    book.properties.created = book.properties.modified = at.replace(tzinfo=None)
    _help(book.active, catalog)
    _lists(book.create_sheet(layout.LISTS), catalog)
    for sheet in layout.SHEETS:
        rows = list(_ROWS[sheet.title](catalog))
        try:
            _table(book.create_sheet(sheet.title), sheet, rows, catalog)
        except IllegalCharacterError as error:
            what = f"sheet {sheet.title}: a text holds a character that no spreadsheet can hold"
            raise UserError(Finding(str(catalog.folder), what, "delete it in the YAML file")) from error
    _base(book.create_sheet(layout.BASE), catalog)
    for hidden in (layout.LISTS, layout.BASE):
        book[hidden].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _targets(catalog: Catalog) -> Iterator[Mapping[str, Any]]:
    for name, file in catalog.targets.files.items():
        kpi = catalog.kpis[name]
        for target in plain(file)["targets"]:
            shown = {"kpi": name, "title": kpi.title, "unit": file.unit, "better": kpi.better}
            yield {**target, **target["agreed"], **shown, "slice": slice_text(target.get("slice", {}))}


def _deviations(catalog: Catalog) -> Iterator[Mapping[str, Any]]:
    for name, file in catalog.targets.files.items():
        for deviation in plain(file).get("accepted_deviations", ()):
            yield {**deviation, "kpi": name, "slice": slice_text(deviation.get("slice", {}))}


def _owners(catalog: Catalog) -> Iterator[Mapping[str, Any]]:
    for name, kpi in catalog.kpis.items():
        yield {"kpi": name, "title": kpi.title, "owner": kpi.owner}


def _calendars(catalog: Catalog) -> Iterator[Mapping[str, Any]]:
    for name, calendar in catalog.calendars.items():
        for rule in plain(calendar)["rules"]:
            hours = {day: hours_text(value) for day, value in rule["weekly"].items()}
            yield {**rule, **rule.get("holidays", {}), **hours, "calendar": name}


def _own_days(catalog: Catalog) -> Iterator[Mapping[str, Any]]:
    for name, calendar in catalog.calendars.items():
        for rule in calendar.rules:
            for day in rule.holidays.own:
                written = {"on": day.on, "title": day.title, "hours": hours_text(day.hours)}
                yield {**written, "calendar": name, "rule": rule.start}


_ROWS = {
    layout.TARGETS.title: _targets,
    layout.DEVIATIONS.title: _deviations,
    layout.OWNERS.title: _owners,
    layout.CALENDARS.title: _calendars,
    layout.OWN_DAYS.title: _own_days,
}


def _table(page: Any, sheet: Sheet, rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    page.freeze_panes = "B2"
    head = PatternFill("solid", start_color="1F3A4D")
    quiet = Font(color="6B7780")
    for number, column in enumerate(sheet.columns, 1):
        cell = page.cell(1, number, column.heading)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), head
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        dimension = page.column_dimensions[get_column_letter(number)]
        dimension.width, dimension.number_format = column.width, _format(column)  # rows that come get it, too
        for row, values in enumerate(rows, 2):
            cell = page.cell(row, number)
            _put(cell, column, values.get(column.key))
            if column.kind == "shown":
                cell.font = quiet
        page.add_data_validation(_validation(column, get_column_letter(number), len(rows) + 1 + _SPARE, catalog))
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{len(rows) + 1}"


def _put(cell: Any, column: Column, value: Any) -> None:
    """Write a value as what it is; a text that a spreadsheet would compute stays a text."""
    cell.number_format = _format(column)
    if value is None or value == "":
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(_STARTS_A_FORMULA)


def _format(column: Column) -> str:
    return {"date": _DATE, "number": "General"}.get(column.kind, "@")


def _validation(column: Column, letter: str, last: int, catalog: Catalog) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    if column.choices:
        count = len(catalog.kpis if column.choices == "kpis" else catalog.calendars)
        place = "A" if column.choices == "kpis" else "B"
        rule = DataValidation(type="list", formula1=f"={layout.LISTS}!${place}$2:${place}${max(count, 1) + 1}")
    elif column.kind == "date":
        rule = DataValidation(type="date", operator="between", formula1="DATE(1950,1,1)", formula2="DATE(2150,12,31)")
    elif column.kind == "number":
        rule = DataValidation(type="decimal", operator="between", formula1="-1E+15", formula2="1E+15")
    else:
        rule = DataValidation()
    rule.allow_blank = True
    rule.showInputMessage, rule.promptTitle, rule.prompt = True, column.heading, column.help
    rule.showErrorMessage, rule.errorTitle, rule.error = True, column.heading, column.help
    rule.add(f"{letter}2:{letter}{last}")
    return rule


def _help(page: Any, catalog: Catalog) -> None:
    from openpyxl.styles import Alignment, Font

    page.title = layout.HELP
    page.column_dimensions["A"].width = 16
    page.column_dimensions["B"].width = 100
    rows = [
        ("", f"Targets, accepted deviations, owners and calendars of {catalog.organisation.name}"),
        ("How", "Change cells, add or delete rows, save, then run: qmsreports catalog apply FILE.xlsx --by NAME"),
        ("", "Every cell is checked before anything is written; what is wrong is said with the name of its cell."),
        ("", "What was changed waits for the approval of another person before it counts."),
        (
            "Values",
            "Write values, no formulas: a definition says the same tomorrow. Percent are written as 95, not 95 %.",
        ),
        *((sheet.title, sheet.purpose) for sheet in layout.SHEETS),
    ]
    for number, (title, text) in enumerate(rows, 1):
        page.cell(number, 1, title).font = Font(bold=True)
        cell = page.cell(number, 2)
        _put(cell, Column("", "", "text", 0, ""), text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    page["B1"].font = Font(bold=True, size=14)


def _lists(page: Any, catalog: Catalog) -> None:
    for number, (heading, names) in enumerate((("KPIs", catalog.kpis), ("Calendars", catalog.calendars)), 1):
        page.cell(1, number, heading)
        for row, name in enumerate(names, 2):
            page.cell(row, number, name)


def _base(page: Any, catalog: Catalog) -> None:
    for number, ((kind, name), digest) in enumerate(base_of_parts(catalog).items(), 1):
        for column, text in enumerate((kind, name, digest), 1):
            page.cell(number, column, text)
