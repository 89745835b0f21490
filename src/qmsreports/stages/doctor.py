"""Whether this machine and workspace can do the work: what ``qmsreports doctor`` looks at.

Looks only: no store is made or migrated, no source is read, no secret is printed. A part that cannot be looked at is a
line of its own, and the others are looked at all the same.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import UserError, did_you_mean, how_many
from qmsreports.records import DERIVED
from qmsreports.settings import Settings, connection_of, without_account
from qmsreports.stages.lake_behind import lake_behind
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog

PYTHONS = ((3, 11), (3, 15))
"""First version of Python that is supported, and the first that is not."""

_LITTLE, _NONE = 2 << 30, 200 << 20  # bytes: a full demo workspace with packs is 300 MB
_CONNECTION = "QMSREPORTS_CONNECTION_"
_OURS = frozenset({"QMSREPORTS_KILLS", "QMSREPORTS_KILLS_SEED"})  # of the tests
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing looked at: ``outcome`` is ok | warning | problem; ``todo`` says what to do about the last two."""

    check: str
    outcome: str
    what: str
    todo: str = ""


def examine(
    *, at: datetime, environment: Mapping[str, str] | None = None, settings: Settings | None = None
) -> Iterator[Looked]:
    """Look at everything, cheap things first; ``at`` is now."""
    values = os.environ if environment is None else environment
    yield _python()
    try:
        chosen = settings or Settings()
    except UserError as error:
        yield from _findings("settings", error)
        return
    yield from _settings(chosen, values)
    yield from _folders(chosen)
    yield from _register(chosen, at)
    with Workspace(chosen) as workspace:
        try:
            catalog: Catalog | None = workspace.written
        except UserError as error:
            catalog = None
            yield from _findings("catalog", error)
    if catalog is not None:
        yield _catalog(catalog)
        yield from _suites(catalog, chosen)
        yield from _sources(catalog, values)
        yield _zone(catalog, at)
        yield from _lake(catalog, chosen)
    yield from _airflow(values)
    yield from _print(chosen)


def _findings(check: str, error: UserError) -> Iterator[Looked]:
    for finding in error.findings[:_SHOWN]:
        what = f"{finding.where}: {finding.what}" if finding.where else finding.what
        yield Looked(check, "problem", what, finding.todo)
    more = len(error.findings) - _SHOWN
    if more > 0:
        yield Looked(check, "problem", f"{more} more findings", "qmsreports catalog check names all")


def _python() -> Looked:
    version = ".".join(map(str, sys.version_info[:3]))
    what = f"Python {version} ({sys.executable}), qmsreports {metadata.version('qmsreports')}"
    first, end = PYTHONS
    if first <= sys.version_info[:2] < end:
        return Looked("python", "ok", what)
    return Looked("python", "problem", what, f"use Python {first[0]}.{first[1]} or newer, older than {end[0]}.{end[1]}")


# --- settings --------------------------------------------------------------------------------------------------------
def _settings(settings: Settings, values: Mapping[str, str]) -> Iterator[Looked]:
    names = {name: f"QMSREPORTS_{name.removesuffix('_at').upper()}" for name in type(settings).model_fields}
    shown = {
        "landing": without_account(settings.landing_url),
        "lake": without_account(settings.lake_url),
        "register_at": _register_shown(settings.register_url),
        "spark": without_account(settings.spark),
    }
    given = {name.upper() for name in values}
    for field, name in names.items():
        value = shown.get(field, getattr(settings, field))
        if name in given or value not in ("", None):
            if field == "signing_passphrase":
                value = "(not shown)" if settings.signing_passphrase.get_secret_value() else ""
            if value != "":
                yield Looked("settings", "ok", f"{name} = {value}, from {_origin(name, given)}")
    known = {*names.values(), *_OURS}
    for name in sorted(given):
        if name.startswith("QMSREPORTS_") and not name.startswith(_CONNECTION) and name not in known:
            yield Looked("settings", "warning", f"{name} is no setting", did_you_mean(name, known))


def _origin(name: str, given: set[str]) -> str:
    return "the environment" if name in given else "the default"


