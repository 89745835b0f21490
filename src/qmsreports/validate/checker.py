"""Runs checks on one frame with Great Expectations: first only yes or no, then row numbers of what failed.

This is the only module that calls the library; it is imported when there is a row to check and not before, because the
library's import costs more than checking 200,000 rows.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding, UserError
from qmsreports.validate.suite import Rule
from qmsreports.validate.wording import said, words

if TYPE_CHECKING:
    import pandas as pd

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read at import; nothing leaves this machine
for _name in ("great_expectations", "great_expectations._docs_decorators"):  # talk of its import, a line a function
    logging.getLogger(_name).setLevel(logging.WARNING)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # Spark's, of this pandas, where it is installed
    warnings.simplefilter("ignore", DeprecationWarning)  # the library's own use of old modules, not ours to mend
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.validator.v1_validator import Validator

    from qmsreports.validate import expectations

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # which the import may set anew
__all__ = ["Checker", "Outcome", "expectations"]

_SHOWN = 5
"""Values of a column that are named where the library names none."""
_LISTED = 20
"""Values that an observation lists at most."""
_OBSERVED = ("whole", "delivery")
_DETAILS = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found in one frame. ``failed`` are index labels; ``checked`` counts values that were looked at.

    ``broken`` is the library's complaint when the check itself could not run; then nothing is known about the rows.
    """

    checked: int
    failed: tuple[int, ...] = ()
    success: bool = True
    observed: str = ""
    broken: str = ""


