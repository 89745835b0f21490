"""Slides as paper: a title, places on the slide, text, tables. Knows python-pptx and nothing of quality management."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.office import readable

_WIDE = (12_192_000, 6_858_000)  # 16:9 in English Metric Units, 914,400 to the inch
_MARGIN = 0.045  # of the width
_TITLE = (0.045, 0.035, 0.91, 0.14)  # left, top, width, height as shares of the slide, on a plain presentation
_LOGO = (0.03, 0.07, 0.2)  # top and height as shares of the height, most width
_FOOT = 0.95
_TITLE_SIZES = (
    (60, 26),
    (105, 22),
    (170, 18),
    (260, 16),
    (400, 13),
    (100_000, 11),
)  # up to so many letters, this size in points
_LOCALES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}
_POINT = 12_700  # English Metric Units
_LETTER = 0.56  # mean width of a letter in ems, of the wider of usual fonts
_LEADING = 1.22
_INSET = (0.1, 0.05)  # margins inside a box or cell, in inches: at each side, above and below
_LEAST = 0.55  # of the asked size, to which text is made smaller before it would leave its place
_TABLE_SIZE = 12
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")
_FURNITURE = (13, 15, 16)  # placeholders for slide number, footer and date


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph: its text, size in points, weight and colour (``1F2A33``). ``mark`` stands in front of it."""

    text: str
    size: int = 14
    bold: bool = False
    colour: str = PALETTE.ink
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle on a slide as shares of its width and of the height between its title and its foot."""

    left: float
    top: float
    width: float
    height: float


class Deck:
    """A presentation being made. ``own`` says that it is the organisation's: its slides are dropped, its look stays."""

    def __init__(self, presentation: Any, *, own: bool) -> None:
        self._made = presentation
        if own:
            self._without_slides()
        else:
            self._made.slide_width, self._made.slide_height = _WIDE
        self._own = own
        self._width, self._height = int(self._made.slide_width), int(self._made.slide_height)
        self._layout = self._choose_layout()
        if not own:
            self._set_title()

    def slide(self, title: str) -> Slide:
        """Add a slide with a title."""
        made = self._made.slides.add_slide(self._layout)
        text = whole(title)
        for shape in list(made.placeholders):
            if shape.placeholder_format.idx == 0:
                shape.text_frame.text = text
                _size_title(shape, text, scale_of(self._width))
                if not self._own:
                    _plain_title(shape)
            else:
                shape._element.getparent().remove(shape._element)  # an empty placeholder says "click to add text"
        return self._sheet(made)

    @property
    def sheet(self) -> Slide:
        """What a slide measures, without making one."""
        return self._sheet(None)

    def _sheet(self, made: Any) -> Slide:
        return Slide(made, self._width, int(_FOOT * self._height), self._body_top(), plain=not self._own)

    def save(self, out: io.BytesIO, *, title: str, author: str) -> None:
        """Write the presentation."""
        core = self._made.core_properties
        core.title, core.author, core.last_modified_by = readable(title), readable(author), readable(author)
        core.revision = 1
        self._made.save(out)

    def speak(self, code: str) -> None:
        """Say of every text in which language it is, for the voice of a screen reader and for the spelling check."""
        from pptx.oxml.ns import qn

        for made in self._made.slides:
            for run in made._element.iter(qn("a:rPr"), qn("a:endParaRPr")):
                run.set("lang", _LOCALES[code])
            for run in made._element.iter(qn("a:r")):
                if run.find(qn("a:rPr")) is None:
                    run.get_or_add_rPr().set("lang", _LOCALES[code])
        self._made.core_properties.language = code

    def logo(self, picture: bytes, alternative: str) -> None:
        """Put the logo into the corner above the first slide's title."""
        made = self._made.slides[0]
        height = int(_LOGO[1] * self._height)
        shape = made.shapes.add_picture(io.BytesIO(picture), 0, int(_LOGO[0] * self._height), height=height)
        most = int(_LOGO[2] * self._width)
        if shape.width > most:
            shape.height = int(shape.height * most / shape.width)
            shape.width = most
        shape.left = int((1 - _MARGIN) * self._width) - shape.width
        shape.name = "Logo"
        shape._element.nvPicPr.cNvPr.set("descr", readable(alternative))

    def foot(self, text: str) -> None:
        """Write a line at the foot of every slide, with its number."""
        count = len(self._made.slides)
        for number, made in enumerate(self._made.slides, start=1):
            whole = Slide(made, self._width, self._height, 0)
            colour = PALETTE.quiet
            line = Line(f"{text}  ·  {number} / {count}", 10, colour=colour)
            whole.text(Place(_MARGIN, _FOOT, 1 - 2 * _MARGIN, 0.04), [line], name="Foot")

    def _without_slides(self) -> None:
        known = self._made.slides._sldIdLst
        for entry in list(known):
            self._made.part.drop_rel(entry.rId)
            known.remove(entry)

    def _choose_layout(self) -> Any:
        """Return the layout that has a title and least else; ``ValueError`` where none has one."""

        def others(layout: Any) -> int:
            return sum(
                holder.placeholder_format.idx and int(holder.placeholder_format.type) not in _FURNITURE
                for holder in layout.placeholders
            )

        titled = [
            layout
            for layout in self._made.slide_layouts
            if any(holder.placeholder_format.idx == 0 for holder in layout.placeholders)
        ]
        if not titled:
            raise ValueError("no layout with a title")
        return min(titled, key=others)

    def _set_title(self) -> None:
        """Give the title of the plain presentation, which is made for 4:3, a place on the wide slide."""
        for holder in self._layout.placeholders:
            if holder.placeholder_format.idx == 0:
                left, top, width, height = _TITLE
                holder.left, holder.top = int(left * self._width), int(top * self._height)
                holder.width, holder.height = int(width * self._width), int(height * self._height)
            else:
                holder._element.getparent().remove(holder._element)

    def _body_top(self) -> int:
        for holder in self._layout.placeholders:
            if holder.placeholder_format.idx == 0:
                return min(int(holder.top + holder.height), int(0.35 * self._height))
        return int(0.2 * self._height)


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide: places are shares of its width and of what lies below its title and above its foot."""

    made: Any
    width: int
    height: int
    top: int
    plain: bool = False  # no look of an organisation to keep

    def box(self, place: Place) -> tuple[int, int, int, int]:
        """Return a place in English Metric Units."""
        body = self.height - self.top
        return (
            int(place.left * self.width),
            self.top + int(place.top * body),
            int(place.width * self.width),
            int(place.height * body),
        )

    def text(self, place: Place, lines: Sequence[Line], *, name: str) -> None:
        """Write paragraphs into a place, smaller where they would leave it."""
        from pptx.util import Pt

        box = self.box(place)
        shape = self.made.shapes.add_textbox(*box)
        shape.name = name
        frame = shape.text_frame
        frame.word_wrap = True
        scale = scale_of(self.width)
        while scale > _LEAST * scale_of(self.width) and text_height(lines, box[2], scale) > box[3]:
            scale -= 0.05
        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            run = paragraph.add_run()
            run.text = readable(f"{line.mark} {line.text}" if line.mark else line.text)
            size = line.size * scale
            run.font.size, run.font.bold = Pt(round(size, 1)), line.bold
            run.font.color.rgb = rgb(line.colour)
            paragraph.space_after = Pt(round(size / 3, 1))

    def table(
        self,
        place: Place,
        head: Sequence[str],
        rows: Sequence[Sequence[str | Line]],
        widths: Sequence[float],
        *,
        alt: str,
        least: float = 0.0,
        right: Sequence[int] = (),
    ) -> None:
        """Write a table; ``widths`` are shares of its width, the place is the room that it may take.

        A row is as high as its longest cell needs, and no less than ``least`` inches; letters become smaller where the
        rows would leave the place. A cell that is a :class:`Line` has a weight and colour of its own; the
        columns ``right`` hold figures, which stand one below the other.
        """
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        left, top, whole, room = self.box(place)
        written = [[Line(one) if isinstance(one, str) else one for one in row] for row in [head, *rows]]
        columns = [int(whole * width) for width in widths]
        scale = scale_of(self.width)
        smallest, lowest = _LEAST * scale, least * scale
        heights = row_heights(written, columns, scale, lowest)
        while sum(heights) > room and scale > smallest:
            scale -= 0.05
            heights = row_heights(written, columns, scale, lowest)
        shape = self.made.shapes.add_table(len(written), len(head), left, top, whole, sum(heights))
        shape.name = "Table"
        describe(shape, alt)
        for column, width in zip(shape.table.columns, columns, strict=True):
            column.width = width
        for number, (row, height) in enumerate(zip(written, heights, strict=True)):
            shape.table.rows[number].height = height
            for place_of, (cell, line) in enumerate(zip(shape.table.rows[number].cells, row, strict=True)):
                cell.text_frame.text = readable(line.text)
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.font.size = Pt(round(_TABLE_SIZE * scale, 1))
                    paragraph.font.bold = line.bold or number == 0
                    if place_of in right:
                        paragraph.alignment = PP_ALIGN.RIGHT
                    if number and line.colour != PALETTE.ink:
                        paragraph.font.color.rgb = rgb(line.colour)
                if self.plain:
                    _plain_cell(cell, line.colour, head=number == 0)


def text_height(lines: Sequence[Line], width: int, scale: float) -> int:
    """Return how high paragraphs become in a box of this width, about, both in English Metric Units.

    40 letters of 14 points are 40 x 0.56 x 14 = 314 points long: two lines in a box of 200 points within its margins.
    """
    inside = width / _POINT - 2 * 72 * _INSET[0]
    needed = 2 * 72 * _INSET[1]
    for line in lines:
        size = line.size * scale
        needed += _rows(f"{line.mark} {line.text}", inside / (_LETTER * size)) * size * _LEADING + size / 3
    return int(needed * _POINT)


def _rows(text: str, room: float) -> int:
    """Return over how many lines a text goes where one holds ``room`` letters: broken between words, and inside a word
    only where no line would hold it. Chinese, Japanese and Korean letters are as wide as they are high.
    """
    rows, used = 1, 0.0
    for word in filter(None, text.split(" ")):
        long = sum(1 / _LETTER if east_asian_width(letter) in "WF" else 1.0 for letter in word)
        if used and used + 1 + long > room:
            rows, used = rows + 1, 0.0
        used += long + (1 if used else 0)
        while used > room:
            rows, used = rows + 1, used - room
    return rows


def row_heights(rows: Sequence[Sequence[Line]], columns: Sequence[int], scale: float, least: float) -> list[int]:
    """Return how high the rows of a table become, in English Metric Units; ``least`` in inches."""
    found = []
    for number, row in enumerate(rows):
        cells = [(Line(one.text, _TABLE_SIZE), width) for one, width in zip(row, columns, strict=True)]
        needed = max(text_height([line], width, scale) for line, width in cells) - int(_TABLE_SIZE * scale / 3 * _POINT)
        found.append(max(needed, int(least * 72 * _POINT) if number else 0))
    return found


def _plain_cell(cell: Any, colour: str, *, head: bool) -> None:
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb(PALETTE.ink if head else PALETTE.band_trial)
    for paragraph in cell.text_frame.paragraphs:
        paragraph.font.color.rgb = rgb(PALETTE.paper if head else colour)


def scale_of(width: int) -> float:
    """Return how much smaller letters are on a slide that is not as wide as ours; never larger."""
    return max(0.6, min(1.0, width / _WIDE[0]))


def _size_title(shape: Any, text: str, scale: float) -> None:
    """Give a title a size at which a finding fits; what an organisation chose for short titles would not."""
    from pptx.util import Pt

    shape.text_frame.word_wrap = True
    size = next(points for letters, points in _TITLE_SIZES if len(text) <= letters)
    for paragraph in shape.text_frame.paragraphs:
        paragraph.font.size = Pt(round(size * scale))


def _plain_title(shape: Any) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN

    shape.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    for paragraph in shape.text_frame.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.font.bold = True
        paragraph.font.color.rgb = rgb(PALETTE.ink)


def rgb(colour: str) -> Any:
    """Return a colour (``#1F2A33``) as python-pptx wants it."""
    from pptx.dml.color import RGBColor

    read: Any = RGBColor.from_string
    return read(colour.lstrip("#"))


def describe(shape: Any, alt: str) -> None:
    """Give a chart or table the text that a screen reader reads."""
    shape._element.nvGraphicFramePr.cNvPr.set("descr", whole(alt))


def whole(text: str) -> str:
    """Return a text on one line; slides cut nothing. A space that binds a number to its unit still does."""
    return _BLANKS.sub(" ", readable(text)).strip(" ")
