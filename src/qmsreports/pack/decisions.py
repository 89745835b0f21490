"""What needs a decision, in the order in which it should be talked about.

First objectives that cannot be met as the process stands, then concerns that are signals, then years, half-years and
quarters that missed their target before there are enough of them for either judgement, and durations with a target
that have no value because too many cases are still open, then what is owed (overdue actions), then what is missing,
then feeds that failed. A plain miss inside the limits is noise and asks for nothing, and so does a value that no rule
may judge: of too few cases, or of a period that is not over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

from qmsreports.language import say
from qmsreports.language.recorded import again
from qmsreports.pack import figures
from qmsreports.pack.finding import (
    current_run,
    limits_sentence,
    not_reached_sentence,
    noun,
    reservations,
    signal_words,
    value_sentence,
)
from qmsreports.pack.model import Action, Decision, Feed, LedgerRow, SourceQuality
from qmsreports.pack.objective import Objective, Slice

Readers = Mapping[tuple[str, str], tuple[str, ...]]
"""Titles of the KPIs that read the table of a feed, by source and table."""

_LASTING = 7  # signals in a row after which the old limits describe another process
_NAMED = 3  # missing inputs by name; the rest is counted
_LONG = ("quarter", "half-year", "year")
_FIRST = 5  # objectives that stand before the collected items; the rest follows them


def decisions(
    objectives: Sequence[Objective],
    actions: Sequence[Action],
    ledger: Sequence[LedgerRow],
    quality: Sequence[SourceQuality],
    stopped: Readers,
    standing: Readers = MappingProxyType({}),
    asked_for: tuple[str, ...] = ("9.3.2-a",),
    on: date | None = None,
) -> tuple[Decision, ...]:
    """Return everything that needs a decision, ranked. ``asked_for``: the inputs that earlier actions are; ``on``: the
    day as of which they are overdue.

    ``stopped`` maps (source, table) of a failed feed to the titles of the KPIs without a value because of it,
    ``standing`` to those that were measured before it failed.
    """
    ranked = sorted(
        (
            one
            for one in objectives
            if _cannot_meet(one) or _is_concern(one) or _missed_untold(one) or _not_reached(one)
        ),
        key=_weight,
    )
    own = [about_objective(objective) for objective in ranked]
    collected = [
        item
        for item in (overdue(actions, asked_for, on), missing(ledger), *failed_feeds(quality, stopped, standing))
        if item is not None
    ]
    return tuple(own[:_FIRST] + collected + own[_FIRST:])


def _cannot_meet(objective: Objective) -> bool:
    return objective.assurance == "fail" and not _accepted(objective)


def _accepted(objective: Objective) -> bool:
    """Tell whether management accepted the miss of this period, until a day that has not passed."""
    return objective.latest.status == "accepted_deviation"


def _is_concern(objective: Objective) -> bool:
    latest = objective.latest
    return objective.variation.startswith("concern") and latest.value is not None and not objective.untested(latest)


def _missed_untold(objective: Objective) -> bool:
    """Tell whether a long period missed its target while there are too few to say what the process can do.

    A month that is missed is one of many and left to the statistics; nobody waits twelve years for them.
    """
    latest = objective.latest
    untold = latest.status == "missed" and objective.assurance == "none" and not objective.few(latest)
    return untold and noun(latest.period) in _LONG


def _not_reached(objective: Objective) -> bool:
    """Tell whether a duration with a target has no value because too many of its cases are still open.

    Nobody can say that such a period met its target, and the work that is not done is why.
    """
    latest = objective.latest
    judged = latest.not_reached and not latest.unfinished and not objective.few(latest)
    return judged and latest.target is not None and objective.better != "neither"


def _weight(objective: Objective) -> tuple[int, float, str]:
    """Both at once first, then cannot meet, concern, a concern that was accepted, missed; inside a group the farthest
    from its limits first.
    """
    groups = {(True, True): 0, (True, False): 1, (False, True): 3 if _accepted(objective) else 2}
    group = groups.get((_cannot_meet(objective), _is_concern(objective)), 4)
    return group, -_distance(objective), objective.kpi


def _distance(objective: Objective) -> float:
    """How far the target lies outside the limits, in widths of the limits; for a concern how far the value does."""
    if not objective.segments:
        return 0.0
    segment, latest = objective.segments[-1], objective.latest
    if segment.mean is None or segment.upper is None or segment.lower is None or segment.upper == segment.lower:
        return 0.0
    reference = latest.target if _cannot_meet(objective) else latest.value
    if reference is None:
        return 0.0
    return abs(reference - segment.mean) / (segment.upper - segment.lower)


def about_objective(objective: Objective) -> Decision:
    """Return the decision about one objective: what it is, the numbers, and what has to be decided."""
    both = _cannot_meet(objective), _is_concern(objective)
    if _not_reached(objective):
        kind = "not_reached"
        title = say("decision.not_reached.title", objective=objective.title)
        asks = say("decision.not_reached.asks")
    elif not any(both):
        kind = "missed"
        title = say(f"decision.missed.title.{noun(objective.latest.period)}", objective=objective.title)
        asks = say("decision.missed.asks")
    elif both[0]:
        kind = "cannot_meet"
        title = say("decision.cannot_meet.title", objective=objective.title)
        asks = (
            say("decision.changed_for_good.asks") if _changed_for_good(objective) else say("decision.cannot_meet.asks")
        )
    else:
        kind = "concern"
        title = say("decision.concern.title", objective=objective.title, signal=signal_words(objective.points))
        asks = say("decision.accepted.asks" if _accepted(objective) else "decision.concern.asks")
    sentences = [
        not_reached_sentence(objective) if _not_reached(objective) else value_sentence(objective),
        _reach(objective) if both[0] else limits_sentence(objective),
        _signal(objective),
        _where(objective),
        *reservations(objective)[:2],
        _owner_says(objective),
    ]
    return Decision(
        kind=kind,
        title=title,
        evidence=" ".join(sentence for sentence in sentences if sentence),
        asks=asks,
        clauses=objective.feeds,
        link=f"kpi-{objective.kpi}",
        kpi=objective.kpi,
    )


def _signal(objective: Objective) -> str:
    """Say which signal there is beside the target that is out of reach."""
    if not _cannot_meet(objective):
        return ""
    run = current_run(objective.points)
    if run is None:
        return ""
    signal = signal_words(objective.points)
    if _changed_for_good(objective):
        return say("decision.improvement_beside_for_good", signal=signal)
    kind = "changed" if run.kind.startswith("neutral") else run.kind
    return say(f"decision.{kind}_beside", signal=signal)


def _changed_for_good(objective: Objective) -> bool:
    """Tell whether limits from before an improvement no longer describe the process: seven signals, still on."""
    run = current_run(objective.points)
    return run is not None and run.kind == "improvement" and run.length >= _LASTING


def _owner_says(objective: Objective) -> str:
    """Return what the owner will do, or that the owner's comment is owed."""
    said = objective.comment
    if said is None:
        return say("comment.missing", owner=figures.role(objective.owner))
    what = (said.action or said.cause).rstrip(".")
    if said.by:
        return say("comment.said_by", author=said.author, what=what, day=figures.day(said.by))
    return say("comment.said", author=said.author, what=what)


