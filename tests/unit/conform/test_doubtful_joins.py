"""A number that may be read in two ways is refused by name also where it comes out of a joined file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from landed_fixture import Line

from qmsreports import sources
from qmsreports.catalog.source import Source
from qmsreports.errors import UserError

CSV = {"format": "csv", "separator": ";", "decimal": ","}
ITEMS = {"table": "items", "files": "items.csv", "key": ["no"], "needs": ["article"], **CSV}
PRICES = {"table": "prices", "files": "prices.csv", "key": ["article"], "needs": ["pieces"], **CSV}
SQL = """
SELECT i.no AS order_line_id, 'linz' AS site, '2026-03-02' AS ordered_on, NULL AS delivered_on,
    coalesce(READ(p.pieces), 0) AS quantity, 'open' AS status
FROM items i LEFT JOIN prices p ON p.article = i.article
"""
DOUBT = 'has a point where the decimal sign is ","; if it parts thousands, write thousands: "." in source.yaml'
READS = {
    "tried": "TRY_CAST(p.pieces AS DOUBLE)",
    "cast": "CAST(p.pieces AS DOUBLE)",
    "counted": "CASE WHEN p.pieces IS NULL THEN 1 ELSE try_cast(p.pieces AS DOUBLE) END",
}


class Files(Line):
    def __init__(self, folder: Path, read: str, shared: list[str], **prices: Any) -> None:
        catalog = folder / "catalog"
        catalog.mkdir()
        (catalog / "order_lines.sql").write_text(SQL.replace("READ(p.pieces)", READS[read]))
        declared = {
            "source": "shop",
            "title": "Shop",
            "kind": "files",
            "tables": [ITEMS, {**PRICES, **prices}],
            "conform": {"order_lines": {"from": "items", "joins": {"prices": shared}}},
            "folder": catalog,
        }
        super().__init__(folder, Source.model_validate(declared))

    def deliver(self, *cells: str) -> tuple[dict[str, float], list[str]]:
        """Deliver a price for each of the articles a, b, ...; returns what stays and why others are refused."""
        folder = self.folder / "in"
        folder.mkdir(exist_ok=True)
        articles = "abcdefgh"[: len(cells)]
        (folder / "items.csv").write_text("no;article\n" + "".join(f"{article}1;{article}\n" for article in articles))
        rows = "".join(f"{article};{cell}\n" for article, cell in zip(articles, cells, strict=True))
        (folder / "prices.csv").write_text("article;pieces\n" + rows)
        landed = sources.land(
            self.source, connection=str(folder), landing=str(self.folder / "landing"), state=self.folder / "dlt"
        )
        assert not landed.failures
        staged = self.stage()
        assert staged is not None
        reasons = self.rejects(staged)
        self.publish(staged)
        return {row["order_line_id"]: row["quantity"] for row in self.rows()}, reasons


@pytest.mark.parametrize("read", READS)
def test_a_doubtful_number_of_a_joined_row_refuses_the_rows_that_are_joined_with_it(tmp_path: Path, read: str) -> None:
    """b may be 12.5 or 12500, so it is neither 0 nor any other number; the rows beside it count."""
    files = Files(tmp_path, read, ["article"])
    assert files.deliver("1,5", "12.500", "7") == ({"a1": 1.5, "c1": 7.0}, [f'prices: pieces "12.500" {DOUBT}'])
    assert files.deliver("1,5", "12,500", "7") == ({"a1": 1.5, "b1": 12.5, "c1": 7.0}, [])  # mended at the source


def test_declared_thousands_of_a_joined_file_are_read(tmp_path: Path) -> None:
    files = Files(tmp_path, "tried", ["article"], thousands=".")
    assert files.deliver("1,5", "12.500") == ({"a1": 1.5, "b1": 12500.0}, [])


def test_a_look_up_with_a_doubtful_number_that_would_become_empty_stops_the_table(tmp_path: Path) -> None:
    files = Files(tmp_path, "tried", [])
    assert files.deliver("1,5", "2") == ({"a1": 1.5, "b1": 2.0}, [])
    with pytest.raises(UserError) as caught:
        files.deliver("1,5", "12.500")
    assert str(caught.value) == (
        'source shop, table prices: pieces "12.500" has a point where the decimal sign is ","; if it parts thousands, '
        'write thousands: "." in source.yaml, or the mapping would leave it empty'
    )
