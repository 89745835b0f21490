"""A new workspace: what ``qmsreports init`` writes, from files of its own and from those that the product ships.

::

    workspace/              files of the starter alone; YOUR_NAME, YOUR_ZONE and YOUR_SITES are filled in
    shipped/ (in a wheel)   catalog, expectations, report_templates and dags of the repository; in a checkout they are
                            read where they lie, so that nothing exists twice

What belongs to the demo company stays behind: its sources, targets and agreed rebases, the names of its sites and the
rules on its product families.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean

_HERE = Path(__file__).parent
_OWN = _HERE / "workspace"
KPIS = (
    "capa_on_time",
    "complaints_per_1000_orders",
    "csat",
    "defects_ppm",
    "first_pass_yield",
    "nps",
    "resolved_within_target",
    "supplier_ppm",
    "survey_response_rate",
    "ticket_backlog",
)
"""Shipped definitions that hold in any company; two more lie in ``workspace/``, written for this purpose."""

_CLAUSES = ("iso9001-2015", "iso9001-2026")
_DAGS = ("common", "ingest", "management_review", "measure", "release_review")
_DRIVERS = re.compile(r"^drivers: \[(.*)\]\n", re.MULTILINE)
_SITE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WRITTEN_OUT = {"gitignore": ".gitignore"}  # a file of that name here would hide files of this repository


@dataclass(frozen=True, slots=True)
class Company:
    """Whose workspace it is: printed name, IANA time zone, and the codes of its sites."""

    name: str
    time_zone: str
    sites: tuple[str, ...]


def make(folder: Path, company: Company) -> tuple[Path, ...]:
    """Write a workspace into ``folder``, which is new or empty, and return its files; all of them, or none.

    :class:`UserError` (exit 2) for a zone or site that cannot be; :class:`CouldNotRun` where the folder holds something
    already or cannot be written.
    """
    _check(company)
    _refuse_content(folder)
    files = _files(company)
    beside = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}.new")
    try:
        for path, text in files.items():
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        (beside / "catalog" / "sources").mkdir()
        (beside / "catalog" / "targets").mkdir()
        beside.replace(folder.absolute())  # in the place of an empty folder, too
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        what = f"cannot be written ({error.strerror or error})"
        raise CouldNotRun(Finding(str(folder), what, "nothing was made; choose a folder that you may write")) from None
    return tuple(folder / path for path in sorted(files))


def shipped() -> Path:
    """Return the folder with the catalog, expectations, templates and DAGs that the product ships."""
    packed = _HERE / "shipped"
    return packed if packed.is_dir() else _HERE.parents[2]


def _check(company: Company) -> None:
    if not company.name.strip() or not company.name.isprintable():
        _refuse("the organisation needs a name", 'write --name "Your company"')
    try:
        ZoneInfo(company.time_zone)
    except (KeyError, ValueError, OSError):
        _refuse(f'"{company.time_zone}" is no time zone', did_you_mean(company.time_zone, _zones(company.time_zone)))
    for site in company.sites:
        if not _SITE.fullmatch(site):
            _refuse(f'"{site}" is no code of a site', "use lower-case letters, digits and single underscores")
    if len(set(company.sites)) < len(company.sites):
        _refuse("a site is named twice", "name each once")


def _zones(word: str) -> Sequence[str]:
    """Return the zones to choose from: all where one of them is close, a few examples where none is."""
    import difflib

    zones = available_timezones()
    if difflib.get_close_matches(word, zones, n=1, cutoff=0.6):
        return sorted(zones)
    return ("America/New_York", "Asia/Tokyo", "Europe/Vienna", "UTC")


def _refuse(what: str, todo: str) -> None:
    raise UserError(Finding("", what, todo), exit_code=ExitCode.USAGE)


def _refuse_content(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CouldNotRun(Finding(str(folder), "is a file", "name a new or an empty folder"))
    try:
        found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise CouldNotRun(
            Finding(str(folder), f"cannot be read ({error.strerror})", "name a new or an empty folder")
        ) from None
    if found:
        what = f"is not empty ({found[0]}{', …' if len(found) > 1 else ''})"
        raise CouldNotRun(Finding(str(folder), what, "nothing was written; name a new or an empty folder"))


def _files(company: Company) -> dict[Path, str]:
    files = {Path(_WRITTEN_OUT.get(path.name, path)): _filled(path, company) for path in _own_files()}
    named = {*KPIS, *(path.stem for path in files if path.parent.name == "kpis")}
    root = shipped()
    for name in KPIS:
        path = Path("catalog/kpis") / f"{name}.yaml"
        files[path] = _DRIVERS.sub(lambda found: _known_drivers(found[1], named), _text(root / path))
    for pattern in ("catalog/tables/*", "report_templates/**/*"):
        files |= {path.relative_to(root): _text(path) for path in sorted(root.glob(pattern)) if path.is_file()}
    files |= {path: _text(root / path) for path in (Path(f"catalog/clauses/{name}.yaml") for name in _CLAUSES)}
    files |= {path: _text(root / path) for path in (Path(f"dags/{name}.py") for name in _DAGS)}
    for path in sorted((root / "expectations").glob("*.json")):
        files[path.relative_to(root)] = _suite(json.loads(_text(path)), company.sites)
    return files


def _own_files() -> list[Path]:
    return [path.relative_to(_OWN) for path in sorted(_OWN.rglob("*")) if path.is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        at = f"{path}: byte {error.start + 1}"
        raise CouldNotRun(
            Finding(at, "is no UTF-8 text, so no workspace can be made of it", "mend or remove the file")
        ) from None


def _filled(path: Path, company: Company) -> str:
    sites = "".join(f"\n  - {{site: {site}, title: {site.replace('_', ' ').capitalize()}}}" for site in company.sites)
    text = _text(_OWN / path).replace("YOUR_ZONE", company.time_zone).replace("YOUR_SITES", sites)
    quoted = json.dumps(company.name, ensure_ascii=False)
    return text.replace("YOUR_NAME", quoted if path.suffix == ".yaml" else company.name)


_OF_THE_DEMO = ("expect_column_total_to_reconcile", "expect_column_days_to_cover_other_table")
"""Rules that hold two systems of the demo company against each other."""


def _known_drivers(names: str, known: set[str]) -> str:
    kept = [name for name in names.split(", ") if name in known]
    return f"drivers: [{', '.join(kept)}]\n" if kept else ""


def _suite(suite: dict[str, Any], sites: Sequence[str]) -> str:
    """Return a suite for another company: its own sites, and nothing about product families or ratios of the demo."""
    rules = []
    for rule in suite["expectations"]:
        kwargs = rule["kwargs"]
        if rule["type"] in _OF_THE_DEMO or _of_families(kwargs):
            continue
        if kwargs.get("column") == "site" and "value_set" in kwargs:
            rule = rule | {"kwargs": kwargs | {"value_set": list(sites)}}
        rules.append(rule)
    return json.dumps(suite | {"expectations": rules}, indent=2, ensure_ascii=False) + "\n"


def _of_families(kwargs: dict[str, Any]) -> bool:
    return kwargs.get("column") == "product_family" and "value_set" in kwargs
