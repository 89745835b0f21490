"""Staged rows as pandas frames of bounded size, in the types on which Great Expectations is fast.

Days become their midnight in UTC: the library compares ``datetime64[us, UTC]`` as a column but ``datetime64[us]`` value
by value (0.35 s instead of 2 ms for 50,000 rows), and nanoseconds would refuse a mistyped year 9999.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BATCH_ROWS = 250_000
"""Rows in memory at a time: about 0.4 GB with 20 columns, the library's copies included."""


def batches(path: str, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
    """Yield the named columns in frames of at most ``rows``; the index is the row's position in the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    at = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
            if batch.num_rows:
                yield _frame(pa.Table.from_batches([batch]), at)
            at += batch.num_rows


def rows_at(path: str, columns: Sequence[str], positions: Sequence[int]) -> pd.DataFrame:
    """Return the named columns of the rows at these ascending positions, in one frame."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = np.asarray(positions, dtype=np.int64)
    at = 0
    with pq.ParquetFile(path) as file:
        nothing = file.schema_arrow.empty_table().select(list(columns)).combine_chunks()
        parts = [_frame(nothing, 0)]
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
            start, end = wanted.searchsorted([at, at + batch.num_rows])
            if start < end:
                parts.append(_frame(pa.Table.from_batches([batch]), at).loc[wanted[start:end]])
            at += batch.num_rows
    return pd.concat(parts[1:]) if len(parts) > 1 else parts[0]


def _frame(table: pa.Table, at: int) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    for position, field in enumerate(table.schema):
        if pa.types.is_date(field.type):
            moments = table.column(position).cast(pa.timestamp("us", "UTC"))
            table = table.set_column(position, field.name, moments)
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.RangeIndex(at, at + len(frame))
    return frame
