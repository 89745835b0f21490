"""Mistakes that people make in the workbook of the small catalog: cells that they write, rows that they delete.

What the product says to each stands in ``tests/golden/workbook_messages.txt``, under the mistake's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any


@dataclass(frozen=True)
class CellMistake:
    """``cells`` are written by sheet and name, then ``formats`` set; ``rows`` of ``sheet`` are deleted, last first."""

    name: str
    cells: dict[str, Any] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    rows: tuple[tuple[str, int], ...] = ()


# Targets: A kpi, E slice, F from, G to, H meet, I near, J by, K on, L record; rows 2 to 4 are on_time.
# Deviations: A kpi, B slice, C from, D to, E at least, F at most, G because, H action.
# Calendars: A calendar, B from, C to, D to J weekdays, K country, L region, M why; Own days: A, B rule, C, D, E hours.
WORKBOOK_MISTAKES = (
    CellMistake("a formula", {"Targets!H3": "=H2+1"}),
    CellMistake("a formula in a text", {"Owners!C2": '=HYPERLINK("http://x","y")'}),
    CellMistake("an error value", {"Targets!H3": "#REF!"}),
    CellMistake("a percent cell", {"Targets!H3": 0.95}, {"Targets!H3": "0.0%"}),
    CellMistake("a share", {"Targets!H3": 0.95, "Targets!I3": 0.93}),
    CellMistake("a number as text", {"Targets!H3": "95 %"}),
    CellMistake("true as a number", {"Targets!H3": True}),
    CellMistake("a date as a number", {"Targets!H3": date(2025, 1, 1)}),
    CellMistake("an empty target", {"Targets!H3": None}),
    CellMistake("out of range", {"Targets!H3": 950}),
    CellMistake("near on the wrong side", {"Targets!I3": 97}),
    CellMistake("a date in words", {"Targets!F3": "1.1.2025"}),
    CellMistake("a number as a date", {"Targets!F3": 45658}, {"Targets!F3": "General"}),
    CellMistake(
        "a day with a time",
        {"Targets!F3": datetime(2025, 1, 1, 8, 30)},  # noqa: DTZ001 - as a cell gives it
    ),
    CellMistake("a time as a day", {"Targets!F3": time(8, 30)}),
    CellMistake("inside a month", {"Targets!F3": date(2025, 1, 15)}),
    CellMistake("a gap", {"Targets!F3": date(2025, 2, 1)}),
    CellMistake("an overlap", {"Targets!G2": date(2025, 3, 31)}),
    CellMistake("the same target twice", {"Targets!F3": date(2024, 1, 1), "Targets!G2": None}),
    CellMistake("nobody agreed", {"Targets!J3": None, "Targets!K3": None, "Targets!L3": None}),
    CellMistake("a record that became a date", {"Targets!L3": date(2024, 11, 1)}),
    CellMistake("an unknown KPI", {"Targets!A3": "on_tme"}),
    CellMistake("no KPI", {"Targets!A3": None}),
    CellMistake("an unknown slice", {"Targets!E4": "side=lyon"}),
    CellMistake("an unknown slice value", {"Targets!E4": "site=lion"}),
    CellMistake("no slice", {"Targets!E4": "lyon"}),
    CellMistake("a slice twice", {"Targets!E4": "site=lyon; site=linz"}),
    CellMistake("all targets of a KPI deleted", rows=(("Targets", 4), ("Targets", 3), ("Targets", 2))),
    CellMistake(
        "targets of a KPI that cannot have them so",
        {"Targets!A5": "reply_time", "Targets!F5": date(2025, 1, 1), "Targets!H5": -4, "Targets!J5": "Board"},
    ),
    CellMistake("a deviation bounded wrongly", {"Deviations!E2": None, "Deviations!F2": 80}),
    CellMistake("a deviation without a bound", {"Deviations!E2": None}),
    CellMistake("a deviation that ends first", {"Deviations!D2": date(2025, 2, 28)}),
    CellMistake("a deviation without a reason", {"Deviations!G2": " "}),
    CellMistake(
        "a deviation without a target",
        {
            "Deviations!A3": "reply_time",
            "Deviations!C3": date(2025, 1, 1),
            "Deviations!D3": date(2025, 1, 31),
            "Deviations!F3": 9,
            "Deviations!G3": "Flu",
            "Deviations!H3": "A-2",
        },
    ),
    CellMistake("no owner", {"Owners!C3": None}),
    CellMistake("two owners", {"Owners!A3": "doubled"}),
    CellMistake("an unknown calendar", {"Calendars!A3": "dsk"}),
    CellMistake("hours in words", {"Calendars!D3": "9 to 5"}),
    CellMistake("hours that overlap", {"Calendars!D3": "09:00-12:30, 12:00-17:00"}),
    CellMistake("no hours", {"Calendars!J3": None}),
    CellMistake("an hour that became a time", {"Calendars!J3": time(9)}),
    CellMistake("an unknown country", {"Calendars!K3": "XX"}),
    CellMistake("a country in words", {"Calendars!K3": "Austria"}),
    CellMistake("calendar rules with a gap", {"Calendars!C2": date(2024, 11, 30)}),
    CellMistake("closed for good", {f"Calendars!{letter}3": "closed" for letter in "DEFGHIJ"}),
    CellMistake("an own day of no row", {"Own days!B2": date(2025, 6, 1)}),
    CellMistake("an own day without a title", {"Own days!D2": None}),
    CellMistake("a heading written over", {"Targets!I1": "Neer", "Deviations!H1": None}),
    CellMistake("a cell far below", {"Targets!A6000": "x"}),
    CellMistake("several at once", {"Targets!H4": "x", "Targets!F3": "soon", "Owners!C2": None, "Calendars!D2": "x"}),
)
