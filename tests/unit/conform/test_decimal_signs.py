"""Numbers of CSV files: one decimal sign is declared, and what may be read in two ways is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from landed_fixture import Line
from pydantic import ValidationError

from qmsreports import sources
from qmsreports.catalog.source import LandedFeed, Source

ITEMS = {"table": "items", "files": "*.csv", "format": "csv", "separator": ";", "key": ["no"], "needs": ["qty"]}
SQL = """
WITH named AS (SELECT *, qty AS pieces FROM _driving)
SELECT items.no AS order_line_id, 'linz' AS site, '2026-03-02' AS ordered_on, NULL AS delivered_on,
    n.pieces AS quantity, 'open' AS status
FROM items JOIN named n ON n.no = items.no
"""


class Files(Line):
    """A line whose source is a folder of CSV files."""

    def __init__(self, folder: Path, sql: str = SQL, **feed: Any) -> None:
        self.sql = sql
        super().__init__(folder, self._source(feed))

    def _source(self, feed: dict[str, Any]) -> Source:
        catalog = self.__dict__.get("folder", None) or Path()
        return Source.model_validate(
            {
                "source": "shop",
                "title": "Shop",
                "kind": "files",
                "tables": [{**ITEMS, **feed}],
                "conform": {"order_lines": {"from": "items"}},
                "folder": catalog,
            }
        )

    def declare(self, **feed: Any) -> None:
        """Write the mapping and declare the feed so."""
        catalog = self.folder / "catalog"
        catalog.mkdir(exist_ok=True)
        (catalog / "order_lines.sql").write_text(self.sql)
        self.source = self._source(feed).model_copy(update={"folder": catalog})

    def deliver(self, *cells: str, article: str = "x") -> tuple[dict[str, float], list[str]]:
        """Deliver a file with a row for each cell, 1, 2, ...; returns what stays and why others are refused."""
        folder = self.folder / "in"
        folder.mkdir(exist_ok=True)
        rows = "".join(f"{number};{cell};{article}\n" for number, cell in enumerate(cells, 1))
        (folder / "items.csv").write_text("no;qty;article\n" + rows)
        landed = sources.land(
            self.source, connection=str(folder), landing=str(self.folder / "landing"), state=self.folder / "dlt"
        )
        assert not landed.failures
        return self.staged()

    def staged(self) -> tuple[dict[str, float], list[str]]:
        staged = self.stage()
        assert staged is not None
        reasons = self.rejects(staged)
        self.publish(staged)
        return {row["order_line_id"]: row["quantity"] for row in self.rows()}, reasons


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def refused(cell: str) -> str:
    return (
        f'qty "{cell}" has a point where the decimal sign is ","; '
        'if it parts thousands, write thousands: "." in source.yaml'
    )


def test_a_point_where_the_decimal_sign_is_a_comma_is_never_guessed(files: Files) -> None:
    files.declare(decimal=",")
    assert files.deliver("1,5", "12.500", "1.234,5", "7", "12,500", "2.5") == (
        {"1": 1.5, "3": 1234.5, "4": 7.0, "5": 12.5},
        [refused("12.500"), refused("2.5")],
    )


def test_declared_thousands_are_read_from_what_was_landed_before(files: Files) -> None:
    files.declare(decimal=",")
    files.deliver("12.500", "12,500", "1.234,5", "1.234.567", "2.5")
    files.declare(decimal=",", thousands=".")
    rows, reasons = files.staged()
    assert rows == {"1": 12500.0, "2": 12.5, "3": 1234.5, "4": 1234567.0}
    assert reasons == ['qty "2.5" has a point where the decimal sign is ","; mend it at the source']


def test_the_reverse_is_refused_or_declared_alike(files: Files) -> None:
    files.declare()
    assert files.deliver("12,500", "12.5") == ({"2": 12.5}, ['quantity "12,500" is no number'])
    files.declare(thousands=",")
    assert files.staged() == ({"1": 12500.0, "2": 12.5}, [])


@pytest.mark.parametrize(
    ("sign", "cell"), [(" ", "1 234,5"), (" ", "1\u00a0234,5"), ("'", "1'234,5"), ("'", "1\u2019234,5")]
)
def test_blanks_and_apostrophes_part_thousands_where_declared(files: Files, sign: str, cell: str) -> None:
    files.declare(decimal=",", thousands=sign)
    assert files.deliver(cell) == ({"1": 1234.5}, [])


def test_a_number_that_the_mapping_casts_is_refused_as_well(tmp_path: Path) -> None:
    files = Files(tmp_path, SQL.replace("qty AS pieces", "60 * CAST(qty AS DOUBLE) AS pieces"))
    files.declare(decimal=",")
    assert files.deliver("12.500", "1,5") == ({"2": 90.0}, [refused("12.500")])


def test_a_text_with_a_point_is_no_number(tmp_path: Path) -> None:
    sql = SQL.replace(
        "'open' AS status", "CASE items.article WHEN '12.500' THEN 'open' ELSE items.article END AS status"
    )
    files = Files(tmp_path, sql)
    files.declare(decimal=",")
    assert files.deliver("1", article="12.500") == ({"1": 1.0}, [])


def test_a_column_declared_as_text_is_landed_as_it_is(tmp_path: Path) -> None:
    sql = SQL.replace("'open' AS status", "CASE items.article WHEN '1,5' THEN 'open' ELSE items.article END AS status")
    files = Files(tmp_path, sql)
    files.declare(decimal=",", kinds={"Article": "text"})
    assert files.deliver("1", article="1,5") == ({"1": 1.0}, [])


def test_signs_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValidationError, match='thousands and decimal are both ","'):
        LandedFeed.model_validate({**ITEMS, "decimal": ",", "thousands": ","})
    with pytest.raises(ValidationError, match="thousands belongs to CSV files"):
        LandedFeed.model_validate({**ITEMS, "format": "excel", "thousands": ","})