def _register_shown(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "(no URL)"


def _folders(settings: Settings) -> Iterator[Looked]:
    places = {"var": str(settings.var.absolute()), "landing": settings.landing_url, "lake": settings.lake_url}
    said: set[tuple[Any, ...]] = set()
    for name, place in places.items():
        if "://" in place:
            shown = without_account(place)
            yield Looked("folders", "ok", f"{name} is not on this machine ({shown}); it is seen when it is used")
            continue
        looked = _folder(name, Path(place))
        found = (looked.outcome, looked.todo)
        if looked.outcome == "ok" or found not in said:  # one disk that is full is one line
            yield looked
        said.add(found)


def _folder(name: str, folder: Path) -> Looked:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return Looked("folders", "problem", f"{name}: {there} is a file", "move it away or name another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        todo = f"give this account ({_account()}) the right to write there"
        return Looked("folders", "problem", f"{name}: {there} may not be written", todo)
    free = shutil.disk_usage(there).free
    what = f"{name}: {folder}{'' if there == folder else ' will be made'}, {free / (1 << 30):,.1f} GB free"
    if free < _NONE:
        return Looked("folders", "problem", what, "free some disk: nothing can be landed")
    if free < _LITTLE:
        return Looked("folders", "warning", what, "free some disk before it is full")
    return Looked("folders", "ok", what)


def _account() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


# --- register --------------------------------------------------------------------------------------------------------
def _register(settings: Settings, at: datetime) -> Iterator[Looked]:
    from qmsreports.register.store import Register, newest_revision

    shown, newest = _register_shown(settings.register_url), newest_revision()
    path = _file_of(settings.register_url)
    if path is not None and not path.exists():
        yield Looked("register", "ok", f"{shown} is not there yet; the first command that records makes it")
        return
    try:
        with Register(settings.register_url) as register:
            revision = register.revision()
            last = register.newest_entry() if revision == newest else None
    except UserError as error:
        yield from _findings("register", error)
        return
    if revision is None:
        yield Looked("register", "ok", f"{shown} answers and is empty; the first command that records fills it")
    elif revision == newest:
        yield Looked("register", "ok", f"{shown} answers, schema {revision}, the newest")
    elif revision < newest:
        todo = "back it up first: the next command of this version, also one that only shows, brings it to its schema"
        yield Looked("register", "warning", f"{shown} answers, schema {revision} of {newest}", todo)
    else:
        todo = "run the version of qmsreports that wrote it"
        yield Looked("register", "problem", f"{shown} has schema {revision}, this version knows {newest}", todo)
    if last is not None and last > at:
        what = f"the clock says {at:%Y-%m-%d %H:%M} UTC, but the newest record is of {last:%Y-%m-%d %H:%M} UTC"
        yield Looked("clock", "problem", what, "set the clock: order and age of every record hang on it")


def _lake(catalog: Catalog, settings: Settings) -> Iterator[Looked]:
    """Tables that are less than what the register has on record; nothing of a register that is not of this version."""
    from qmsreports.lake import Lake
    from qmsreports.register import feeds
    from qmsreports.register.store import Register, newest_revision

    path = _file_of(settings.register_url)
    if path is not None and not path.exists():
        return
    try:
        with Register(settings.register_url) as register:
            if register.revision() != newest_revision():
                return
            with register.read() as session:
                published = feeds.published_versions(session, catalog.tables)
                stayed = [(name, source) for source, name in feeds.publishers(session) if name in published]
    except UserError:  # the line of the register tells it
        return
    try:
        lake = Lake(settings.lake_url)
        behind = lake_behind(lake.url, published, lake.versions(published))
    except UserError as error:
        yield from _findings("lake", error)
        return
    if behind:
        yield from _findings("lake", UserError(*behind.values()))
    elif published:
        yield Looked("lake", "ok", f"{how_many(len(published), 'table')}, each as it was published or newer")
    for name, source in sorted(stayed):
        if source != DERIVED and (source not in catalog.sources or name not in catalog.sources[source].conform):
            what = f"{name}: what {source} brought stays and counts as it was read last; no mapping makes it any more"
            yield Looked("lake", "warning", what, f"fine where {source} is gone for good; else put its mapping back")


def _file_of(url: str) -> Path | None:
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) and url != prefix else None


# --- catalog ---------------------------------------------------------------------------------------------------------
def _catalog(catalog: Catalog) -> Looked:
    what = (
        f"{how_many(len(catalog.kpis), 'KPI')}, {how_many(len(catalog.tables), 'table')}, "
        f"{how_many(len(catalog.sources), 'source')}, {how_many(len(catalog.reviews), 'review')} in {catalog.folder}"
    )
    if catalog.warnings:
        first = f"{what}; first of {len(catalog.warnings)}: {catalog.warnings[0]}"
        return Looked("catalog", "warning", first, "qmsreports catalog check names all")
    return Looked("catalog", "ok", what)


def _suites(catalog: Catalog, settings: Settings) -> Iterator[Looked]:
    from qmsreports.stages.inspect import broken_suites
    from qmsreports.validate.suite import load_suite

    rules = 0
    broken = False
    for table in catalog.tables.values():
        try:
            suite = settings.expectations / f"{table.table}.json"
            rules += len(load_suite(suite, table, tables=catalog.tables).rules)
        except UserError as error:
            broken = True
            yield from _findings("expectations", error)
    for found in broken_suites(catalog, settings.expectations):
        broken = True
        yield from _findings("expectations", found)
    if not broken:
        what = f"{rules} rules for {len(catalog.tables)} tables in {settings.expectations}"
        yield Looked("expectations", "ok", what)


def _sources(catalog: Catalog, values: Mapping[str, str]) -> Iterator[Looked]:
    if not catalog.sources:
        yield Looked("sources", "warning", "no source is declared", "qmsreports source presets, then source add")
    for name in catalog.sources:
        try:
            connection_of(name, values)
        except UserError as error:
            todo = f"{error.findings[0].todo}; one that Airflow keeps is found by its DAGs, not by this command"
            yield Looked("sources", "problem", f"{name}: {error.findings[0].what}", todo)
        else:
            yield Looked("sources", "ok", f"{name}: a connection is set; qmsreports source check {name} tries it")
    for name in sorted(values):
        source = name.removeprefix(_CONNECTION).lower()
        elsewhere = _named_connections(catalog)
        if name.startswith(_CONNECTION) and source not in {*catalog.sources, *elsewhere}:
            yield Looked("sources", "warning", f"{name} is the connection of no source", _meant(source, catalog))


def _named_connections(catalog: Catalog) -> set[str]:
    """Return the connections that deliveries name."""
    delivers = [review.deliver for review in catalog.reviews.values() if review.deliver is not None]
    mails = {deliver.email.connection for deliver in delivers if deliver.email is not None}
    return mails | {deliver.store.connection for deliver in delivers if deliver.store is not None}


def _meant(source: str, catalog: Catalog) -> str:
    return did_you_mean(source, catalog.sources) if catalog.sources else "declare the source, or remove it"


def _zone(catalog: Catalog, at: datetime) -> Looked:
    from zoneinfo import ZoneInfo

    zone = catalog.organisation.time_zone
    local = at.astimezone(ZoneInfo(zone))
    what = (
        f"it is {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {local:%Y-%m-%d %H:%M} in {zone} (catalog/organisation.yaml)"
    )
    built = datetime.fromtimestamp(Path(__file__).stat().st_mtime, tz=UTC)
    if at.date() < built.date():
        return Looked("clock", "problem", what, f"set the clock: this program was installed on {built:%Y-%m-%d}")
    return Looked("clock", "ok", what)


# --- Airflow and print -----------------------------------------------------------------------------------------------
_FIND_DAGS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
sys.path.insert(0, sys.argv[1])
bag = DagBag(sys.argv[1])
print("FOUND " + json.dumps({"dags": sorted(bag.dags), "errors": {k: str(v) for k, v in bag.import_errors.items()}}))
"""


def _airflow(values: Mapping[str, str]) -> Iterator[Looked]:
    """Airflow parses the folder in a process and a home of its own: it would leave its settings in the account's."""
    try:
        version = metadata.version("apache-airflow")
    except metadata.PackageNotFoundError:
        yield Looked("airflow", "warning", "Airflow is not installed", "qmsreports run does the same without it")
        return
    folder = Path(values.get("AIRFLOW__CORE__DAGS_FOLDER", "dags")).absolute()
    if not folder.is_dir():
        todo = "set AIRFLOW__CORE__DAGS_FOLDER; without Airflow, qmsreports run does the same"
        yield Looked("airflow", "warning", f"Airflow {version}, but there is no folder {folder}", todo)
        return
    found = _parsed(folder, values)
    if isinstance(found, str):
        yield Looked("airflow", "problem", f"Airflow {version} cannot be imported: {found}", "run make setup again")
        return
    for path, said in found["errors"].items():
        yield Looked("airflow", "problem", f"{path}: {_last_line(said)}", "mend it: Airflow shows no DAG of this file")
    if found["dags"]:
        yield Looked("airflow", "ok", f"Airflow {version} finds {', '.join(found['dags'])} in {folder}")
    elif not found["errors"]:
        yield Looked("airflow", "warning", f"Airflow {version} finds no DAG in {folder}", "copy dags/ there")


def _parsed(folder: Path, values: Mapping[str, str]) -> dict[str, Any] | str:
    import json
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="qmsreports-airflow-") as home:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _FIND_DAGS, str(folder)],
            env={**values, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
            capture_output=True,
            text=True,
            check=False,
        )
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), None)
    return dict(json.loads(line.removeprefix("FOUND "))) if line else _last_line(done.stderr)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def _print(settings: Settings) -> Iterator[Looked]:
    from qmsreports.pack.proof import missing_fonts, proof_print

    for name in ("pack.typ", "pack.html.j2"):
        path = settings.templates / name
        if not path.is_file():
            yield Looked("templates", "problem", f"{path} is missing", "check QMSREPORTS_TEMPLATES")
    lost = missing_fonts()
    if lost:
        yield Looked("fonts", "problem", f"{lost[0]} is missing", "run make setup again")
        return
    yield Looked("fonts", "ok", "the fonts of the print are there")
    try:
        size = proof_print()
    except UserError as error:
        yield from _findings("print", error)
    else:
        yield Looked("print", "ok", f"a page renders as PDF/A-3a and PDF/UA-1 ({size / 1024:,.0f} KB)")
