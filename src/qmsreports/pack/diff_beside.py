"""What is different between two packs beside their values: how feeds came in, what the analysis says, the words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmsreports.pack import figures, seal
from qmsreports.pack.difference import Difference, Side

_FAILED = frozenset({"stopped", "broken", "failed"})
_SERIES = ("period", "value", "target", "version")
_LIMITS = ("mean", "lower", "upper")
_SIGNALS = ("signal", "kind")
_WORDS = {"title": "title", "question": "question", "owner": "owner", "small_sample": "small sample"}
_OF_AN_EDITION = frozenset(
    {"edition", "predecessor", "reason", "status", "approved_by", "approved_on", "data_read_at", "forms"}
)


def feeds(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the feeds that failed, recovered, came or went, and the rules that did not hold in one of the packs.

    Where the two editions of a review count what came in from different days on, other rules failed in other rows: that
    is told, as what the record of another last review makes, and not each rule as a feed that changed.
    """
    then, now = _feeds(before), _feeds(after)
    for name in sorted({*then, *now}):
        was, is_ = then.get(name), now.get(name)
        if was == is_ or (was is not None and is_ is not None and not _FAILED & {was, is_}):
            continue
        words = "recovered" if is_ not in _FAILED and was in _FAILED else "failed" if is_ in _FAILED else ""
        said = f"{was or 'none'} {figures.ARROW} {is_ or 'none'}" + (f" ({words})" if words else "")
        yield Difference("feed", name, f"{name}: {said}", before=was, after=is_)
    if _head(before, "period") == _head(after, "period") and (counted := _counted_from(before, after)):
        yield counted
        return
    rules = [
        {_rule(one): one.get("rows_failed", 0) for one in side.get("failed_rules", ())} for side in (before, after)
    ]
    for name in sorted({*rules[0], *rules[1]}):
        counts = rules[0].get(name, 0), rules[1].get(name, 0)
        if counts[0] != counts[1]:
            text = f"{name}: {counts[0]} {figures.ARROW} {counts[1]} rows did not hold"
            yield Difference("feed", name, text, before=counts[0], after=counts[1])


def _head(model: Mapping[str, Any], name: str) -> str:
    return str(model.get("header", {}).get(name) or "")


def _counted_from(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference | None:
    was, is_ = (_head(side, "counted_from") for side in (before, after))
    if was == is_:
        return None
    said = f"{was or 'the beginning'} {figures.ARROW} {is_ or 'the beginning'}"
    text = f"rows and failed rules are counted from the pack of the last review on: {said}"
    return Difference("record", "counted_from", text, before=was or None, after=is_ or None)


def _feeds(model: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{source['source']} {feed['table']}".replace("_", " "): str(feed["status"])
        for source in model.get("quality", ())
        for feed in source.get("feeds", ())
    }


def _rule(one: Mapping[str, Any]) -> str:
    column = f" of {one['column']}" if one.get("column") else ""
    return f"{one['source']} {one['table']}, rule {one['rule']}{column}".replace("_", " ")


def analyses(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the series of which the analysis says something else of the same values, targets and versions.

    Where a value is another one, limits and signals follow from it.
    """
    then, now = _analysed(before), _analysed(after)
    for (kpi, part), series in now.items():
        old = then.get((kpi, part))
        if old is None or _of(old, _SERIES) != _of(series, _SERIES):
            continue
        facts = {
            "limits": (_of(old, _LIMITS), _of(series, _LIMITS)),
            "signals": (_of(old, _SIGNALS), _of(series, _SIGNALS)),
            "rules": (old.get("rules"), series.get("rules")),
            "variation": (old.get("variation"), series.get("variation")),
            "assurance": (old.get("assurance"), series.get("assurance")),
        }
        changed = [name for name, (was, is_) in facts.items() if was != is_]
        if changed:
            name = f"{series['title']} ({part.replace('=', ' ')})" if part else series["title"]
            said = ", ".join(
                f"{what} {_word(facts[what][0])} {figures.ARROW} {_word(facts[what][1])}"
                if isinstance(facts[what][1], str)
                else what
                for what in changed
            )
            text = f"{name}: the analysis of the same values changed ({said})"
            yield Difference("analysis", "analysis", text, kpi, part)


def _word(value: Any) -> str:
    return str(value or "none").replace("_", " ")


def _of(series: Mapping[str, Any], fields: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(point.get(field) for field in fields) for point in series.get("points", ())]


def _analysed(model: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for one in model.get("objectives", ()):
        found[one["kpi"], ""] = one
        for part in one.get("slices", ()):
            found[one["kpi"], f"{part['dimension']}={part['key']}"] = {**part, "title": one["title"]}
    return found


def wordings(before: Side, after: Side) -> Iterator[Difference]:
    """Yield the words of objectives that are others now, with both, and of what else the wording was edited."""
    then = {one["kpi"]: one for one in before.model.get("objectives", ())}
    told = set()
    for one in after.model.get("objectives", ()):
        old = then.get(one["kpi"], one)
        for field, name in _WORDS.items():
            was, is_ = old.get(field), one.get(field)
            if was != is_:
                told.add(f"kpi/{one['kpi']}")
                text = f"{one['title']}: {name} {_quoted(was)} {figures.ARROW} {_quoted(is_)}"
                yield Difference("wording", field, text, one["kpi"], before=was, after=is_)
    for name in seal.reworded(before.manifest, after.manifest):
        if name.partition(" ")[0] not in told:
            plain = name.replace("/", " ").replace("_", " ")
            yield Difference("wording", name, f"{plain}: changed")


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "none" if value is None else str(value)


def untold(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield which parts read differently though nothing else tells of it: two packs never say the same by mistake."""
    then, now = _said(before), _said(after)
    parts = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    if parts:
        yield f"reads differently: {', '.join(parts).replace('_', ' ')}"


def _said(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model says without what belongs to its edition."""
    head = {name: value for name, value in model.get("header", {}).items() if name not in _OF_AN_EDITION}
    changes = [one for one in model.get("changes", ()) if one.get("kind") != "edition"]
    return {**model, "header": head, "changes": changes}