@dataclass(slots=True)
class Checker:
    """The checks of one suite, made ready once. Keys of ``checks`` are :attr:`Rule.check`."""

    checks: Mapping[str, Rule]
    _configurations: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Let the library check every argument; :class:`UserError` names the line of what it refuses."""
        findings = []
        for check, rule in self.checks.items():
            configuration = ExpectationConfiguration(
                type=rule.type,
                kwargs=dict(rule.kwargs),
                severity=FailureSeverity(rule.severity),
                meta={"check": check},
            )
            try:
                configuration.to_domain_obj()
            except Exception as error:  # pydantic's, of whichever generation the library bundles
                findings.append(Finding(rule.where, f"{rule.type}: {_plain(error)}", "mend its arguments"))
            self._configurations[check] = configuration
        if findings:
            raise UserError(*findings)

    def run(self, frame: pd.DataFrame, checks: Sequence[str]) -> dict[str, Outcome]:
        """Run the named checks on a frame; details are asked for only where the answer is no."""
        if not checks:
            return {}
        validator = Validator(_batches(), batch_parameters={"dataframe": frame})
        outcomes: dict[str, Outcome] = {}
        again = [check for check in checks if self._wants_details(check)]
        for result in self._validate(validator, [check for check in checks if check not in again], "BOOLEAN_ONLY"):
            check = result.expectation_config.meta["check"]
            broken = _broken(result.exception_info)
            if result.success or broken:  # a broken check says nothing about the rows
                outcomes[check] = Outcome(_looked_at(frame, self.checks[check]), success=True, broken=broken)
            else:
                again.append(check)
        for result in self._validate(validator, again, _DETAILS):
            check = result.expectation_config.meta["check"]
            outcomes[check] = self._detailed(check, result, frame)
        return outcomes

    def _wants_details(self, check: str) -> bool:
        """Whether more than yes or no is wanted: an observation, or how many rows a condition picked."""
        rule = self.checks[check]
        return rule.kind.scope in _OBSERVED or bool(rule.condition)

    @staticmethod
    def release() -> None:
        """Let go of the last frame: the library keeps the batch that it looked at last."""
        import pandas as pd

        nothing = Validator(_batches(), batch_parameters={"dataframe": pd.DataFrame()})
        nothing.validate_expectation_suite(gx.ExpectationSuite(name="nothing", expectations=[]))

    def _validate(self, validator: Validator, checks: Sequence[str], result_format: Any) -> Sequence[Any]:
        """Run with the same validator for both formats: each new one hashes the whole frame again."""
        if not checks:
            return ()
        suite = gx.ExpectationSuite(name="suite", expectations=[self._configurations[check] for check in checks])
        validator.result_format = result_format
        with warnings.catch_warnings():
            # the library compares pairs of instants through an accessor that pandas is about to change
            warnings.filterwarnings("ignore", "Series.values returning an ndarray", DeprecationWarning)
            warnings.filterwarnings("ignore", "This pattern is interpreted as a regular expression", UserWarning)
            results: Sequence[Any] = validator.validate_expectation_suite(suite).results
        return results

    def _detailed(self, check: str, result: Any, frame: pd.DataFrame) -> Outcome:
        found = result.result or {}
        observed = found.get("observed_value")
        elements = found.get("element_count")  # 0 where a condition picked no row of this frame
        if self.checks[check].kind.scope == "whole" and not result.success and _nothing(observed):
            judged, observed = _unobserved(self.checks[check], frame)
            if not judged and not _broken(result.exception_info):
                return Outcome(len(frame), observed=observed)
        return Outcome(
            checked=(len(frame) if elements is None else int(elements)) - int(found.get("missing_count") or 0),
            failed=tuple(int(position) for position in found.get("unexpected_index_list") or ()),
            success=bool(result.success),
            observed=_observed(observed),
            broken=_broken(result.exception_info),
        )


def _observed(observed: object) -> str:
    """Say what a rule saw; of many values the first, for they are stored and shown with every run."""
    if isinstance(observed, list) and len(observed) > _LISTED:
        return f"{str(observed[:_LISTED])[:-1]}, and {len(observed) - _LISTED:,} more]"
    return "" if observed is None else str(observed)


def _nothing(observed: object) -> bool:
    return observed is None or observed != observed  # NaN differs from itself


def _unobserved(rule: Rule, frame: pd.DataFrame) -> tuple[bool, str]:
    """Say what a rule on a whole column saw where the library does not, and whether there was enough to judge.

    One value has no spread; that is no fault of the row.
    """
    if not rule.columns:
        return True, ""
    known = frame[rule.columns[0]].dropna()
    if known.empty:
        return True, f"{words(rule.columns[0])} is empty in all {len(frame)} rows"
    if rule.type == "expect_column_stdev_to_be_between" and len(known) < 2:
        return False, "not judged: one value has no spread"
    some = [said(value) for value in sorted(known.unique().tolist(), key=str)]
    more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
    return True, f"{words(rule.columns[0])} is {', '.join(some[:_SHOWN])}{more}"


@cache
def _batches() -> Any:
    """Return the definition of a frame as a batch; making one costs as much as checking a small table."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("staging").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("batch")


def _looked_at(frame: pd.DataFrame, rule: Rule) -> int:
    """Count the rows that a passed check looked at, as the library counts them where a check fails.

    Empty values are skipped unless emptiness is the question; of several columns, rows are as the rule ignores them.
    """
    columns = [column for column in rule.columns if column in frame]
    if rule.type.endswith("_be_null") or len(columns) != len(rule.columns) or not columns:
        return len(frame)
    if len(columns) == 1:
        return int(frame[columns[0]].count())
    ignored = str(rule.kwargs.get("ignore_row_if", "both_values_are_missing"))
    known = frame[columns].notna()
    if ignored in ("either_value_is_missing", "any_value_is_missing"):
        return int(known.all(axis=1).sum())
    return len(frame) if ignored in ("neither", "never") else int(known.any(axis=1).sum())


def _broken(info: Mapping[str, Any] | None) -> str:
    """Return the library's complaint when a check raised; it is kept flat or under the id of each metric."""
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            if "\nMemoryError" in str(entry.get("exception_traceback")):  # neither the rule nor the rows are to blame
                raise MemoryError("out of memory")
            return _plain(entry.get("exception_message") or "it gives no reason")
    return ""


def _plain(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:199] + "…"
