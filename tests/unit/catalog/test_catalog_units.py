"""Units that contradict what the table declares are refused before a definition counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_catalog_unfit import CASES, HEAD, Run, run  # noqa: F401 - a fixture

from qmsreports.catalog import approval
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.check_unit import contradictions
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.kpi.fitting import computable
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.workspace import Workspace

AT = datetime(2026, 4, 2, 6, tzinfo=UTC)
COLUMNS = """
  - {name: price, type: number, unit: EUR, meaning: Price.}
  - {name: lasted, type: number, unit: minutes, meaning: Time.}
  - {name: amount, type: number, unit: pieces, meaning: Pieces.}
  - {name: told, type: number, meaning: Something.}
  - {name: liked, type: integer, unit: 1-5, meaning: Answer.}
  - {name: urged, type: integer, unit: 0-10, meaning: Answer.}
"""
NUMBER = "    measure: {{kind: {kind}, of: {of}}}\n"
SCORE = "    measure: {{kind: score, type: {type}, field: {field}}}\n"
DIVIDED = "    measure: {{kind: formula, value: {{divide: [{{kpi: on_time}}, {below}]}}}}\n"

WRONG = {
    "a sum of money in percent": (
        "percent",
        CASES + NUMBER.format(kind="sum", of="price"),
        'a sum of "price", which is in EUR, cannot be in percent; write unit: EUR',
    ),
    "a mean of money in minutes": (
        "minutes",
        CASES + NUMBER.format(kind="mean", of="price"),
        'a mean of "price", which is in EUR, cannot be in minutes; write unit: EUR',
    ),
    "minutes as hours": (
        "hours",
        CASES + NUMBER.format(kind="percentile, p: 90", of="lasted"),
        'a percentile of "lasted", which is in minutes, cannot be in hours; write unit: minutes',
    ),
    "a mean of answers in percent": (
        "percent",
        CASES + NUMBER.format(kind="mean", of="liked"),
        'a mean of "liked", which is in 1-5, cannot be in percent; write unit: score',
    ),
    "promoters on a scale of five": (
        "points",
        CASES + SCORE.format(type="nps", field="liked"),
        'nps is asked from 0 to 10 and "liked" goes from 1 to 5; write type: csat or name another column',
    ),
    "satisfaction on a scale of ten": (
        "percent",
        CASES + SCORE.format(type="csat", field="urged"),
        'csat is asked from 1 to 5 and "urged" goes from 0 to 10; write type: nps or name another column',
    ),
    "a share as a percentile": (
        "minutes",
        CASES + NUMBER.format(kind="percentile, p: 0.9", of="lasted"),
        "p: 0.9 is less than one percent of the rows; write p: 90",
    ),
    "a division by 0": (
        "ratio",
        DIVIDED.format(below="{number: 0}"),
        "the formula divides by 0 and never has a value; divide by something else",
    ),
    "a division by what comes to 0": (
        "ratio",
        DIVIDED.format(below="{subtract: [{number: 2}, {add: [{number: 1}, {number: 1}]}]}"),
        "the formula divides by 0 and never has a value; divide by something else",
    ),
}
RIGHT = {
    "money": ("EUR", CASES + NUMBER.format(kind="sum", of="price")),
    "minutes": ("minutes", CASES + NUMBER.format(kind="percentile, p: 90", of="lasted")),
    "pieces as a count": ("count", CASES + NUMBER.format(kind="sum", of="amount")),
    "pieces each": ("ratio", CASES + NUMBER.format(kind="mean", of="amount")),
    "an unknown unit": ("percent", CASES + NUMBER.format(kind="mean", of="told")),
    "a mean answer": ("score", CASES + NUMBER.format(kind="mean", of="liked")),
    "promoters": ("points", CASES + SCORE.format(type="nps", field="urged")),
    "a column without a scale": ("points", CASES + SCORE.format(type="nps", field="rating")),
    "a number below": ("ratio", DIVIDED.format(below="{add: [{number: 1}, {number: -2}]}")),
    "a KPI below": ("ratio", DIVIDED.format(below="{subtract: [{kpi: on_time}, {number: 0}]}")),
}


def _write(folder: Path, unit: str, rest: str) -> None:
    table = folder / "tables" / "cases.yaml"
    table.write_text(table.read_text().rstrip() + COLUMNS)
    (folder / "kpis" / "fresh.yaml").write_text(HEAD.format(name="fresh", unit=unit) + rest)


@pytest.mark.parametrize("name", WRONG)
def test_a_contradiction_is_refused(name: str, run: Run, folder: Path) -> None:  # noqa: F811
    unit, rest, said = WRONG[name]
    _write(folder, unit, rest)
    line = 12 if "formula" in rest else 13
    expected = f"catalog/kpis/fresh.yaml:{line}: {said}"
    assert run("check") == (1, [expected])
    for command in (("plan",), ("apply", "--by", "anna")):
        code, lines = run(*command)
        assert (code, lines[-1]) == (1, expected)


@pytest.mark.parametrize("name", RIGHT)
def test_what_may_be_meant_is_not_refused(name: str, folder: Path) -> None:
    _write(folder, *RIGHT[name])
    assert contradictions(load_catalog(folder)) == {}


def test_the_shipped_catalog_contradicts_nothing(shipped: Catalog) -> None:
    assert contradictions(shipped) == {}


def test_what_was_approved_before_goes_on_being_measured(run: Run, folder: Path) -> None:  # noqa: F811
    unit, rest, _ = WRONG["promoters on a scale of five"]
    _write(folder, unit, rest)
    with Workspace() as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="anna", at=AT)
        approval.approve(records, workspace.catalog.organisation, by="bert", at=AT)
        view = approved_view(workspace.catalog, records).catalog
        assert "fresh" in view.kpis
        assert computable(view) == (view, {})
    assert run("plan")[0] == 0  # nothing new is proposed
    second = HEAD.format(name="", unit="").partition("versions:\n")[2] + CASES + SCORE.format(type="nps", field="urged")
    path = folder / "kpis" / "fresh.yaml"
    path.write_text(path.read_text() + second.replace("version: 1", "version: 2").replace("2024", "2026"))
    assert run("check")[0] == 0  # a later version ended it
