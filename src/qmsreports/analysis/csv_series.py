"""Read a series of dated numbers from a CSV file, refusing whatever could be read in two ways.

A guess would be silent: ``93,4`` could be 93.4 or 934, ``03/04/2026`` March or April. Both are refused with the line
and what to write instead. All findings of a file are gathered, so that it is mended in one go.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean

_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.\s]*\d,\d+")
_SEPARATORS = ",;\t|"
_MOST = 20  # findings told of one file; more are the same mistake

Series = list[tuple[date, float | None]]


def read_series(file: Path, date_column: str, value_column: str) -> Series:
    """Return the dates and values of two columns in file order; an empty value is a gap (None).

    Dates are ``2026-10-01`` or ``2026-10`` and must ascend, values use a decimal point. Comma, semicolon and tab
    separate; byte-order mark and CRLF are fine. Raises :class:`UserError` with every ``file:line`` that is wrong (exit
    2 for an unknown column), and :class:`CouldNotRun` where the file cannot be read at all.
    """
    rows = _rows(file)
    try:
        head_line, head = next(rows)
    except StopIteration:
        raise UserError(Finding(str(file), "the file is empty", "give a CSV file with a header row")) from None
    columns = [_column(name, head, file, head_line) for name in (date_column, value_column)]
    series: Series = []
    findings: list[Finding] = []
    last: date | None = None
    for line, row in rows:
        found = list(_wrong_row(row, head, columns))
        day = parse_day(row[columns[0]].strip()) if not found else None
        if day is not None and last is not None and day <= last:
            found = [_order(day, last)]
        findings.extend(Finding(f"{file}:{line}", each.what, each.todo) for each in found)
        if day is not None:
            text = row[columns[1]].strip()
            series.append((day, float(text) if text else None))
            last = day if last is None else max(day, last)
    if findings:
        raise UserError(*_shortened(findings, file))
    if not series:
        raise UserError(Finding(f"{file}:{head_line}", "there is no row below the header", "give at least one value"))
    return series


def parse_day(text: str) -> date | None:
    """Return the day of ``2026-10-01``, or the first of ``2026-10``; None for anything else."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        return None


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        todo = "check the path" if isinstance(error, FileNotFoundError) else "check the path and its permissions"
        raise CouldNotRun(Finding(str(file), f"cannot be read ({error.strerror})", todo)) from None
    except UnicodeDecodeError as error:
        raise CouldNotRun(
            Finding(str(file), f"is not UTF-8 text (byte {error.start + 1})", "save it as CSV in UTF-8")
        ) from None
    if "\x00" in text:
        raise CouldNotRun(Finding(str(file), "is not a text file", "give a CSV file"))
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise UserError(
            Finding(f"{file}:{reader.line_num}", f"is no CSV ({error})", "check the quotation marks")
        ) from None


def _column(name: str, head: list[str], file: Path, line: int) -> int:
    names = [cell.strip() for cell in head]
    places = [index for index, each in enumerate(names) if each == name]
    if len(places) == 1:
        return places[0]
    if places:
        raise UserError(Finding(f"{file}:{line}", f'column "{name}" appears {len(places)} times', "rename all but one"))
    raise UserError(
        Finding(f"{file}:{line}", f'there is no column "{name}"', did_you_mean(name, filter(None, names))),
        exit_code=ExitCode.USAGE,
    )


def _wrong_row(row: list[str], head: list[str], columns: list[int]) -> Iterator[Finding]:
    if len(row) != len(head):
        hint = "a decimal comma needs quotation marks, better write a point" if len(row) > len(head) else "fill the row"
        yield Finding("", f"{len(row)} cells under {len(head)} columns", hint)
        return
    day, value = (row[column].strip() for column in columns)
    if parse_day(day) is None:
        yield Finding("", f'"{_short(day)}" is no date', "write 2026-10-01 or 2026-10")
    if value and not _NUMBER.fullmatch(value):
        if _DECIMAL_COMMA.fullmatch(value):
            yield Finding("", f'"{_short(value)}" has a comma', "write a decimal point and no thousands separator")
        else:
            yield Finding("", f'"{_short(value)}" is no number', "write it like 93.4, leave it empty for a gap")
    elif value and not math.isfinite(float(value)):
        yield Finding("", f'"{_short(value)}" is too large', "check the number")


def _order(day: date, last: date) -> Finding:
    if day == last:
        return Finding("", f"{day} appears twice", "keep one value per date")
    return Finding("", f"{day} stands after {last}", "sort the rows by date, oldest first")


def _short(text: str) -> str:
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= 40 else clean[:39] + "\u2026"


def _shortened(findings: list[Finding], file: Path) -> list[Finding]:
    if len(findings) <= _MOST:
        return findings
    return [*findings[:_MOST], Finding(str(file), f"{len(findings) - _MOST} more findings", "mend these first")]
