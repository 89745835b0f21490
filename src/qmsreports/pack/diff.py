"""What is different between two packs, and why: every value that differs is given one cause, or is called unexplained.

Read from the sealed models as plain data, so that an edition which another version of the code wrote can be compared as
well; the register adds why a value was replaced. Nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qmsreports.pack import figures, seal
from qmsreports.pack.diff_beside import analyses, feeds, untold, wordings
from qmsreports.pack.difference import Difference, Side

CAUSES = {
    "new_data": "New data",
    "late_data": "Late data",
    "restatement": "Restated",
    "definition": "Definition",
    "target": "Target",
    "settled": "Settled",
    "feed": "Feed",
    "analysis": "Analysis",
    "wording": "Wording",
    "record": "Record of the review",
    "code": "Code and tools",
    "unexplained": "Unexplained",
}
"""Causes in the order in which they are told, with their heads."""

Key = tuple[str, str, str]
"""KPI, slice (``site=linz``, empty for the whole), period."""
_NUMBERS = ("value", "numerator", "denominator", "n", "low", "high")


@dataclass(frozen=True, slots=True)
class PackDiff:
    """All differences by cause, and what followed from them for the reader: decisions and inputs."""

    before: str
    after: str
    differences: tuple[Difference, ...]
    follows: tuple[str, ...]

    @property
    def unexplained(self) -> bool:
        """Whether a value differs and neither the register nor the manifests say why."""
        return any(one.cause == "unexplained" for one in self.differences)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        counts = {cause: sum(one.cause == cause for one in self.differences) for cause in CAUSES}
        return {
            "before": self.before,
            "after": self.after,
            "causes": {cause: count for cause, count in counts.items() if count},
            "differences": [one.as_dict() for one in self.differences],
            "follows": list(self.follows),
        }


def diff(before: Side, after: Side, whys: Mapping[Key, str]) -> PackDiff:
    """Return what differs. ``whys`` says of values why the newest one stands, as the register has it."""
    found = [*_tables(before, after), *_catalog(before, after), *_values(before, after, whys)]
    found += [*feeds(before.model, after.model), *analyses(before.model, after.model), *wordings(before, after)]
    found += [*_record(before, after), *_made_by(before, after)]
    order = list(CAUSES)
    found.sort(key=lambda one: (order.index(one.cause), bool(one.slice)))
    follows = list(_follows(before.model, after.model))
    if not found and not follows:
        follows += untold(before.model, after.model)
    return PackDiff(before.name, after.name, tuple(found), tuple(follows))


def _tables(before: Side, after: Side) -> Iterator[Difference]:
    then, now = _read(before.manifest), _read(after.manifest)
    for table in sorted({*then, *now}):
        if then.get(table) != now.get(table):
            title = table.replace("_", " ")
            text = f"{title}: lake version {_version(then.get(table))} {figures.ARROW} {_version(now.get(table))}"
            yield Difference("new_data", table, text, before=then.get(table), after=now.get(table))


def _counted(number: int) -> str:
    return f"{number:,}{figures.NBSP}{'value' if number == 1 else 'values'}"


def _read(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return the newest version of each table that registers or values were read from."""
    found = {str(table): int(version) for table, version in manifest.get("tables", {}).items()}
    for name in manifest.get("read", {}):
        table, _, version = str(name).rpartition("@")
        found[table] = max(int(version), found.get(table, -1))
    return found


def _version(version: int | None) -> str:
    return "none" if version is None else str(version)


def _catalog(before: Side, after: Side) -> Iterator[Difference]:
    then, now = before.manifest.get("catalog", {}), after.manifest.get("catalog", {})
    reasons = {
        f"kpi/{one['kpi']}/v{version['version']}": version.get("why", "")
        for one in after.model.get("objectives", ())
        for version in one.get("definitions", ())
    }
    for name in sorted({*then, *now}):
        if then.get(name) == now.get(name):
            continue
        kind, _, rest = name.partition("/")
        word = "new" if name not in then else "gone" if name not in now else "changed"
        why = str(reasons.get(name, ""))
        named = kind if rest in ("", kind) else f"{kind} {rest}"  # there is one organisation
        text = f"{named.replace('_', ' ').replace('/', ' ')}: {word}"
        text += f" ({why.rstrip('.')})" if why else ""
        kpi = rest.partition("/")[0] if kind in ("kpi", "targets") else ""
        yield Difference("target" if kind == "targets" else "definition", name, text, kpi=kpi, why=why)


