"""The sheets of numbers: every objective, each of its periods, its parts in the period under review."""

from __future__ import annotations

from collections.abc import Sequence

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.appendix.cells import Cell, Measure, Sheet, sheet, words
from qmsreports.pack.finding import reservations, reservations_of
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Slice


def objectives(pack: PackModel) -> Sheet:
    """Return every objective with its value in the period."""
    head = ("objective", "kpi", "clauses", "unit", "value", "low", "high", "n", "target", "near", "better", "status")
    more = ("variation", "meets_target", "provisional", "restated", "definition", "owner", "finding", "reservations")
    comment = ("comment_cause", "comment_action", "comment_by", "commented_by", "commented_on")
    widths = (38, 28, 20, 10, 11, 11, 11, 9, 11, 11, 9, 14, 18, 14, 11, 9, 10, 22, 60, 60, 50, 40, 12, 18, 12)
    return sheet("objectives", (*head, *more, *comment), widths, map(_objective, pack.objectives))


def _objective(found: Objective) -> Sequence[Cell]:
    latest, unit, said = found.latest, found.unit, found.comment
    return (
        found.title,
        found.kpi,
        ", ".join(found.feeds),
        figures.unit_word(unit),
        *_measures(latest, unit),
        latest.n,
        Measure(latest.target, unit),
        Measure(latest.near, unit),
        words(found.better),
        words(latest.standing),
        _variation(found, found),
        words(found.assurance),
        latest.provisional,
        latest.restated,
        found.version,
        figures.role(found.owner),
        found.finding,
        " ".join(reservations(found)),
        *((said.cause, said.action, said.by, said.author, said.on) if said else (None,) * 5),
    )


def _variation(found: Objective, one: Objective | Slice) -> str | None:
    if one.latest.value is None:
        return None
    untested = found.untested(one.latest)
    return say(f"variation.untested.{untested}") if untested else words(one.variation)


_POINT = ("value", "low", "high", "n", "numerator", "denominator", "target", "status", "provisional", "restated")
_POINT_WIDTHS = (11, 11, 11, 9, 13, 13, 11, 14, 11, 9)


def values(pack: PackModel) -> Sheet:
    """Return every objective in every period."""
    head = ("objective", "kpi", "period", "first_day", "unit", *_POINT, "definition", "mean", "lower", "upper")
    widths = (38, 28, 10, 11, 10, *_POINT_WIDTHS, 10, 11, 11, 11, 18, 16)
    rows = (_point(objective, point) for objective in pack.objectives for point in objective.points)
    return sheet("values", (*head, "signal", "kind"), widths, rows)


def _point(found: Objective, point: Point) -> Sequence[Cell]:
    unit = found.unit
    return (
        found.title,
        found.kpi,
        point.period,
        point.start,
        figures.unit_word(unit),
        *_counted(point, unit),
        point.version,
        Measure(point.mean, unit),
        Measure(point.lower, unit),
        Measure(point.upper, unit),
        words(point.signal),
        words(point.kind),
    )


def slices(pack: PackModel) -> Sheet:
    """Return every part of every objective in the period."""
    head = ("objective", "kpi", "by", "part", "period", "unit", *_POINT, "variation", "reservations")
    rows = [
        (
            found.title,
            found.kpi,
            ", ".join(figures.dimension(name) for name in part.dimension.split(", ")),
            part.title,
            part.latest.period,
            figures.unit_word(found.unit),
            *_counted(part.latest, found.unit),
            _variation(found, part),
            " ".join(reservations_of(found, part)),
        )
        for found in pack.objectives
        for part in (*found.slices, *found.combined)
    ]
    return sheet("parts", head, (38, 28, 16, 24, 10, 10, *_POINT_WIDTHS, 18, 50), rows)


def _measures(point: Point, unit: str) -> tuple[Cell, ...]:
    return Measure(point.value, unit), Measure(point.low, unit), Measure(point.high, unit)


def _counted(point: Point, unit: str) -> tuple[Cell, ...]:
    return (
        *_measures(point, unit),
        point.n,
        point.numerator,
        point.denominator,
        Measure(point.target, unit),
        words(point.standing),
        point.provisional,
        point.restated,
    )
