"""JSON Schema of every kind of file in the catalog, made from the models that read them.

Editors complete and check with it while somebody types. It says what one file alone must be; what holds between files
(a table that is declared, targets without a gap) only ``catalog check`` knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from qmsreports.catalog.brand import BrandFile
from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.clause_map import ClauseMap
from qmsreports.catalog.condition import OPERATORS, SUBJECTS
from qmsreports.catalog.customer_page import CustomerPage
from qmsreports.catalog.invalid import SET_BY_THE_LOADER
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.measure import Expression
from qmsreports.catalog.review import Review
from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.catalog.target import KpiTargets
from qmsreports.organisation import Organisation

FILES: Mapping[str, tuple[type[BaseModel], str]] = {
    "kpi": (Kpi, "kpis/*.yaml"),
    "targets": (KpiTargets, "targets/*.yaml"),
    "calendar": (Calendar, "calendars/*.yaml"),
    "review": (Review, "reviews/*.yaml"),
    "source": (Source, "sources/*/source.yaml"),
    "table": (Table, "tables/*.yaml"),
    "clauses": (ClauseMap, "clauses/*.yaml"),
    "organisation": (Organisation, "organisation.yaml"),
    "customers": (CustomerPage, "customers.yaml"),
    "brand": (BrandFile, "brand.yaml"),
}
"""Schemas by name: the model, and the files it holds for, relative to the catalog."""
_EXACTLY_ONE: Mapping[str, tuple[str, ...]] = {
    "Part": ("count", "sum"),
    "Duration": ("working_time", "elapsed"),
    "Expression": tuple(Expression.model_fields),
    "AcceptedDeviation": ("at_least", "at_most"),
    "CalendarByRow": ("of", "among"),
    "Window": ("last", "to_date"),
}
"""Models whose own check asks for exactly one of these fields, which types alone do not say."""
_READ_AS_TEXT = {
    ("Kpi", "feeds"),
    ("ClauseItem", "clause"),
    ("ClauseItem", "same_as"),
    ("ActionPlan", "feeds"),
    ("ClauseMap", "edition"),
    ("Section", "clause"),
    ("CustomerPage", "clause"),
    ("Holidays", "region"),
    ("Target", "slice"),
    ("AcceptedDeviation", "slice"),
}
"""Fields whose numbers are names: clause 9.1 is no amount."""
_MARKUP = re.compile(r":\w+:`~?([^`]*)`|``([^`]*)``|`([^`]*)`")


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas by name."""
    return {name: _schema(name, model, files) for name, (model, files) in FILES.items()}


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(name: str, model: type[BaseModel], files: str) -> dict[str, Any]:
    made = model.model_json_schema()
    definitions = made.pop("$defs", {})
    whole = _model(model.__name__, made)
    whole["title"] = f"catalog/{files}"
    result = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": f"{name}.schema.json", **whole}
    if definitions:
        result["$defs"] = {key: _model(key, value) for key, value in sorted(definitions.items())}
    return result


def _model(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one model: no generated titles, no null for "left out", its own checks in words of types."""
    result: dict[str, Any] = {key: _plain(value) for key, value in made.items() if key not in ("title", "properties")}
    properties = {}
    for field, value in made.get("properties", {}).items():
        if (name, field) in SET_BY_THE_LOADER:
            continue
        properties[field] = _with_numbers(_plain(value)) if (name, field) in _READ_AS_TEXT else _plain(value)
    if properties:
        result["properties"] = properties
    if name in _EXACTLY_ONE:
        result["oneOf"] = _one_of(_EXACTLY_ONE[name])
    if name == "Window":
        result["dependencies"] = {"last": ["of"], "of": ["last"]}
    if name == "Condition":
        result["allOf"] = [{"oneOf": _one_of(SUBJECTS)}, {"oneOf": _one_of(OPERATORS)}]
    return result


def _one_of(fields: Sequence[str]) -> list[dict[str, list[str]]]:
    return [{"required": [field]} for field in fields]


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return _words(node) if isinstance(node, str) else node
    found = {key: _plain(value) for key, value in node.items() if key not in ("title", "discriminator")}
    left_out = found.get("default", 0) is None
    if left_out or found.get("default") == {}:
        del found["default"]
    if "prefixItems" in found:  # a pair of the same kind
        found["items"] = found.pop("prefixItems")[0]
    if "anyOf" in found:
        kinds = [kind for kind in found["anyOf"] if not (left_out and kind == {"type": "null"})]
        if {"type": "string"} in kinds:
            kinds = [kind for kind in kinds if kind.get("format") != "date"]
        if {"type": "number"} in kinds:
            kinds = [kind for kind in kinds if kind != {"type": "integer"}]
        del found["anyOf"]
        found.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
    return found


def _with_numbers(node: Any) -> Any:
    """Allow numbers where texts are asked for, as the reader does."""
    if isinstance(node, list):
        return [_with_numbers(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _with_numbers(value) if key != "propertyNames" else value for key, value in node.items()}
    return {**found, "type": ["string", "number"]} if found.get("type") == "string" else found


def _words(text: str) -> str:
    return _MARKUP.sub(lambda match: next(group for group in match.groups() if group is not None), text)