def _values(before: Side, after: Side, whys: Mapping[Key, str]) -> Iterator[Difference]:
    then, now = _points(before.model), _points(after.model)
    units = {one["kpi"]: (one["title"], one["unit"]) for one in after.model.get("objectives", ())}
    fingerprints = _fingerprints(before.model), _fingerprints(after.model)
    code = any(one.what in ("code_version", "sources") for one in _made_by(before, after))
    new: dict[tuple[str, str], int] = {}
    for key, point in now.items():
        old = then.get(key)
        if old is None:
            new[key[0], key[2]] = new.get((key[0], key[2]), 0) + 1
            continue
        cause = _cause(old, point, whys.get(key, ""), fingerprints, key[0], other_code=code)
        if cause:
            yield _value(cause, key, old, point, *units[key[0]], why=whys.get(key, ""))
    yield from _new(new, units)
    for kpi in sorted({key[0] for key in then} - units.keys()):
        yield Difference("definition", kpi, f"{kpi}: no longer an objective of this review", kpi=kpi)


def _new(new: Mapping[tuple[str, str], int], units: Mapping[str, tuple[str, str]]) -> Iterator[Difference]:
    """Yield one line for each period that has values now and had none: which KPIs is said by their number."""
    for period in sorted({period for _, period in new}):
        kpis = sorted(kpi for kpi, of in new if of == period)
        values = sum(count for (_, of), count in new.items() if of == period)
        names = figures.listed([units[kpi][0] for kpi in kpis], 3)
        text = f"{figures.period(period)}: {_counted(values)} for the first time, of {names}"
        yield Difference("new_data", "values", text, period=period, after=values)


