"""The parts of the catalog that the workbook shows, as plain data: one targets file, one owner, one calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.canonical import plain
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.spreadsheet.layout import base_of
from qmsreports.catalog.target import KpiTargets

Key = tuple[str, str]
"""``("targets", "nps")``, ``("owner", "nps")``, ``("calendar", "desk")``."""


def targets_part(file: KpiTargets) -> Any:
    """Return targets and deviations of one KPI."""
    written = plain(file)
    return {field: written.get(field, ()) for field in ("targets", "accepted_deviations")}


def owner_part(kpi: Kpi) -> Any:
    """Return the owner of a KPI."""
    return kpi.owner


def calendar_part(calendar: Calendar) -> Any:
    """Return the rules of a calendar."""
    return plain(calendar)["rules"]


def parts(catalog: Catalog) -> Iterator[tuple[Key, Any]]:
    """Yield every part with its key."""
    for name, kpi in catalog.kpis.items():
        yield ("owner", name), owner_part(kpi)
    for name, file in catalog.targets.files.items():
        yield ("targets", name), targets_part(file)
    for name, calendar in catalog.calendars.items():
        yield ("calendar", name), calendar_part(calendar)


def base_of_parts(catalog: Catalog) -> dict[Key, str]:
    """Return the hash of every part."""
    return {key: base_of(content) for key, content in parts(catalog)}


def slice_text(slice_: Mapping[str, str]) -> str:
    """Return a slice as it is written in a cell: ``site=linz; channel=phone``."""
    return "; ".join(f"{field}={value}" for field, value in slice_.items())


def hours_text(hours: Any) -> str:
    """Return opening hours as they are written in a cell."""
    return hours if isinstance(hours, str) else ", ".join(hours)
