"""Two hashes of every definition: one of what can change a number or a status, one of the wording.

An approval holds for exactly one fingerprint. Whoever corrects a typing error keeps the approval; whoever touches the
population, the measure, the window, the unit, the first day in force or a calendar that is counted by, loses it.
Targets, accepted deviations and retirements are approved word for word: who agreed, when and why are on record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.canonical import digest, plain, to_yaml
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.mapped import mapping_entries
from qmsreports.catalog.organised import KIND, counted, organisation_entry
from qmsreports.catalog.retirement import KIND as RETIREMENT
from qmsreports.catalog.retirement import retirement_entry
from qmsreports.catalog.target import KpiTargets
from qmsreports.records import DefinitionEntry, RegisteredDefinition

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog

_COUNTED_OF_VERSION = ("effective_from", "population", "measure", "window", "interval")
_WORD_FOR_WORD = ("targets", RETIREMENT)
_FACTS_OF_TARGETS = {"targets": ("agreed",), "accepted_deviations": ("because", "action")}


def kpi_fingerprint(kpi: Kpi, version: KpiVersion, calendars: Mapping[str, Calendar]) -> str:
    """Return the hash of what changes the numbers of one KPI version, calendars with their content."""
    content = {
        "definition": definition_of(kpi, version),
        "calendars": {name: counted_calendar(calendars[name]) for name in version.calendars if name in calendars},
    }
    return _hash(content)


def definition_of(kpi: Kpi, version: KpiVersion) -> dict[str, Any]:
    """Return the counted part of a KPI version, without its calendars' content."""
    written = plain(version)
    counted = {field: written[field] for field in _COUNTED_OF_VERSION if field in written}
    return {"kpi": kpi.kpi, "unit": kpi.unit, **counted}


def rule_text(version: KpiVersion) -> str:
    """Return the counted part of a version in the language of the catalog, as the pack's appendix prints it."""
    written = plain(version)
    return to_yaml(
        {field: written[field] for field in ("population", "measure", "window", "interval") if field in written}
    )


def counted_calendar(calendar: Calendar) -> dict[str, Any]:
    """Return what of a calendar decides which hours are open: its zone and rules without reasons and titles."""
    rules = []
    for rule in calendar.rules:
        written = plain(rule)
        written.pop("why", None)
        for day in written.get("holidays", {}).get("own", ()):
            day.pop("title", None)
        rules.append(written)
    return {"time_zone": calendar.time_zone, "rules": rules}


def entries(catalog: Catalog) -> Iterator[DefinitionEntry]:
    """Yield every definition of a catalog as it would be proposed; versions of all but KPIs are 0, "the next one"."""
    yield organisation_entry(catalog.organisation)
    for kpi in catalog.kpis.values():
        for version in kpi.versions:
            yield kpi_entry(kpi, version, catalog.calendars)
        if kpi.retired is not None:
            yield retirement_entry(kpi)
    for name, targets in catalog.targets.files.items():
        yield targets_entry(name, targets)
    for name, calendar in catalog.calendars.items():
        yield _entry("calendar", name, calendar, _hash(counted_calendar(calendar)))
    for name, clauses in catalog.clause_maps.items():
        yield _entry("clause_map", name, clauses, _hash(untranslated(plain(clauses))))
    for name, review in catalog.reviews.items():
        yield _entry("review", name, review, _hash(untranslated(plain(review))))
    yield from mapping_entries(catalog)


def shown_fingerprints(catalog: Catalog) -> dict[str, str]:
    """Return the hashes of what decides what a pack shows beside the numbers: reasons and input measures of the KPIs,
    and the customer page. They need no approval, for they change no number.
    """
    read = {
        name: {field: value for field, value in plain(kpi).items() if field in ("drivers", "pareto")}
        for name, kpi in catalog.kpis.items()
        if kpi.drivers or kpi.pareto
    }
    found = {"page/reading": _hash(read)} if read else {}
    texts = {
        f"{kind}/{name}": written
        for kind, models in _told(catalog)
        for name, model in models.items()
        if (written := translated(plain(model)))
    }
    if texts:
        found["page/translations"] = _hash(texts)
    if catalog.customers is not None:
        found["page/customers"] = _hash(untranslated(plain(catalog.customers)))
    if catalog.brand is not None:
        found["page/brand"] = _hash(plain(catalog.brand))
    return found


_SHOWN = ("better", "feeds", "slices", "combinations", "limits")
_TOLD_ELSEWHERE = ("unit", "drivers", "pareto")  # among the counted parts, and by shown_fingerprints
_SHOWN_OF_VERSION = ("small_sample", "settles_after")


def wording_fingerprints(catalog: Catalog) -> dict[str, str]:
    """Return the hashes of what a pack says in words, by name: ``kpi/nps``, ``targets/nps``, ``table/tickets``,
    ``source/crm``, ``organisation``; and ``kpi/nps/shown`` of what decides how a KPI is shown and not what it counts.

    They need no approval. A pack keeps them, so that a corrected title can be told from a changed record.
    """
    found = {"organisation": _hash(untranslated(plain(catalog.organisation)))}
    for name, kpi in catalog.kpis.items():
        written = untranslated(plain(kpi))
        versions = written.pop("versions")
        written = {field: value for field, value in written.items() if field not in _TOLD_ELSEWHERE}
        shown = {field: written.pop(field) for field in _SHOWN if field in written}
        shown["versions"] = [{field: one[field] for field in _SHOWN_OF_VERSION if field in one} for one in versions]
        found[f"kpi/{name}/shown"] = _hash(shown)
        found[f"kpi/{name}"] = _hash({**written, "why of versions": [one["why"] for one in versions]})
    for name, targets in catalog.targets.files.items():
        found[f"targets/{name}"] = _hash(plain(targets))
    for name, table in catalog.tables.items():
        found[f"table/{name}"] = _hash(untranslated(plain(table)))
    for name, source in catalog.sources.items():
        found[f"source/{name}"] = _hash({"title": source.title})
    return found


