"""The shipped catalog tells its KPIs, the clauses of every standard and its reviews in each language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from qmsreports.catalog.fingerprint import shown_fingerprints
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.untold import missing_translations
from qmsreports.language import LANGUAGES

SHIPPED = Path(__file__).parents[3] / "catalog"
OTHERS = sorted(set(LANGUAGES) - {"en"})


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog(SHIPPED)


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


@pytest.mark.parametrize("language", OTHERS)
def test_questions_reasons_and_changes_of_every_kpi_are_told_in_each_language(language: str) -> None:
    missing = []
    for path in sorted((SHIPPED / "kpis").glob("*.yaml")):
        kpi = YAML(typ="safe").load(path)
        parts = [kpi, *kpi["versions"], *kpi.get("limits", {}).get("rebase", ())]
        for part in parts:
            texts = [name for name in ("title", "question", "why", "because") if part.get(name)]
            told = part.get("translations", {}).get(language, {})
            missing += [f"{path.name}: {name}" for name in texts if not told.get(name) or told[name] == part[name]]
    assert missing == []


def test_a_translation_that_a_review_needs_and_the_catalog_lacks_is_named(shipped: Catalog) -> None:
    german = replace(shipped, organisation=shipped.organisation.model_copy(update={"language": "de"}))
    assert missing_translations(german) == missing_translations(shipped) == ()
    otif = shipped.kpis["otif"]
    bare = otif.versions[0].model_copy(update={"translations": {}})
    kpis = {**shipped.kpis, "otif": otif.model_copy(update={"versions": (bare,)})}
    (found,) = missing_translations(replace(german, kpis=kpis))
    assert found.warning
    assert "kpis/otif.yaml:" in found.where
    assert found.what == "not translated into German, which a review is written in: versions.0.why"
    assert missing_translations(replace(shipped, kpis=kpis)) == ()  # no review is German


def test_a_catalog_written_in_the_language_of_its_reviews_needs_no_translation(shipped: Catalog) -> None:
    """An organisation in Linz writes German and translates nothing."""
    german = shipped.organisation.model_copy(update={"language": "de"})
    win_rate = shipped.kpis["win_rate"]
    versions = tuple(one.model_copy(update={"translations": {}}) for one in win_rate.versions)
    kpis = {"win_rate": win_rate.model_copy(update={"translations": {}, "versions": versions})}
    own = replace(
        shipped, organisation=german, kpis=kpis, clause_maps={}, reviews={}, tables={}, sources={}, customers=None
    )
    monthly = shipped.reviews["monthly"].model_copy(update={"translations": {}, "sections": (), "agenda": ()})
    assert missing_translations(replace(own, reviews={"monthly": monthly})) == ()
    french = replace(own, reviews={"monthly": monthly.model_copy(update={"language": "fr"})})
    assert [found.what for found in missing_translations(french)] == [
        "not translated into French, which a review is written in: title, question, why and 1 more",
        "not translated into French, which a review is written in: title",
    ]
