"""Building the demo company: all systems into a folder beside, then swapped in as one."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from qmsreports.demo import helpdesk, production, registers, shifts
from qmsreports.demo.causes import CAUSES, OBJECTIVES
from qmsreports.demo.chance import Noise
from qmsreports.demo.clock import month_number
from qmsreports.demo.company import FIRST_MONTH, NAME, Plan, accounts
from qmsreports.demo.crm import Crm
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.store import TableRows, write_sqlite, write_workbook
from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError
from qmsreports.period import Period
from qmsreports.records import Tell, silent

LAST_PERIOD = Period.parse("2026-10")
STAMP = "demo.json"
_MONTHS = 85  # noise is drawn to 2030-11, so that a later ``through`` never changes an earlier month
_WARM_UP = 3  # months lived through before the first, so that it opens with work in progress


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was built: ``rows`` by ``system/table``, ``planted`` the list of what tests may look for."""

    folder: Path
    rows: Mapping[str, int]
    planted: Path
    reused: bool = False

    @property
    def total(self) -> int:
        """Rows over all systems."""
        return sum(self.rows.values())


def build(
    folder: Path, *, seed: int = 9001, scale: int = 1, through: Period = LAST_PERIOD, tell: Tell = silent
) -> DemoReport:
    """Write the company's systems as they stood at 06:00 UTC on the second day after ``through``.

    A complete build with the same arguments is left as it is. With an earlier ``through`` the same company is seen
    earlier: same keys, older cursor values. A build replaces the whole folder. Time and memory grow with ``scale``:
    about a second and 70 MB for each step. Raises :class:`UserError` for arguments that make no sense or a folder that
    holds something else, :class:`CouldNotRun` where the folder cannot be written; the folder is then as it was.
    """
    folder = folder.absolute()
    _check(folder, scale, through)
    arguments = {"seed": seed, "scale": scale, "through": str(through), "code": _code_version()}
    known = _complete(folder, arguments)
    if known is not None:
        return DemoReport(folder, known, folder / "planted.json", reused=True)
    with _beside(folder) as work:
        rows = _write(work, _plan(seed, scale, through), arguments, tell)
    return DemoReport(folder, rows, folder / "planted.json")


def _plan(seed: int, scale: int, through: Period) -> Plan:
    last = int(month_number(np.array(through.start, "datetime64[D]")).item())
    months = tuple(range(FIRST_MONTH - _WARM_UP, last + 2))  # the month of reading has begun
    cutoff = np.datetime64(f"{through.end + timedelta(days=1)}T06:00:00", "s")
    return Plan(seed, scale, months, cutoff, Noise(seed, FIRST_MONTH, _MONTHS))


def _write(work: Path, plan: Plan, arguments: dict[str, Any], tell: Tell) -> dict[str, int]:
    dirt, rows = Dirt(), {}
    customers = accounts(plan)
    cases = helpdesk.lives(plan, customers)
    crm = Crm(plan, customers, cases)
    systems: dict[str, Callable[[], list[TableRows]]] = {
        "crm": lambda: crm.tables(dirt),
        "helpdesk": lambda: helpdesk.tables(plan, customers, cases, dirt),
        "mes": lambda: production.tables(plan, dirt),
    }
    for name, make in systems.items():  # one at a time: rows of a system are dropped before the next is made
        tables = make()
        write_sqlite(work / f"{name}.db", tables)
        for table in tables:
            rows[f"{name}/{table.name}"] = table.size
            tell(f"{name}: {table.name}", table.size)
        del tables
    rows["production/machine_shifts"] = shifts.write(plan, work / "production", dirt)
    tell("production: machine_shifts", rows["production/machine_shifts"])
    sheets = registers.sheets(plan, crm.net_sales(), dirt)
    write_workbook(work / "qms_registers.xlsx", sheets)
    for name, content in sheets.items():
        rows[f"qms_registers/{name}"] = len(content) - 1
        tell(f"qms_registers: {name}", len(content) - 1)
    planted = {
        "company": NAME,
        **{name: arguments[name] for name in ("seed", "scale", "through")},
        "read_at": f"{plan.cutoff} UTC".replace("T", " "),
        "support_desk": {
            "days": "Monday to Friday",
            "from": "08:00",
            "to": "17:00",
            "zone": "Europe/Vienna",
            "holidays": "AT",
        },
        "causes": [cause.to_json() for cause in CAUSES],
        "objectives": OBJECTIVES,
        "dirt": dirt.to_json(),
    }
    (work / "planted.json").write_text(json.dumps(planted, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    stamp = {"arguments": arguments, "rows": rows, "files": _sizes(work)}
    (work / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    return rows


def _check(folder: Path, scale: int, through: Period) -> None:
    if scale < 1:
        raise UserError(
            Finding("", f"scale {scale} is no size", "give a whole number from 1 on"), exit_code=ExitCode.USAGE
        )
    if through.kind != "month" or not Period.parse("2023-11") <= through <= Period.parse("2029-12"):
        raise UserError(
            Finding("", f"the demo company cannot be read as of {through}", "give a month from 2023-11 to 2029-12"),
            exit_code=ExitCode.USAGE,
        )
    if folder.exists() and not _ours(folder):
        raise UserError(
            Finding(str(folder), "holds something other than the demo company", "choose an empty or a new folder"),
            exit_code=ExitCode.USAGE,
        )


def _ours(folder: Path) -> bool:
    """Whether the folder may be replaced: it is empty or holds a demo company."""
    return folder.is_dir() and ((folder / STAMP).is_file() or next(folder.iterdir(), None) is None)


def _complete(folder: Path, arguments: dict[str, Any]) -> dict[str, int] | None:
    """Row counts of a complete build with these arguments, None where there is none."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        if stamp["arguments"] != arguments or not stamp["files"].items() <= _sizes(folder).items():
            return None  # files that somebody added beside ours do no harm
        rows: dict[str, int] = stamp["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return rows


def _sizes(folder: Path) -> dict[str, int]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STAMP)
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def _code_version() -> str:
    """Fingerprint of this package and of numpy, whose streams the data hang on."""
    parts = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([np.__version__.encode(), *parts])).hexdigest()[:16]


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``folder`` when the block ends well, and vanishes when it does not.

    A kill leaves the old company, the new one, or none; never half of one. What it leaves beside is removed next time.
    """
    work, old = (folder.parent / f".{folder.name}.{state}" for state in ("building", "replaced"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists() and old.exists():
            old.rename(folder)  # killed between the two renames below
        for leftover in (work, old):
            shutil.rmtree(leftover, ignore_errors=True)
        work.mkdir()
        yield work
        if folder.exists():
            folder.rename(old)
        work.rename(folder)
    except (OSError, sqlite3.Error) as error:  # SQLite tells a full disk in its own words
        reason = getattr(error, "strerror", None) or str(error)
        raise CouldNotRun(
            Finding(
                str(folder), f"the demo company could not be written ({reason})", "free space or choose another folder"
            )
        ) from error
    finally:
        if not folder.exists() and old.exists():
            old.rename(folder)
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
