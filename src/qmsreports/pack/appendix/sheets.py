"""What the sheets of the workbook say: the model as typed cells, nothing rounded and nothing composed."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from qmsreports.language import say
from qmsreports.pack.appendix import numbers, records
from qmsreports.pack.appendix.cells import Cell, Sheet, sheet, words
from qmsreports.pack.model import PackModel


def sheets(pack: PackModel) -> Iterator[Sheet]:
    """Yield the sheets in their order. Sheets without a row are left out, but for the first three."""
    yield _review(pack)
    yield numbers.objectives(pack)
    yield numbers.values(pack)
    rest = [numbers.slices(pack), records.decisions(pack), records.changes(pack), records.actions(pack)]
    rest += [records.attendance(pack), records.resolutions(pack), records.agreed(pack)]
    rest += [records.conclusions(pack), records.withdrawn(pack)]
    rest += [records.proposals(pack), records.reasons(pack), records.inputs(pack)]
    rest += [records.lost_customers(pack), records.comments(pack)]
    rest += [records.register(table) for section in pack.sections for table in section.registers]
    rest += [records.feeds(pack), records.rules(pack), records.definitions(pack)]
    for found in rest:
        rows = list(found.rows)
        if rows:
            yield Sheet(found.title, found.head, found.widths, rows)


def _review(pack: PackModel) -> Sheet:
    head, said = pack.header, pack.minutes
    read = head.data_read_at.astimezone(ZoneInfo(head.time_zone)).replace(tzinfo=None)
    rows: list[tuple[str, Cell]] = [
        ("organisation", head.organisation),
        ("scope", head.scope),
        ("review", head.title),
        ("period", head.period),
        ("first_day", head.period_start),
        ("last_day", head.period_end),
        ("edition", head.edition),
        ("replaces", head.predecessor),
        ("reason", head.reason),
        ("status", words(head.status)),
        ("approved_by", head.approved_by),
        ("approved_on", head.approved_on),
        ("classification", head.classification),
        ("chair", head.chair),
        *(("invited", person) for person in head.participants),
        ("held_on", said.held_on if said else None),
        ("closed_on", said.closed_on if said else None),
        ("closed_by", said.closed_by if said else ""),
        ("data_read_at", read),
        ("time_zone", head.time_zone),
        *(("standard", name.title) for name in head.standards),
        ("limits", head.rules),
        ("code_version", head.code_version),
        ("beside_this_file", say("sheet.beside")),
    ]
    told = [(say(f"head.{name}"), value) for name, value in rows if value not in ("", None)]
    return sheet("review", ("what", "value"), (18, 90), told)
