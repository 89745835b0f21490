"""Rows gathered to the content of files, with the cell in which each value stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qmsreports.catalog.calendar import WEEKDAYS
from qmsreports.catalog.canonical import plain
from qmsreports.catalog.document import Location
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.spreadsheet import layout
from qmsreports.catalog.spreadsheet.parts import Key
from qmsreports.catalog.spreadsheet.read import Row, Workbook
from qmsreports.errors import Finding, did_you_mean


@dataclass
class Draft:
    """Fields of one file as the workbook has them (``None``: left out), and the cell of each node."""

    content: dict[str, Any] = field(default_factory=dict)
    cells: dict[Location, str] = field(default_factory=dict)


def drafts(book: Workbook, catalog: Catalog) -> tuple[dict[Key, Draft], list[Finding]]:
    """Return what the workbook says of each targets file, owner and calendar, and rows that belong to nothing."""
    findings: list[Finding] = []
    found: dict[Key, Draft] = {}
    found.update(_targets(book, catalog, findings))
    found.update(_owners(book, catalog, findings))
    found.update(_calendars(book, catalog, findings))
    return found, findings


def _by_name(rows: Iterable[Row], key: str, known: Iterable[str], findings: list[Finding]) -> dict[str, list[Row]]:
    """Group rows by the name in their first column; unknown names are findings."""
    names = set(known)
    word = "KPI" if key == "kpi" else key
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        name = row.values.get(key)
        if name is None:
            findings.append(Finding(row.cell(key), f"no {word} is named in this row", "name it or empty the row"))
        elif name not in names:
            findings.append(Finding(row.cell(key), f'there is no {word} "{name}"', did_you_mean(str(name), names)))
        else:
            grouped.setdefault(str(name), []).append(row)
    return grouped


def _targets(book: Workbook, catalog: Catalog, findings: list[Finding]) -> dict[Key, Draft]:
    found: dict[Key, Draft] = {}
    sheets = {
        "targets": (layout.TARGETS.title, _target),
        "accepted_deviations": (layout.DEVIATIONS.title, _deviation),
    }
    for name, (title, entry_of) in sheets.items():
        if title not in book.sheets:
            continue
        before = len(findings)
        grouped = _by_name(book.sheets[title], "kpi", catalog.kpis, findings)
        named = len(findings) == before  # a row whose name is wrong may be the one that seems to be gone
        for kpi in {**catalog.targets.files, **grouped}:
            rows = grouped.get(kpi, [])
            known = kpi in catalog.targets.files
            if name == "targets" and not rows and named and (("targets", kpi) in book.base or not book.base):
                todo = f"put them back, or delete targets/{kpi}.yaml when it is to have none"
                findings.append(Finding(f"{book.name}:{title}", f"no row of {kpi} is left", todo))
            if not rows and (name == "targets" or not known):
                continue
            draft = found.setdefault(("targets", kpi), Draft({"kpi": kpi}))
            if not known:
                draft.content["unit"] = catalog.kpis[kpi].unit
            entries = [(row, entry_of(row, findings)) for row in rows]
            file = catalog.targets.files.get(kpi)
            ordered = _in_order(entries, plain(file).get(name, ()) if file is not None else ())
            draft.content[name] = [entry for _, entry in ordered] or None
            _note(draft, name, ordered)
    return found


def _note(draft: Draft, name: str, ordered: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    """Note the cells of entries; keys of an entry are columns, but for what is agreed and the slice."""
    if not ordered:
        return
    first = ordered[0][0].cell("kpi")
    draft.cells[name,] = first
    if "unit" in draft.content:  # a file that is not there yet has no lines to name
        for location in ((), ("kpi",), ("unit",), ("targets",)):
            draft.cells.setdefault(location, first)
    for index, (row, _) in enumerate(ordered):
        draft.cells[name, index] = row.cell("kpi")
        for key in row.letters:
            draft.cells[name, index, key] = row.cell(key)
        if "by" in row.letters:
            draft.cells[name, index, "agreed"] = row.cell("by")
            for key in ("by", "on", "record"):
                draft.cells[name, index, "agreed", key] = row.cell(key)


def _target(row: Row, findings: list[Finding]) -> dict[str, Any]:
    entry = {key: row.values[key] for key in ("from", "to", "meet", "near", "every") if key in row.values}
    _add_slice(entry, row, findings)
    entry["agreed"] = {key: row.values[key] for key in ("by", "on", "record") if key in row.values}
    return entry


def _deviation(row: Row, findings: list[Finding]) -> dict[str, Any]:
    keys = ("from", "to", "at_least", "at_most", "because", "action")
    entry = {key: row.values[key] for key in keys if key in row.values}
    _add_slice(entry, row, findings)
    return entry


def _add_slice(entry: dict[str, Any], row: Row, findings: list[Finding]) -> None:
    text = str(row.values.get("slice", ""))
    slice_: dict[str, str] = {}
    for part in (part.strip() for part in text.split(";") if part.strip()):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value) or name in slice_:
            what = f'"{part}" is no slice' if name not in slice_ else f'"{name}" is written twice'
            findings.append(Finding(row.cell("slice"), what, "write it as site=linz"))
            entry["slice"] = {"unread": text}  # no longer a target of the whole, which it would double
            return
        slice_[name] = value
    if slice_:
        entry["slice"] = slice_


def _in_order(entries: list[tuple[Row, dict[str, Any]]], current: Iterable[Any]) -> list[tuple[Row, dict[str, Any]]]:
    """Return entries in the order of the file, new ones after the earlier one of their slice: rows may be sorted."""
    places: dict[Any, int] = {}
    for index, item in enumerate(current):
        places.setdefault(_identity(item), index)
    ordered = sorted(
        (entry for entry in entries if _identity(entry[1]) in places), key=lambda entry: places[_identity(entry[1])]
    )
    fresh = [entry for entry in entries if _identity(entry[1]) not in places]
    for row, entry in sorted(fresh, key=lambda pair: str(pair[1].get("from", ""))):
        before = [
            index
            for index, (_, other) in enumerate(ordered)
            if _alike(other, entry) and _earlier(other.get("from"), entry.get("from"))
        ]
        ordered.insert(before[-1] + 1 if before else _first_of(ordered, entry), (row, entry))
    return ordered


def _identity(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(entry.get("from")), str(sorted((entry.get("slice") or {}).items())), str(entry.get("every") or "")


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether one of two entries can follow the other: of the same slice, for the same kind of period."""
    return (one.get("slice"), one.get("every")) == (other.get("slice"), other.get("every"))


