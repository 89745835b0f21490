"""Texts of a landed table that its rules compare with numbers.

A system without strict types gives a whole column as text as soon as one value is no number. That is no fault of the
rule: what can be read as a number is judged, and what cannot is set aside, row by row and with its value, when the
mapping gives it its canonical type.
"""

from __future__ import annotations

from pathlib import Path

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.records import StagedTable
from qmsreports.validate.evidence import MEMORY
from qmsreports.validate.suite import Rule, Suite

_BOUNDS = ("min_value", "max_value")


def with_numbers(suite: Suite, staged: StagedTable, table: Table) -> Table:
    """Read the text columns that the suite holds to numbers as numbers, in the staged file; return the table so.

    Those are bounded by numbers, or held to a set of them. A text that is no number ("twelve") is unknown afterwards,
    so that such a rule passes it over. Raises :class:`~qmsreports.errors.CouldNotRun` where the file cannot be read or
    written.
    """
    bounded = {str(rule.kwargs["column"]) for rule in suite.rules if "column" in rule.kwargs and _of_numbers(rule)}
    texts = {column.name for column in table.columns if column.type == "text" and column.name in bounded}
    if not texts:
        return table
    _rewrite(sorted(texts), staged)
    columns = tuple(
        column.model_copy(update={"type": "number"}) if column.name in texts else column for column in table.columns
    )
    return table.model_copy(update={"columns": columns})


def _of_numbers(rule: Rule) -> bool:
    values = [*(rule.kwargs.get(bound) for bound in _BOUNDS), *(rule.kwargs.get("value_set") or ())]
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None]
    return bool(numbers) and all(numbers) and not rule.type.startswith("expect_column_value_lengths")


def _rewrite(names: list[str], staged: StagedTable) -> None:
    import duckdb

    read = Path(f"{staged.path}.numbers")
    numbers = ", ".join(f"TRY_CAST({_name(name)} AS DOUBLE) AS {_name(name)}" for name in names)
    source, target = (str(path).replace("'", "''") for path in (staged.path, read))
    try:
        with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": f"{staged.path}.spill"}) as connection:
            connection.execute(
                f"COPY (SELECT * REPLACE ({numbers}) FROM read_parquet('{source}')) TO '{target}' (FORMAT parquet)"
            )
        read.replace(staged.path)
    except (duckdb.IOException, duckdb.OutOfMemoryException, MemoryError, OSError) as error:
        read.unlink(missing_ok=True)
        raise CouldNotRun(
            Finding(
                f"source {staged.source}, table {staged.table}",
                f"its rows as landed could not be read as numbers ({' '.join(str(error).splitlines()[:1])})",
                "free some disk or memory, then run again; nothing is lost",
            )
        ) from error


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
