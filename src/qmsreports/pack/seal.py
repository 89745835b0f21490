"""The seal of a pack: the hash of every file, of everything it was made from, and what is needed to make it again."""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qmsreports.catalog.fingerprint import counted_fingerprints, shown_fingerprints
from qmsreports.catalog.load import Catalog
from qmsreports.language import say, speaking
from qmsreports.pack import figures
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.model import Action, LedgerRow, PackModel
from qmsreports.pack.view import words
from qmsreports.records import PackFile

MANIFEST = "manifest.json"
FORMAT = 1
_NAMED = 3  # restated values by name; the rest is counted
_TOOLS = ("typst", "matplotlib", "jinja2", "fonttools", "font-source-sans-pro", "openpyxl", "python-pptx", "xlsxwriter")
_NOT_INPUT = frozenset(
    {"edition", "predecessor", "reason", "status", "approved_by", "approved_on", "data_read_at", "forms"}
)
"""Header fields that follow from building and approving; a second look at unchanged sources is no other input."""


def inputs_of(pack: PackModel, templates: Path, brand: Brand = PLAIN) -> str:
    """Return the fingerprint of everything the pack says and how it is set: the same inputs need no new edition."""
    content = pack.model_dump(mode="json")
    content["header"] = {name: value for name, value in content["header"].items() if name not in _NOT_INPUT}
    look = {"brand": dict(brand.files)} if brand.files else {}
    return _hash({"model": content, "templates": templates_hash(templates), **look})


def templates_hash(templates: Path) -> str:
    """Return the hash of all template files of a pack, by name and content; the message it is sent with is none."""
    kept = (".typ", ".j2", ".css", ".js", ".pptx")
    files = sorted(path for path in templates.glob("*") if path.suffix in kept and not path.name.startswith("mail."))
    return _hash({path.name: sha256(path.read_bytes()) for path in files})


def tools() -> dict[str, str]:
    """Return the versions of what turns a model into bytes."""
    return {name: version(name) for name in _TOOLS} | {"zlib": zlib.ZLIB_RUNTIME_VERSION}


@cache
def code() -> dict[str, Any]:
    """Return what ran: the hash of the package's own sources, and the hash of every distribution beside it.

    ``installed`` is what a lock file pins, read from the environment itself: name and version of each distribution,
    sorted. Two machines that installed the same lock file give the same hash, wherever the file lies.
    """
    package = Path(__file__).parents[1]
    sources = sorted([*package.rglob("*.py"), *package.rglob("*.po")])
    names = sorted({path.stem.lower() for folder in sys.path if folder for path in Path(folder).glob("*.dist-info")})
    return {
        "sources": _hash({path.relative_to(package).as_posix(): sha256(path.read_bytes()) for path in sources}),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}",
        "distributions": len(names),
        "installed": _hash(names),
    }


def catalog_fingerprints(catalog: Catalog) -> dict[str, str]:
    """Return the fingerprint of every definition: ``{"kpi/nps/v1": ..., "review/monthly": ...}``."""
    counted = {
        f"{kind}/{name}" + (f"/v{version}" if version else ""): fingerprint
        for (kind, name, version), fingerprint in counted_fingerprints(catalog).items()
    }
    return counted | shown_fingerprints(catalog)


def seal(files: Mapping[str, bytes]) -> tuple[PackFile, ...]:
    """Return the seal of each file, by name."""
    return tuple(PackFile(name, sha256(files[name]), len(files[name])) for name in sorted(files))


def manifest(
    pack: PackModel,
    *,
    inputs: str,
    tables: Mapping[str, int],
    restated: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    catalog: Mapping[str, str],
    wording: Mapping[str, str],
    journal: Mapping[str, Any],
    templates: Path,
    brand: Brand = PLAIN,
    as_of: datetime,
    files: Mapping[str, bytes],
) -> dict[str, Any]:
    """Return what an auditor needs to check the files and to make them again."""
    head = pack.header
    return {
        "format": FORMAT,
        "pack": head.name,
        "review": head.review,
        "period": head.period,
        "edition": head.edition,
        "language": head.language,
        "predecessor": head.predecessor,
        "reason": head.reason,
        "inputs": inputs,
        "as_of": as_of.isoformat(),
        "data_read_at": head.data_read_at.isoformat(),
        "period_over": head.period_over,
        "tables": dict(sorted(tables.items())),
        "read": {f"{item.table}@{item.version}": item.kpis for item in pack.tables},
        "restated": {name: dict(mark) for name, mark in sorted(restated.items())},
        "catalog": dict(sorted(catalog.items())),
        "wording": dict(sorted(wording.items())),
        "templates": templates_hash(templates),
        "brand": dict(sorted(brand.files.items())),
        "record": recorded(pack),
        "journal": dict(journal),
        "code_version": head.code_version,
        "code": code(),
        "tools": tools(),
        "forms": list(head.forms),
        "files": [{"path": file.path, "sha256": file.sha256, "bytes": file.bytes} for file in seal(files)],
    }


