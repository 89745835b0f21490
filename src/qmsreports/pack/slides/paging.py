"""What stands on one slide and what goes on on the next: nothing is cut, and letters stay large enough to be read."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from qmsreports.language import say
from qmsreports.pack.slides.deck import Line, Place, Slide, row_heights, scale_of, text_height

_READABLE = 0.75  # of the asked size: below it a slide is full and another follows

One = TypeVar("One")


def numbered(title: str, pages: Sequence[One]) -> Iterator[tuple[str, One]]:
    """Yield each page under the title, which says which of how many it is where there are several."""
    for number, page in enumerate(pages, start=1):
        yield (say("slide.page_of", title=title, number=number, all=len(pages)) if len(pages) > 1 else title), page


def paged(items: Sequence[One], most: int, fits: Callable[[Sequence[One]], bool]) -> list[list[One]]:
    """Return the items by slide: as many as fit, at most ``most``, at least one."""
    pages: list[list[One]] = []
    for item in items:
        if not pages or len(pages[-1]) == most or not fits([*pages[-1], item]):
            pages.append([])
        pages[-1].append(item)
    return pages


def lines_fit(sheet: Slide, place: Place, lines: Sequence[Line]) -> bool:
    """Tell whether paragraphs fit into a place in letters that can be read."""
    _, _, width, height = sheet.box(place)
    return text_height(lines, width, _READABLE * scale_of(sheet.width)) <= height


def rows_fit(
    sheet: Slide, place: Place, head: Sequence[str], rows: Sequence[Sequence[str | Line]], widths: Sequence[float]
) -> bool:
    """Tell whether a table fits into a place in letters that can be read."""
    _, _, width, height = sheet.box(place)
    written = [[Line(one) if isinstance(one, str) else one for one in row] for row in (head, *rows)]
    columns = [int(width * share) for share in widths]
    return sum(row_heights(written, columns, _READABLE * scale_of(sheet.width), 0)) <= height


def flowing(sheet: Slide, first: Place, further: Place, lines: Sequence[Line]) -> list[list[Line]]:
    """Return paragraphs by slide, the first slide with less room than those that follow; one longer than its slide is
    parted between words.
    """
    pages: list[list[Line]] = [[]]
    waiting = list(lines)
    while waiting:
        line = waiting.pop(0)
        place = first if len(pages) == 1 else further
        if lines_fit(sheet, place, [*pages[-1], line]):
            pages[-1].append(line)
        elif pages[-1]:
            pages.append([])
            waiting.insert(0, line)
        else:
            head, *rest = textwrap.wrap(line.text, _letters(sheet, place, line), break_long_words=True)
            pages[-1].append(replace(line, text=head))
            waiting[:0] = [replace(line, text=" ".join(rest))] if rest else []
    return pages


def _letters(sheet: Slide, place: Place, line: Line) -> int:
    """Return how many letters of a paragraph a place holds."""
    low, high = 1, max(2, len(line.text))
    while low < high:
        middle = (low + high + 1) // 2
        fits = lines_fit(sheet, place, [replace(line, text="x" * middle)])
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
