"""Rows of many files with the same columns, gathered into Arrow tables."""

from __future__ import annotations

from typing import Any

from qmsreports.landing import DOUBTFUL
from qmsreports.sources.blocks import Block, File, Format
from qmsreports.sources.columns import UNKNOWN, arrow_type
from qmsreports.sources.database import CHUNK, arrow_table
from qmsreports.sources.feed import FeedState

_ORIGIN = ("_file", "_line")


class Gathering:
    """Rows of many files with the same columns, given on as Arrow tables of about :data:`CHUNK` rows."""

    def __init__(self, form: Format, before: FeedState) -> None:
        self._form = form
        self._before = before
        self._columns: tuple[str, ...] = ()
        self._rows: list[list[Any]] = []
        self.columns: dict[str, None] = {}
        self.kinds = dict(before.kinds)
        self.landed = 0

    def add(self, file: File, block: Block) -> Any:
        """Take rows in; return a batch when it is time for one."""
        batch = None
        if block.columns != self._columns or len(self._rows) + len(block.rows) > CHUNK:
            batch = self.flush()
            self._columns = block.columns
        self._rows += [[*row[:-1], file.name, row[-1]] for row in block.rows]
        self.columns |= dict.fromkeys(name for name in block.columns if name != DOUBTFUL)
        return batch

    def flush(self, *, even_empty: bool = False) -> Any:
        """Return what was gathered; ``None`` when that is nothing, unless columns without rows are wanted."""
        if not self._rows and not (even_empty and self._columns):
            return None
        kinds = {column: self._form.kind(column) for column in self._columns}
        kinds |= {"_file": "text", "_line": "integer"}
        batch = arrow_table(self._rows, [*self._columns, *_ORIGIN], kinds)
        batch = self._as_before(batch, kinds)
        self.kinds |= {name: kind for name, kind in kinds.items() if kind != UNKNOWN}
        self.landed += len(self._rows)
        self._rows = []
        return batch

    def _as_before(self, batch: Any, kinds: dict[str, str]) -> Any:
        """Give columns without any value the type they had when they held values."""
        import pyarrow as pa

        for index, name in enumerate(batch.column_names):
            if kinds[name] == UNKNOWN and name in self.kinds:
                batch = batch.set_column(index, name, pa.nulls(batch.num_rows, arrow_type(self.kinds[name])))
        return batch