def _earlier(one: Any, other: Any) -> bool:
    return isinstance(one, date) and isinstance(other, date) and one <= other


def _first_of(ordered: Sequence[tuple[Row, dict[str, Any]]], entry: Mapping[str, Any]) -> int:
    same = [index for index, (_, other) in enumerate(ordered) if _alike(other, entry)]
    return same[0] if same and isinstance(entry.get("from"), date) else len(ordered)


def _owners(book: Workbook, catalog: Catalog, findings: list[Finding]) -> dict[Key, Draft]:
    found: dict[Key, Draft] = {}
    for kpi, rows in _by_name(book.sheets.get(layout.OWNERS.title, ()), "kpi", catalog.kpis, findings).items():
        for again in rows[1:]:
            findings.append(Finding(again.cell("kpi"), f"{kpi} stands in two rows", "delete one of them"))
        found["owner", kpi] = Draft({"owner": rows[0].values.get("owner")}, {("owner",): rows[0].cell("owner")})
    return found


def _calendars(book: Workbook, catalog: Catalog, findings: list[Finding]) -> dict[Key, Draft]:
    rules = book.sheets.get(layout.CALENDARS.title)
    days = book.sheets.get(layout.OWN_DAYS.title)
    if rules is None and days is None:
        return {}
    before = len(findings)
    grouped = _by_name(rules or (), "calendar", catalog.calendars, findings)
    own = _by_name(days or (), "calendar", catalog.calendars, findings)
    found: dict[Key, Draft] = {}
    if len(findings) > before:  # a row of nobody is missing somewhere: what would be said of the rest is an echo
        return found
    for name in catalog.calendars:
        written = plain(catalog.calendars[name])["rules"]
        ordered: list[tuple[Row | None, dict[str, Any]]]
        if rules is None:
            ordered = [(None, _copied(rule)) for rule in written]
        elif name in grouped:
            ordered = list(_in_order([(row, _rule(row)) for row in grouped[name]], written))
        else:
            if ("calendar", name) in book.base or not book.base:
                findings.append(
                    Finding(f"{book.name}:{layout.CALENDARS.title}", f"no row of {name} is left", "put them back")
                )
            continue
        draft = Draft({"rules": [rule for _, rule in ordered]})
        _note_rules(draft, [row for row, _ in ordered])
        if days is None:
            _keep_days(draft, written)
        else:
            _add_days(draft, own.get(name, []), findings)
        found["calendar", name] = draft
    return found


