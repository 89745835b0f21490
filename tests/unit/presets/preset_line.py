"""A preset put into a catalog and read through, from the connection to the canonical tables."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from qmsreports import conform, landing, sources
from qmsreports.catalog.load import load_catalog
from qmsreports.catalog.presets import add_preset
from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.lake import Lake
from qmsreports.organisation import Organisation
from qmsreports.records import Audit, LandResult, StagedTable

ROOT = Path(__file__).parents[3]


def catalog_with(folder: Path, preset: str, name: str) -> Path:
    """A catalog with the shipped tables and one source, copied from a preset as a person would."""
    catalog = folder / "catalog"
    shutil.copytree(ROOT / "catalog" / "tables", catalog / "tables")
    shutil.copy(ROOT / "catalog" / "organisation.yaml", catalog)
    add_preset(preset, name=name, catalog=catalog)
    return catalog


@dataclass
class PresetLine:
    """One source made of a preset; ``change`` edits its source.yaml as text, as its owner would."""

    folder: Path
    preset: str
    connection: str
    change: dict[str, str] = field(default_factory=dict)
    done: dict[str, set[str]] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        catalog = catalog_with(self.folder, self.preset, "system")
        path = catalog / "sources" / "system" / "source.yaml"
        text = path.read_text(encoding="utf-8")
        for old, new in self.change.items():
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        loaded = load_catalog(catalog)
        self.source: Source = loaded.sources["system"]
        self.tables: dict[str, Table] = dict(loaded.tables)
        self.organisation: Organisation = loaded.organisation
        self.lake = Lake(str(self.folder / "lake"))

    def land(self, **options: Any) -> LandResult:
        return sources.land(
            self.source,
            connection=self.connection,
            landing=self.folder / "landing",
            state=self.folder / "state",
            **options,
        )

    def publish(self) -> dict[str, list[str]]:
        """Conform and publish what is new; returns the reasons of refused rows by table. Counts always reconcile."""
        refused: dict[str, list[str]] = {}
        for name in self.source.conform:
            staged = conform.stage(
                self.source,
                self.tables[name],
                landing=self.folder / "landing",
                staging=self.folder / "staging",
                done=frozenset(self.done.setdefault(name, set())),
                organisation=self.organisation,
            )
            if staged is None:
                continue
            out = staged.rows + staged.rejected + staged.duplicates + staged.deleted_at_source
            assert staged.rows_in + staged.refreshed == out
            refused[name] = self._merge(name, staged)
        return refused

    def _merge(self, name: str, staged: StagedTable) -> list[str]:
        audit = Audit(staged.source, staged.table, "passed", staged.path, staged.rows, (), ())
        conform.publish(staged, audit, self.tables[name], lake=self.lake, zone=self.organisation.time_zone)
        self.done[name].update(staged.load_ids)
        return sorted(pq.read_table(staged.rejects).column("_reject").to_pylist()) if staged.rejects else []

    def run(self, **options: Any) -> dict[str, list[str]]:
        """Land, conform and publish; everything must be readable."""
        result = self.land(**options)
        assert [str(failure.finding) for failure in result.failures] == []
        return self.publish()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Canonical rows in key order, without the system columns."""
        declared = self.tables[table]
        found = self.lake.read_sql(f'SELECT * FROM "{table}" ORDER BY ALL', [declared]).to_pylist()
        return [{name: row[name] for name in declared.names} for row in found]

    def landed(self, table: str) -> list[dict[str, Any]]:
        """All landed rows of a table in the order they were landed."""
        files = landing.completed(self.folder / "landing", "system", table)
        return [row for file in files for row in pq.read_table(file.path).to_pylist()]
