"""What is different from the last review: signals that came and went, definitions, targets, restated values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

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
    then: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Change, ...]:
    """Return the changes since the last review, the most important kind first; none where there was no review yet.

    ``then`` is the variation of each KPI as it was analysed up to the period of that review.
    """
    if not header.last_period:
        return ()
    since = _since(header)
    found = [change for objective in objectives for change in _new_signal(objective, since, then)]
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


def _new_signal(objective: Objective, since: _Since, then: Mapping[str, str]) -> tuple[Change, ...]:
    """Tell a signal that the last review did not see, or that began anew after it.

    A run, a trend and two of three mark all their points once they are complete. The point of the last review may
    carry the mark today, although nothing was marked when that review looked at it.
    """
    run = current_run(objective.points)
    if run is None or objective.untested(objective.latest):
        return ()
    if run.first.start <= since.start and _seen(objective, since, then) == run.kind:
        return ()
    word = {"improvement": "better", "concern": "worse"}.get(run.kind, "different")
    signal = signal_words(objective.points)
    if objective.latest.provisional:
        signal = say("change.provisional", signal=signal)
    text = say(f"change.signal_new.{word}", objective=objective.title, signal=signal)
    return (Change(kind="signal_new", text=text, link=f"kpi-{objective.kpi}"),)


def _ended_signal(objective: Objective, since: _Since) -> tuple[Change, ...]:
    """Tell a signal that is over and was there at the last review, or came and went since."""
    if objective.few(objective.latest):
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


def _seen(objective: Objective, since: _Since, then: Mapping[str, str]) -> str:
    """Return the kind of signal that the last review saw in its latest point; empty where there was no such point.

    Where nobody analysed the series for that review, it is what the point carries today.
    """
    point = next((point for point in objective.points if point.period == since.name), None)
    if point is None or point.few:
        return ""
    variation = then.get(objective.kpi)
    if variation is None:
        return point.kind
    return variation if variation.startswith(("neutral", "common")) else variation.partition("_")[0]


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
