"""The published schemas are those of the models, and agree with the loader on what one file may say."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from catalog_mistakes import IN_ONE_FILE
from jsonschema import Draft7Validator, FormatChecker
from pydantic import BaseModel

from qmsreports.catalog.document import parse_document
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.schema import _EXACTLY_ONE, FILES, schema_text, schemas
from qmsreports.errors import UserError

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema"
SMALL = Path(__file__).parent / "small"
NAMES = {
    "kpis": "kpi",
    "targets": "targets",
    "calendars": "calendar",
    "reviews": "review",
    "sources": "source",
    "tables": "table",
    "clauses": "clauses",
    "organisation": "organisation",
    "customers": "customers",
    "brand": "brand",
}


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft7Validator]:
    return {
        path.name.removesuffix(".schema.json"): Draft7Validator(
            json.loads(path.read_text(encoding="utf-8")), format_checker=FormatChecker()
        )
        for path in PUBLISHED.glob("*.schema.json")
    }


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_committed_files_are_the_generated_ones() -> None:
    """When this fails: qmsreports catalog schema --out docs/schema."""
    assert {path.name for path in PUBLISHED.iterdir()} == {f"{name}.schema.json" for name in FILES}
    for name, schema in schemas().items():
        assert (PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(schema)


def test_each_is_a_schema_in_words_for_people(validators: dict[str, Draft7Validator]) -> None:
    for name, validator in validators.items():
        Draft7Validator.check_schema(validator.schema)
        text = json.dumps(validator.schema)
        assert "``" not in text, name
        assert ":attr:" not in text, name
        assert text.count('"null"') == (1 if name == "kpi" else 0), name  # only what an example expects may be no value


def test_every_shipped_file_validates(shipped: Catalog, small: Catalog, validators: dict[str, Draft7Validator]) -> None:
    for catalog in (shipped, small):
        for (kind, _), document in catalog.documents.items():
            errors = [error.message for error in validators[NAMES[kind]].iter_errors(as_json(document.data))]
            assert errors == [], document.name


MISTAKEN = [
    mistake
    for mistake in IN_ONE_FILE
    if mistake.name.startswith(("an unknown field", "an unknown kind", "a missing kind", "two operators", "a missing"))
    and not mistake.gone
]


@pytest.mark.parametrize("mistake", MISTAKEN, ids=lambda mistake: mistake.name)
def test_an_editor_marks_what_the_loader_refuses(mistake: Any, validators: dict[str, Draft7Validator]) -> None:
    text = (SMALL / mistake.file).read_text(encoding="utf-8").replace(mistake.old, mistake.new, 1)
    try:
        data = parse_document(text, mistake.file).data
    except UserError:
        return
    kind = NAMES[mistake.file.split("/")[0].removesuffix(".yaml")]
    assert list(validators[kind].iter_errors(as_json(data)))


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    [
        (
            "Window",
            [{"last": 12, "of": "month"}, {"to_date": "year"}],
            [{}, {"last": 12}, {"of": "month"}, {"of": "month", "to_date": "year"}, {"last": 12, "to_date": "year"}],
        ),
        (
            "CalendarByRow",
            [{"by": "site", "of": {"linz": "desk"}}, {"by": "site", "among": ["desk"]}],
            [{"by": "site"}, {"by": "site", "of": {"linz": "desk"}, "among": ["desk"]}],
        ),
    ],
)
def test_an_editor_marks_fields_that_do_not_go_together(
    model: str, right: list[Any], wrong: list[Any], validators: dict[str, Draft7Validator]
) -> None:
    schema = validators["kpi"].schema
    validator = Draft7Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{model}"})
    assert [entry for entry in right if not validator.is_valid(entry)] == []
    assert [entry for entry in wrong if validator.is_valid(entry)] == []


def test_what_must_be_one_of_several_are_fields_of_their_models() -> None:
    models: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        for model in waiting.pop().__subclasses__():
            models[model.__name__] = model
            waiting.append(model)
    for name, fields in _EXACTLY_ONE.items():
        written = {field.alias or key for key, field in models[name].model_fields.items()}
        assert set(fields) <= written, name


def test_a_shipped_file_names_its_schema_where_an_editor_finds_it(shipped: Catalog) -> None:
    for (kind, _), document in shipped.documents.items():
        path = shipped.folder.parent / document.name
        mark, _, place = path.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")
        assert mark == "# yaml-language-server: ", document.name
        assert (path.parent / place).resolve() == PUBLISHED / f"{NAMES[kind]}.schema.json", document.name
