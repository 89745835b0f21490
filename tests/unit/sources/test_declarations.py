"""The declarations of the five shipped sources, and what a mistake in one is told as."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_source import World, make_source

from qmsreports.catalog.document import Document, parse_document, read_document
from qmsreports.catalog.invalid import findings_of
from qmsreports.catalog.source import Source
from qmsreports.landing import landed_name

SHIPPED = Path(__file__).parents[3] / "catalog" / "sources"
NAMES = ["crm", "helpdesk", "mes", "production_files", "qms_registers"]


def read(name: str) -> Source:
    document = read_document(SHIPPED / name / "source.yaml", f"catalog/sources/{name}/source.yaml")
    return Source.model_validate(document.data).model_copy(update={"folder": SHIPPED / name})


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_source_lands_what_it_maps_and_has_a_page(name: str) -> None:
    source = read(name)
    landed = {feed.table for feed in source.tables}
    assert source.source == name
    assert all(landed_name(table) == table for table in landed)
    for table, mapping in source.conform.items():
        assert {mapping.driving, *mapping.joins} <= landed
        assert source.sql_path(table).is_file()
    page = (SHIPPED / name / "README.md").read_text()
    assert page.startswith(f"# {source.title}\n")
    assert f"QMSREPORTS_CONNECTION_{name.upper()}" in page
    assert all(f"`{feed.table}`" in page for feed in source.tables)


def test_messages_name_the_line_of_a_node_or_of_the_nearest_one_above() -> None:
    source = read("helpdesk")
    lines = (SHIPPED / "helpdesk" / "source.yaml").read_text().splitlines()
    for place, text in [
        (source.place("message", "cursor"), "cursor: sent_local"),
        (source.place("message", "needs", 1), "needs: [ticket_no, sender, via]"),
        (source.place("message", "separator"), "- table: message"),
        (source.place("nothing"), "source: helpdesk"),
    ]:
        file, _, line = place.rpartition(":")
        assert file == "catalog/sources/helpdesk/source.yaml"
        assert lines[int(line) - 1].strip() == text
    assert source.model_copy(update={"folder": Path("/nowhere")}).place("message") == ""


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("source: CRM-1", '1: "CRM-1" is no source name; use lower-case letters, digits and single underscores'),
        ('    separator: ";;"', '7: separator ";;" is not one character; write ";", "," or "\\t" in quotes'),
        ("    cursr: changed", '7: unknown field "cursr"; did you mean "cursor"?'),
        ("    overlap_minutes: -5", '7: "overlap_minutes" is -5; it must be at least 0'),
    ],
)
def test_a_mistake_in_a_declaration(written: str, told: str) -> None:
    lines = ["source: crm", "title: CRM", "kind: sql", "tables:", "  - table: a", "    key: [b]", "conform: {}"]
    if written.startswith("source"):
        lines[0] = written
    else:
        lines.insert(6, written)
    document: Document = parse_document("\n".join(lines), "source.yaml")
    with pytest.raises(ValueError) as caught:
        Source.model_validate(document.data)
    assert [str(finding) for finding in findings_of(caught.value, Source, document)] == [f"source.yaml:{told}"]


@pytest.mark.parametrize(
    ("kind", "declared", "feed", "told"),
    [
        ("files", {"session": {"a": "b"}}, {}, "session and statement_timeout belong to kind: sql, this is files"),
        ("files", {}, {"schema": "crm"}, "table orders: schema and cursor_else belong to kind: sql"),
        ("sql", {}, {"cursor_else": "made"}, "table orders: cursor_else without a cursor"),
        (
            "files",
            {},
            {"deletions": "keys", "keys_every_hours": 24},
            "table orders: keys_every_hours belongs to deletions: keys of kind: sql or rest",
        ),
        (
            "sql",
            {},
            {"keys_every_hours": 24},
            "table orders: keys_every_hours belongs to deletions: keys of kind: sql or rest",
        ),
        ("sql", {}, {"settle_seconds": 5}, "table orders: format and settle_seconds belong to kind: files"),
    ],
)
def test_what_a_kind_of_source_does_not_know_is_refused(
    kind: str, declared: dict[str, object], feed: dict[str, object], told: str
) -> None:
    tables = [{"table": "orders", "key": ["no"], **feed}]
    with pytest.raises(ValueError, match=told):
        Source.model_validate(
            {"source": "shop", "title": "Shop", "kind": kind, "tables": tables, "conform": {}, **declared}
        )


def test_a_column_that_is_gone_from_a_file_names_the_line_that_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("no,quantity\n1,5\n")
    folder = tmp_path / "catalog" / "sources" / "shop"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(
        "source: shop\ntitle: Shop\nkind: files\ntables:\n  - table: sold\n    key: [no]\n    needs:\n      - qty\n"
    )
    sold = {"table": "sold", "key": ["no"], "needs": ["qty"]}
    world = World(tmp_path, make_source(sold, kind="files", folder=folder), str(tmp_path / "in"))
    line = world.one_failure()
    assert line.startswith('in/a.csv:1: source shop, table sold: there is no column "qty"; known: no, quantity')
    assert line.endswith("mend it at the source, or change catalog/sources/shop/source.yaml:8 and the mappings")
