"""Rules that Great Expectations lacks, as expectations of its own kind; importing this module imports the library.

Each is used in a suite by its snake-case name (``expect_column_values_to_exist_in_table``) like any built-in type.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from qmsreports.validate import judging
from qmsreports.validate.evidence import evidence
from qmsreports.validate.frames import BATCH_ROWS

_QUOTED = re.compile(r'"[^"]*"|\d+')
_REASONS = 10_000
"""Kinds of reasons of refused rows that are told apart."""
_ANYWHERE = timedelta(hours=14)
"""A day begins up to 14 hours before it does in UTC: a date may be today's anywhere on Earth."""


class ColumnValuesExistInTable(ColumnMapMetricProvider):
    """Whether a value is among those of a column of another canonical table."""

    condition_metric_name = "column_values.exist_in_table"
    condition_value_keys = ("other_table", "other_column")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(self, column: Any, other_table: str, other_column: str, **_others: Any) -> Any:
        unknown = evidence().unknown(column.name, other_table, other_column)
        return ~column.isin(list(unknown))


class ExpectColumnValuesToExistInTable(ColumnMapExpectation):
    """Expect every value to be a value of ``other_column`` in the published canonical table ``other_table``.

    A table may name itself; then the rows of this delivery count as well. Empty values pass.
    """

    other_table: str
    other_column: str

    map_metric = "column_values.exist_in_table"
    success_keys: ClassVar[tuple[str, ...]] = ("other_table", "other_column", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "other_table", "other_column")


