"""Every shipped table declaration reads, names what it refers to, and says what each column means."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from qmsreports.catalog.table import Table

FOLDER = Path(__file__).parents[3] / "catalog" / "tables"
FILES = sorted(FOLDER.glob("*.yaml"))


def read(path: Path) -> Table:
    return Table.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def test_the_tables_that_the_design_names_are_shipped() -> None:
    named = """customers order_lines complaints survey_invitations survey_answers opportunities tickets ticket_replies
    ticket_updates ticket_status_changes production_orders operations inspections machine_shifts downtimes receipts
    nonconformities corrective_actions audits audit_findings risks improvement_ideas context_changes resources costs
    review_actions considered_inputs customer_months"""
    assert [path.stem for path in FILES] == sorted(named.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_declaration_is_sound(path: Path) -> None:
    table = read(path)
    assert table.table == path.stem, "a declaration lies in the file that bears its name"
    assert len(set(table.names)) == len(table.names), "a column is declared once"
    assert not [name for name in table.names if name.startswith("_")], "leading underscores belong to the system"
    assert table.key, "a table without a key cannot be merged"
    for name in table.key:
        column = table.column(name)
        assert column is not None and not column.nullable
    if table.partition:
        column = table.column(table.partition)
        assert column is not None and column.type in {"date", "instant"} and not column.nullable
    for column in table.columns:
        assert column.meaning.endswith("."), f"{column.name}: say what it means in a sentence"
        assert not column.values or column.type == "text"


def test_every_quantity_and_amount_carries_a_unit() -> None:
    without = {
        f"{path.stem}.{column.name}"
        for path in FILES
        for column in read(path).columns
        if column.type in {"number", "integer"} and not column.unit
    }
    # A resource row states its own unit: people, hours, machines.
    assert without == {"resources.planned", "resources.actual"}
