"""Sheets and columns of the workbook; writing, reading and messages all go by these."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from qmsreports.catalog.calendar import WEEKDAYS
from qmsreports.catalog.canonical import to_yaml

Kind = Literal["text", "date", "number", "hours", "shown"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``shown`` is for the reader only and never read back; ``choices`` names a list to choose from."""

    key: str
    heading: str
    kind: Kind
    width: int
    help: str
    choices: Literal["", "kpis", "calendars"] = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; a row is named by its first column."""

    title: str
    purpose: str
    columns: tuple[Column, ...]


_SLICE = "Empty for the whole; otherwise a slice as channel=phone, several as site=linz; channel=phone."
_HOURS = "closed, or intervals such as 08:00-12:00, 13:00-17:00."

TARGETS = Sheet(
    "Targets",
    "What is to be met, from when on. A target holds until the next one of its slice begins. Add a row for a new "
    "target; leave the old rows as they are, because the target of each period is the one that applied then.",
    (
        Column("kpi", "KPI", "text", 30, "The short name of the KPI.", "kpis"),
        Column("title", "Title", "shown", 34, "For reading; changes here are not read."),
        Column("unit", "Unit", "shown", 10, "For reading; meet and near are in this unit, 95 for 95 percent."),
        Column("better", "Better", "shown", 9, "For reading; which direction is better."),
        Column("slice", "Slice", "text", 20, _SLICE),
        Column("from", "From", "date", 12, "The first day, the first of a month."),
        Column("to", "To", "date", 12, "The last day, usually empty: the next target ends this one."),
        Column("meet", "Meet", "number", 10, "The value that meets the target, in the KPI's unit."),
        Column("near", "Near", "number", 10, "The value from which a miss counts as near; may be empty."),
        Column("by", "Agreed by", "text", 22, "Who agreed to the target."),
        Column("on", "Agreed on", "date", 12, "The day on which it was agreed."),
        Column("record", "Record", "text", 22, "The record that proves it, such as Review 2025-11."),
        Column("every", "Every", "text", 10, "month, quarter, half or year; empty where it holds for each of them."),
    ),
)
DEVIATIONS = Sheet(
    "Deviations",
    "Misses that management accepted for a while, as long as the value stays on the good side of a bound.",
    (
        Column("kpi", "KPI", "text", 30, "The short name of the KPI.", "kpis"),
        Column("slice", "Slice", "text", 20, _SLICE),
        Column("from", "From", "date", 12, "The first day."),
        Column("to", "To", "date", 12, "The last day, included."),
        Column("at_least", "At least", "number", 10, "The bound where higher is better; else empty."),
        Column("at_most", "At most", "number", 10, "The bound where lower is better; else empty."),
        Column("because", "Because", "text", 60, "Why it was accepted."),
        Column("action", "Action", "text", 14, "The action that ends it, such as A-153."),
    ),
)
OWNERS = Sheet(
    "Owners",
    "Who answers for a KPI.",
    (
        Column("kpi", "KPI", "text", 30, "The short name of the KPI.", "kpis"),
        Column("title", "Title", "shown", 34, "For reading; changes here are not read."),
        Column("owner", "Owner", "text", 26, "The role or the person."),
    ),
)
CALENDARS = Sheet(
    "Calendars",
    "Opening hours from a day on, until the next row of the calendar begins.",
    (
        Column("calendar", "Calendar", "text", 22, "The short name of the calendar.", "calendars"),
        Column("from", "From", "date", 12, "The first day of these hours."),
        Column("to", "To", "date", 12, "The last day, usually empty: the next row ends this one."),
        *(Column(day, day.capitalize(), "hours", 26, _HOURS) for day in WEEKDAYS),
        Column("country", "Holidays of", "text", 12, "Country of the public holidays, such as AT; may be empty."),
        Column("region", "Region", "text", 10, "Region of the country for its own holidays; may be empty."),
        Column("why", "Why", "text", 60, "Why the hours changed."),
    ),
)
OWN_DAYS = Sheet(
    "Own days",
    "Days that differ from their weekday: closed, or open at other hours. They win over public holidays.",
    (
        Column("calendar", "Calendar", "text", 22, "The short name of the calendar.", "calendars"),
        Column("rule", "Row from", "date", 12, "The first day of the row in the sheet Calendars to which it belongs."),
        Column("on", "Day", "date", 12, "The day."),
        Column("title", "Title", "text", 34, "What day it is."),
        Column("hours", "Hours", "hours", 26, _HOURS),
    ),
)
SHEETS = (TARGETS, DEVIATIONS, OWNERS, CALENDARS, OWN_DAYS)
HELP = "Read me"
LISTS = "Lists"
BASE = "Exported"
"""Hidden sheet: what each part said when it was exported, so that a file kept for long does not undo others' edits."""
TITLES = frozenset({HELP, LISTS, BASE, *(sheet.title for sheet in SHEETS)})
"""All sheets that an exported workbook has."""


def base_of(content: Any) -> str:
    """Return the hash of a part as it stands in the catalog."""
    return hashlib.sha256(to_yaml(content, sort=True).encode("utf-8", "surrogatepass")).hexdigest()
