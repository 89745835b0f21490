"""Rows of CSV files, as text: separator, encoding and header are declared or written, nothing is guessed.

Values stay the text they were, with two exceptions: a cell with nothing in it is null, and where a decimal comma is
declared, 2,40 is landed as 2.40 and 1.234,5 as 1234.5. A cell of such a file with a point and no comma is left alone
and noted as doubtful: 1.234 is 1234 or a mistake, and never told apart by guessing. A column that is declared as text
(``kinds``) holds no numbers and is landed as it is.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.landing import DOUBTFUL, landed_name
from qmsreports.sources.blocks import Block, File
from qmsreports.sources.database import CHUNK
from qmsreports.sources.feed import Unreadable, columns_of
from qmsreports.sources.streams import checked_encoding, content_of, opened, whole

_LONGEST_CELL = 1 << 24
_COMMA_NUMBER = re.compile(r"\s*[-+]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]+\s*")
_POINT_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")


class Csvs:
    """The CSV files of one feed."""

    def __init__(self, fs: Any, feed: LandedFeed) -> None:
        self._fs = fs
        self._feed = feed
        encoding = checked_encoding(feed)
        self._encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        self._comma = feed.decimal == ","
        self._texts = {landed_name(column) for column, kind in feed.kinds.items() if kind == "text"}
        self.reading = " ".join((self._encoding, repr(feed.separator), feed.decimal))
        if self._comma:  # files that were read before doubtful cells were noted are read once more
            self.reading = " ".join((self.reading, "doubtful", *sorted(self._texts)))
        csv.field_size_limit(_LONGEST_CELL)

    def content(self, file: File) -> str:
        """Return the hash of the file's bytes, unpacked: packing the same again is no change."""
        return content_of(self._fs, self._feed, file)

    def kind(self, column: str) -> str:  # noqa: ARG002 - the same for every column
        """Kind a column starts from: every cell of a CSV file is text."""
        return "text"

    def blocks(self, file: File) -> Iterator[Block]:
        """Yield the rows; :class:`Unreadable` with file and line for one that does not fit the header."""
        with (
            opened(self._fs, self._feed, file) as stream,
            whole(file),
            io.TextIOWrapper(stream, self._encoding, newline="") as text,
        ):
            reader = csv.reader(text, delimiter=self._feed.separator, strict=True)
            try:
                yield from self._rows(file, reader)
            except UnicodeDecodeError:
                raise Unreadable(
                    f"the file is not {self._feed.encoding} text",
                    "declare its encoding or deliver it as declared",
                    where=f"{file.shown}:{self._line_of(file)}",
                ) from None
            except csv.Error as error:
                raise Unreadable(
                    f"not readable as CSV ({error})", "mend the line", where=f"{file.shown}:{reader.line_num}"
                ) from None

    def _rows(self, file: File, reader: Any) -> Iterator[Block]:
        header = next((row for row in reader if row), None)
        if header is None:
            return
        start = f"{file.shown}:{reader.line_num}"
        self._right_encoding(header, file)
        self._right_separator(header, file)
        columns = tuple(columns_of(self._feed, _named(header), where=start))
        numbers = [self._comma and name not in self._texts for name in columns]
        rows: list[list[Any]] = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(columns):
                raise Unreadable(
                    f"{len(row)} values where the header has {len(columns)}",
                    "mend the line (a separator inside a text needs quotes)",
                    where=f"{file.shown}:{reader.line_num}",
                )
            doubtful = _doubtful(columns, row, numbers) if self._comma else None
            rows.append([*map(_value, row, numbers), doubtful, reader.line_num])
            if len(rows) == CHUNK:
                yield _block(columns, rows)
                rows = []
        yield _block(columns, rows)

    def _right_encoding(self, header: list[str], file: File) -> None:
        """Stop where a file of another encoding begins with the mark of UTF-8: its umlauts would be wrong, too."""
        is_utf = self._encoding.lower().startswith("utf")
        if not is_utf and header[0].encode(self._encoding, "replace").startswith(codecs.BOM_UTF8):
            raise Unreadable(
                f"{file.shown} begins with the mark of UTF-8 and is declared as {self._feed.encoding}",
                "write encoding: utf-8",
                place=("encoding",),
            )

    def _right_separator(self, header: list[str], file: File) -> None:
        if len(header) > 1 or len(self._feed.key) + len(self._feed.needs) < 2:
            return
        other = next((mark for mark in (";", ",", "\t", "|") if mark in header[0] and mark != self._feed.separator), "")
        if other:
            raise Unreadable(
                f'the header of {file.shown} has no "{self._feed.separator}" but "{other}"'.replace("\t", "\\t"),
                f'write separator: "{other}"'.replace("\t", "\\t"),
                place=("separator",),
            )

    def _line_of(self, file: File) -> int:
        """Return the first line that cannot be decoded; text is decoded ahead of the line that is being read."""
        decoder, line = codecs.getincrementaldecoder(self._feed.encoding)(), 1
        with opened(self._fs, self._feed, file) as stream:
            while part := stream.read(1 << 16):
                before = decoder.getstate()
                try:
                    line += decoder.decode(part).count("\n")
                except UnicodeDecodeError:
                    decoder.setstate(before)
                    return line + _lines_before_the_fault(decoder, part)
        return line  # the end is cut off


def _lines_before_the_fault(decoder: codecs.IncrementalDecoder, part: bytes) -> int:
    lines = 0
    with suppress(UnicodeDecodeError):
        for place in range(len(part)):
            lines += decoder.decode(part[place : place + 1]) == "\n"
    return lines


def _named(header: list[str]) -> list[str]:
    """Names of the columns; one without a name is called by its position."""
    return [name.strip() or f"column_{position}" for position, name in enumerate(header, 1)]


def _value(cell: str, number: bool) -> str | None:
    if number and "," in cell and _COMMA_NUMBER.fullmatch(cell):
        return cell.strip().replace(".", "").replace(",", ".")
    return cell or None


def _doubtful(columns: tuple[str, ...], row: list[str], numbers: list[bool]) -> str | None:
    """Names of the cells that are a number with a point in it, in a file whose decimal sign is the comma."""
    found = [
        name
        for name, cell, number in zip(columns, row, numbers, strict=True)
        if number and "." in cell and _POINT_NUMBER.fullmatch(cell)
    ]
    return " ".join(found) or None


def _block(columns: tuple[str, ...], rows: list[list[Any]]) -> Block:
    """Rows with the names of their doubtful cells, as a column only where there are any."""
    if any(row[-2] is not None for row in rows):
        return Block((*columns, DOUBTFUL), rows)
    for row in rows:
        del row[-2]
    return Block(columns, rows)
