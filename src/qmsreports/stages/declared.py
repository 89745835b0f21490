"""What a scheduler asks of a catalog whenever it parses the DAGs: names and the time zone, without reading the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.settings import Settings


def source_names(settings: Settings | None = None) -> list[str]:
    """Names of the declared sources, from the folder names alone: cheap enough for a scheduler that parses all day."""
    folder = (settings or Settings()).catalog / "sources"
    return sorted(path.parent.name for path in folder.glob("*/source.yaml"))


def known_sources(names: Iterable[str], settings: Settings | None = None) -> None:
    """Refuse a name that no declared source has, with a suggestion: :class:`UserError`, exit 2."""
    declared = source_names(settings)
    for name in names:
        if name not in declared:
            finding = Finding("", f'there is no source "{name}"', did_you_mean(name, declared))
            raise UserError(finding, exit_code=ExitCode.USAGE)


def table_names(settings: Settings | None = None) -> list[str]:
    """Names of the declared canonical tables, from the file names alone."""
    return sorted(path.stem for path in ((settings or Settings()).catalog / "tables").glob("*.yaml"))


def time_zone(settings: Settings | None = None) -> str:
    """Return the organisation's time zone, in which schedules are meant; :class:`CouldNotRun` where the file says none.

    While an edit of the zone waits for approval, the approved one counts here as everywhere. A register that cannot be
    asked now stops no schedule: then the zone of the file is taken. Only this one word of the file is judged: a mistake
    elsewhere in it stops the run that needs it, not the schedule.
    """
    settings = settings or Settings()
    path = settings.catalog / "organisation.yaml"
    try:
        zone = _written(path.read_text(encoding="utf-8"))
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        what = "the time zone of the schedules cannot be read"
        raise CouldNotRun(
            Finding(str(path), what, "write for example time_zone: Europe/Vienna, or set QMSREPORTS_CATALOG")
        ) from None
    return _approved(settings, zone)


def _approved(settings: Settings, written: str) -> str:
    """Return the approved zone. Who approved what is only looked into where another zone was ever on record: DAG files
    are parsed all the time.
    """
    import sqlite3
    from contextlib import closing

    place = settings.register_url.removeprefix("sqlite:///")
    if settings.register_url.startswith("sqlite:///"):
        if not Path(place).is_file():
            return written
        try:
            with closing(sqlite3.connect(f"file:{quote(place)}?mode=ro", uri=True, timeout=2)) as connection:
                texts = connection.execute("SELECT text FROM catalog_versions WHERE kind = 'organisation'").fetchall()
            if {_written(text) for (text,) in texts} <= {written}:
                return written
        except (sqlite3.Error, ValueError, KeyError):
            return written
    from qmsreports.catalog.history import History
    from qmsreports.catalog.organised import KIND
    from qmsreports.errors import UserError
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.register.store import Register, newest_revision

    try:
        with Register(_soon(settings.register_url)) as register:
            if register.revision() != newest_revision():  # bringing it there is no work of a scheduler
                return written
            approved = History(CatalogRecords(register).definitions(KIND), approvals=1).organisation
    except (CouldNotRun, UserError):
        return written
    return written if approved is None else approved.time_zone


def _soon(url: str) -> str:
    """Return the URL of a register that is not waited for long: a parse of a DAG file may take half a minute."""
    if url.startswith("sqlite"):
        return url
    return f"{url}{'&' if '?' in url else '?'}connect_timeout=2"


def _written(text: str) -> str:
    import yaml

    try:
        found = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError("no mapping")
    return str(found["time_zone"])
