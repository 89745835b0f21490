"""What is different from the last review: signals that came and went, definitions, targets, restated values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import current_run, ended_run, signal_words
from qmsreports.pack.model import JUDGED_ANEW, Change, DefinitionChange, Header, Restatement
from qmsreports.pack.objective import Objective
from qmsreports.period import Period


@dataclass(frozen=True, slots=True)
class _Since:
    """The period of the last review."""

    name: str
    start: date
    last_day: date


def changes(
    header: Header,
    objectives: Sequence[Objective],
    definitions: Sequence[DefinitionChange],
    restatements: Sequence[Restatement],
) -> tuple[Change, ...]:
    """Return the changes since the last review, the most important kind first; none where there was no review yet."""
    if not header.last_period:
        return ()
    since = _since(header)
    found = [change for objective in objectives for change in _new_signal(objective, since)]
    found += [change for objective in objectives for change in _ended_signal(objective, since)]
    found += [
        _definition(change)
        for change in definitions
        if since.last_day < change.effective_from < _next(header) or change.kind == JUDGED_ANEW
    ]
    found += [_restated(item) for item in restatements]
    return tuple(found)


def _since(header: Header) -> _Since:
    if header.last_start is not None and header.last_end is not None:
        return _Since(header.last_period, header.last_start, header.last_end)
    last = Period.parse(header.last_period)
    return _Since(header.last_period, last.start, last.last_day)


def _next(header: Header) -> date:
    return date.fromordinal(header.period_end.toordinal() + 1)


def _new_signal(objective: Objective, since: _Since) -> tuple[Change, ...]:
    run = current_run(objective.points)
    if run is None or objective.untested(objective.latest) or _kind_at(objective, since) == run.kind:
        return ()
    word = {"improvement": "better", "concern": "worse"}.get(run.kind, "different")
    signal = signal_words(objective.points)
    if objective.latest.provisional:
        signal = say("change.provisional", signal=signal)
    text = say(f"change.signal_new.{word}", objective=objective.title, signal=signal)
    return (Change(kind="signal_new", text=text, link=f"kpi-{objective.kpi}"),)


def _ended_signal(objective: Objective, since: _Since) -> tuple[Change, ...]:
    before = _kind_at(objective, since)
    if before in ("", "common_cause") or objective.few(objective.latest):
        return ()
    run = ended_run(objective.points)
    if run is None or run.last.start < since.start:
        return ()
    first, last = run.first.period, run.last.period
    span = (
        figures.period(last, "in")
        if first == last
        else say("period.span", first=figures.period(first), last=figures.period(last))
    )
    text = say(f"change.signal_ended.{run.kind}", objective=objective.title, span=span)
    return (Change(kind="signal_ended", text=text, link=f"kpi-{objective.kpi}"),)


def _kind_at(objective: Objective, period: _Since) -> str:
    """Return the kind of the point that was the latest at the last review; empty where there was none."""
    return next((point.kind for point in objective.points if point.period == period.name), "")


def _definition(change: DefinitionChange) -> Change:
    facts = {"objective": change.title, "before": change.before, "after": change.after}
    text = (
        say(f"change.{change.kind}.because", why=change.why.rstrip("."), **facts)
        if change.why
        else say(f"change.{change.kind}.plain", **facts)
    )
    return Change(kind=change.kind, text=text, link="changes")


def _restated(item: Restatement) -> Change:
    text = say(
        "change.restated",
        objective=item.title,
        period=figures.period(item.period),
        before=figures.quantity(item.before, item.unit),
        after=figures.quantity(item.after, item.unit),
        why=item.why,
    )
    return Change(kind="restated" if item.restated else "revised", text=text, link=f"kpi-{item.kpi}")
