"""The shipped catalog tells its KPIs, the inputs of ISO 9001 and its reviews in each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.language import LANGUAGES

OTHERS = sorted(set(LANGUAGES) - {"en"})


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog(Path(__file__).parents[3] / "catalog")


@pytest.mark.parametrize("language", OTHERS)
def test_kpis_inputs_and_reviews_have_their_titles_in_each_language(shipped: Catalog, language: str) -> None:
    untold = [name for name, kpi in shipped.kpis.items() if "title" not in kpi.translations.get(language, {})]  # type: ignore[call-overload]
    for name in ("iso9001-2015", "iso9001-2026"):
        items = [item for item in shipped.clause_maps[name].items if item.side != "other"]
        untold += [f"{name} {item.clause}" for item in items if "label" not in item.translations.get(language, {})]  # type: ignore[call-overload]
    for review in shipped.reviews.values():
        untold += [one.title for one in (review, *review.sections) if "title" not in one.translations.get(language, {})]  # type: ignore[call-overload]
    assert untold == []
