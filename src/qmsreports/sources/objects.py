"""Rows of JSON lines and of Parquet files: values keep the types they have, and what is nested becomes JSON text.

JSON leaves out what it does not know, so the columns of a file of JSON lines are those of all its lines together.
Columns of the key are text in JSON lines, so that 1001 and "1001" are one key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.landing import landed_name
from qmsreports.sources.blocks import Block, File
from qmsreports.sources.columns import UNKNOWN, as_text
from qmsreports.sources.database import CHUNK
from qmsreports.sources.feed import Unreadable, columns_of
from qmsreports.sources.streams import checked_encoding, content_of, opened, whole


class JsonLines:
    """The files of one feed, an object in each line."""

    def __init__(self, fs: Any, feed: LandedFeed) -> None:
        self._fs = fs
        self._feed = feed
        self._key = {landed_name(column) for column in feed.key}
        self.reading = f"jsonl {checked_encoding(feed)}"

    def content(self, file: File) -> str:
        """Return the hash of the file's bytes, unpacked."""
        return content_of(self._fs, self._feed, file)

    def kind(self, column: str) -> str:
        """Kind a column starts from."""
        return "text" if column in self._key else UNKNOWN

    def blocks(self, file: File) -> Iterator[Block]:
        """Yield the rows; :class:`Unreadable` with file and line for a line that is no object."""
        names: dict[str, None] = {}
        for _, record in self._records(file):
            names.update(dict.fromkeys(record))
        if not names:
            return
        columns = columns_of(self._feed, names, where=file.shown)
        rows: list[list[Any]] = []
        for line, record in self._records(file):
            rows.append([*(self._value(landed, record.get(name)) for landed, name in columns.items()), line])
            if len(rows) == CHUNK:
                yield Block(tuple(columns), rows)
                rows = []
        yield Block(tuple(columns), rows)

    def _value(self, column: str, value: Any) -> Any:
        return as_text(value) if column in self._key or isinstance(value, dict | list) else value

    def _records(self, file: File) -> Iterator[tuple[int, dict[str, Any]]]:
        with opened(self._fs, self._feed, file) as stream, whole(file):
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line.decode(self._feed.encoding).removeprefix("\ufeff"), parse_float=Decimal)
                except UnicodeDecodeError:
                    what, todo = f"the line is not {self._feed.encoding} text", "declare its encoding"
                except json.JSONDecodeError as error:
                    what, todo = f"not readable as JSON ({error.msg})", "mend the line"
                except RecursionError:
                    what, todo = "nested too deeply", "deliver plainer objects"
                else:
                    if isinstance(record, dict):
                        yield number, record
                        continue
                    what, todo = "the line is no object", "deliver an object in each line"
                raise Unreadable(what, todo, where=f"{file.shown}:{number}")


class Parquets:
    """The Parquet files of one feed."""

    reading = "parquet"

    def __init__(self, fs: Any, feed: LandedFeed) -> None:
        self._fs = fs
        self._feed = feed

    def content(self, file: File) -> str:
        """Return the hash of the file's bytes."""
        return content_of(self._fs, self._feed, file)

    def kind(self, column: str) -> str:  # noqa: ARG002 - the values tell it
        """Kind a column starts from."""
        return UNKNOWN

    def blocks(self, file: File) -> Iterator[Block]:
        """Yield the rows; :class:`Unreadable` for a file that is no whole Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with opened(self._fs, self._feed, file) as stream:
            try:
                read = pq.ParquetFile(stream)
                columns = tuple(columns_of(self._feed, read.schema_arrow.names, where=file.shown))
                line = 0
                yield Block(columns, [])
                for batch in read.iter_batches(CHUNK):
                    values = (_in_microseconds(column).to_pylist() for column in batch.columns)
                    rows = [[*row, line + nth] for nth, row in enumerate(zip(*values, strict=True), 1)]
                    line += batch.num_rows
                    yield Block(columns, rows)
            except pa.ArrowException as error:
                raise Unreadable(
                    f"the file is no readable Parquet file ({type(error).__name__})",
                    "deliver it again",
                    where=file.shown,
                ) from None


def _in_microseconds(column: Any) -> Any:
    """Return times counted in nanoseconds as others are, unless one of them says something finer."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type) or column.type.unit != "ns":
        return column
    try:
        return column.cast(pa.timestamp("us", column.type.tz))
    except pa.ArrowInvalid:
        return column
