"""What a benchmark says: rows of one table, printed for people and kept in docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HEAD = ("what", "measured", "reference", "ratio", "aim", "note")


@dataclass(frozen=True)
class Row:
    """One figure. ``figures`` are all runs; the median counts and the spread is shown beside it.

    ``reference`` holds the runs of what it is compared with. ``aim`` is the most that the median may be, or with
    ``aim_is_ratio`` the most that the ratio may be; both in the figure's own unit.
    """

    what: str
    figures: Sequence[float]
    unit: str
    reference: Sequence[float] = ()
    aim: float | None = None
    aim_is_ratio: bool = False
    note: str = ""

    @property
    def figure(self) -> float:
        """The median of all runs."""
        return statistics.median(self.figures)

    @property
    def ratio(self) -> float | None:
        """Measured by reference, both medians; ``None`` without one."""
        beside = statistics.median(self.reference) if self.reference else 0.0
        return self.figure / beside if beside else None

    @property
    def missed(self) -> bool:
        """Whether there is an aim and it was missed."""
        compared = self.ratio if self.aim_is_ratio else self.figure
        return self.aim is not None and compared is not None and compared > self.aim

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        aim = ""
        if self.aim is not None:
            aim = f"{self.aim:g} times" if self.aim_is_ratio else f"{self.aim:g} {self.unit}"
            aim += " (missed)" if self.missed else ""
        return (
            self.what,
            _spread(self.figures, self.unit),
            _spread(self.reference, self.unit) if self.reference else "",
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            aim,
            self.note,
        )


def _spread(values: Sequence[float], unit: str) -> str:
    middle = f"{_number(statistics.median(values))} {unit}"
    return middle if len(values) == 1 else f"{middle} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def plain(rows: Iterable[Row]) -> str:
    """Return the table for a terminal."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: Iterable[Row]) -> str:
    """Return the table for a page."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- bench:name -->`` and ``<!-- /bench:name -->`` in a page.

    A page without these marks gets the section at its end.
    """
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    section = f"{begin}\n{text.strip()}\n{end}"
    if begin in before and end in before:
        head, _, rest = before.partition(begin)
        after = head + section + rest.partition(end)[2]
    else:
        after = f"{before.rstrip()}\n\n{section}\n".lstrip("\n")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(after, encoding="utf-8")
