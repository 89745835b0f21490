"""What a series says, in one line and in one paragraph, by rule.

A rise or fall is claimed only where a rule fired, no cause is ever named, and a reservation (few cases, trial limits,
provisional value) is said in the same breath as the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.objective import Objective, Point, Segment, Slice

_RECENT = 12  # points; an ended signal older than this is history and no longer part of the finding

_NOUN = {"Q": "quarter", "H": "half-year", "P": "period"}


@dataclass(frozen=True, slots=True)
class SignalRun:
    """Consecutive points of one kind: the first, the last, how many."""

    kind: str
    first: Point
    last: Point
    length: int


def noun(period: str) -> str:
    """Return what one point is called: month, quarter, half-year or year, or period where months are made of weeks."""
    tail = period.partition("-")[2]
    return "year" if not tail else _NOUN.get(tail[0], "month")


def current_run(points: Sequence[Point]) -> SignalRun | None:
    """Return the signal that the latest point belongs to, ``None`` where the latest point carries none.

    The points are those of a judged objective: what rests on too few cases carries none.
    """
    if not points or points[-1].value is None or points[-1].kind == "common_cause":
        return None
    return _run_ending_at(points, len(points) - 1)


def ended_run(points: Sequence[Point], within: int = _RECENT) -> SignalRun | None:
    """Return the newest signal that is over, if it ended inside the last ``within`` points.

    A signal ends with a point that carries a value and none; a gap in the data ends nothing, and neither does a value
    of too few cases.
    """
    points = _over(points)
    if not points or not _tells(points[-1]) or points[-1].kind != "common_cause":
        return None
    for index in range(len(points) - 1, max(-1, len(points) - 1 - within), -1):
        if points[index].value is not None and points[index].kind != "common_cause":
            return _run_ending_at(points, index)
    return None


def _tells(point: Point) -> bool:
    """Tell whether a point can begin or end a signal: it has a value, of enough cases."""
    return point.value is not None and not point.few


def _over(points: Sequence[Point]) -> Sequence[Point]:
    """Return the points whose periods are over: one that goes on ends no signal."""
    last = len(points)
    while last and points[last - 1].unfinished:
        last -= 1
    return points[:last]


def _run_ending_at(points: Sequence[Point], last: int) -> SignalRun:
    """Walk back over points of one kind under the same limits; gaps and values of too few cases belong to the run, and
    so does the unmarked third of two of three.
    """
    end = points[last]
    first, length = end, 1
    known = [point for point in points[:last] if _tells(point)]
    for index in range(len(known) - 1, -1, -1):
        point = known[index]
        if point.mean != end.mean:
            break
        if point.kind == end.kind:
            first, length = point, length + 1
        elif not (point.kind == "common_cause" and index and _bridged(known[index - 1], first)):
            break
    return SignalRun(end.kind, first, end, length)


def _bridged(before: Point, after: Point) -> bool:
    return before.signal == after.signal and before.signal.startswith("two_of_three") and before.mean == after.mean


def headline(points: Sequence[Point], segments: Sequence[Segment], stored: str) -> str:
    """Return the finding as the title of a chart: the one stored with the analysis, or why there is none.

    The analysis sees a gap where a feed was stopped; the pack knows that it was stopped and says so.
    """
    latest = points[-1] if points else None
    if latest is None:
        return say("finding.no_values")
    if latest.unfinished:
        before = headline(_over(points), segments, stored) if len(_over(points)) else ""
        told = say("finding.unfinished", period=figures.period(latest.period))
        return say("finding.unfinished_and", told=told, before=before) if before else told
    if latest.value is None:
        return without_value(latest)
    if stored:
        return stored
    if not segments:
        return say("finding.without_limits")
    words = signal_words(points)
    return words[:1].upper() + words[1:]


def finding_of(objective: Objective, one: Objective | Slice) -> str:
    """Return the finding of an objective or of a part of it; too few cases claim nothing, whatever their value: neither
    a change, nor that there is none, nor that the target is met.
    """
    latest = one.points[-1] if one.points else None
    if latest is not None and latest.value is not None and not latest.unfinished and objective.few(latest):
        return say("finding.few", value=_measured(objective, latest))
    return headline(one.points, one.segments, one.finding)


def without_value(latest: Point) -> str:
    """Say why a period has no value."""
    if latest.not_reached:
        return say("finding.not_reached", for_period=figures.period(latest.period, "for"))
    if latest.status != "not_valid":
        return say("finding.no_data", for_period=figures.period(latest.period, "for"))
    return say(
        "finding.unfit" if latest.unfit else "finding.not_valid", for_period=figures.period(latest.period, "for")
    )


def signal_words(points: Sequence[Point]) -> str:
    """Return the latest signal in words with since when: ``below its lower limit since March 2026``."""
    run = current_run(points)
    if run is None:
        return say("signal.none")
    latest = points[-1]
    what, length = latest.signal, max(_length(points), run.length)
    if what.startswith(("trend", "run")):
        if _length(points) < 2:
            return say(f"signal.{what}_so_far")
        return say(f"signal.{what}", count=say(f"count.{noun(latest.period)}", n=length))
    facts = {"when": figures.period(run.first.period, "in" if run.length == 1 else "since")}
    if what.startswith("two_of_three"):
        facts["two_of_three"] = say(f"signal.two_of_three.{noun(latest.period)}")
    return say(f"signal.{what}" if what != "none" else "signal.other", **facts)


def _length(points: Sequence[Point]) -> int:
    """Count the latest points that make up a trend or a run, back to where direction, side or limits change."""
    latest = points[-1]
    known = [point for point in points if point.value is not None]
    values = [point.value for point in known if point.mean == latest.mean and point.value is not None]
    if latest.signal.startswith("trend"):
        sign = 1 if latest.signal.endswith("up") else -1
        steps = 0
        for newer, older in zip(reversed(values), reversed(values[:-1]), strict=False):
            if sign * (newer - older) <= 0:
                break
            steps += 1
        return steps + 1
    if latest.signal.startswith("run") and latest.mean is not None:
        sign = 1 if latest.signal.endswith("high") else -1
        length = 0
        for value in reversed(values):
            if sign * (value - latest.mean) <= 0:
                break
            length += 1
        return length
    return 1


def value_sentence(objective: Objective) -> str:
    """Return ``93.4 % in October 2026 (95 % interval 92.9 to 93.9, n 18,730), target at least 95 %: missed.``"""
    latest, unit = objective.latest, objective.unit
    text = _measured(objective, latest)
    if latest.target is not None:
        goal = figures.goal_quantity(latest.target, unit)
        text = say(f"value.target.{objective.better}", said=text, target=goal, status=status_word(latest.status))
    return text + "."


def not_reached_sentence(objective: Objective) -> str:
    """Return ``Not reached in October 2026 (n 40): too many cases are still open; target at most 8 h.`` for a duration
    that has no value because of its open cases. Where the lower end of its interval is known it is said, too.
    """
    latest, unit = objective.latest, objective.unit
    return say(
        f"value.not_reached.{objective.better}",
        in_period=figures.period(latest.period, "in"),
        brackets=", ".join(_brackets(objective, latest)),
        target=figures.goal_quantity(latest.target, unit),
    )


def _measured(objective: Objective, latest: Point) -> str:
    """Return a value with its interval and how many cases it rests on."""
    brackets = _brackets(objective, latest)
    facts = {
        "value": figures.quantity(latest.value, objective.unit),
        "in_period": figures.period(latest.period, "in"),
    }
    return say("value.bracketed", brackets=", ".join(brackets), **facts) if brackets else say("value.plain", **facts)


def _brackets(objective: Objective, latest: Point) -> list[str]:
    """Return what stands in brackets behind a value: its interval and how many cases it rests on."""
    unit, brackets = objective.unit, []
    if latest.low is not None:
        brackets.append(
            say("value.interval", interval=figures.interval(*objective.within(latest.low, latest.high), unit))
        )
    if latest.n:
        brackets.append(say("value.cases", count=figures.count(latest.n)))
    return brackets


def change_sentence(objective: Objective) -> str:
    """Return ``+2.1 points on the month before (95 %: -0.4 to +4.6).``; empty where that interval is not known.

    It says no more than the numbers: whether there was a change is for the signals to say, not for two values.
    """
    change, unit = objective.change, objective.unit
    if change is None or objective.latest.value is None or objective.latest.unfinished:
        return ""
    reach = max(abs(change.low), abs(change.high))
    return say(
        f"change_on.{noun(objective.latest.period)}",
        change=figures.change(change.value, unit, reach=reach),
        low=figures.change(change.low, unit, alone=True),
        high=figures.change(change.high, unit, alone=True),
    )


def status_word(status: str) -> str:
    """Return the word of a status as it stands in a sentence and in a chip."""
    return say(f"status.{status}")


def limits_sentence(objective: Objective) -> str:
    """Return mean and limits of the latest segment and since when they hold."""
    if not objective.segments:
        return ""
    segment = objective.segments[-1]
    if segment.mean is None or segment.lower is None or segment.upper is None:
        return say("limits.too_few")
    unit = objective.unit
    low, high = objective.within(segment.lower, segment.upper)
    text = say(
        "limits.trial" if segment.trial else "limits.plain",
        mean=figures.quantity(segment.mean, unit),
        lower=figures.number(low, unit),
        upper=figures.quantity(high, unit),
    )
    if len(objective.segments) > 1:
        begun = next((point.period for point in objective.points if point.start == segment.start), "")
        since = figures.period(begun or f"{segment.start:%Y-%m}", "since")
        if segment.reason:
            return say("limits.since_because", said=text, since=since, reason=segment.reason)
        return say("limits.since", said=text, since=since)
    return f"{text}."


def reservations(objective: Objective) -> tuple[str, ...]:
    """Return what has to be known before the latest value is used."""
    return (*reservations_of(objective, objective), *objective.reservations)


def reservations_of(objective: Objective, one: Objective | Slice) -> tuple[str, ...]:
    """Return what has to be known of the latest value of the objective or of a part of it, whatever its feeds say."""
    latest = one.latest
    found = []
    if objective.few(latest):
        found.append(
            say("reservation.few", count=figures.count(latest.n), needed=figures.count(objective.small_sample))
        )
    if latest.unfinished:
        found.append(say("reservation.unfinished"))
    elif latest.provisional:
        until = objective.settles_after
        found.append(say("reservation.provisional_until", until=until) if until else say("reservation.provisional"))
    if latest.restated:
        found.append(say("reservation.restated"))
    if latest.unfit:
        found.append(say("reservation.unfit", why=latest.unfit.rstrip(".")))
    return tuple(found)
