"""How commands speak: JSON for scripts, plain tables for people, progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import typer

from qmsreports.errors import Finding, UserError
from qmsreports.records import Tell

_OFTEN = 10.0
"""Seconds between two lines of one step, where progress goes to a log."""


def print_json(value: Any) -> None:
    """Print JSON that a person can read, too."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def as_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON has them: where, what, todo, warning."""
    return [asdict(finding) for finding in findings]


@contextmanager
def refusals(as_json: bool) -> Iterator[None]:
    """Print with ``--json`` what is refused as JSON, too: ``recorded`` is false, ``findings`` say why."""
    try:
        yield
    except UserError as error:
        if as_json:
            print_json({"recorded": False, "findings": as_findings(error.findings)})
        raise


def print_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a plain table with aligned columns; numbers to the right. Control characters of data are not printed."""
    texts = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(head, *texts, strict=True)]
    numeric = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    for line in (list(head), *texts):
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        typer.echo("  ".join(cells).rstrip())


def printable(cell: Any) -> str:
    """Return a cell as one line without control characters; nothing for ``None``."""
    text = "" if cell is None else str(cell).replace("\N{NO-BREAK SPACE}", " ")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Show what is running, rows so far and time, on standard error.

    On a terminal one live line (rich); elsewhere a few lines for each step, so that a log stays readable.
    """
    if sys.stderr.isatty():
        with _live(title) as tell:
            yield tell
        return
    lines = _Lines(title)
    try:
        yield lines.tell
    finally:
        lines.close()


class _Lines:
    """Progress for a log: a line when a step begins, one every ten seconds of it, and one with all its rows."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = self.written = time.monotonic()
        self.what = ""
        self.rows = self.shown = 0

    def tell(self, what: str, rows: int) -> None:
        """Take up what is running and the rows so far."""
        if what != self.what:
            self.close()
            self.what, self.rows = what, rows
            self._write()
            return
        self.rows = rows or self.rows
        if self.rows != self.shown and time.monotonic() - self.written >= _OFTEN:
            self._write()

    def close(self) -> None:
        """Say how many rows the last step had, where that was not said yet."""
        if self.rows != self.shown:
            self._write()

    def _write(self) -> None:
        self.written, self.shown = time.monotonic(), self.rows
        rows = f", {self.rows:,} rows" if self.rows else ""
        sys.stderr.write(f"{self.written - self.started:6.1f} s  {self.title}: {self.what}{rows}\n")


@contextmanager
def _live(title: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[rows]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as live:
        task = live.add_task(title, total=None, rows="")

        def tell(what: str, rows: int) -> None:
            live.update(task, description=f"{title}: {what}", rows=f"{rows:,} rows" if rows else "")

        yield tell
