"""The smallest workspace that ingests: the small catalog, and a shop whose orders lie in SQLite.

A test says in what its shop differs: which tables it reads, what its mapping makes of them, which rules hold.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

ROOT = Path(__file__).parents[3]
SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)


def source(*tables: str, conform: str = "orders: {from: ord}", name: str = "shop") -> str:
    """The ``source.yaml`` of a shop in Vienna that reads ``tables``, each as it is written between braces."""
    read = "".join(f"  - {{{table}}}\n" for table in tables)
    return f"source: {name}\ntitle: Shop\nkind: sql\ntime_zone: Europe/Vienna\ntables:\n{read}conform:\n  {conform}\n"


def orders_of(tables: str = "ord", **columns: str) -> str:
    """The mapping that makes orders of ``tables``: open ones in Linz, where ``columns`` say nothing else."""
    made = {
        "order_id": "no",
        "site": "'linz'",
        "status": "'open'",
        "due_on": "due",
        "done_on": "NULL",
        "pieces": "pieces",
        "urgent": "FALSE",
    }
    selected = ", ".join(f"{value} AS {column}" for column, value in (made | columns).items())
    return f"SELECT {selected}\nFROM {tables}\n"


def rule(type_: str, severity: str, on_failure: str, **kwargs: Any) -> dict[str, Any]:
    meta = {"why": f"{severity} rule.", "owner": "shop.owner", "on_failure": on_failure}
    return {"type": type_, "kwargs": kwargs, "severity": severity, "meta": meta}


SITE_IS_TOLD = rule("expect_column_values_to_not_be_null", "warning", "quarantine", column="site")


@dataclass
class Premises:
    """Where a shop is: its settings, and the database that its sources read."""

    settings: Settings
    database: Path

    @classmethod
    def found(cls, folder: Path, patch: pytest.MonkeyPatch) -> Self:
        """Return those of ``folder``: the small catalog, no suite, and a database without tables."""
        shutil.copytree(SMALL, folder / "catalog")
        return cls.there(folder, patch)

    @classmethod
    def there(cls, folder: Path, patch: pytest.MonkeyPatch) -> Self:
        """Return those that were founded in ``folder``, or copied to it."""
        settings = Settings(
            var=folder / "var",
            catalog=folder / "catalog",
            expectations=folder / "expectations",
            templates=ROOT / "report_templates",
        )
        made = cls(settings, folder / "shop.db")
        made.reads(patch, "shop")
        return made

    def reads(self, patch: pytest.MonkeyPatch, source: str) -> None:
        """Let ``source`` read the database."""
        patch.setenv(f"QMSREPORTS_CONNECTION_{source.upper()}", f"sqlite:///{self.database}")

    def declare(self, text: str, select: str, *, source: str = "shop", table: str = "orders") -> None:
        folder = self.settings.catalog / "sources" / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.yaml").write_text(text)
        (folder / f"{table}.sql").write_text(select)

    def suite(self, name: str, *rules: dict[str, Any], under: str = "") -> None:
        """Write the suite of a table; its first rule begins in line 4."""
        path = self.settings.expectations / under / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": name, "expectations": rules}, indent=1))

    def sql(self, text: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(text, values)

    def orders(self, *columns: str) -> dict[str, Any]:
        """Return what the published orders hold, by their number: one column alone, or several as a tuple."""
        with Workspace(self.settings) as workspace:
            select = f"SELECT order_id, {', '.join(columns)} FROM orders ORDER BY order_id"
            rows = workspace.lake.read_sql(select, [workspace.catalog.tables["orders"]]).to_pylist()
        found = {row["order_id"]: tuple(row[column] for column in columns) for row in rows}
        return {number: row[0] for number, row in found.items()} if len(columns) == 1 else found

    def pieces(self) -> dict[str, float]:
        return self.orders("pieces")