def _reach(objective: Objective) -> str:
    """Say by how much the target is out of reach and how often it was met under the present limits."""
    segment, latest = objective.segments[-1], objective.latest
    higher = objective.better == "higher"
    limit = segment.upper if higher else segment.lower
    inside = [point for point in objective.points if point.start >= segment.start and point.value is not None]
    judged = [point for point in inside if point.target is not None]
    met = sum(point.status == "met" for point in judged)
    since = figures.period(inside[0].period, "since") if inside else ""
    return say(
        f"decision.out_of_reach.{'above' if higher else 'below'}",
        limit=figures.quantity(limit, objective.unit),
        met_in=say(f"decision.met_in.{noun(latest.period)}", n=len(judged), met=met, since=since).strip(),
    )


def _where(objective: Objective) -> str:
    """Say which sites (or other slices) carry a signal for the worse, and which have too few cases or points to tell.

    That it shows nowhere else is said only where every other part was tested.
    """
    by_dimension: dict[str, list[Slice]] = {}
    for piece in objective.slices:
        by_dimension.setdefault(piece.dimension, []).append(piece)
    for dimension, pieces in by_dimension.items():
        flagged = [piece for piece in pieces if piece.variation.startswith("concern")]
        if not flagged or len(pieces) < 2:
            continue
        if len(flagged) == len(pieces):
            return say("decision.in_every_part", dimension=figures.dimension(dimension))
        names = figures.listed([piece.title for piece in flagged], 3)
        untold = [piece.title for piece in pieces if piece.latest.value is None or objective.untested(piece.latest)]
        key = "decision.in_some_parts" if not untold else "decision.in_tested_parts"
        facts = {"untested": figures.listed(untold, 3)} if untold else {}
        return say(key, dimension=figures.dimension(dimension), names=names, **facts)
    return ""


