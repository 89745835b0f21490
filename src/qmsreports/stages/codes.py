"""Which codes the suite of a table judges, so that the mapping need not: design, canonical tables and their rules."""

from __future__ import annotations

from qmsreports.errors import UserError
from qmsreports.workspace import Workspace


def judged_codes(workspace: Workspace, table: str) -> frozenset[str]:
    """Return the columns of a canonical table whose undeclared codes its suite finds, and deals with by its severity.

    None where the suite cannot be read: the audit says why, and the mapping refuses such codes meanwhile.
    """
    from qmsreports import validate as auditing

    declared = workspace.catalog.tables[table]
    codes = {column.name: column.values for column in declared.columns if column.values}
    sites = tuple(site.site for site in workspace.catalog.organisation.sites)
    if declared.column("site") is not None and sites:
        codes["site"] = sites
    try:
        suite = auditing.load_suite(workspace.settings.expectations / f"{table}.json", declared)
    except UserError:
        return frozenset()
    return suite.judged(codes)
