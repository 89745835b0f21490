"""Workspaces that read one real system through its preset, with the commands a person types."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from qmsreports.catalog.presets import add_preset
from tests.system.conftest import ROOT, Line


def line_of(preset: str, connection: str, folder: Path, change: dict[str, str] | None = None) -> Line:
    """Return a workspace whose only source is a preset; ``change`` edits its source.yaml, as its owner would."""
    catalog = Path(shutil.copytree(ROOT / "catalog", folder / "catalog", ignore=shutil.ignore_patterns("sources")))
    add_preset(preset, name=preset, catalog=catalog)
    edit(catalog / "sources" / preset / "source.yaml", change or {})
    variables = {"QMSREPORTS_CATALOG": str(catalog), f"QMSREPORTS_CONNECTION_{preset.upper()}": connection}
    return Line(folder, variables, at=datetime.now(UTC).isoformat())  # what they stamp is the time there really is


def edit(path: Path, change: dict[str, str]) -> None:
    """Replace texts of a file, each of which must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in change.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def ingested(line: Line, source: str) -> dict[str, tuple[str, int]]:
    """Run the ingest; returns how each table went and how many of its rows are in quarantine."""
    reports = line.json("run", "ingest", source)
    return {report["table"]: (report["status"], report["quarantined"]) for report in reports}


def rows(line: Line, table: str) -> dict[str, dict[str, Any]]:
    """Rows of a canonical table by their first column, in its order."""
    found = DeltaTable(str(line.folder / "lake" / table)).to_pyarrow_table().to_pylist()
    keyed = {str(row[next(iter(row))]): row for row in found}
    assert len(keyed) == len(found), f"{table}: a key is there twice"
    return dict(sorted(keyed.items()))


def picked(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)
