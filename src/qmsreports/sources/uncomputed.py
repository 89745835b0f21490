"""Cells of an Excel sheet whose formula has no result in the file.

A workbook holds each formula with the result that Excel had last. One that another program wrote and that nobody opened
since holds formulas alone; read for their results, such cells are empty like any other, and numbers would be missing
without a word.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import iterparse

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def uncomputed_cells(sheet: Any) -> dict[int, list[str]]:
    """Return {row: names of columns} of the formulas without a result, as in ``{2: ["C", "D"]}``.

    ``sheet`` is openpyxl's, opened for reading only. An empty text is a result.
    """
    found: dict[int, list[str]] = {}
    with sheet._get_source() as source:
        for _, element in iterparse(source):  # a file that openpyxl has read before this
            if element.tag == f"{_MAIN}row":
                element.clear()
            if element.tag != f"{_MAIN}c" or element.find(f"{_MAIN}f") is None or element.get("t") == "str":
                continue
            if not element.findtext(f"{_MAIN}v"):
                place = element.get("r") or ""
                letters = place.rstrip("0123456789")
                if letters != place:
                    found.setdefault(int(place[len(letters) :]), []).append(letters)
    return found