def _copied(rule: Mapping[str, Any]) -> dict[str, Any]:
    copied = dict(rule)
    holidays = {key: value for key, value in rule.get("holidays", {}).items() if key != "own"}
    copied.pop("holidays", None)
    return {**copied, "weekly": dict(rule["weekly"]), **({"holidays": holidays} if holidays else {})}


def _rule(row: Row) -> dict[str, Any]:
    rule = {key: row.values[key] for key in ("from", "to", "why") if key in row.values}
    rule["weekly"] = {day: _hours(row.values[day]) for day in WEEKDAYS if day in row.values}
    holidays = {key: row.values[key] for key in ("country", "region") if key in row.values}
    return {**rule, **({"holidays": holidays} if holidays else {})}


def _hours(text: str) -> Any:
    """Read ``08:00-12:00, 13:00-17:00``; a dash that a spreadsheet made longer is a hyphen."""
    spans = [part.strip().replace("\N{EN DASH}", "-") for part in text.split(",")]
    return "closed" if text.strip().casefold() == "closed" else spans


def _note_rules(draft: Draft, rows: Sequence[Row | None]) -> None:
    for index, row in enumerate(rows):
        if row is None:
            continue
        draft.cells.setdefault(("rules",), row.cell("calendar"))
        draft.cells["rules", index] = row.cell("calendar")
        for key in ("from", "to", "why"):
            draft.cells["rules", index, key] = row.cell(key)
        draft.cells["rules", index, "weekly"] = row.cell(WEEKDAYS[0])
        for day in WEEKDAYS:
            draft.cells["rules", index, "weekly", day] = row.cell(day)
        draft.cells["rules", index, "holidays"] = row.cell("country")
        for key in ("country", "region"):
            draft.cells["rules", index, "holidays", key] = row.cell(key)


def _keep_days(draft: Draft, written: Iterable[Mapping[str, Any]]) -> None:
    days = {rule["from"]: rule.get("holidays", {}).get("own") for rule in written}
    for rule in draft.content["rules"]:
        if days.get(rule.get("from")):
            rule.setdefault("holidays", {})["own"] = list(days[rule["from"]])


def _add_days(draft: Draft, rows: Sequence[Row], findings: list[Finding]) -> None:
    starts = {str(rule.get("from")): index for index, rule in enumerate(draft.content["rules"])}
    for row in rows:
        index = starts.get(str(row.values.get("rule")))
        if index is None:
            what = f"no row of sheet {layout.CALENDARS.title} begins on {row.values.get('rule', 'that day')}"
            findings.append(Finding(row.cell("rule"), what, f"known: {', '.join(starts)}"))
            continue
        holidays = draft.content["rules"][index].setdefault("holidays", {})
        own = holidays.setdefault("own", [])
        place = ("rules", index, "holidays", "own", len(own))
        day = {key: row.values[key] for key in ("on", "title") if key in row.values}
        if "hours" in row.values:
            day["hours"] = _hours(row.values["hours"])
        own.append(day)
        draft.cells[place] = row.cell("on")
        for key in ("on", "title", "hours"):
            draft.cells[(*place, key)] = row.cell(key)