def changed(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    titles: Mapping[str, str] = MappingProxyType({}),
    *,
    lost: str = "",
) -> str:
    """Return in words what is different between the manifests of two editions, for the second to name as its reason.

    ``titles`` are those of the KPIs, by name, of their parts (``otif/site=linz``), and of tables and standards, by
    ``table/`` or ``standard/`` and name; ``lost`` is the name of the first edition where its files are gone, which is a
    reason of its own.
    """
    empty: dict[str, str] = {}
    tables = [titles.get(f"table/{name}", name) for name in differing(before.get("tables", empty), after["tables"])]
    defined = differing(before.get("catalog", empty), after["catalog"])
    named = (
        ("new_data", "tables", tables),
        ("definitions", "names", _definitions(defined, titles)),
        ("wording", "names", reworded(before, after, titles)),
    )
    found = restatement_words(before, after, titles)
    found += [say(f"edition.{key}", **{slot: _some(names)}) for key, slot, names in named if names]
    if f"review/{after.get('review')}" in defined:
        found.append(say("edition.review"))
    if before.get("language", after.get("language")) != after.get("language"):
        found.append(say("edition.language", language=say(f"language.{after['language']}")))
    if before.get("code_version") != after["code_version"]:
        versions = {"before": before.get("code_version"), "after": after["code_version"]}
        found.append(say("edition.code_version", **versions))
    elif "code" in before and before["code"].get("sources") != after.get("code", {}).get("sources"):
        found.append(say("edition.code"))
    if before.get("templates") != after["templates"]:
        found.append(say("edition.templates"))
    brand = differing(before.get("brand", {}), after.get("brand", {}))
    if brand:
        found.append(say("edition.look", names=_some(brand)))
    tools = differing(before.get("tools", {}), after.get("tools", {}))
    if tools:
        found.append(say("edition.tools", names=_some(tools)))
    found += [say("edition.form", form=form) for form in after.get("forms", ()) if form not in before.get("forms", ())]
    if "record" in before:  # editions of before the record was kept say nothing about it
        found += _record_words(before, after, titles)
    found += [say("edition.lost", pack=lost)] if lost else []
    return say("list.semicolon").join(found) or say("edition.nothing_else")


