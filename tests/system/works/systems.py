"""The systems of the small company as they are at the end of one month and of the next.

The next month brings new rows and, in the months before, what late truth brings: rows that change, a row that is
mended, a row that is gone, a file that comes again under another name and one that corrects another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.unit.sources.web_system import Asked, Reply, WebSystem

FIRST, SECOND = 8, 9
"""Months of 2026 up to which the systems are told; the company began in January."""


def _orders(month: int) -> Iterator[tuple[Any, ...]]:
    for of in range(1, month + 1):
        for nth in range(12):
            no, due, late = f"A{of:02}{nth:02}", f"2026-{of:02}-{nth * 2 + 1:02}", (of * nth) % 5 == 0
            done = f"2026-{of:02}-{nth * 2 + (3 if late else 1):02}"
            pieces: int | None = 5 + nth
            changed = f"2026-{of:02}-28 08:00:{nth:02}"
            if no == "A0403" and month < SECOND:
                pieces = None  # quarantined, mended in the next month
            if no in ("A0403", "A0704") and month == SECOND:
                done, changed = f"2026-{of:02}-27", f"2026-09-29 10:00:{nth:02}"
            if no == "A0805" and month == SECOND:
                continue  # deleted for good
            yield no, f"C{nth % 3}", due, done, pieces, changed


def _cases(month: int) -> list[dict[str, Any]]:
    rows = []
    for of in range(1, month + 1):
        for nth in range(9):
            day = f"2026-{of:02}-{nth * 3 + 1:02}"
            again = of == FIRST and nth == 4 and month == SECOND
            rows.append(
                {
                    "case_no": of * 100 + nth,
                    "site": ("linz", "lyon")[nth % 2],
                    "opened": f"{day}T08:00:00Z",
                    "replied": f"{day}T{9 + (of + nth) % 8:02}:30:00Z" if nth < 8 or again else None,
                    "changed": "2026-09-28T09:00:00Z" if again else f"{day}T19:00:00Z",
                }
            )
    return sorted(rows, key=lambda row: str(row["changed"]))


def _shifts(of: int) -> str:
    lines = ["plant;machine;day;shift;produced;good"]
    for day in range(1, 28, 3):
        for machine, plant in (("M1", "W1"), ("M2", "W2")):
            lines.append(f"{plant};{machine};2026-{of:02}-{day:02};early;{100 + day};{100 + day - (of + day) % 7}")
    return "\n".join([*lines, ""])


def write_systems(folder: Path, month: int) -> None:
    """Let database and files be what they are at the end of a month."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "erp.db")) as erp:
        erp.executescript(
            "DROP TABLE IF EXISTS ord; DROP TABLE IF EXISTS cust; CREATE TABLE cust (cust_no TEXT, site TEXT);"
            "CREATE TABLE ord (no TEXT PRIMARY KEY, cust_no TEXT, due TEXT, done TEXT, pieces INTEGER, changed TEXT);"
        )
        erp.executemany("INSERT INTO cust VALUES (?, ?)", [("C0", "linz"), ("C1", "lyon"), ("C2", "linz")])
        erp.executemany("INSERT INTO ord VALUES (?, ?, ?, ?, ?, ?)", _orders(month))
        erp.commit()
    files = folder / "shop_floor"
    files.mkdir(exist_ok=True)
    for of in range(1, month + 1):
        (files / f"shifts_2026-{of:02}.csv").write_text(_shifts(of), encoding="utf-8")
    if month == SECOND:
        (files / "shifts_2026-05_again.csv").write_text(_shifts(5), encoding="utf-8")
        wrong = "M1;2026-06-01;early;101;101"
        assert wrong in _shifts(6)
        corrected = _shifts(6).replace(wrong, "M1;2026-06-01;early;101;77")
        (files / "shifts_2026-06_corrected.csv").write_text(corrected, encoding="utf-8")


class HelpDesk:
    """The help desk's web interface; ``breaks`` is how many of the next answers end in the middle of a page."""

    def __init__(self, web: WebSystem) -> None:
        self.web, self.month, self.breaks, self.broken = web, FIRST, 0, 0
        web.route("GET", "/cases")(self.answer)

    def answer(self, asked: Asked) -> Reply:
        since, start, size = asked.query["since"], int(asked.query["offset"]), int(asked.query["limit"])
        found = [row for row in _cases(self.month) if str(row["changed"]) >= since]
        page = {"cases": found[start : start + size], "total": len(found)}
        cut = self.breaks > 0 and start > 0
        self.breaks -= cut
        self.broken += cut
        self.web.asked.clear()
        return Reply(page, cut=cut)


@contextmanager
def help_desk() -> Iterator[HelpDesk]:
    """A help desk that answers on loopback."""
    with WebSystem().running() as web:
        assert web._server is not None
        web._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked was killed
        yield HelpDesk(web)
