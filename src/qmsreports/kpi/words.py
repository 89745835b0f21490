"""The rule of a KPI in words, from its plan: what a person can check against what was agreed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from qmsreports.fiscal import CALENDAR
from qmsreports.kpi.figures import extremes
from qmsreports.kpi.moments import by_rows
from qmsreports.kpi.plan import (
    Additive,
    ByRow,
    Chosen,
    ColumnRef,
    Composed,
    Level,
    Plan,
    Quotient,
    Rolling,
    Span,
    Spread,
    Step,
    Tally,
    Test,
    Value,
)

_OPERATORS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "at_most": "is at most",
    "at_least": "is at least",
    "above": "is above",
    "below": "is below",
}
_UNFINISHED = {
    "leave_out": "cases without an end are left out",
    "count_until_period_end": "cases not ended by the end of the period count with their age at that moment",
    "censor": "cases not ended by the end of the period count as at least that long (Kaplan-Meier)",
    None: "",
}
_OPPOSITES = {
    "is": "is_not",
    "is_not": "is",
    "in": "not_in",
    "not_in": "in",
    "at_most": "above",
    "at_least": "below",
    "above": "at_most",
    "below": "at_least",
}
_SIGNS = {"add": " + ", "subtract": " - ", "multiply": " x ", "divide": " / "}


def rule_of(plan: Plan) -> tuple[str, ...]:
    """Return the rule as sentences without full stops, in the order in which it is applied."""
    return (*_rule(plan), *_interval(plan))


def _interval(plan: Plan) -> tuple[str, ...]:
    """Return what the interval is and what it takes for granted, where the kind alone does not say it."""
    body = plan.body
    if plan.resampled:
        return ("95 % interval = bootstrap of the mean (BCa) of 5 to 300 rows",)
    if isinstance(body, Spread) and body.unfinished == "censor":
        band = "where Greenwood's bands of the curve, on the scale ln(-ln), cross the share (Brookmeyer-Crowley)"
        return (f"95 % interval = {band}; no upper end where the band does not fall so far",)
    if by_rows(plan):
        several = isinstance(body, Additive) and len(body.quotients) > 1
        what, whose = ("product", "all factors") if several else ("ratio", "both parts")
        rows = f"from the rows behind {whose} together, each row independent of the others"
        return (f"95 % interval = delta method on the logarithm of the {what}, {rows}",)
    if not isinstance(body, Composed):
        return ()
    if extremes(body.root):
        return ("no 95 % interval: which slice is the highest or lowest is itself decided by chance",)
    apart = "as squares, or plainly where they read the same table and may err together"
    return (f"95 % interval = errors of the KPIs that it reads added {apart}; none where one of them has none",)


def _rule(plan: Plan) -> tuple[str, ...]:
    body = plan.body
    covers = _covers(plan.window)
    if isinstance(body, Additive):
        return (*_of_sums(body, covers), f"value = {_value(body.quotients, body.scale)}")
    if isinstance(body, Level):
        return (
            f"rows of {body.table}{_where(body.where)}",
            f"counted when {body.start.name} lies before the end of the period",
            f"and {body.to.name} is empty or not before it",
        )
    if isinstance(body, Spread):
        return _of_spread(body, covers)
    if isinstance(body, Chosen):
        return (
            f"rows of {body.table} whose {body.clock.name} lies in {covers}{_where(body.where)}",
            f"of each {body.key.name} the {body.keep} one; rows without {body.key.name} are left out",
            *(f"{tally.name} = {_counted(tally, frozenset())}" for tally in body.tallies),
            f"value = {_value(body.quotients, body.scale)}",
        )
    return (f"value = {_formula(body.root)}, of the same period and slice",)


def condition(test: Test) -> str:
    """Return one condition in words: ``delivered_on is at most promised_on``."""
    if isinstance(test.left, Span):
        assert not isinstance(test.right, ColumnRef)  # a length is compared with one
        return f"{time_of(test.left)} {_OPERATORS[test.operator]} {_length(test.left, test.right[0])}"
    if test.operator == "known":
        return f"{test.left.name} is {'known' if test.right == (True,) else 'not known'}"
    return f"{test.left.name} {_OPERATORS[_plain(test)]} {_right(test)}"


def unmet(test: Test) -> str:
    """Return in words what holds of a row that does not meet a condition: ``status is cancelled, or is not known``."""
    if test.operator == "known":
        return condition(replace(test, right=(test.right != (True,),)))
    opposite = _OPERATORS[_OPPOSITES[_plain(test)]]
    if isinstance(test.left, Span):
        assert not isinstance(test.right, ColumnRef)  # a length is compared with one
        return f"{time_of(test.left)} {opposite} {_length(test.left, test.right[0])}, or is not known"
    either = " or one of the two is not known" if isinstance(test.right, ColumnRef) else ", or is not known"
    return f"{test.left.name} {opposite} {_right(test)}{either}"


def _plain(test: Test) -> str:
    """Return the operator; of a list of one value that of the value."""
    one = not isinstance(test.right, ColumnRef) and len(test.right) == 1
    return {"in": "is", "not_in": "is_not"}.get(test.operator, test.operator) if one else test.operator


def _right(test: Test) -> str:
    if isinstance(test.right, ColumnRef):
        return test.right.name
    return ", ".join(_literal(value) for value in test.right)


def time_of(span: Span) -> str:
    """Return a length of time in words: ``time from opened_at to first_reply_at within the hours of support_desk``."""
    what = "calendar days" if span.whole_days else "time"
    within = f" within the hours of {_hours(span.calendar)}" if span.calendar else ""
    less = ""
    if span.pause is not None:
        states = " or ".join(span.pause.values)
        less = f", less the time in which {span.pause.status.name} of {span.pause.table} is {states}"
    return f"{what} from {span.start.name} to {span.to.name}{within}{less}"


def _hours(calendar: str | ByRow) -> str:
    """Return whose hours count: ``support_desk``, or of a row ``the calendar of its site (linz: desk_linz, ...)``."""
    if isinstance(calendar, str):
        return calendar
    pairs = [f"{value}: {name}" if value != name else name for value, name in calendar.of]
    rest = calendar.otherwise
    pairs.append(f"otherwise {rest}" if rest is not None else "other rows have no length")
    return f"the calendar of its {calendar.by.name} ({', '.join(pairs)})"


def _length(span: Span, seconds: Value) -> str:
    assert isinstance(seconds, int | float)
    days = span.calendar is None and (span.whole_days or not seconds % 86400)
    unit, size = ("day", 86400) if days else ("hour", 3600) if not seconds % 3600 else ("minute", 60)
    return f"{seconds / size:g} {unit}{'' if seconds == size else 's'}"


def shared(tallies: Iterable[Tally]) -> tuple[Test, ...]:
    """Return the conditions that all these tallies begin with: the population's."""
    lists = [tally.where for tally in tallies]
    common: list[Test] = []
    for tests in zip(*lists, strict=False):
        if any(test != tests[0] for test in tests):
            break
        common.append(tests[0])
    return tuple(common)