def restatement_words(
    before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Return the values that were restated between two editions, with both numbers, who restated them and why.

    A part is named where its whole is not. Nothing where one of the manifests does not know of restatements.
    """
    if "restated" not in before or "restated" not in after:
        return []
    was, now = before["restated"], after["restated"]
    names = [name for name in differing(was, now) if name in now]
    wholes = {name for name in names if name.count("/") == 1}
    told = [name for name in names if name in wholes or "/".join(name.split("/")[:: name.count("/")]) not in wholes]
    told.sort(key=lambda name: name not in wholes)
    found = []
    for name in told[:_NAMED]:
        of, _, period = name.rpartition("/")
        mark, earlier = now[name], was.get(name)
        values = (earlier or mark)["values"][-1 if earlier else 0], mark["values"][-1]
        found.append(
            say(
                "edition.restated",
                objective=titles.get(of, of),
                in_period=figures.period(period, "in"),
                before=figures.quantity(values[0], mark["unit"]),
                after=figures.quantity(values[1], mark["unit"]),
                by=mark["by"],
                why=mark["why"].rstrip("."),
            )
        )
    return [*found, *([say("edition.restated_more", n=len(told) - _NAMED)] if len(told) > _NAMED else [])]


def _definitions(names: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    """Return what is defined in another way as people call it, each once. How a review is set up is no definition, and
    how another one is set up no matter of this.
    """
    return list(dict.fromkeys(_called(name, titles) for name in names if not name.startswith("review/")))


def _called(name: str, titles: Mapping[str, str]) -> str:
    """Return the title of what ``kpi/nps/v2`` or ``targets/nps`` is about; the name where no title is known."""
    kind, _, rest = name.partition("/")
    if kind == "page":
        return figures.known(f"edition.page.{rest}", name)
    title = titles.get(rest.partition("/")[0], "") if kind in ("kpi", "targets") else titles.get(name, "")
    return say("edition.target", name=title) if title and kind == "targets" else title or name


def reworded(
    before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Return of what the wording, or the way it is shown, is another one; nothing where one manifest does not know.

    What counts in another way as well is a changed definition, and is told as such.
    """
    if "wording" not in before or "wording" not in after:
        return []
    counted = differing(before.get("catalog", {}), after.get("catalog", {}))
    names = [
        name
        for name in differing(before["wording"], after["wording"])
        if not any(f"{one}/".startswith(f"{name.removesuffix('/shown')}/") for one in counted)
    ]
    return [
        say("edition.shown", name=_called(name.removesuffix("/shown"), titles))
        if name.endswith("/shown")
        else _called(name, titles)
        for name in names
        if name.removesuffix("/shown") == name or name.removesuffix("/shown") not in names
    ]


_DERIVED = {"moved_times"}  # follows from the dates, and editions of before did not count it
_RECORD = ("comment", "statement", "action", "decision")


def recorded(pack: PackModel) -> dict[str, str]:
    """Return a short hash of each thing people put on record, by kind and name: an edition can say which is new.

    What people wrote is hashed and no word of ours, so that another language is no other record.
    """
    said: dict[str, Any] = {f"comment/{one.kpi}": one.comment for one in pack.objectives if one.comment}
    for ledger in pack.ledgers:
        for row in ledger.rows:  # by what it covers: editions give one number to different inputs
            if row.state == "considered":
                said.setdefault(f"statement/{row.covers or row.clause}", _statement(row))
    with speaking(pack.header.language):
        said |= {f"action/{one.action}": one.model_copy(update={"effect": _effect(one)}) for one in pack.actions}
    said |= {f"decision/{one.number}": one.model_copy(update={"action": None}) for one in pack.decided}
    if pack.minutes:
        said |= {f"decision/{one.number}": one for one in pack.minutes.resolutions}
        said |= {f"action/{one.number}": one for one in pack.minutes.actions}
        said["review/minutes"] = pack.minutes.model_copy(update={"resolutions": (), "actions": ()})
    told = {name: one.model_dump(mode="json", exclude=_DERIVED) for name, one in said.items()}
    return {name: _hash(one)[:16] for name, one in sorted(told.items())}


def _statement(row: LedgerRow) -> LedgerRow:
    return row.model_copy(update={"number": "", "label": "", "evidence": ()})


def _effect(action: Action) -> str:
    """Return what the check of an action found, with our word for the result as its key."""
    for key in ("action.effective", "action.not_effective"):
        head, colon, rest = action.effect.partition(say("list.colon"))
        if head == say(key):
            return f"{key}: {rest}" if colon else key
    return action.effect


def records(
    before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was on record at two editions, by manifest, so that it can be compared.

    Editions of before the manifest had a language kept the titles of KPIs, and hashes that counted words of ours.
    """
    then, now = dict(before.get("record", {})), dict(after.get("record", {}))
    if "language" not in before and "language" in after:
        kpis = {f"comment/{title}": f"comment/{kpi}" for kpi, title in titles.items()}
        then = {kpis.get(name, name): one for name, one in then.items()}
        ours = [name for name in now.keys() & then.keys() if name.startswith(("statement/", "action/"))]
        then |= {name: now[name] for name in ours}
    return then, now


def _record_words(before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    names, found = differing(*records(before, after, titles)), []
    standards = {name.partition("/")[2]: title for name, title in titles.items() if name.startswith("standard/")}
    for kind in _RECORD:
        mine = [name.partition("/")[2] for name in names if name.startswith(f"{kind}/")]
        if mine:
            mine = [words.clause(name, standards) if kind == "statement" else titles.get(name, name) for name in mine]
            found.append(say(f"edition.{kind}", names=_some(mine)))
    return [*found, *[say("edition.minutes")] * ("review/minutes" in names)]


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names under which two mappings do not say the same, sorted."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return say("list.more", listed=shown, n=len(names) - 4) if len(names) > 4 else shown


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """Return JSON with sorted keys: the same content, the same bytes."""
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes as hex."""
    return hashlib.sha256(content).hexdigest()


def _hash(content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