def _told(catalog: Catalog) -> tuple[tuple[str, Mapping[str, BaseModel]], ...]:
    """Return what may say its texts in several languages."""
    return (
        ("organisation", {"organisation": catalog.organisation}),
        ("kpi", catalog.kpis),
        ("clauses", catalog.clause_maps),
        ("review", catalog.reviews),
        ("table", catalog.tables),
        ("source", catalog.sources),
        ("page", {"customers": catalog.customers} if catalog.customers else {}),
    )


def untranslated(written: Any) -> Any:
    """Return a definition without its texts in other languages, which decide nothing."""
    if isinstance(written, dict):
        return {key: untranslated(value) for key, value in written.items() if key != "translations"}
    return [untranslated(item) for item in written] if isinstance(written, list | tuple) else written


def translated(written: Any) -> list[Any]:
    """Return the texts in other languages of a definition and of its parts, in their order."""
    if isinstance(written, dict):
        own = [written["translations"]] if "translations" in written else []
        return own + [found for value in written.values() for found in translated(value)]
    return [found for item in written for found in translated(item)] if isinstance(written, list | tuple) else []


def kpi_entry(kpi: Kpi, version: KpiVersion, calendars: Mapping[str, Calendar]) -> DefinitionEntry:
    """Return one KPI version as it would be proposed."""
    head = {field: value for field, value in plain(kpi).items() if field not in ("versions", "retired")}
    used = [plain(calendars[name]) for name in version.calendars if name in calendars]
    text = to_yaml({"kpi": head, "version": plain(version), "calendars": used})
    return DefinitionEntry(
        kind="kpi",
        name=kpi.kpi,
        version=version.version,
        effective_from=version.effective_from,
        fingerprint=kpi_fingerprint(kpi, version, calendars),
        wording=_hash(text),
        text=text,
        why=version.why,
    )


def targets_entry(name: str, targets: KpiTargets) -> DefinitionEntry:
    """Return the targets of one KPI as they would be proposed.

    All that they say is approved: also who agreed to a target and when, and why a deviation was accepted. These change
    no number; they are facts of the record that one person must not rewrite.
    """
    text = to_yaml(plain(targets))
    return DefinitionEntry("targets", name, 0, None, _hash(text), _hash(text), text)


def judging(targets: KpiTargets) -> dict[str, Any]:
    """Return what of targets decides a status: all but who agreed to them and why a deviation was accepted."""
    written = plain(targets)
    counted: dict[str, Any] = {"kpi": targets.kpi, "unit": targets.unit}
    for field, facts in _FACTS_OF_TARGETS.items():
        counted[field] = [
            {key: value for key, value in entry.items() if key not in facts} for entry in written.get(field, ())
        ]
    return counted


def counted_fingerprints(catalog: Catalog) -> dict[tuple[str, str, int], str]:
    """Return by kind, name and version the hash of what decides a number or a status, as a pack keeps it.

    It is the fingerprint of :func:`entries`, without making their texts; but for targets and retirements, of which
    facts are approved that decide nothing.
    """
    found = {(KIND, KIND, 0): digest(to_yaml(counted(catalog.organisation), sort=True))}
    for name, kpi in catalog.kpis.items():
        for version in kpi.versions:
            found["kpi", name, version.version] = kpi_fingerprint(kpi, version, catalog.calendars)
    for name, calendar in catalog.calendars.items():
        found["calendar", name, 0] = _hash(counted_calendar(calendar))
    for kind, models in (("clause_map", catalog.clause_maps), ("review", catalog.reviews)):
        for name, model in models.items():
            found[kind, name, 0] = _hash(untranslated(plain(model)))
    for entry in mapping_entries(catalog):
        found[entry.kind, entry.name, 0] = entry.fingerprint
    for name, targets in catalog.targets.files.items():
        found["targets", name, 0] = _hash(judging(targets))
    for name, kpi in catalog.kpis.items():
        if kpi.retired is not None:
            found[RETIREMENT, name, 0] = _hash({"kpi": name, "from": str(kpi.retired.start)})
    return found


def word_for_word(row: RegisteredDefinition) -> RegisteredDefinition:
    """Return a row of the register with its whole text approved where its kind asks for that.

    Earlier releases recorded there what judges and nothing of who agreed; the approval was given to the same text.
    """
    if row.entry.kind not in _WORD_FOR_WORD or row.entry.fingerprint == row.entry.wording:
        return row
    return replace(row, entry=replace(row.entry, fingerprint=row.entry.wording))


def _entry(kind: str, name: str, model: BaseModel, fingerprint: str) -> DefinitionEntry:
    text = to_yaml(plain(model))
    return DefinitionEntry(kind, name, 0, None, fingerprint, _hash(text), text)


def _hash(content: Any) -> str:
    return digest(to_yaml(content, sort=True))
