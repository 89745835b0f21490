"""Texts that a review's language lacks: a pack shows them as they were written, in the middle of another language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from qmsreports.catalog.document import Location
from qmsreports.catalog.model import TextName, Translated
from qmsreports.errors import Finding
from qmsreports.language import LANGUAGES

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog

_NAMED = 3  # texts of one file by name; the rest is counted


def missing_translations(catalog: Catalog) -> tuple[Finding, ...]:
    """Return a warning for each file with texts that a language of the reviews lacks.

    What the catalog itself is written in needs none: the organisation's language where nothing is translated into it,
    else English. So a catalog that was written in German asks for no German, and the shipped one does.
    """
    spoken = {review.language or catalog.organisation.language for review in catalog.reviews.values()}
    return tuple(
        finding
        for language in sorted(spoken - {_written_in(catalog)})
        for kind, name, model in _models(catalog, language)
        for finding in _of_file(catalog, kind, name, model, language)
    )


def _written_in(catalog: Catalog) -> str:
    own: str = catalog.organisation.language
    into = {code for _, _, model in _models(catalog) for _, _, part in _parts(model) for code in part.translations}
    return "en" if own in into else own


def _models(catalog: Catalog, language: str = "") -> Iterator[tuple[str, str, BaseModel]]:
    """Yield what has texts: kind and name of the file, and the model. With a language, the reviews and clause maps of
    that language only.
    """
    own = catalog.organisation.language
    reviews = {
        name: review for name, review in catalog.reviews.items() if not language or (review.language or own) == language
    }
    standards = {standard for review in reviews.values() for standard in review.standards}
    clauses = {name: found for name, found in catalog.clause_maps.items() if not language or name in standards}
    kinds: Sequence[tuple[str, Mapping[str, BaseModel]]] = (
        ("kpis", catalog.kpis),
        ("clauses", clauses),
        ("reviews", reviews),
        ("tables", catalog.tables),
        ("sources", catalog.sources),
        ("customers", {"customers": catalog.customers} if catalog.customers else {}),
    )
    for kind, models in kinds:
        for name in sorted(models):
            yield kind, name, models[name]


def _of_file(catalog: Catalog, kind: str, name: str, model: BaseModel, language: str) -> Iterator[Finding]:
    missing = [
        (*place, text)
        for place, texts, part in _parts(model)
        for text in texts
        if text not in next((told for code, told in part.translations.items() if code == language), {})
    ]
    if missing:
        said = [".".join(map(str, place)) for place in missing[:_NAMED]]
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        what = f"not translated into {LANGUAGES[language]}, which a review is written in: {', '.join(said)}{more}"
        yield Finding(catalog.line_of(kind, name, *missing[0]), what, f"add translations: {language}", True)


def _parts(model: object, place: Location = ()) -> Iterator[tuple[Location, tuple[str, ...], Translated]]:
    """Yield a model and its parts that may be translated: where each stands, and its texts that are written."""
    if isinstance(model, Translated):
        written = {name: str(getattr(model, name, "")) for name in get_args(TextName)}
        texts = tuple(name for name, text in written.items() if any(letter.islower() for letter in text))  # NPS is NPS
        yield place, texts, model
    if isinstance(model, BaseModel):
        for name, field in type(model).model_fields.items():
            yield from _parts(getattr(model, name), (*place, field.alias or name))
    elif isinstance(model, list | tuple):
        for index, entry in enumerate(model):
            yield from _parts(entry, (*place, index))
