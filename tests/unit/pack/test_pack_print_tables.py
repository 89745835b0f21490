"""Where a table of the print breaks: no row is left alone before or behind the break."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import typst
from pypdfium2 import PdfDocument

TEMPLATES = Path(__file__).parents[3] / "report_templates"
LOOK = {
    "ink": "#000000",
    "good": "#000000",
    "bad": "#000000",
    "goal": "#000000",
    "accent": "#000000",
    "family": [],
    "behind": [],
    "logo": None,
}


def rows_by_page(folder: Path, rows: int, above: int) -> list[int]:
    """Print a table of single lines, so far down a page of 100 mm, and count its rows on each page."""
    for name in ("look.typ", "data.typ"):
        shutil.copyfile(TEMPLATES / name, folder / name)
    (folder / "table.typ").write_text(
        f"""#import "look.typ": plain-table
#set page(width: 80mm, height: 100mm, margin: 10mm)
#v({above}mm)
#plain-table((1fr, 1fr), ("first", "second"), ..range({rows}).map(row => ("row", str(row))).flatten())
"""
    )
    (folder / "input").mkdir(exist_ok=True)
    (folder / "input" / "pack.json").write_text(json.dumps({"look": LOOK}))
    (folder / "input" / "charts.json").write_text("{}")
    content = bytes(typst.compile(str(folder / "table.typ"), root=str(folder)))
    found = []
    with closing(PdfDocument(content)) as document:
        for page in document:
            with closing(page), closing(page.get_textpage()) as text:
                found.append(text.get_text_bounded().count("row"))
    return [rows for rows in found if rows]


@pytest.mark.parametrize("above", [0, 24, 41, 53])
def test_no_row_is_alone_on_a_page(tmp_path: Path, above: int) -> None:
    for rows in range(4, 26, 3):
        found = rows_by_page(tmp_path, rows, above)
        assert sum(found) == rows
        assert min(found) >= 2, (rows, found)
        assert len(found) == 1 or rows < 5 or found[-1] >= 3, (rows, found)


def test_three_rows_stay_together(tmp_path: Path) -> None:
    assert rows_by_page(tmp_path, 3, 66) == [3]
