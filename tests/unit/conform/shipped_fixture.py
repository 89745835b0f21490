"""The shipped mappings on rows that a test lands by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landed_fixture import Line
from ruamel.yaml import YAML

from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.organisation import Organisation

CATALOG = Path(__file__).parents[3] / "catalog"


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


SOURCES = {
    path.parent.name: Source.model_validate(read(path)).model_copy(update={"folder": path.parent})
    for path in sorted((CATALOG / "sources").glob("*/source.yaml"))
}
TABLES = {path.stem: Table.model_validate(read(path)) for path in sorted((CATALOG / "tables").glob("*.yaml"))}
ORGANISATION = Organisation.model_validate(read(CATALOG / "organisation.yaml"))
MAPPED = [(name, table) for name, source in SOURCES.items() for table in source.conform]


def conformed(
    folder: Path, source: str, table: str, **landed: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return canonical rows and reasons of refused ones; a column that a row leaves out is empty."""
    declared = SOURCES[source]
    line = Line(folder, declared, TABLES[table], ORGANISATION)
    full: dict[str, list[dict[str, Any]]] = {}
    for name in (declared.conform[table].driving, *declared.conform[table].joins):
        feed = declared.feed(name)
        assert feed is not None
        columns = {
            column.lower().replace(" ", "_"): None for column in (*feed.key, *feed.needs, feed.cursor or feed.key[0])
        }
        full[name] = [columns | row for row in landed.get(name, [])] or [columns]
    line.land("1", **full)
    staged = line.stage()
    assert staged is not None
    line.publish(staged)
    return line.rows(), [reason for reason in line.rejects(staged) if "is empty" not in reason]
