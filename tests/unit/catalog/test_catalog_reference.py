"""The reference page cannot lie: it is made by the engine, and the committed page is what is made today."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qmsreports.catalog.condition import OPERATORS
from qmsreports.catalog.load import load_catalog
from qmsreports.catalog.measure import MEASURE_KINDS
from qmsreports.errors import UserError
from qmsreports.kpi.reference import SECTIONS, reference_page

DOCS = Path(__file__).parents[3] / "docs" / "reference"


@pytest.fixture(scope="module")
def page() -> str:
    return reference_page(DOCS / "examples")


def test_the_committed_page_is_the_generated_one(page: str) -> None:
    """When this fails: make reference."""
    assert (DOCS / "kpi-language.md").read_text(encoding="utf-8") == page


def test_every_kind_every_variant_and_every_example_is_shown(page: str) -> None:
    shown = [name for _, _, names in SECTIONS for name in names]
    catalog = load_catalog(DOCS / "examples")
    assert sorted(shown) == sorted(catalog.kpis)
    measures = [kpi.versions[0].measure for kpi in catalog.kpis.values()]
    assert {measure.kind for measure in measures} == set(MEASURE_KINDS)
    assert {getattr(measure, "type", "") for measure in measures} >= {"nps", "csat", "ces"}
    assert {getattr(measure, "unfinished", "") for measure in measures} >= {
        "leave_out",
        "count_until_period_end",
        "censor",
    }
    assert all(f"`{operator}`" in page for operator in OPERATORS)


def test_a_page_with_a_wrong_number_is_not_made(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DOCS / "examples", tmp_path / "examples"))
    path = folder / "kpis" / "oee.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 60.8", "value: 61"), encoding="utf-8")
    with pytest.raises(UserError, match=r"expects value 61 and the definition gives 60\.8"):
        reference_page(folder)
