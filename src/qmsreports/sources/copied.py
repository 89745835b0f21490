"""PostgreSQL tables as a stream of CSV that Arrow parses: a third of the work of one Python value after the other.

``COPY (SELECT ...) TO STDOUT`` runs in the visit's own connection, so it sees what the session settings let it see,
reads only, obeys the time-out and reaches the server whichever way the connection does. connectorx opens a connection
of its own, which knows none of that; it cuts a ``numeric`` after ten decimals and stops at a date of ``infinity``.

The rules of :mod:`qmsreports.sources.columns` hold: a value that does not fit the kind of its column (a date of
``infinity``, a ``numeric`` of more than 15 digits) makes the column text, as PostgreSQL writes it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from qmsreports.sources.columns import arrow_type

BLOCK = 16 << 20
"""Bytes of CSV that are parsed at a time: some 100,000 rows of 15 columns."""

_EXACT_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Copied:
    """The columns of a table that may be copied: name and kind as declared; ``decimals`` are of type ``numeric``."""

    kinds: Mapping[str, str]
    decimals: frozenset[str]


def copied_tables(raw: Any, query: str, columns: Sequence[str], table: Copied, kinds: dict[str, str]) -> Iterator[Any]:
    """Yield the rows of a query as Arrow tables; ``kinds`` is widened in place.

    ``raw`` is psycopg's connection. Its errors come through; leaving early ends the statement at the server.
    """
    left = Event()
    encoding = raw.info.encoding
    for block in _ahead(_blocks(raw, query, left), left):
        yield _parsed(block if encoding == "utf-8" else block.decode(encoding).encode(), columns, table, kinds)


class _LeftEarly(Exception):  # noqa: N818 - no error: psycopg ends a stream at the server for an exception alone
    pass


def _blocks(raw: Any, query: str, left: Event) -> Generator[bytes]:
    """Yield the answer of the server in blocks of whole rows, until ``left`` is set.

    Each row is copied into bytes: psycopg gives views, which the garbage collector counts and goes through, and that
    costs three times as much as everything else here.
    """
    with suppress(_LeftEarly), raw.cursor() as cursor:
        for setting in ("datestyle = 'ISO'", "timezone = 'UTC'", "extra_float_digits = 1"):
            cursor.execute(f"SET LOCAL {setting}")
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
            gathered, size = [], 0
            for row in copy:
                gathered.append(bytes(row))
                size += len(row)
                if left.is_set():
                    raise _LeftEarly
                if size >= BLOCK:
                    yield b"".join(gathered)
                    gathered, size = [], 0
            if gathered:
                yield b"".join(gathered)


def _ahead(blocks: Generator[bytes], left: Event) -> Iterator[bytes]:
    """Read the next block while this one is worked upon; the blocks are read, and ended, in a thread of their own."""
    waiting: Queue[bytes | BaseException | None] = Queue(maxsize=1)

    def read() -> None:
        try:
            for block in blocks:
                waiting.put(block)
                if left.is_set():
                    break
            blocks.close()
            waiting.put(None)
        except BaseException as error:  # raised where the rows are wanted
            waiting.put(error)

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        while (block := waiting.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block
    finally:
        left.set()
        while reader.is_alive():  # a full queue would hold it
            with suppress(Empty):
                waiting.get(timeout=0.01)
        reader.join()


def _parsed(block: bytes, columns: Sequence[str], table: Copied, kinds: dict[str, str]) -> Any:
    import pyarrow as pa

    wanted = {name: pa.string() if name in table.decimals else arrow_type(kinds[name]) for name in columns}
    try:
        parsed = _read(block, wanted)
    except pa.ArrowInvalid:  # a value that does not fit: see which column, with all of them as text
        parsed = _read(block, dict.fromkeys(columns, pa.string()))
    arrays = []
    for name, column in zip(columns, parsed.columns, strict=True):
        fitting = _fitting(column, kinds[name], exact=name in table.decimals)
        kinds[name] = kinds[name] if fitting is not None else "text"
        arrays.append(column if fitting is None else fitting)
    return pa.table(arrays, names=list(columns))


def _read(block: bytes, types: dict[str, Any]) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=list(types), block_size=BLOCK, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            check_utf8=False,
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
            timestamp_parsers=[csv.ISO8601],
        ),
    )


def _fitting(column: Any, kind: str, *, exact: bool) -> Any | None:
    """Return the column in the type of its kind, ``None`` where a value does not fit it."""
    import pyarrow as pa

    type_ = arrow_type(kind)
    if column.type == type_:
        return column
    if exact and not _is_exact(column):
        return None
    try:
        return _truths(column) if kind == "boolean" else column.cast(type_)
    except pa.ArrowInvalid:
        return None


def _truths(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.if_else(pc.is_null(column), None, pc.equal(column, "t"))


def _is_exact(column: Any) -> bool:
    """Whether a double keeps every digit of these decimals."""
    import pyarrow.compute as pc

    longest = pc.max(pc.binary_length(column)).as_py() or 0
    if longest <= _EXACT_DIGITS:
        return True
    digits = pc.utf8_ltrim(pc.replace_substring(column, ".", ""), "-0")
    return (pc.max(pc.binary_length(digits)).as_py() or 0) <= _EXACT_DIGITS