def overdue(
    actions: Sequence[Action], asked_for: tuple[str, ...] = ("9.3.2-a",), on: date | None = None
) -> Decision | None:
    """Return one item for all overdue actions, the longest overdue first; ``None`` where nothing is overdue. ``on`` is
    the day as of which, since a reader counts the days to his own.
    """
    late = sorted(
        (action for action in actions if action.state == "overdue"), key=lambda a: (-a.overdue_days, a.action)
    )
    if not late:
        return None
    moved = sum(action.moved_days > 0 for action in late)
    named = [
        say(
            "decision.overdue.one",
            action=action.action,
            title=action.title,
            owner=figures.role(action.owner),
            days=say("count.day", n=action.overdue_days),
        )
        for action in late[:3]
    ]
    then = [say("decision.overdue.on", day=figures.day(on))] if on else []
    then += [say("decision.overdue.moved", n=moved)] if moved else []
    return Decision(
        kind="overdue",
        title=say("decision.overdue.title", n=len(late)),
        evidence=_with_rest(named, len(late) - 3, " ".join(then)),
        asks=say("decision.overdue.asks"),
        clauses=asked_for,
        link="actions",
    )


def _with_rest(named: Sequence[str], more: int, then: str = "") -> str:
    """Return what is named, how much more there is, and the sentence that follows."""
    rest = [say("list.rest", n=more)] if more > 0 else []
    return " ".join(part for part in (f"{figures.semicolons([*named, *rest])}.", then) if part)


def missing(ledger: Sequence[LedgerRow]) -> Decision | None:
    """Return one item for all inputs that have neither data nor a statement; the first are named."""
    rows = [row for row in ledger if row.state == "missing"]
    if not rows:
        return None
    named = [
        say(
            "decision.missing.one",
            number=row.number,
            label=row.label,
            covered=say("coverage.last", in_period=figures.period(row.last_considered, "in"))
            if row.last_considered
            else say("coverage.never"),
        )
        for row in rows[:_NAMED]
    ]
    return Decision(
        kind="missing_input",
        title=say("decision.missing.title", n=len(rows)),
        evidence=_with_rest(named, len(rows) - _NAMED),
        asks=say("decision.missing.asks"),
        clauses=tuple(row.covers or row.clause for row in rows[:_NAMED]),
        link="ledger",
    )


def failed_feeds(
    quality: Sequence[SourceQuality], stopped: Readers, standing: Readers = MappingProxyType({})
) -> tuple[Decision | None, ...]:
    """Return one item per source with stopped feeds, with the KPIs that have no value, or an old one, for it."""
    found: list[Decision | None] = []
    for source in quality:
        feeds = [feed for feed in source.feeds if feed.status in ("stopped", "broken", "failed")]
        if feeds:
            found.append(_failed(source, feeds, stopped, standing))
    return tuple(found)


def _failed(source: SourceQuality, feeds: list[Feed], stopped: Readers, standing: Readers) -> Decision:
    kpis = _titles(feeds, stopped)
    earlier = [title for title in _titles(feeds, standing) if title not in kpis]
    reasons = [
        say("decision.failed.one", feed=feed.title, why=again(feed.message) or say(f"feed.{feed.status}"))
        for feed in feeds[:2]
    ]
    effects = [say("decision.failed.kpis", kpis=figures.listed(kpis, 4))] if kpis else []
    effects += [say("decision.failed.earlier", kpis=figures.listed(earlier, 4))] if earlier else []
    effect = " ".join(effects) or say("decision.failed.no_kpi")
    return Decision(
        kind="failed_feed",
        title=say("decision.failed.title", n=len(feeds), source=source.title),
        evidence=_with_rest(reasons, len(feeds) - 2, effect),
        asks=say("decision.failed.asks"),
        link="quality",
    )


def _titles(feeds: Sequence[Feed], readers: Readers) -> list[str]:
    return sorted({title for feed in feeds for title in readers.get((feed.source, feed.table), ())})
