"""The expectation types that a suite may use, and what each needs to know about rows.

Great Expectations' own types keep their own names and arguments, so that its documentation stays the reference; types
that only work on SQL or need all rows of an unbounded table in memory for no good reason are left out. The list is
written down here, not asked from the library, because checking a suite must not cost the library's import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["row", "unique", "whole", "delivery"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a suite may say about one expectation type.

    ``scope``: ``row`` looks at one row at a time, so batches may be checked apart; ``unique`` looks for rows that
    repeat anywhere in the delivery; ``whole`` gives one verdict on all values of its columns; ``delivery`` gives one
    verdict too but needs no rows in memory, because the evidence knows the answer.
    ``columns``: arguments that name columns. ``arguments``: the other ones allowed; ``required``: those it cannot do
    without.
    """

    scope: Scope
    columns: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


_WHERE = ("row_condition",)
_COLUMN = ("column",)
_PAIR = ("column_A", "column_B")
_ROW = ("mostly", *_WHERE)
_OTHER = ("other_table", "other_column", "other_by")
_LIMITS = ("at_least", "at_most")
_BAND = ("min_value", "max_value", "strict_min", "strict_max")


def _on_column(*arguments: str, required: tuple[str, ...] = ()) -> Kind:
    return Kind("row", _COLUMN, (*required, *arguments, *_ROW), required)


def _on_pair(*arguments: str, required: tuple[str, ...] = ()) -> Kind:
    return Kind("row", _PAIR, (*required, *arguments, "ignore_row_if", *_ROW), required)


def _on_whole_column(*arguments: str, required: tuple[str, ...] = ()) -> Kind:
    return Kind("whole", _COLUMN, (*required, *arguments, *_WHERE), required)


KINDS: dict[str, Kind] = {
    # one row at a time
    "expect_column_values_to_not_be_null": _on_column(),
    "expect_column_values_to_be_null": _on_column(),
    "expect_column_values_to_be_in_set": _on_column(required=("value_set",)),
    "expect_column_values_to_not_be_in_set": _on_column(required=("value_set",)),
    "expect_column_values_to_be_between": _on_column(*_BAND),
    "expect_column_value_lengths_to_be_between": _on_column(*_BAND),
    "expect_column_value_lengths_to_equal": _on_column(required=("value",)),
    "expect_column_values_to_match_regex": _on_column(required=("regex",)),
    "expect_column_values_to_not_match_regex": _on_column(required=("regex",)),
    "expect_column_values_to_match_regex_list": _on_column("match_on", required=("regex_list",)),
    "expect_column_values_to_not_match_regex_list": _on_column(required=("regex_list",)),
    "expect_column_pair_values_a_to_be_greater_than_b": _on_pair("or_equal"),
    "expect_column_pair_values_to_be_equal": _on_pair(),
    "expect_column_pair_values_to_be_in_set": _on_pair(required=("value_pairs_set",)),
    "expect_multicolumn_sum_to_equal": Kind(
        "row", ("column_list",), ("sum_total", "ignore_row_if", *_ROW), ("sum_total",)
    ),
    "expect_select_column_values_to_be_unique_within_record": Kind("row", ("column_list",), ("ignore_row_if", *_ROW)),
    # rows that repeat
    "expect_column_values_to_be_unique": Kind("unique", _COLUMN, ("mostly",)),
    "expect_compound_columns_to_be_unique": Kind("unique", ("column_list",), ("ignore_row_if", "mostly")),
    # one verdict on the delivery
    "expect_column_max_to_be_between": _on_whole_column(*_BAND),
    "expect_column_min_to_be_between": _on_whole_column(*_BAND),
    "expect_column_mean_to_be_between": _on_whole_column(*_BAND),
    "expect_column_median_to_be_between": _on_whole_column(*_BAND),
    "expect_column_stdev_to_be_between": _on_whole_column(*_BAND),
    "expect_column_sum_to_be_between": _on_whole_column(*_BAND),
    "expect_column_unique_value_count_to_be_between": _on_whole_column(*_BAND),
    "expect_column_proportion_of_unique_values_to_be_between": _on_whole_column(*_BAND),
    "expect_column_proportion_of_non_null_values_to_be_between": _on_whole_column(*_BAND),
    "expect_column_distinct_values_to_be_in_set": _on_whole_column(required=("value_set",)),
    "expect_column_distinct_values_to_contain_set": _on_whole_column(required=("value_set",)),
    "expect_column_distinct_values_to_equal_set": _on_whole_column(required=("value_set",)),
    "expect_column_most_common_value_to_be_in_set": _on_whole_column("ties_okay", required=("value_set",)),
    "expect_table_row_count_to_be_between": Kind("whole", (), ("min_value", "max_value", *_WHERE)),
    # our own (expectations.py)
    "expect_column_values_to_exist_in_table": _on_column(required=("other_table", "other_column")),
    "expect_column_values_to_be_no_later_than_run": _on_column("slack_minutes"),
    "expect_column_newest_to_be_recent": Kind("delivery", _COLUMN, ("days",), ("days",)),
    "expect_column_volume_to_match_history": Kind(
        "delivery", _COLUMN, ("weeks", "at_least", "at_most", "season", "loss"), ("weeks", "at_least", "at_most")
    ),
    "expect_column_weekdays_to_match_history": Kind(
        "delivery",
        _COLUMN,
        ("weeks", "at_least", "at_most", "from_rows"),
        ("weeks", "at_least", "at_most", "from_rows"),
    ),
    "expect_column_categories_to_match_history": Kind(
        "delivery", ("column", "by"), ("days", "stretches", "at_most"), ("days", "stretches", "at_most")
    ),
    "expect_column_total_to_reconcile": Kind(
        "delivery",
        ("column", "by"),
        (*_OTHER, "days", *_LIMITS, "from_rows", "where", "other_where"),
        (*_OTHER, "days", *_LIMITS),
    ),
    "expect_column_days_to_cover_other_table": Kind(
        "delivery",
        _COLUMN,
        ("other_table", "other_by", "days", "from_rows", "other_where"),
        ("other_table", "other_by", "days", "from_rows"),
    ),
    "expect_table_not_to_shrink": Kind("delivery", (), ("share", "from_rows"), ("share", "from_rows")),
    "expect_table_rejects_to_be_few": Kind("delivery", (), ("share", "from_rows"), ("share", "from_rows")),
}
"""Every expectation type by name."""

NEWEST = "expect_column_newest_to_be_recent"
"""The type that a table is held to also when nothing new came."""

CODES = "expect_column_values_to_be_in_set"
"""The type that holds a column to its codes; where a suite has it, mappings let other codes pass to it."""

LINK = "expect_column_values_to_exist_in_table"
"""The type that looks into another canonical table; its ``other_table`` has to be published first."""

AS_LANDED = {
    name: kind
    for name, kind in KINDS.items()
    if kind.scope != "delivery" and name not in (LINK, "expect_column_values_to_be_no_later_than_run")
}
"""The types for a feed as it was received: those that ask nothing of what was published, nor of the clock."""
