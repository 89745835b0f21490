"""Sets rows aside: each leaves with its key, the rule it broke and a sentence, and the others go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.records import QuarantinedRow, Readmitted, StagedTable
from qmsreports.validate.frames import BATCH_ROWS
from qmsreports.validate.suite import Rule
from qmsreports.validate.wording import said, sentence

if TYPE_CHECKING:
    import pyarrow as pa

Broken = Mapping[int, Sequence[Rule]]
"""Position in the staged file to the rules that its row breaks."""

MAPPING = "mapping"
"""Rule name of rows that the mapping refused; no suite may use it."""


def mapping_refused(staged: StagedTable, table: Table) -> tuple[QuarantinedRow, ...]:
    """Return the rows that the mapping itself refused, with its reason."""
    if not staged.rejects or not staged.rejected:
        return ()
    import pyarrow.parquet as pq

    rows = []
    for row in pq.read_table(staged.rejects).to_pylist():
        reason = str(row.pop("_reject", None) or "the mapping refused the row and gave no reason")
        rows.append(_quarantined(row, MAPPING, _closed(reason), staged, table))
    if len(rows) != staged.rejected:
        raise AssertionError(f"{staged.rejects} holds {len(rows)} rows, {staged.rejected} were announced")
    return tuple(rows)


def set_aside(
    broken: Broken, staged: StagedTable, table: Table, out: Path
) -> tuple[str, int, tuple[QuarantinedRow, ...]]:
    """Write the rows that break nothing to a file in ``out``; return its path, their number and the rows set aside.

    The file appears under its name only when it is complete. Where every row passes, the staged file is returned.
    """
    if not broken:
        return staged.path, staged.rows, ()
    path = out / f"{staged.source}.{staged.table}.passed.parquet"
    unfinished = path.with_suffix(".unfinished")
    try:
        out.mkdir(parents=True, exist_ok=True)
        passed, rows = _split(broken, staged, table, unfinished)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        why = error.strerror or " ".join(str(error).split())
        todo = "free some disk or mend the permissions, then run again; nothing is lost"
        raise CouldNotRun(Finding(str(out), f"the rows that passed cannot be written ({why})", todo)) from error
    return str(path), passed, rows


def let_in(broken: Broken, staged: StagedTable, table: Table, readmitted: Collection[Readmitted]) -> frozenset[int]:
    """Return the positions of broken rows that a person readmitted: the same content, kept out for the same reasons.

    A row whose key is empty or repeats never enters, whoever says so: a canonical table has one row for each key.
    """
    if not broken or not readmitted:
        return frozenset()
    import pyarrow as pa
    import pyarrow.parquet as pq

    granted = {(one.content, one.reason) for one in readmitted if one.content}
    found = set()
    with pq.ParquetFile(staged.path) as file:
        for at, batch in _batches(file):
            places = _within(broken, at, batch.num_rows)
            taken = batch.take(pa.array([place - at for place in places], pa.int64())).to_pylist()
            for place, row in zip(places, taken, strict=True):
                rules = broken[place]
                if any(rule.kind.scope == "unique" and set(rule.columns) <= set(table.key) for rule in rules):
                    continue
                if (row.get("_row"), _reason(rules, table, row)) in granted and _key(row, table):
                    found.add(place)
    return frozenset(found)


def _reason(rules: Sequence[Rule], table: Table, row: Mapping[str, Any]) -> str:
    return " ".join(dict.fromkeys(sentence(rule, table, row) for rule in rules))


def _split(broken: Broken, staged: StagedTable, table: Table, target: Path) -> tuple[int, tuple[QuarantinedRow, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    passed = 0
    rows: list[QuarantinedRow] = []
    with pq.ParquetFile(staged.path) as file, pq.ParquetWriter(target, file.schema_arrow) as writer:
        for at, batch in _batches(file):
            bad = [position - at for position in _within(broken, at, batch.num_rows)]
            good = [True] * batch.num_rows
            for index in bad:
                good[index] = False
            kept = batch.filter(pa.array(good, pa.bool_()))
            writer.write_batch(kept)
            passed += kept.num_rows
            for index, row in zip(bad, batch.take(pa.array(bad, pa.int64())).to_pylist(), strict=True):
                rules = broken[at + index]
                rows.append(_quarantined(row, rules[0].identity, _reason(rules, table, row), staged, table))
    return passed, tuple(rows)


def reasons_at(wanted: Broken, staged: StagedTable, table: Table) -> dict[tuple[int, str], str]:
    """Return ``key: sentence`` for some positions and rules, by position and :attr:`Rule.check`."""
    if not wanted:
        return {}
    import pyarrow as pa
    import pyarrow.parquet as pq

    said_at: dict[tuple[int, str], str] = {}
    with pq.ParquetFile(staged.path) as file:
        last = max(wanted)
        for at, batch in takewhile(lambda found: found[0] <= last, _batches(file)):
            places = _within(wanted, at, batch.num_rows)
            taken = batch.take(pa.array([place - at for place in places], pa.int64())).to_pylist()
            for place, row in zip(places, taken, strict=True):
                for rule in wanted[place]:
                    said_at[place, rule.check] = f"{_key(row, table) or 'no key'}: {sentence(rule, table, row)}"
    return said_at


def _batches(file: Any) -> Iterator[tuple[int, pa.RecordBatch]]:
    at = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        yield at, batch
        at += batch.num_rows


def _within(places: Broken, at: int, rows: int) -> list[int]:
    return sorted(place for place in places if at <= place < at + rows)


def _quarantined(row: dict[str, Any], rule: str, reason: str, staged: StagedTable, table: Table) -> QuarantinedRow:
    return QuarantinedRow(
        source=staged.source,
        table=staged.table,
        key=_key(row, table),
        row={name: _plain(value) for name, value in row.items()},
        rule=rule,
        reason=reason,
        load_id=str(row.get("_load") or (staged.load_ids[-1] if staged.load_ids else "")),
    )


def _key(row: Mapping[str, Any], table: Table) -> str:
    """Join the key columns by ``|``; empty where any of them is."""
    values = [row.get(name) for name in table.key]
    return "" if any(value is None for value in values) else "|".join(_text(value) for value in values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else said(value)


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold; instants in UTC with a Z, so that readmission reads them back unchanged."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
        return moment.replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and value != value:
        return None
    return value


def _closed(reason: str) -> str:
    text = reason.strip()
    return text if text.endswith((".", "!", "?")) else text + "."
