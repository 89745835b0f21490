"""What one series says, as a title and as alternative text: sentences made by rule, first rule that fits.

No rise or fall is claimed without a signal, no cause is ever named, and a number that rests on trial limits says so.
Which sentence is said is decided here; how it is said stands in the catalog of each language, under ``series``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from qmsreports.findings.wording import PeriodDays, count_word, day_name, interval_noun, measured, quantity, span
from qmsreports.language import say
from qmsreports.records import SpcPoint, SpcResult, SpcSegment

RECENT = 12
"""A signal that ended more points ago than this is history, and no longer the finding."""

IN_VIEW = 24
"""Points of a chart: an earlier signal among them is seen beside the one that is told, so it is counted."""

LASTING = 7
"""A recorded new level counts as lasting once so many points, and every one of them, lie beyond the old mean."""


@dataclass(frozen=True, slots=True)
class SeriesFinding:
    """What the series says: which rule spoke, the title of the chart, and the text for who cannot see it."""

    rule: str
    title: str
    alt: str


@dataclass(frozen=True, slots=True)
class Episode:
    """Neighbouring signal points of one kind in one segment; gaps inside belong to it."""

    kind: str
    points: tuple[SpcPoint, ...]
    ongoing: bool


@dataclass(frozen=True, slots=True)
class _Series:
    result: SpcResult
    better: str
    unit: str
    target: float | None
    new_definitions: frozenset[date]
    periods: Mapping[date, str]

    @property
    def known(self) -> list[SpcPoint]:
        return [point for point in self.result.points if point.value is not None]

    @property
    def segment(self) -> SpcSegment:
        return self.result.segments[-1]

    def inside(self, segment: SpcSegment) -> list[SpcPoint]:
        return [point for point in self.known if segment.start <= point.date <= segment.end]

    @property
    def days(self) -> Sequence[date]:
        days = [point.date for point in self.result.points]
        return PeriodDays(days, self.periods) if self.periods else days

    def words(self, value: float | None) -> str:
        return quantity(value, self.unit)

    def told(self, value: float | None) -> str:
        """Return a measured value with its unit."""
        return measured(value, self.unit)


def describe(
    result: SpcResult,
    *,
    better: str,
    unit: str = "",
    target: float | None = None,
    version_breaks: Sequence[date] = (),
    periods: Mapping[date, str] = MappingProxyType({}),
) -> SeriesFinding:
    """Return the finding of an analysed series.

    ``target`` is the one that assurance was judged by (the latest period's). ``version_breaks``: where a new
    definition began, so that its new level is not called better or worse. ``periods``: what begins on each date, where
    it is no calendar month: ``2026-Q3``, ``FY2027``.
    """
    starts = frozenset(s.start for s in result.segments if any(_begins(result, s, day) for day in version_breaks))
    series = _Series(result, better, unit, target, starts, periods)
    for rule in _RULES:
        spoken = rule(series)
        if spoken is not None:
            key, title = spoken
            title = _first_upper(title)
            return SeriesFinding(key, title, _alt(series, title))
    raise AssertionError("the last rule always speaks")


def episodes(result: SpcResult) -> tuple[Episode, ...]:
    """Return the signals of a series, oldest first; the last one is ongoing when the latest value belongs to it.

    The unmarked third of two of three is bridged, so that such a pair is one episode and not two.
    """
    known = [point for point in result.points if point.value is not None]
    starts = [segment.start for segment in result.segments]
    groups: list[list[int]] = []
    for index, point in enumerate(known):
        if point.kind == "common_cause":
            continue
        last = known[groups[-1][-1]] if groups else None
        gap = index - groups[-1][-1] if groups else 0
        if last is not None and _joins(last, point, gap) and _same_segment(starts, last, point):
            groups[-1].append(index)
        else:
            groups.append([index])
    return tuple(
        Episode(known[group[0]].kind, tuple(known[i] for i in group), group[-1] == len(known) - 1) for group in groups
    )


def _joins(last: SpcPoint, point: SpcPoint, gap: int) -> bool:
    if last.kind != point.kind or _is_high(last.signal) != _is_high(point.signal):
        return False
    return gap == 1 or (gap == 2 and last.signal == point.signal and "_of_three_" in point.signal)


def _same_segment(starts: Sequence[date], last: SpcPoint, point: SpcPoint) -> bool:
    return not any(last.date < start <= point.date for start in starts)


def _without_values(series: _Series) -> tuple[str, str] | None:
    return None if series.known else ("no_values", say("series.no_values"))


def _gap(series: _Series) -> tuple[str, str] | None:
    latest, last = series.result.points[-1], series.known[-1]
    if latest is last:
        return None
    now, before = day_name(latest.date, series.days, "for"), day_name(last.date, series.days, "in")
    return "gap", say("series.gap", for_now=now, value=series.told(last.value), in_last=before)


def _few(series: _Series) -> tuple[str, str] | None:
    return ("few", say("series.few")) if series.segment.lower is None else None


def _no_width(series: _Series) -> tuple[str, str] | None:
    segment = series.segment
    if segment.lower != segment.upper:
        return None
    if len({point.value for point in series.inside(segment)}) > 1:
        return "no_width", say("series.no_width")
    noun = interval_noun(series.days)
    return "constant", _with_assurance(series, say(f"series.constant.{noun}", mean=series.told(segment.mean)))


def _ongoing(series: _Series) -> tuple[str, str] | None:
    found = episodes(series.result)
    if not found or not found[-1].ongoing:
        return None
    key = {"improvement": "better", "concern": "worse"}.get(found[-1].kind, "different")
    return key, _with_assurance(series, say(f"series.{key}", signal=_signal(found[-1], series)))


def _lasting(series: _Series) -> tuple[str, str] | None:
    """Speak of a new level that a person recorded, once every point of it lies beyond the mean of the old one."""
    if len(series.result.segments) < 2 or series.segment.start in series.new_definitions:
        return None
    old = series.result.segments[-2].mean
    values = [point.value for point in series.inside(series.segment) if point.value is not None]
    if old is None or len(values) < LASTING or not (min(values) > old or max(values) < old):
        return None
    high = min(values) > old
    key = "lasting_" + _kind_of_level(series, high)
    since = day_name(series.inside(series.segment)[0].date, series.days, "since")
    title = say(f"series.{key}", since=since)
    short = key == "lasting_improvement" and series.result.assurance == "fail" and series.target is not None
    if short:
        return key, say("series.short", title=title, target=series.words(series.target))
    return key, _with_assurance(series, title)


def _kind_of_level(series: _Series, high: bool) -> str:
    if series.better == "neither":
        return "neutral"
    return "improvement" if high == (series.better == "higher") else "concern"


def _ended(series: _Series) -> tuple[str, str] | None:
    found = episodes(series.result)
    if not found or found[-1].points[-1].date < series.segment.start:
        return None
    last = found[-1].points[-1].date
    behind = [point for point in series.known if point.date > last]
    if len(behind) >= RECENT:
        return None
    key = "ended_limit" if found[-1].points[-1].signal.endswith("_limit") else "ended"
    back = day_name(behind[0].date, series.days, "since")
    signal = _signal(found[-1], series)
    seen = {point.date for point in series.known[-IN_VIEW:]}
    count = sum(episode.points[-1].date in seen for episode in found)
    if count > 1:
        signal = say("series.last_of", count=count_word(count), signal=signal)
    return "ended", say(f"series.{key}", signal=signal, **({"since": back} if key != "ended" else {}))


def _new_definition(series: _Series) -> tuple[str, str] | None:
    if series.segment.start not in series.new_definitions or len(series.result.segments) < 2:
        return None
    since = day_name(series.segment.start, series.days, "since")
    return "new_definition", _with_assurance(series, say("series.new_definition", since=since))


def _quiet(series: _Series) -> tuple[str, str] | None:
    key = "trial" if series.segment.trial else "none"
    return key, _with_assurance(series, say(f"series.{key}", mean=series.told(series.segment.mean)))


_RULES: tuple[Callable[[_Series], tuple[str, str] | None], ...] = (
    _without_values,
    _gap,
    _few,
    _no_width,
    _ongoing,
    _lasting,
    _ended,
    _new_definition,
    _quiet,
)


def _signal(episode: Episode, series: _Series) -> str:
    """Say what fired: one rule by its name, several by how many points lie beyond the limits."""
    families = {point.signal.rsplit("_", 1)[0] for point in episode.points}
    beyond = sum(point.signal.endswith("_limit") for point in episode.points)
    side = "high" if _is_high(episode.points[0].signal) else "low"
    facts = {
        "count": count_word(len(episode.points), interval_noun(series.days)),
        "span": span(episode.points[0].date, episode.points[-1].date, series.days, ongoing=episode.ongoing),
    }
    if beyond == len(episode.points):
        key = f"limit_{side}"
    elif beyond:
        return say(f"series.mixed_{side}", n=beyond, word=count_word(beyond), **facts)
    elif len(families) > 1:
        key = f"several_{side}"
    else:
        signal = episode.points[0].signal
        key = {"two_of_three_high": "cluster_high", "two_of_three_low": "cluster_low"}.get(signal, signal)
    if key.startswith("cluster"):
        del facts["count"]
    return say(f"series.{key}", **facts)


def _is_high(signal: str) -> bool:
    """Tell whether a signal points upwards: above, rising, near the upper limit, a run above the mean."""
    return signal.startswith("above") or signal.endswith(("_up", "_high"))


def _with_assurance(series: _Series, title: str) -> str:
    if series.target is None or series.result.assurance == "none":
        return title
    key = series.result.assurance
    if key == "pass" and _denied(series, series.target):
        key = "in_doubt"
    return say(f"series.{key}", title=title, target=series.words(series.target))


def _denied(series: _Series, target: float) -> bool:
    """Tell whether the latest value speaks against what the limits promise: it misses the target, or is a signal that
    the process got worse. "Will meet" beside it would be untrue in the very period that is told.
    """
    latest = series.known[-1]
    value = target if latest.value is None else latest.value
    missed = value < target if series.better == "higher" else value > target
    return latest.kind == "concern" or (missed and not math.isclose(value, target, rel_tol=1e-12, abs_tol=0.0))


def _alt(series: _Series, title: str) -> str:
    days = series.days
    if not days:
        return title
    return " ".join(_said(series, title))


def _said(series: _Series, title: str) -> Iterator[str]:
    """Yield the sentences of the alternative text."""
    days, known, told, segment = series.days, series.known, series.told, series.segment
    count = count_word(len(days), interval_noun(days))
    yield say("series.alt.chart", count=count, span=span(days[0], days[-1], days), title=title)
    if known:
        latest = day_name(known[-1].date, days, "in")
        yield say("series.alt.latest", value=told(known[-1].value), in_latest=latest)
    if segment.lower is not None:
        key = "series.alt.trial_limits" if segment.trial else "series.alt.limits"
        yield say(key, mean=told(segment.mean), lower=told(segment.lower), upper=told(segment.upper))
    if series.target is not None:
        yield say("series.alt.target", target=series.words(series.target))
    if known and segment.lower != segment.upper:  # limits of no width tell nothing
        signals = sum(point.kind != "common_cause" for point in known)
        yield say("series.alt.signals", n=signals, points=len(known))
    if len(days) > len(known):
        yield say("series.alt.gaps", n=len(days) - len(known))


def _begins(result: SpcResult, segment: SpcSegment, day: date) -> bool:
    """Whether this break is what began the segment."""
    before = [point.date for point in result.points if point.date < segment.start]
    return day <= segment.start and (not before or day > before[-1])


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
