"""Less of a whole column by which a rule comes out the same: the library takes a column into one frame.

Five million different texts are 1.9 GB in it. What a rule counts are values, so they may be numbers instead; what it
looks for are different values, and of more than a batch holds those that matter decide.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.lake import literal, quoted
from qmsreports.records import StagedTable
from qmsreports.validate.frames import BATCH_ROWS

if TYPE_CHECKING:
    from qmsreports.validate.evidence import Evidence
    from qmsreports.validate.suite import Rule

_COUNTED = (
    "expect_column_unique_value_count_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_proportion_of_non_null_values_to_be_between",
)
_SETS = (
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
)
_MODES = "expect_column_most_common_value_to_be_in_set"
_ROWS = "expect_table_row_count_to_be_between"


def narrowed(rule: Rule, column: str, staged: StagedTable, evidence: Evidence) -> str:
    """Return a file with the ``column`` of a rule, and as few values in it as decide it; the staged one without a gain.

    A rule with a row condition is left alone: which rows it is about only the library knows.
    """
    name = quoted(column)
    known = f"SELECT DISTINCT {name} FROM staged WHERE {name} IS NOT NULL"
    if rule.condition:
        return staged.path
    if rule.type == _ROWS:
        read = f"SELECT 1 AS {name} FROM staged"
    elif rule.type in _COUNTED:  # a number for each value: as many different ones, as many empty
        read = f"""SELECT n AS {name} FROM staged s
            LEFT JOIN (SELECT {name} AS value, row_number() OVER () AS n FROM ({known})) v ON s.{name} = v.value"""
    elif rule.type in _SETS:  # those of the set first: what is beyond a batch can only be others than these
        listed = ", ".join(literal(str(value)) for value in rule.kwargs["value_set"])
        read = f"{known} ORDER BY CAST({name} AS VARCHAR) IN ({listed}) DESC, {name} LIMIT {BATCH_ROWS}"
    elif rule.type == _MODES:
        counted = f"SELECT {name}, count(*) AS n FROM staged WHERE {name} IS NOT NULL GROUP BY {name}"
        read = f"""WITH counted AS ({counted}) SELECT {name} FROM counted WHERE n = (SELECT max(n) FROM counted)
            ORDER BY {name} LIMIT {BATCH_ROWS}"""
    else:
        return staged.path
    path = Path(staged.path).with_suffix(".narrowed.parquet")
    evidence.ask(f"COPY ({read}) TO {literal(str(path))} (FORMAT parquet)")
    return str(path)
