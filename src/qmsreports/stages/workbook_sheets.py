"""The sheets of the workbook in which a review may be kept, how they are read, and which cell a message is about."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.stages.meeting import usage

SHEETS: Mapping[str, tuple[str, ...]] = {
    "Reviews": ("Review", "Period", "Planned for", "Held on", "Suitability", "Adequacy", "Effectiveness", "By"),
    "Withdrawn": ("Review", "Period", "KPI", "Clause", "Reason", "By"),
    "Attendance": ("Review", "Period", "Person", "Role", "Stood in for", "Chaired", "By"),
    "Comments": ("Review", "Period", "KPI", "Cause", "Action", "Expected effect", "By when", "By"),
    "Considered": ("Review", "Period", "Clause", "Statement", "On", "By"),
    "Decisions": (
        *("Review", "Period", "Clause", "Kind", "Decision", "Reason", "Action", "Owner", "Due", "Decided by", "On"),
        "KPI",
    ),
    "Actions": (
        *("No", "Review", "Period", "KPI", "Action", "Owner", "Due", "Reason", "Progress", "Evidence", "Done"),
        *("Effective", "Effect", "Drop", "On", "By"),
    ),
}
"""Every sheet with its columns, in the order in which they are recorded: what is taken back, then what is said."""

_OFFERED: Mapping[str, frozenset[str]] = {
    "Reviews": frozenset({"Review", "Period", "By"}),
    "Attendance": frozenset({"Review", "Period", "Role", "By"}),
}
"""Columns that an export fills in beforehand; a row in which nothing else stands says nothing yet."""
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "Reviews": ("Held on", "Planned for", "Suitability", "Adequacy", "Effectiveness"),
    "Withdrawn": ("KPI", "Clause"),
    "Attendance": ("Person",),
    "Comments": ("KPI",),
    "Considered": ("Clause",),
    "Decisions": ("Decision", "Clause"),
    "Actions": ("No", "Action", "KPI"),
}
"""Columns that say which thing a row is about."""
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "Reviews": {"on": "Held on"},
    "Withdrawn": {"comment": "KPI", "considered": "Clause"},
    "Attendance": {"for": "Stood in for"},
    "Comments": {"effect": "Expected effect"},
    "Considered": {"text": "Statement"},
    "Decisions": {"text": "Decision", "by": "Decided by"},
    "Actions": {"title": "Action"},
}
"""Options of the commands that have another name here than their column."""
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_MOST_ROWS = 5_000
_YES = {"yes": True, "true": True, "no": False, "false": False, "": None}


@dataclass(frozen=True, slots=True)
class Row:
    """One row by heading, every cell as text; ``letters`` are the columns of the file."""

    file: str
    sheet: str
    number: int
    cells: Mapping[str, str]
    letters: Mapping[str, str]

    def __getitem__(self, heading: str) -> str:
        return self.cells.get(heading, "")

    def needed(self, heading: str) -> str:
        """Return a cell that must be filled in."""
        if not self[heading]:
            raise usage(f"{heading} is empty", "fill it in")
        return self[heading]

    def yes(self, heading: str) -> bool | None:
        """Return yes or no; ``None`` where the cell is empty."""
        text = self[heading].casefold()
        if text not in _YES:
            raise usage(f'"{self[heading]}" under {heading} is neither yes nor no', "write yes or no")
        return _YES[text]

    def told(self, finding: Finding) -> Finding:
        """Return what a command says as it is said of this row: with the cell, and columns in place of options."""
        what = f"{finding.where}: {finding.what}" if finding.where else finding.what
        todo = finding.todo if "qmsreports " in finding.todo else self._in_columns(finding.todo)
        return Finding(f"{self.file}:{self.sheet}!{self._cell(finding)}", self._in_columns(what), todo)

    def _cell(self, finding: Finding) -> str:
        heading = self._heading(finding)
        return f"{self.letters.get(heading) or next(iter(self.letters.values()))}{self.number}"

    def _heading(self, finding: Finding) -> str:
        """Return the column that a message is about: the one it names, else the one whose cell it quotes."""
        what, todo = finding.what, finding.todo
        named = [head for head in SHEETS[self.sheet] if f"under {head} " in what or what.startswith(f"{head} is empty")]
        quoted = [head for text in re.findall(r'"([^"]+)"', what) for head in self.cells if self[head] == text]
        days = [head for day in re.findall(r"\d{4}-\d{2}-\d{2}", what) for head in self.cells if self[head] == day]
        options = [] if "qmsreports " in todo else self._options(todo)
        about = [head for head in _ABOUT[self.sheet] if self[head]] or list(_ABOUT[self.sheet])
        return next(iter((*named, *self._options(what), *quoted, *days, *options, *about)))

    def _options(self, text: str) -> list[str]:
        found = (self._column(option) for option in _OPTION.findall(text))
        return [head for head in found if head in self.letters]

    def _column(self, option: str) -> str:
        plain = option.replace("-", " ").capitalize()
        return _OPTIONS[self.sheet].get(option, plain)

    def _in_columns(self, text: str) -> str:
        def column(match: re.Match[str]) -> str:
            head = self._column(match[1])
            return head if head in SHEETS[self.sheet] else match[0]

        return _OPTION.sub(column, text)


def read(path: Path) -> tuple[bytes, dict[str, tuple[Row, ...]]]:
    """Return the file's bytes and its rows by sheet; sheets and columns we do not know are refused, not skipped."""
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
        *others, last = SHEETS
        what = f"has none of the sheets {', '.join(others)} and {last}"
        raise UserError(Finding(path.name, what, "see: qmsreports register columns"), exit_code=ExitCode.USAGE)
    return content, {title: tuple(_rows(path.name, title, book[title].iter_rows(values_only=True))) for title in known}


def _rows(name: str, title: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[Row]:
    from openpyxl.utils import get_column_letter

    heads = [_text(cell) for cell in next(rows, ())]
    letters = {head: get_column_letter(place) for place, head in enumerate(heads, start=1) if head}
    for head, letter in letters.items():
        if head not in SHEETS[title]:
            where = f"{name}:{title}!{letter}1"
            raise UserError(
                Finding(where, f'has a column "{head}"', did_you_mean(head, SHEETS[title])), exit_code=ExitCode.USAGE
            )
    for number, cells in enumerate(rows, start=2):
        if number > _MOST_ROWS:
            raise usage(f"{name}:{title} has more than {_MOST_ROWS:,} rows", "import it in parts")
        said = {head: _text(cell) for head, cell in zip(heads, cells, strict=False) if head}
        if any(text and head not in _OFFERED.get(title, ()) for head, text in said.items()):
            yield Row(name, title, number, said, letters)


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
