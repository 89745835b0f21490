"""Where two models of one pack differ, and which edits of the catalog or the code explain each place.

A title that reads differently is explained by who edited the title. A value, a decision or a comment is explained by
nothing of the kind: it is a copy of a record, and the record was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Path = tuple[str, ...]
"""Where something stands in a model: ``("objectives", "otif", "points", "2026-10", "value")``."""

ORDER = "order"
CODE = "code"
"""Name of the edit that other sources of this program are."""

_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "objectives": ("kpi",),
    "points": ("period",),
    "slices": ("dimension", "key"),
    "combined": ("dimension", "key"),
    "definitions": ("version",),
    "actions": ("action",),
    "resolutions": ("number",),
    "sections": ("anchor",),
    "registers": ("table",),
    "quality": ("source",),
    "feeds": ("table",),
    "failed_rules": ("source", "table", "rule", "column"),
    "restatements": ("kpi", "period"),
    "definition_changes": ("kpi", "kind", "effective_from"),
    "sql": ("sha256",),
    "tables": ("table", "version"),
}
"""Lists whose entries are told apart by a name and not by their place."""
_OF_A_SERIES = frozenset({"points", "segments", "variation", "assurance"})
_OF_AN_ACTION = frozenset(
    {"action", "review", "title", "owner", "decided_on", "original_due", "due", "done_on", "effect"}
)
"""Fields of an action that are as somebody entered them."""
_COPIED = frozenset(
    {"points", "period", "start", "value", "low", "high", "n", "numerator", "denominator", "target", "near", "status"}
    | {"provisional", "unfit", "version", "mean", "lower", "upper", "signal", "kind"}
    | {"segments", "end", "trial", "variation", "assurance"}
    | {"comment", "author", "on", "cause", "action", "expected", "by"}
    | {"minutes", "held_on", "closed_on", "closed_by", "suitability", "adequacy", "effectiveness"}
    | {"number", "clause", "text", "reason", "decided_by", "decided_on"}
)
"""Fields of values, comments and minutes that are as the register has them."""
_OF_A_FEED = frozenset(
    {"status", "rows_in", "refreshed", "conformed", "quarantined", "duplicates", "deleted_at_source", "held"}
    | {"deleted_with_parent", "candidates", "lake_version"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place where two models differ: what stood there and what stands there now; None for nothing."""

    path: Path
    before: Any
    after: Any

    def __str__(self) -> str:
        inner = " ".join(self.path[1:])
        if all(value is None or isinstance(value, int | float | str) for value in (self.before, self.after)):
            short = [_short(value) for value in (self.before, self.after)]
            inner += f" {short[0]} became {short[1]}"
        return inner.strip()


def _short(value: Any) -> str:
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def places(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Place]:
    """Return every place where two models differ, wholes where one of them has nothing there."""
    return list(_differing((), before, after))


def _differing(path: Path, before: Any, after: Any) -> Iterator[Place]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _differing((*path, str(name)), before.get(name), after.get(name))
        return
    if isinstance(before, Sequence) and isinstance(after, Sequence) and not isinstance(before, str):
        names = [_named(path[-1] if path else "", side) for side in (before, after)]
        if list(names[0]) == list(names[1]) or _NAMED_BY.get(path[-1]):
            for name in dict.fromkeys([*names[0], *names[1]]):
                yield from _differing((*path, name), names[0].get(name), names[1].get(name))
            both = [[name for name in side if name in names[0].keys() & names[1].keys()] for side in names]
            if both[0] != both[1]:
                yield Place((*path, ORDER), None, None)
            return
    yield Place(path, before, after)