def _points(model: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    found: dict[Key, Mapping[str, Any]] = {}
    for one in model.get("objectives", ()):
        for point in one.get("points", ()):
            found[one["kpi"], "", point["period"]] = point
        for part in one.get("slices", ()):
            for point in part.get("points", ()):
                found[one["kpi"], f"{part['dimension']}={part['key']}", point["period"]] = point
    return found


def _fingerprints(model: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    return {
        (one["kpi"], version["version"]): version["fingerprint"]
        for one in model.get("objectives", ())
        for version in one.get("definitions", ())
    }


def _cause(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    why: str,
    fingerprints: tuple[Mapping[tuple[str, int], str], Mapping[tuple[str, int], str]],
    kpi: str,
    *,
    other_code: bool,
) -> str:
    """Return why two values of one period differ; empty where they do not."""
    versions = old.get("version", 1), new.get("version", 1)
    if any(_other(old, new, name) for name in _NUMBERS) or versions[0] != versions[1]:
        redefined = versions[0] != versions[1] or (
            fingerprints[0].get((kpi, versions[0])) != fingerprints[1].get((kpi, versions[1]))
        )
        told = (
            ("restatement", why.startswith("restatement")),
            ("definition", bool(old.get("unfit") or new.get("unfit"))),
            ("feed", "not_valid" in (old.get("status"), new.get("status"))),
            ("definition", redefined),
            ("late_data", why.startswith("late data") or bool(old.get("provisional"))),
            ("new_data", old.get("status") == "no_data" and not old.get("n")),
            ("code", other_code),
        )
        return next((cause for cause, holds in told if holds), "unexplained")
    if (old.get("target"), old.get("near")) != (new.get("target"), new.get("near")):
        return "target"
    if "not_valid" in (old.get("status"), new.get("status")) and old.get("status") != new.get("status"):
        return "feed"
    if old.get("provisional") and not new.get("provisional"):
        return "settled"
    if old.get("status") != new.get("status"):
        return "target" if why in ("status changed", "target changed") else "code" if other_code else "unexplained"
    return ""


def _value(
    cause: str, key: Key, old: Mapping[str, Any], new: Mapping[str, Any], title: str, unit: str, *, why: str
) -> Difference:
    kpi, part, period = key
    name = f"{title} ({part.replace('=', ' ')})" if part else title
    if cause == "target":
        was, now = old.get("target"), new.get("target")
        said = f"target {figures.goal_quantity(was, unit)} {figures.ARROW} {figures.goal_quantity(now, unit)}"
        said += f", {_status(old)} {figures.ARROW} {_status(new)}" if _status(old) != _status(new) else ""
    else:
        was, now = old.get("value"), new.get("value")
        said = f"{figures.quantity(was, unit)} {figures.ARROW} {figures.quantity(now, unit)}"
        if was == now:
            same = ("status", "provisional", *_NUMBERS)
            others = [
                f"{name} {old.get(name)} {figures.ARROW} {new.get(name)}" for name in same if _other(old, new, name)
            ]
            said = ", ".join([figures.quantity(now, unit), *others])
    versions = old.get("version", 1), new.get("version", 1)
    said += f", version {versions[0]} {figures.ARROW} {versions[1]}" if versions[0] != versions[1] else ""
    because = f" ({why})" if why else ""
    text = f"{name}, {figures.period(period)}: {said}{because}"
    return Difference(cause, "value", text, kpi, part, period, was, now, why)


def _other(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    return bool(old.get(name) != new.get(name))


def changed_values(before: Side, after: Side) -> frozenset[Key]:
    """Return the values that stand in both packs and differ in anything; of these the register is asked why."""
    then, now = _points(before.model), _points(after.model)
    names = (*_NUMBERS, "version", "status", "provisional", "target", "near")
    return frozenset(
        key for key in then.keys() & now.keys() if any(_other(then[key], now[key], name) for name in names)
    )


def _status(point: Mapping[str, Any]) -> str:
    return str(point.get("status", "no_target")).replace("_", " ")


def _record(before: Side, after: Side) -> Iterator[Difference]:
    """Yield what people put on record, and the approval: its kind, its name, and whether it is new."""
    titles = {str(one["kpi"]): str(one["title"]) for one in after.model["objectives"]}
    then, now = seal.records(before.manifest, after.manifest, titles)
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            word = "new" if name not in then else "gone" if name not in now else "changed"
            kind, _, subject = name.partition("/")
            yield Difference("record", name, f"{kind} {titles.get(subject, subject)}: {word}")
    forms = [", ".join(side.manifest.get("forms", ())) for side in (before, after)]
    if forms[0] != forms[1]:
        text = f"forms besides print, page and workbook: {forms[0] or 'none'} {figures.ARROW} {forms[1] or 'none'}"
        yield Difference("record", "forms", text, before=forms[0], after=forms[1])
    by = [side.manifest.get("approval", {}).get("by", "") for side in (before, after)]
    if by[0] != by[1]:
        text = f"approved by {by[0] or 'nobody'} {figures.ARROW} {by[1] or 'nobody'}"
        yield Difference("record", "approval", text, before=by[0], after=by[1])


_MADE_BY = {
    "code_version": "version of qmsreports",
    "templates": "templates",
    "brand": "logo, colours or fonts",
    "sources": "sources of qmsreports",
    "installed": "installed distributions",
    "python": "Python",
}
_HASHES = frozenset({"templates", "brand", "sources", "installed"})


def _made_by(before: Side, after: Side) -> Iterator[Difference]:
    """Yield what made the pack and is another one now; what an older manifest does not say is not compared."""
    then, now = _makers(before.manifest), _makers(after.manifest)
    for name in sorted(then.keys() & now.keys()):
        if then[name] != now[name]:
            said = "changed" if name in _HASHES else f"{then[name]} {figures.ARROW} {now[name]}"
            yield Difference("code", name, f"{_MADE_BY.get(name, name)}: {said}", before=then[name], after=now[name])


def _makers(manifest: Mapping[str, Any]) -> dict[str, Any]:
    code = {name: value for name, value in manifest.get("code", {}).items() if name in _MADE_BY}
    first = {name: manifest[name] for name in ("code_version", "templates", "brand") if name in manifest}
    return {**manifest.get("tools", {}), **code, **first}


def _follows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader sees: decisions that came and went, statuses and inputs that became others."""
    then, now = ([one["title"] for one in side.get("decisions", ())] for side in (before, after))
    yield from (f"needs a decision now: {_plain(title)}" for title in now if title not in then)
    yield from (f"needs no decision any more: {_plain(title)}" for title in then if title not in now)
    were, are = _latest(before), _latest(after)
    for kpi, (title, *states) in are.items():
        for was, now_ in zip(were.get(kpi, (title, *states))[1:], states, strict=True):
            if was != now_:
                yield f"{title}: {was} {figures.ARROW} {now_}"
    inputs = [_inputs(side) for side in (before, after)]
    for name, state in inputs[1].items():
        if name in inputs[0] and inputs[0][name] != state:
            yield f"input {name}: {inputs[0][name]} {figures.ARROW} {state}"


def _latest(model: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return title, status and variation of the latest value of each objective."""
    return {
        one["kpi"]: (
            one["title"],
            _status(one["points"][-1]),
            str(one.get("variation", "common_cause")).replace("_", " "),
        )
        for one in model.get("objectives", ())
        if one["points"]
    }


def _inputs(model: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{_plain(row['number'])} of {book['standard']['title']}": row["state"]
        for book in model.get("ledgers", ())
        for row in book["rows"]
    }


def _plain(text: str) -> str:
    return text.replace(figures.NBSP, " ")


def lines(found: PackDiff, most: int = 12) -> Sequence[str]:
    """Return the differences as text: by cause, wholes before parts, at most so many of a cause."""
    if not found.differences and not found.follows:
        return [f"{found.before} and {found.after} say the same, made by the same"]
    said = []
    for cause, head in CAUSES.items():
        mine = [one for one in found.differences if one.cause == cause]
        if mine:
            said += [f"{head}:", *(f"  {_plain(one.text)}" for one in mine[:most])]
            said += [f"  and {len(mine) - most} more, see --json"] if len(mine) > most else []
    if found.follows:
        said += [
            "What followed:" if found.differences else "What reads differently:",
            *(f"  {_plain(text)}" for text in found.follows),
        ]
    return said
