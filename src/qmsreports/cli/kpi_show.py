"""``qmsreports kpi show``: one definition as it is written, with all versions, their rules and who approved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qmsreports.cli.output import print_json

if TYPE_CHECKING:
    from qmsreports.catalog.history import History
    from qmsreports.catalog.kpi import Kpi, KpiVersion
    from qmsreports.catalog.load import Catalog
    from qmsreports.records import RegisteredDefinition


def show(
    kpi: Annotated[str, typer.Argument(help="The KPI.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a definition: question, owner, slices, every version with its rule, why and approvals, and its targets."""
    from qmsreports.catalog.fingerprint import kpi_entry
    from qmsreports.catalog.history import History
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.stages.evidence import known_kpi
    from qmsreports.workspace import Workspace

    with Workspace() as workspace:
        known_kpi(workspace, kpi)
        catalog = workspace.written
        definitions = CatalogRecords(workspace.register).definitions()
    entry = catalog.kpis[kpi]
    history = History(definitions, catalog.organisation.approvals)
    counted = {
        version.version for version in entry.versions if history.counts(kpi_entry(entry, version, catalog.calendars))
    }
    versions = [
        _version(catalog, entry, version, definitions, counts=version.version in counted) for version in entry.versions
    ]
    targets = catalog.targets.files.get(kpi)
    written = [
        {
            "from": str(target.start),
            "to": str(target.to) if target.to else None,
            "slice": dict(target.slice),
            "meet": target.meet,
            "near": target.near,
        }
        for target in (targets.targets if targets else ())
    ]
    head = {name: getattr(entry, name) for name in ("kpi", "title", "question", "unit", "better", "owner")}
    found = {**head, "feeds": list(entry.feeds), "slices": list(entry.slices), "versions": versions, "targets": written}
    found["retired"] = _retired(entry, history)
    if as_json:
        print_json(found)
        return
    for line in _lines(found):
        typer.echo(line)


def _version(
    catalog: Catalog, kpi: Kpi, version: KpiVersion, definitions: tuple[RegisteredDefinition, ...], *, counts: bool
) -> dict[str, Any]:
    from qmsreports.kpi import words
    from qmsreports.kpi.selection import plan_in

    rows = [row for row in definitions if (row.entry.kind, row.entry.name) == ("kpi", kpi.kpi)]
    own = [row for row in rows if row.entry.version == version.version]
    return {
        "version": version.version,
        "effective_from": str(version.effective_from),
        "state": "approved" if counts else "waits for approval" if own else "not applied",
        "why": version.why,
        "rule": [line for line in words.rule_of(plan_in(catalog, kpi, version)) if line],
        "approvals": [f"{who} on {on:%Y-%m-%d}" for row in own for who, on in row.approvals],
    }


def _retired(kpi: Kpi, history: History) -> dict[str, Any] | None:
    """Return the end of a KPI as it is written, and whether it counts."""
    from qmsreports.catalog.retirement import KIND, retirement_entry

    if kpi.retired is None:
        return None
    entry = retirement_entry(kpi)
    own = [row for row in history.of(KIND, kpi.kpi) if row.entry.fingerprint == entry.fingerprint]
    agreed = kpi.retired.agreed
    return {
        "from": str(kpi.retired.start),
        "because": kpi.retired.because,
        "agreed": f"{agreed.by} on {agreed.on}, {agreed.record}",
        "state": "approved" if history.counts(entry) else "waits for approval" if own else "not applied",
        "approvals": [f"{who} on {on:%Y-%m-%d}" for row in own for who, on in row.approvals],
    }


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['kpi']}: {found['title']} ({found['unit']}, better: {found['better']})",
        found["question"],
        f"owner {found['owner']}; feeds {', '.join(found['feeds'])}; slices {', '.join(found['slices']) or 'none'}",
    ]
    for version in found["versions"]:
        lines += ["", f"version {version['version']}, from {version['effective_from']}: {version['state']}"]
        lines += [f"  {line}" for line in (version["why"], *version["rule"])]
        lines += [f"  approved by {approval}" for approval in version["approvals"]]
    ended = found["retired"]
    if ended is not None:
        lines += ["", f"retired from {ended['from']}: {ended['state']}", f"  {ended['because']}"]
        lines += [f"  agreed by {ended['agreed']}", *(f"  approved by {approval}" for approval in ended["approvals"])]
    lines += [""] if found["targets"] else []
    for target in found["targets"]:
        cut = ", ".join(f"{name} {value}" for name, value in target["slice"].items())
        near = f", near {target['near']:g}" if target["near"] is not None else ""
        until = f" to {target['to']}" if target["to"] else ""
        lines.append(f"target from {target['from']}{until}{f' for {cut}' if cut else ''}: {target['meet']:g}{near}")
    return lines