def _named(kind: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Return the entries of a list by name, or by place where they have none or share it."""
    fields = _NAMED_BY.get(kind, ())
    if fields and all(isinstance(one, Mapping) and all(field in one for field in fields) for one in entries):
        named = {" ".join(str(one[field]) for field in fields): one for one in entries}
        if len(named) == len(entries):
            return named
    return {str(number): one for number, one in enumerate(entries, 1)}


def explained(place: Place, edits: Iterable[str]) -> bool:
    """Tell whether one of these edits can be why two models differ at this place.

    Edits are names of fingerprints in a manifest: ``kpi/otif/v1``, ``wording/kpi/otif``, ``wording/table/tickets``; and
    :data:`CODE`.
    """
    allowed = _explaining(place)
    return any(_allowed(edit, name) for edit in edits for name in allowed)


def is_copied(place: Place) -> bool:
    """Tell whether a record stands at this place as it is in the register, so that no edit explains another one."""
    return not _explaining(place)


def _allowed(edit: str, name: str) -> bool:
    return not name or edit == name or edit.startswith(f"{name}/") or ("*" in name and fnmatchcase(edit, name))


_ANY = ("",)
_COVER = (CODE, "clause_map", "review", "kpi", "retirement", "wording/kpi/*/shown", "wording/table")
_TEXTS = (CODE, "wording/organisation", "wording/table", "wording/source", "page/translations", "clause_map", "review")


_OF_PARTS: Mapping[str, tuple[str, ...]] = {
    "failed_rules": (CODE,),
    "older_actions": (CODE,),
    "tables": _COVER,
}
"""Parts that are read as one."""


def _explaining(place: Place) -> tuple[str, ...]:
    """Return the beginnings of the names of edits that explain a difference; none where not even other code does."""
    part, *inner = place.path
    if part == "objectives" and inner:
        return _of_objective(inner[0], inner[1:], place)
    if part in _OF_PARTS:
        return _OF_PARTS[part]
    rule = _RULES.get(part)
    return rule(inner, place) if rule is not None and inner else _ANY


def _copy(name: str) -> tuple[str, ...]:
    """Return what explains another copy of a record: nothing, unless the code of then did not know the field."""
    return (CODE,) if name.isidentifier() and name not in _COPIED else ()


def _of_minutes(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    if inner[0] == "withdrawn" and inner[-1] == "what":  # names the KPI or the clause
        return (*_TEXTS, "wording/kpi")
    return _copy(inner[-1])


def _of_sql(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    return () if inner[-1] == "text" else _COVER


def _of_actions(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    return () if len(inner) == 1 or inner[-1] in _OF_AN_ACTION else (CODE,)


def _of_quality(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    if len(inner) in (1, 3):  # a source or a feed came or went
        return CODE, "wording/source", "wording/table"
    return (CODE,) if inner[-1] in _OF_A_FEED else _TEXTS


def _of_trust(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    return (CODE,) if inner[0] in _OF_A_FEED or inner[0].startswith("quarantine") else _ANY


def _of_restatements(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    if inner[-1] in ("before", "after"):
        return ()
    return CODE, "kpi", "retirement", "review", "wording/kpi", "page/translations"


def _of_ledgers(inner: Sequence[str], place: Place) -> tuple[str, ...]:
    if inner[-1] not in ("considered_by", "considered_on", "statement"):
        return _ANY
    return () if place.before and place.after else _COVER


def _of_sections(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    return _TEXTS if "registers" in inner else _ANY


def _of_header(inner: Sequence[str], _place: Place) -> tuple[str, ...]:
    return (CODE,) if inner[0] in ("data_read_at", "last_period") else _ANY


_RULES: Mapping[str, Callable[[Sequence[str], Place], tuple[str, ...]]] = {
    "minutes": _of_minutes,
    "sql": _of_sql,
    "actions": _of_actions,
    "quality": _of_quality,
    "trust": _of_trust,
    "restatements": _of_restatements,
    "ledgers": _of_ledgers,
    "sections": _of_sections,
    "header": _of_header,
}


_NOT_JUDGED: Mapping[str, tuple[str, ...]] = {
    "signal": ("none",),
    "kind": ("common_cause",),
    "variation": ("common_cause",),
    "assurance": ("none", "in_doubt"),
    "few": (),
}
"""What stands in a pack where too few cases, or a value that denies the limits, leave nothing of what was analysed."""


def _is_calmed(place: Place) -> bool:
    """Tell whether one of the two sides has no verdict, which a rule of the pack gives or takes, and not the record."""
    calm = _NOT_JUDGED.get(place.path[-1])
    return calm is not None and (not calm or place.before in calm or place.after in calm)


def _of_objective(kpi: str, inner: Sequence[str], place: Place) -> tuple[str, ...]:
    """Return what explains a difference of one objective. Whether a title was edited matters only for texts."""
    counted = (f"kpi/{kpi}", f"retirement/{kpi}", "review")
    drawn = (CODE, *counted, f"wording/kpi/{kpi}/shown")
    texts = (*drawn, f"wording/kpi/{kpi}", f"targets/{kpi}", f"wording/targets/{kpi}", "page", "wording/organisation")
    if not inner:
        return counted  # it came or went
    first, last = inner[0], inner[-1]
    if first in ("slices", "combined") and len(inner) <= 2:
        return drawn
    if _is_calmed(place):
        return drawn
    if _OF_A_SERIES & set(inner[:3]):
        return texts if last == "reason" else _copy(last)
    if first == "comment":
        return _copy(last)
    if first in ("sql", "rules"):
        return (CODE,)
    if first == "finding" or last == "finding" or first in ("reads", "version", ORDER):
        return drawn
    if first == "definitions" and last in ("approved", "fingerprint"):
        return CODE, *counted
    return (*texts, "wording/table", "calendar")
