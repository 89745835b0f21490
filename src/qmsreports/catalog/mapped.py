"""How rows of a source become canonical rows, as a definition on record: its SELECT and what is declared beside it.

A changed mapping changes numbers as a changed KPI does, but by rows that only the next ingest makes, and a source that
changed overnight has to be followed before a meeting is held. So it is proposed and approved like the others and takes
effect at once: whoever looks at plan, register or pack sees whether somebody stood up for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.canonical import digest, plain, to_yaml
from qmsreports.records import DERIVED, DefinitionEntry

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog

KIND = "mapping"
_READING_ONLY = frozenset({"keys_every_hours", "settle_seconds", "may_be_empty"})
"""Fields of a feed that say when it is read, and not what its rows become."""


def mapping_entries(catalog: Catalog) -> Iterator[DefinitionEntry]:
    """Yield the mapping of every source into every canonical table (``crm.orders``), and each derived table's."""
    for name, source in catalog.sources.items():
        for table, mapping in source.conform.items():
            feeds = (
                plain(feed) for each in (mapping.driving, *mapping.joins) if (feed := source.feed(each)) is not None
            )
            content = {
                "mapping": f"{name}.{table}",
                "conform": plain(mapping),
                "time_zone": source.time_zone,
                "codes": source.codes,
                "feeds": [{key: value for key, value in feed.items() if key not in _READING_ONLY} for feed in feeds],
            }
            yield _entry(content, source.sql_path(table))
    for name, declared in catalog.tables.items():
        if declared.derived_from:
            content = {"mapping": f"{DERIVED}.{name}", "from": list(declared.derived_from)}
            yield _entry(content, catalog.folder / "tables" / f"{name}.sql")


def place(catalog: Catalog, name: str) -> str:
    """Return where the SELECT of a mapping stands, from the catalog's folder on."""
    source, _, table = name.partition(".")
    folder = "tables" if source == DERIVED else f"sources/{source}"
    return f"{catalog.folder.resolve().name}/{folder}/{table}.sql"


def _entry(content: dict[str, Any], sql: Path) -> DefinitionEntry:
    try:
        select = sql.read_text(encoding="utf-8", errors="replace")
    except OSError:
        select = ""  # ingest says so, and catalog check
    text = to_yaml({**content, "select": select})
    fingerprint = digest(to_yaml({**content, "select": select}, sort=True))
    return DefinitionEntry(KIND, str(content["mapping"]), 0, None, fingerprint, digest(text), text)