def sources(body: Additive) -> dict[tuple[str, ColumnRef], list[Tally]]:
    """Return the tallies by the table and clock whose rows they count."""
    found: dict[tuple[str, ColumnRef], list[Tally]] = {}
    for tally in body.tallies:
        found.setdefault((tally.table, tally.clock), []).append(tally)
    return found


def _of_sums(body: Additive, covers: str) -> list[str]:
    lines = []
    for (table, clock), tallies in sources(body).items():
        common = shared(tallies)
        lines.append(f"rows of {table} whose {clock.name} lies in {covers}{_where(common)}")
        lines += [f"{tally.name} = {_counted(tally, frozenset(common))}" for tally in tallies]
    return lines


def _of_spread(body: Spread, covers: str) -> tuple[str, ...]:
    rows = f"rows of {body.table} whose {body.clock.name} lies in {covers}{_where(body.where)}"
    statistic = (
        "mean" if body.share is None else "median" if body.share == 0.5 else f"{body.share * 100:g}th percentile"
    )
    if not isinstance(body.of, Span):
        return (rows, f"value = {statistic} of {body.of.name} where it is known")
    return (rows, f"value = {statistic} of the {time_of(body.of)}", _UNFINISHED[body.unfinished])


def _covers(window: Rolling | None) -> str:
    if window is None:
        return "the period"
    if window.last == 0:
        kind = "half-year" if window.kind == "half" else window.kind
        whose = "calendar " if window.calendar else "" if window.of == CALENDAR else "fiscal "
        return f"the {whose}{kind} up to the end of the period"
    return f"the last {window.last} {window.kind}s up to the end of the period"


def _where(tests: Iterable[Test]) -> str:
    words = [condition(test) for test in dict.fromkeys(tests)]
    return f", where {' and '.join(words)}" if words else ""


def _counted(tally: Tally, common: frozenset[Test]) -> str:
    own = [test for test in tally.where if test not in common]
    of = tally.of.name if tally.of is not None else ""
    what = {
        "rows": "rows",
        "sum": f"sum of {of}",
        "known": f"rows with {of} known",
        "squares": f"sum of squares of {of}",
    }
    return what[tally.aggregate] + _where(own)


def _value(quotients: tuple[Quotient, ...], scale: float) -> str:
    factors = [] if scale == 1.0 else [f"{scale:,.10g}"]
    return " x ".join(factors + [_quotient(entry, bool(factors) or len(quotients) > 1) for entry in quotients])


def _quotient(entry: Quotient, inside: bool) -> str:
    above = " + ".join(entry.plus) + "".join(f" - {name}" for name in entry.minus)
    if len(entry.plus) + len(entry.minus) > 1 and (inside or entry.over):
        above = f"({above})"
    return above if entry.over is None else f"{above} / {entry.over}"


def _formula(step: Step) -> str:
    if step.operator == "kpi":
        return step.kpi
    if step.operator in ("highest", "lowest"):
        few = f" with at least {step.at_least} rows" if step.at_least > 1 else ""
        return f"{step.operator} {step.kpi} of all {step.over} values{few}"
    if step.operator == "number":
        return f"{step.number:g}"
    return "(" + _SIGNS[step.operator].join(_formula(operand) for operand in step.steps) + ")"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
