"""The suites in ``expectations/``: one for every canonical table, and each worth reading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qmsreports.catalog.document import read_document
from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.landing import landed_name
from qmsreports.validate import Rule, load_suite
from qmsreports.validate.vocabulary import KINDS, LINK

ROOT = Path(__file__).parents[3]
TABLES = {path.stem: path for path in sorted((ROOT / "catalog" / "tables").glob("*.yaml"))}
OWNERS = {"sales.operations", "support.lead", "production.manager", "quality.manager", "purchasing", "it.data"}
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"


def declared(name: str) -> Table:
    return Table.model_validate(read_document(TABLES[name], name).data)


def rules(name: str) -> tuple[Rule, ...]:
    return load_suite(ROOT / "expectations" / f"{name}.json", declared(name)).rules


def test_there_is_a_suite_for_each_canonical_table_and_no_other() -> None:
    assert {path.stem for path in (ROOT / "expectations").glob("*.json")} == set(TABLES)
    assert len(TABLES) >= 26


@pytest.mark.parametrize("name", TABLES)
def test_keys_are_guarded_row_by_row_and_against_gross_failure(name: str) -> None:
    table = declared(name)
    for kind in (NOT_NULL, UNIQUE):
        guards = [rule for rule in rules(name) if rule.type == kind and rule.columns == table.key]
        assert [(rule.severity, rule.on_failure) for rule in guards] == [
            ("warning", "quarantine"),
            ("critical", "stop"),
        ]
        assert guards[1].tolerance == pytest.approx(0.05)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_that_must_be_filled_is_checked(name: str) -> None:
    checked = {rule.columns[0] for rule in rules(name) if rule.type == NOT_NULL and not rule.condition}
    assert {column.name for column in declared(name).columns if not column.nullable} <= checked


@pytest.mark.parametrize("name", TABLES)
def test_every_code_is_checked_against_all_declared_values(name: str) -> None:
    for column in declared(name).columns:
        if column.values:
            sets = [
                set(rule.kwargs["value_set"])
                for rule in rules(name)
                if rule.type == "expect_column_values_to_be_in_set" and rule.columns == (column.name,)
            ]
            assert sets, column.name
            assert all(found == set(column.values) for found in sets)


@pytest.mark.parametrize("name", TABLES)
def test_every_rule_has_an_owner_and_a_sentence(name: str) -> None:
    for rule in rules(name):
        assert rule.owner in OWNERS
        assert re.fullmatch(r"[A-Z].{20,}[.]", rule.why), f"{rule.where}: {rule.why}"


@pytest.mark.parametrize("name", TABLES)
def test_no_single_bad_row_stops_a_table(name: str) -> None:
    for rule in rules(name):
        if rule.on_failure == "stop" and rule.kind.scope != "delivery":
            assert rule.tolerance > 0, rule.where
            assert rule.from_rows > 1, rule.where


@pytest.mark.parametrize("name", TABLES)
def test_links_lead_to_keys_of_declared_tables(name: str) -> None:
    for rule in rules(name):
        if rule.type == LINK:
            other = declared(str(rule.kwargs["other_table"]))
            assert (str(rule.kwargs["other_column"]),) == other.key


def test_the_vocabulary_is_what_the_library_knows() -> None:
    from qmsreports.validate.checker import expectations, gx

    assert expectations
    registered = set(gx.expectations.registry.list_registered_expectation_implementations())
    assert set(KINDS) <= registered
    for name, kind in KINDS.items():
        fields = gx.expectations.registry.get_expectation_impl(name).__fields__
        assert {*kind.columns, *kind.arguments} <= set(fields), name


# --- landed feeds: nothing is audited twice, and nothing is left out -------------------------------------------------
SOURCES = {path.parent.name: path for path in sorted((ROOT / "catalog" / "sources").glob("*/source.yaml"))}


@pytest.mark.parametrize("name", ["crm", "helpdesk", "mes", "production_files", "qms_registers"])
def test_each_landed_feed_is_held_to_its_columns_and_audited_in_the_tables_made_of_it(name: str) -> None:
    """A feed that lost a column stops before it is mapped; what the mapping cannot read is refused and counted by the
    suites of all tables that it drives or joins, which stop at a share of refused rows and of vanished ones.
    """
    source = Source.model_validate(read_document(SOURCES[name], "source.yaml").data | {"folder": SOURCES[name].parent})
    for feed in source.tables:
        assert feed.key, f"{feed.table} has no key"
        made = [table for table, mapping in source.conform.items() if feed.table in (mapping.driving, *mapping.joins)]
        assert made, f"nothing is made of {feed.table}"
        for table in made:
            stopping = {rule.type for rule in rules(table) if rule.on_failure == "stop"}
            assert {"expect_table_rejects_to_be_few", "expect_table_not_to_shrink", NOT_NULL, UNIQUE} <= stopping


DEMO = {
    path.parent.name: Source.model_validate(read_document(path, path.parent.name).data)
    for path in sorted((ROOT / "catalog" / "sources").glob("*/source.yaml"))
}
FEEDS = [(source, feed.table) for source, found in DEMO.items() for feed in found.tables]


def as_landed(source: str, name: str) -> tuple[Table, tuple[Rule, ...]]:
    """The declared columns by their landed names, all of them as texts, and the rules on them."""
    feed = DEMO[source].feed(name)
    assert feed is not None
    names = dict.fromkeys(map(landed_name, (*feed.key, *([feed.cursor] if feed.cursor else []), *feed.needs)))
    columns = [{"name": column, "type": "text", "meaning": "As landed.", "nullable": True} for column in names]
    key = [landed_name(column) for column in feed.key]
    table = Table.model_validate({"table": name, "title": name, "meaning": "M.", "key": key, "columns": columns})
    path = ROOT / "expectations" / "landed" / source / f"{name}.json"
    return table, load_suite(path, table, as_landed=True).rules


def test_there_is_a_suite_for_each_landed_table_of_the_demo_and_no_other() -> None:
    found = {(path.parent.name, path.stem) for path in (ROOT / "expectations" / "landed").glob("*/*.json")}
    assert found == set(FEEDS) and len(FEEDS) >= 28


@pytest.mark.parametrize(("source", "name"), FEEDS)
def test_a_landed_feed_without_keys_or_with_another_form_of_its_cursor_is_not_mapped(source: str, name: str) -> None:
    table, found = as_landed(source, name)
    stops = {(rule.type, rule.columns): rule for rule in found if rule.on_failure == "stop"}
    assert {(NOT_NULL, (column,)) for column in table.key} <= set(stops)
    feed = DEMO[source].feed(name)
    if feed is not None and feed.cursor:
        assert ("expect_column_values_to_match_regex", (feed.cursor,)) in stops
    assert all(rule.severity == "critical" and rule.tolerance == pytest.approx(0.05) for rule in stops.values())


@pytest.mark.parametrize(("source", "name"), FEEDS)
def test_each_rule_on_a_landed_feed_says_why_in_a_sentence_and_who_mends_it(source: str, name: str) -> None:
    _, found = as_landed(source, name)
    assert len(found) >= 3
    for rule in found:
        assert rule.owner in OWNERS
        assert re.fullmatch(r"[A-Z].{30,}[.]", rule.why), rule.why
