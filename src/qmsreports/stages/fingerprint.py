"""What a measurement depends on, as one fingerprint: the same fingerprint means the same values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.kpi.asked import Asked

_LIBRARIES = ("duckdb", "holidays", "sqlglot", "tzdata")
"""Packages whose next release may move a number: the engine, its SQL, public holidays, clock changes."""


def measurement_rules(catalog: Catalog, *, engine: str) -> str:
    """Return the sha256 of how values are made: all of :func:`measurement_inputs` but rows, feeds, periods and days.

    Two measurements with the same rules differ in a value only where rows changed, a feed failed or came back, or a day
    went by. Who agreed to a target and why a deviation was accepted makes no value, and is left out.
    """
    from qmsreports.catalog.canonical import to_yaml
    from qmsreports.catalog.fingerprint import judging

    kinds = {
        "kpi": catalog.kpis,
        "calendar": catalog.calendars,
        "table": catalog.tables,
    }
    parts = {
        "code": _code(),
        "engine": f"spark {version('pyspark')}" if engine == "spark" and find_spec("pyspark") else engine,
        "organisation": catalog.organisation.model_dump_json(),
        "targets": {name: to_yaml(judging(file), sort=True) for name, file in catalog.targets.files.items()},
        **{kind: {name: entry.model_dump_json() for name, entry in found.items()} for kind, found in kinds.items()},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def measurement_inputs(
    catalog: Catalog,
    *,
    series: Sequence[Asked],
    tables: Mapping[str, tuple[str, int]],
    invalid: Collection[str],
    at: datetime,
    engine: str,
) -> str:
    """Return the sha256 of everything that the results of a measurement follow from.

    ``catalog`` holds what counts: approved definitions and targets, with calendars, table declarations and the
    organisation; ``tables`` the identity and version of each canonical table; ``invalid`` the tables whose feed failed.
    Why it did moves no value. ``at`` enters as a date in every time
    zone that is used, since all it decides is decided by the day: what is provisional, which month is the last closed
    one, and up to which day working time is counted.
    """
    zones = {catalog.organisation.time_zone, *(calendar.time_zone for calendar in catalog.calendars.values())}
    parts = {
        "rules": measurement_rules(catalog, engine=engine),
        "invalid": sorted(invalid),
        "series": {str(entry.last): sorted(entry.kpis) for entry in series},
        "tables": {name: list(state) for name, state in tables.items()},
        "days": {zone: at.astimezone(ZoneInfo(zone)).date().isoformat() for zone in zones},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """Return the sha256 of the product's own code and the versions of the libraries that move numbers."""
    digest = hashlib.sha256(json.dumps([version(name) for name in _LIBRARIES]).encode())
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
