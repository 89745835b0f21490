"""What the order of work has to know of suites: codes they judge, what makes rows be judged anew, where they look."""

from __future__ import annotations

from collections.abc import Sequence

from qmsreports.errors import UserError
from qmsreports.records import StagedTable
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


def linked_first(workspace: Workspace, waiting: Sequence[StagedTable]) -> list[tuple[int, StagedTable]]:
    """Return tables with their places, each after those that rules of its suite look into; where two look into each
    other, the one that stands first comes first.
    """
    links = {table.table: _links(workspace, table.table) - {table.table} for table in waiting}
    left, found = list(enumerate(waiting)), list[tuple[int, StagedTable]]()
    while left:
        names = {table.table for _, table in left}
        ready = next((one for one in left if not links[one[1].table] & names), left[0])
        left.remove(ready)
        found.append(ready)
    return found


def _links(workspace: Workspace, table: str) -> frozenset[str]:
    from qmsreports import validate as auditing

    path = workspace.settings.expectations / f"{table}.json"
    try:
        return frozenset(auditing.load_suite(path, workspace.catalog.tables[table]).links)
    except UserError:
        return frozenset()


def suite_of(workspace: Workspace, table: str) -> tuple[str, bool]:
    """Return a mark of what the suite of a table says of single rows, and whether it compares rows of several loads.

    Where the mark differs from the one that the table was published with, its rows have to be judged anew: one that
    breaks a new rule may not count any longer, and one that a rule kept out which is gone may. Wording, owners and
    rules on a delivery as a whole are no part of it. Rows are compared by a rule on repeats in other columns than the
    key: the row that a new one repeats came earlier. An unreadable suite has no mark; the audit says why.
    """
    from qmsreports import validate as auditing

    declared = workspace.catalog.tables[table]
    try:
        suite = auditing.load_suite(workspace.settings.expectations / f"{table}.json", declared)
    except UserError:
        return "", False
    return suite.mark, suite.compares_rows(declared.key)