class ColumnValuesNoLaterThanRun(ColumnMapMetricProvider):
    """Whether a day or instant has come when the run looks at it."""

    condition_metric_name = "column_values.no_later_than_run"
    condition_value_keys = ("slack_minutes",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(self, column: Any, slack_minutes: float = 0, **_others: Any) -> Any:
        now = evidence()
        declared = now.table.column(column.name)
        if declared is not None and declared.type == "date":
            return column <= datetime.combine((now.as_of + _ANYWHERE).date(), time(), now.as_of.tzinfo)
        return column <= now.as_of + timedelta(minutes=slack_minutes or 0)


class ExpectColumnValuesToBeNoLaterThanRun(ColumnMapExpectation):
    """Expect every day or instant to be no later than the run's ``as_of``, with ``slack_minutes`` for a source's clock.

    A date passes when it is today's date anywhere on Earth, because a run in UTC may see tomorrow's from Auckland.
    """

    slack_minutes: float = 0

    map_metric = "column_values.no_later_than_run"
    success_keys: ClassVar[tuple[str, ...]] = ("slack_minutes", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "slack_minutes")


class _DeliveryExpectation(BatchExpectation):
    """One verdict on the delivery, taken from the evidence and not from the rows of a batch."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del metrics, runtime_configuration, execution_engine
        success, observed = self._judge()
        return {"success": success, "result": {"observed_value": observed}}

    def _judge(self) -> tuple[bool, str]:
        """Return whether it holds, and what was seen, in words."""
        raise NotImplementedError


class ExpectColumnNewestToBeRecent(_DeliveryExpectation):
    """Expect the newest value of a date or instant column, new and published rows together, to be at most ``days``
    old when the run looks.
    """

    column: str
    days: float

    success_keys: ClassVar[tuple[str, ...]] = ("column", "days")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "days")

    def _judge(self) -> tuple[bool, str]:
        return judging.newest(evidence(), self.column, self.days)


class ExpectColumnVolumeToMatchHistory(_DeliveryExpectation):
    """Expect the rows of the last seven days to lie between ``at_least`` and ``at_most`` times the median of the
    ``weeks`` before, with ``season`` as far as the same weeks of last year were busier, and no share of more than
    ``loss`` to be missing; see :func:`judging.volume`.
    """

    column: str
    weeks: int
    at_least: float
    at_most: float
    season: bool = False
    loss: float | None = None

    success_keys: ClassVar[tuple[str, ...]] = ("column", "weeks", "at_least", "at_most", "season", "loss")
    args_keys: ClassVar[tuple[str, ...]] = success_keys

    def _judge(self) -> tuple[bool, str]:
        return judging.volume(
            evidence(),
            self.column,
            self.weeks,
            self.at_least,
            self.at_most,
            season=bool(self.season),
            loss=self.loss,
        )


class ExpectColumnWeekdaysToMatchHistory(_DeliveryExpectation):
    """Expect each of the last seven days to have as many rows as its weekday usually has; see
    :func:`judging.weekdays`.
    """

    column: str
    weeks: int
    at_least: float
    at_most: float
    from_rows: int

    success_keys: ClassVar[tuple[str, ...]] = ("column", "weeks", "at_least", "at_most", "from_rows")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "weeks", "at_least", "at_most", "from_rows")

    def _judge(self) -> tuple[bool, str]:
        return judging.weekdays(evidence(), self.column, self.weeks, self.at_least, self.at_most, self.from_rows)


class ExpectColumnCategoriesToMatchHistory(_DeliveryExpectation):
    """Expect the mix of a column's values in the last ``days`` to be that of the stretches before; see
    :func:`judging.categories`.
    """

    column: str
    by: str
    days: int
    stretches: int
    at_most: float

    success_keys: ClassVar[tuple[str, ...]] = ("column", "by", "days", "stretches", "at_most")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "by", "days", "stretches", "at_most")

    def _judge(self) -> tuple[bool, str]:
        return judging.categories(evidence(), self.column, self.by, self.days, self.stretches, self.at_most)


class ExpectColumnTotalToReconcile(_DeliveryExpectation):
    """Expect a column's sum over the last ``days`` to lie between ``at_least`` and ``at_most`` times the sum of a
    column of another table over the same days; see :func:`judging.totals`.
    """

    column: str
    by: str
    other_table: str
    other_column: str
    other_by: str
    days: int
    at_least: float
    at_most: float
    from_rows: int = 1
    where: dict[str, list[str]] = {}  # noqa: RUF012 - a field of the library's model, copied for each of them
    other_where: dict[str, list[str]] = {}  # noqa: RUF012

    success_keys: ClassVar[tuple[str, ...]] = ("column", "other_table", "other_column", "days", "at_least", "at_most")
    args_keys: ClassVar[tuple[str, ...]] = success_keys

    def _judge(self) -> tuple[bool, str]:
        return judging.totals(
            evidence(),
            self.column,
            self.by,
            (self.other_table, self.other_column, self.other_by),
            days=self.days,
            at_least=self.at_least,
            at_most=self.at_most,
            from_rows=self.from_rows,
            where=self.where or {},
            other_where=self.other_where or {},
        )


class ExpectColumnDaysToCoverOtherTable(_DeliveryExpectation):
    """Expect a row on each of the last ``days`` on which another table has at least ``from_rows`` rows; see
    :func:`judging.days_covered`.
    """

    column: str
    other_table: str
    other_by: str
    days: int
    from_rows: int
    other_where: dict[str, list[str]] = {}  # noqa: RUF012

    success_keys: ClassVar[tuple[str, ...]] = ("column", "other_table", "other_by", "days", "from_rows")
    args_keys: ClassVar[tuple[str, ...]] = success_keys

    def _judge(self) -> tuple[bool, str]:
        return judging.days_covered(
            evidence(),
            self.column,
            (self.other_table, self.other_by),
            days=self.days,
            from_rows=self.from_rows,
            where=self.other_where or {},
        )


class ExpectTableNotToShrink(_DeliveryExpectation):
    """Expect at most ``share`` of the published rows, if at least ``from_rows`` of them, to have vanished at the
    source: a system that answers an unprivileged or expired session with no rows and no error looks like a deletion.
    """

    share: float
    from_rows: int

    success_keys: ClassVar[tuple[str, ...]] = ("share", "from_rows")
    args_keys: ClassVar[tuple[str, ...]] = ("share", "from_rows")

    def _judge(self) -> tuple[bool, str]:
        now = evidence()
        gone, before = now.vanished_rows, now.published_rows
        return (
            gone < self.from_rows or gone <= before * self.share,
            f"{gone} of {before} published rows are gone at the source",
        )


class ExpectTableRejectsToBeFew(_DeliveryExpectation):
    """Expect the mapping to have refused at most ``share`` of the delivered rows, if at least ``from_rows`` of them:
    when half of the codes are unknown it is the mapping that is wrong, not the rows.
    """

    share: float
    from_rows: int

    success_keys: ClassVar[tuple[str, ...]] = ("share", "from_rows")
    args_keys: ClassVar[tuple[str, ...]] = ("share", "from_rows")

    def _judge(self) -> tuple[bool, str]:
        staged = evidence().staged
        rows = staged.rows + staged.rejected
        return (
            staged.rejected < self.from_rows or staged.rejected <= rows * self.share,
            f"the mapping refused {staged.rejected} of {rows} rows{_most_often(staged.rejects)}",
        )


def _most_often(rejects: str) -> str:
    """Return what the mapping said most often, by the first row it said it of; rows differ in the values they quote."""
    if not rejects:
        return ""
    import pyarrow.parquet as pq

    said: Counter[str] = Counter()
    first: dict[str, str] = {}
    with pq.ParquetFile(rejects) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["_reject"]):
            for reason in filter(None, batch.column(0).to_pylist()):
                alike = _QUOTED.sub("", str(reason))
                if alike in said or len(said) < _REASONS:  # each row has one of its own where a value stands unquoted
                    first.setdefault(alike, str(reason))
                    said[alike] += 1
    if not said:
        return ""
    ((most, rows),) = said.most_common(1)
    return f", {rows} of them like this: {first[most].rstrip('.')}"
