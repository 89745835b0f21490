"""What a scheduler asks of a catalog whenever it parses the DAGs: names and the time zone, without reading the rest."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.settings import Settings


def source_names(settings: Settings | None = None) -> list[str]:
    """Names of the declared sources, from the folder names alone: cheap enough for a scheduler that parses all day."""
    folder = (settings or Settings()).catalog / "sources"
    return sorted(path.parent.name for path in folder.glob("*/source.yaml"))


def table_names(settings: Settings | None = None) -> list[str]:
    """Names of the declared canonical tables, from the file names alone."""
    return sorted(path.stem for path in ((settings or Settings()).catalog / "tables").glob("*.yaml"))


def time_zone(settings: Settings | None = None) -> str:
    """Return the organisation's time zone, in which schedules are meant; :class:`CouldNotRun` where the file says none.

    Only this one word of the file is judged: a mistake elsewhere in it stops the run that needs it, not the schedule.
    """
    path = (settings or Settings()).catalog / "organisation.yaml"
    try:
        zone = _written(path.read_text(encoding="utf-8"))
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        what = "the time zone of the schedules cannot be read"
        raise CouldNotRun(
            Finding(str(path), what, "write for example time_zone: Europe/Vienna, or set QMSREPORTS_CATALOG")
        ) from None
    return zone


def _written(text: str) -> str:
    import yaml

    try:
        found = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError("no mapping")
    return str(found["time_zone"])
