"""Reading a presentation, for its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[3] / "report_templates"


def texts(slide: Any) -> str:
    found = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    found += [cell.text for shape in slide.shapes if shape.has_table for row in shape.table.rows for cell in row.cells]
    return "\n".join(found).replace("\N{NO-BREAK SPACE}", " ")


def charts(deck: Any) -> Iterator[tuple[Any, Any]]:
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart:
                yield slide, shape


def plain(text: str) -> str:
    return " ".join(text.split())
