"""Decisions and actions from a workbook: for who keeps the minutes in a spreadsheet.

Each row goes the way of a typed command, so the same rules hold; a row that is on record already adds nothing. The
record names who decided and on which day, and the audit log who read which file in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.settings import Settings
from qmsreports.stages.deciding import decide
from qmsreports.stages.followup import add_action, update_action
from qmsreports.stages.meeting import day_of, enter, person, usage
from qmsreports.workspace import Workspace

DECISIONS = ("Review", "Period", "Clause", "Kind", "Decision", "Reason", "Action", "Owner", "Due", "Decided by", "On")
ACTIONS = (
    *("No", "Review", "Period", "KPI", "Action", "Owner", "Due", "Reason", "Progress", "Evidence", "Done"),
    *("Effective", "Effect", "Drop", "On", "By"),
)
SHEETS: Mapping[str, tuple[str, ...]] = {"Decisions": DECISIONS, "Actions": ACTIONS}
_MOST_ROWS = 5_000
_YES = {"yes": True, "true": True, "no": False, "false": False, "": None}


@dataclass(frozen=True, slots=True)
class _Row:
    """One row by heading, every cell as text; ``place`` names it in messages."""

    place: str
    cells: Mapping[str, str]

    def __getitem__(self, heading: str) -> str:
        return self.cells.get(heading, "")

    def yes(self, heading: str) -> bool | None:
        """Return yes or no; ``None`` where the cell is empty."""
        text = self[heading].casefold()
        if text not in _YES:
            raise usage(f'"{self[heading]}" under {heading} is neither yes nor no', "write yes or no")
        return _YES[text]


def import_workbook(path: Path, *, by: str, at: datetime, settings: Settings | None = None) -> dict[str, Any]:
    """Record the decisions and actions of a workbook; return how many rows were new, by sheet.

    :class:`UserError` with every row that cannot be recorded; the others are. Reading the file again adds only what
    changed.
    """
    who = person(by)
    content, sheets = _read(path)
    counts: dict[str, dict[str, int]] = {}
    findings: list[Finding] = []
    for title, record in (("Decisions", _decision), ("Actions", _action)):
        counts[title] = {"rows": 0, "new": 0}
        for row in sheets.get(title, ()):
            counts[title]["rows"] += 1
            try:
                counts[title]["new"] += record(row, who, at, settings)
            except UserError as error:
                findings += [
                    Finding(row.place, f"{one.where}: {one.what}" if one.where else one.what, one.todo)
                    for one in error.findings
                ]
    if any(count["new"] for count in counts.values()):
        detail = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), **counts}
        with Workspace(settings) as workspace, workspace.register.write() as session:
            enter(session, who, "import workbook", path.name, detail, at)
    if findings:
        raise UserError(*findings)
    return {"file": str(path), "by": who, "decisions": counts["Decisions"], "actions": counts["Actions"]}


def _decision(row: _Row, who: str, at: datetime, settings: Settings | None) -> bool:
    said = decide(
        row["Clause"],
        review=row["Review"] or "monthly",
        period=_needed(row, "Period"),
        kind=row["Kind"].replace(" ", "_"),
        text=row["Decision"],
        reason=row["Reason"],
        owner=row["Owner"],
        due=row["Due"],
        action=row["Action"],
        by=row["Decided by"] or who,
        on=row["On"],
        at=at,
        settings=settings,
    )
    return bool(said["recorded"])


def _action(row: _Row, who: str, at: datetime, settings: Settings | None) -> bool:
    by, number = row["By"] or who, row["No"]
    added = False
    if not number:
        review, period = row["Review"] or "monthly", _needed(row, "Period")
        made = add_action(
            row["Action"],
            review=review,
            period=period,
            owner=row["Owner"],
            due=row["Due"],
            reason=row["Reason"],
            kpi=row["KPI"],
            on=row["On"],
            by=by,
            at=at,
            settings=settings,
        )
        number, added = made["action"], bool(made["recorded"])
    changes = {
        "owner": row["Owner"] if row["No"] else "",
        "due": day_of(row["Due"]) if row["Due"] and row["No"] else None,
        "progress": row["Progress"],
        "evidence": row["Evidence"],
        "done_on": day_of(row["Done"]) if row["Done"] else None,
        "effective": row.yes("Effective"),
        "effect": row["Effect"],
    }
    drop = bool(row.yes("Drop"))
    if not drop and all(value in (None, "") for value in changes.values()):
        return added
    reason = row["Reason"]
    found = update_action(number, changes, by=by, at=at, reason=reason, drop=drop, settings=settings)
    return added or bool(found["recorded"])


def _needed(row: _Row, heading: str) -> str:
    if not row[heading]:
        raise usage(f"{heading} is empty", "fill it in")
    return row[heading]


def _read(path: Path) -> tuple[bytes, dict[str, tuple[_Row, ...]]]:
    """Return the file's bytes and its rows by sheet; sheets and columns we do not know are refused, not skipped."""
    import io
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        content = path.read_bytes()
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except OSError as error:
        raise CouldNotRun(
            Finding(str(path), error.strerror or "cannot be read", "give the path of a workbook")
        ) from error
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise CouldNotRun(Finding(str(path), "is no Excel workbook", "save it as .xlsx")) from error
    known = [title for title in SHEETS if title in book.sheetnames]
    if not known:
        raise UserError(
            Finding(path.name, "has neither a sheet Decisions nor a sheet Actions", "see: qmsreports register columns"),
            exit_code=ExitCode.USAGE,
        )
    return content, {title: tuple(_rows(path.name, title, book[title].iter_rows(values_only=True))) for title in known}


def _rows(name: str, title: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[_Row]:
    heads = [_text(cell) for cell in next(rows, ())]
    for head in heads:
        if head and head not in SHEETS[title]:
            where = f"{name}:{title}"
            raise UserError(
                Finding(where, f'has a column "{head}"', did_you_mean(head, SHEETS[title])), exit_code=ExitCode.USAGE
            )
    for number, cells in enumerate(rows, start=2):
        if number > _MOST_ROWS:
            raise usage(f"{name}:{title} has more than {_MOST_ROWS:,} rows", "import it in parts")
        said = {head: _text(cell) for head, cell in zip(heads, cells, strict=False) if head}
        if any(said.values()):
            yield _Row(f"{name}:{title} row {number}", said)


def _text(cell: Any) -> str:
    """Return a cell as a person would type it: days as 2026-12-31, yes and no as words, 9.3 as 9.3."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
