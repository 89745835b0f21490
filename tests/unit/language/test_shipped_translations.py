"""The shipped catalog tells its KPIs, the clauses of every standard and its reviews in each language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qmsreports.catalog.fingerprint import shown_fingerprints
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.language import LANGUAGES

OTHERS = sorted(set(LANGUAGES) - {"en"})


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog(Path(__file__).parents[3] / "catalog")


@pytest.mark.parametrize("language", OTHERS)
def test_kpis_clauses_and_reviews_have_their_titles_in_each_language(shipped: Catalog, language: str) -> None:
    untold = [name for name, kpi in shipped.kpis.items() if "title" not in kpi.translations.get(language, {})]  # type: ignore[call-overload]
    for name, clauses in shipped.clause_maps.items():
        told = {item.clause for item in clauses.items if "label" in item.translations.get(language, {})}  # type: ignore[call-overload]
        untold += [f"{name} {item.clause}" for item in clauses.items if item.clause not in told]
    for review in shipped.reviews.values():
        untold += [one.title for one in (review, *review.sections) if "title" not in one.translations.get(language, {})]  # type: ignore[call-overload]
    assert shipped.customers is not None
    page = (*shipped.customers.expectations, *shipped.customers.themes)
    untold += [one.title for one in page if "title" not in one.translations.get(language, {})]  # type: ignore[call-overload]
    assert untold == []


def test_translations_of_the_customer_page_are_wording(shipped: Catalog) -> None:
    page = shipped.customers
    assert page is not None
    bare = [one.model_copy(update={"translations": {}}) for one in page.themes]
    other = replace(shipped, customers=page.model_copy(update={"themes": tuple(bare)}))
    before, after = shown_fingerprints(shipped), shown_fingerprints(other)
    assert [name for name in before if before[name] != after[name]] == ["page/translations"]
