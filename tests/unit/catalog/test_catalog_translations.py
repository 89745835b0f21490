"""Texts in other languages are wording: they are checked, shown, and change no fingerprint."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from qmsreports.catalog.fingerprint import entries, shown_fingerprints, wording_fingerprints
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import load_catalog

SHIPPED = Path(__file__).parents[3] / "catalog"


def test_a_text_is_told_in_the_language_or_as_it_was_written() -> None:
    kpi = load_catalog(SHIPPED).kpis["on_time_delivery"]
    told = kpi.model_copy(update={"translations": {"de": {"title": "Liefertreue"}}})
    assert (told.told("title", "de"), told.told("title", "es")) == ("Liefertreue", kpi.title)
    assert told.told("question", "de") == kpi.question


def test_what_is_not_there_cannot_be_translated() -> None:
    written = load_catalog(SHIPPED).kpis["on_time_delivery"].model_dump(by_alias=True, exclude_defaults=True)
    with pytest.raises(ValidationError, match='no "label" to translate into de'):
        Kpi.model_validate({**written, "translations": {"de": {"label": "Liefertreue"}}})
    with pytest.raises(ValidationError):
        Kpi.model_validate({**written, "translations": {"xx": {"title": "?"}}})


def test_translations_change_no_fingerprint_but_are_named_where_a_pack_would_read_differently(tmp_path: Path) -> None:
    catalog = load_catalog(SHIPPED)
    before = {(one.kind, one.name, one.version): one.fingerprint for one in entries(catalog)}
    shown, wording = shown_fingerprints(catalog), wording_fingerprints(catalog)
    texts = {"es": {"title": "Otro"}}
    for models in (catalog.kpis, catalog.clause_maps, catalog.reviews):
        for name, model in list(models.items()):
            models[name] = model.model_copy(update={"translations": texts})  # type: ignore[index]
    for name, kpi in list(catalog.kpis.items()):
        reasons = {"es": {"why": "Otra"}}
        versions = tuple(one.model_copy(update={"translations": reasons}) for one in kpi.versions)
        rebase = tuple(
            one.model_copy(update={"translations": {"es": {"because": "Otra"}}}) for one in kpi.limits.rebase
        )
        limits = kpi.limits.model_copy(update={"rebase": rebase})
        catalog.kpis[name] = kpi.model_copy(update={"versions": versions, "limits": limits})  # type: ignore[index]
    assert {(one.kind, one.name, one.version): one.fingerprint for one in entries(catalog)} == before
    assert wording_fingerprints(catalog) == wording
    assert shown_fingerprints(catalog)["page/translations"] != shown.get("page/translations")
