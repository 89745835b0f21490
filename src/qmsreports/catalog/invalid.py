"""Turns what pydantic found into sentences with the line of the offending node."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from qmsreports.catalog.document import Document, Location
from qmsreports.errors import Finding, did_you_mean

SET_BY_THE_LOADER = frozenset({("Source", "folder")})
"""Fields of models that nobody writes in a file."""

_QUOTED = re.compile(r"'([^']*)'")
_MEANT = re.compile(r'did you mean "([^"]*)"\?')
_NAMED = re.compile(r'"([^"]*)"')
_MODEL = re.compile(r"\b([A-Z]\w+)")
_MODEL_WORDS = {
    "FieldRef": "{field: other column}",
    "Duration": "{working_time: {...}} or {elapsed: {...}}",
    "CalendarByRow": "{by: column, of: {...}}",
}
_ANY_VALUE = {"true or false", "a whole number", "a number", "a date", "a text"}
_EXPECTED = (
    (re.compile(r"^literal\["), ""),
    (re.compile(r"tuple\[|list\["), "a list"),
    (re.compile(r"dict\["), "a mapping"),
    (re.compile(r"(^|[\[ ,])str$|constrained-str|^str"), "a text"),
    (re.compile(r"^bool"), "true or false"),
    (re.compile(r"^int|constrained-int"), "a whole number"),
    (re.compile(r"^float|constrained-float"), "a number"),
    (re.compile(r"date"), "a date"),
)
_NAMES = "use lower-case letters, digits and underscores"
_FORMS = {
    "^[A-Z]{2}$": "write an ISO 3166 code, such as AT",
    r"^\d{4}-(0[1-9]|1[0-2])$": "write a month, such as 2026-03",
    "^[a-z0-9][a-z0-9-]*$": "use lower-case letters, digits and hyphens",
}
_TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list, as in [a, b]",
    "list_type": "a list, as in [a, b]",
    "mapping_type": "a mapping, as in {key: value}",
    "dict_type": "a mapping, as in {key: value}",
    "model_type": "a mapping, as in {key: value}",
    "model_attributes_type": "a mapping, as in {key: value}",
    "date_type": "a date, as in 2026-01-31",
    "finite_number": "a number",
}


def findings_of(error: ValidationError, model: type[BaseModel], document: Document) -> list[Finding]:
    """Return one finding per mistake; the alternatives of a union that the person did not mean are left out."""
    problems = [_Problem(entry, model, document) for entry in error.errors(include_url=False)]
    problems = [problem for problem in problems if not problem.is_echo()]
    return _without_echoes(_told(problems, document))


def _told(problems: list[_Problem], document: Document, depth: int = 0) -> list[Finding]:
    """Return what to say of problems that passed the same unions down to a depth, union by union."""
    groups: dict[Location, list[_Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.unions[depth][0] if depth < len(problem.unions) else problem.location, []).append(
            problem
        )
    findings: list[Finding] = []
    for node, group in groups.items():
        findings += [problem.finding() for problem in group if depth >= len(problem.unions)]
        in_union = [problem for problem in group if depth < len(problem.unions)]
        if in_union:
            findings += _of_union(node, in_union, document, depth)
    return findings


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Leave out a missing field whose misspelling is said already: "ownr" is unknown, so "owner" is missing."""
    meant = {match.group(1) for finding in findings if (match := _MEANT.fullmatch(finding.todo))}
    return [
        finding for finding in findings if not (finding.todo == "add it" and set(_NAMED.findall(finding.what)) & meant)
    ]


def _of_union(node: Location, in_union: list[_Problem], document: Document, depth: int) -> list[Finding]:
    """Return what is wrong with the alternative that was meant; where none can be told, what could stand there."""
    written = _at(document.data, node)
    meant = [problem for problem in in_union if _fits(problem.unions[depth][1], written)]
    if meant:
        return _told(meant, document, depth + 1)
    words = list(dict.fromkeys(_branch_words(problem.unions[depth][1]) for problem in in_union))
    if set(words) >= _ANY_VALUE:
        words = ["a value", *(word for word in words if word not in _ANY_VALUE)]
    expected = " or ".join(words)
    return [Finding(document.where(node), f"{_named(node)} must be {expected}, not {_shown(written)}")]


class _Problem:
    """One entry of pydantic's list with the place in the file that it is about."""

    def __init__(self, entry: Any, model: type[BaseModel], document: Document) -> None:
        self.entry = entry
        self.kind: str = entry["type"]
        self.model = model
        self.document = document
        self.location, self.unions = _place(document.data, entry["loc"], self.kind)

    def is_echo(self) -> bool:
        """Tell whether a list only seems too short because its entries were refused, which is said of each."""
        if self.kind != "too_short":
            return False
        written = _at(self.document.data, self.location)
        return isinstance(written, list) and len(written) >= self.entry["ctx"]["min_length"]

    def finding(self) -> Finding:
        what, todo = self._words()
        return Finding(self.document.where(self.location), what, todo)

    def _words(self) -> tuple[str, str]:
        context = self.entry.get("ctx", {})
        name = _named(self.location)
        written = self.entry["input"]
        if self.kind == "missing":
            return f'field "{self.location[-1]}" is missing', "add it"
        if self.kind == "extra_forbidden":
            return f'unknown field "{self.location[-1]}"', did_you_mean(str(self.location[-1]), self._known())
        if self.kind in ("literal_error", "union_tag_invalid"):
            return self._not_known(written, context)
        if self.kind == "union_tag_not_found":
            return f'{name} has no field "kind"', "write which kind it is, such as kind: ratio"
        if self.kind in ("value_error", "assertion_error"):
            what, _, todo = str(context.get("error", self.entry["msg"])).partition("; ")
            return (what if '"' in what else f"{name}: {what}"), todo
        if self.kind in _TYPES:
            return f"{name} must be {_TYPES[self.kind]}, not {_shown(written)}", ""
        return self._bounds(name, written, context)

    def _not_known(self, written: Any, context: dict[str, Any]) -> tuple[str, str]:
        if self.kind == "union_tag_invalid":
            expected = _QUOTED.findall(context["expected_tags"])
            self.location = (*self.location, "kind")
            word = written.get("kind") if isinstance(written, dict) else context["tag"]
            what = f"kind {_shown(word)} is not known" if isinstance(word, str) else f"kind cannot be {_shown(word)}"
            return what, did_you_mean(str(word), expected)
        expected = _QUOTED.findall(str(context["expected"]))
        if self.entry["loc"][-1] == "[key]":
            return f'unknown field "{self.location[-1]}"', did_you_mean(str(self.location[-1]), expected)
        return f"{_named(self.location)} cannot be {_shown(written)}", did_you_mean(str(written), expected)

    def _bounds(self, name: str, written: Any, context: dict[str, Any]) -> tuple[str, str]:
        if self.kind == "string_pattern_mismatch":
            return f"{name} cannot be {_shown(written)}", _FORMS.get(context["pattern"], _NAMES)
        if self.kind == "string_too_short":
            return f"{name} is empty", "write it"
        if self.kind in ("too_short", "too_long"):
            few = self.kind == "too_short"
            count = context.get("min_length" if few else "max_length")
            return (
                f"{name} has too {'few' if few else 'many'} entries",
                f"write {count}{' or more' if few else ' at most'}",
            )
        for key, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
            if key in context:
                return f"{name} is {_shown(written)}", f"it must be {words} {context[key]:g}"
        return f"{name} is not right: {self.entry['msg']}", ""

    def _known(self) -> list[str]:
        return sorted(_field_names(self.model, self.entry["loc"][:-1]))


def _named(location: Location) -> str:
    """Return the words by which a node is called: ``"feeds" entry 2`` for ``("feeds", 1)``."""
    if location and isinstance(location[-1], int):
        return f"{_named(location[:-1])} entry {location[-1] + 1}"
    return f'"{location[-1]}"' if location else "the file"


def _shown(written: Any) -> str:
    if written is None:
        return "nothing"
    if isinstance(written, str):
        return f'"{written}"' if len(written) <= 40 else f'"{written[:37]}..."'
    if isinstance(written, dict):
        return "a mapping"
    if isinstance(written, list | tuple):
        return "a list"
    return str(written).lower() if isinstance(written, bool) else str(written)


def _place(data: Any, location: tuple[str | int, ...], kind: str) -> tuple[Location, tuple[tuple[Location, str], ...]]:
    """Split pydantic's location into the node in the file, and the unions it passed with the branch taken in each.

    Pydantic puts the name of the union's branch (``FieldRef``, ``tuple[...]``, ``ratio``) between keys of the data.
    """
    node: Any = data
    found: list[str | int] = []
    unions: list[tuple[Location, str]] = []
    passed: Location | None = None
    for position, key in enumerate(location):
        last = position == len(location) - 1
        if isinstance(node, dict) and (key in node or (last and kind == "missing")):
            node = node.get(key)
            found.append(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
            found.append(key)
        elif not (isinstance(node, dict) and node.get("kind") == key) and key != "[key]" and tuple(found) != passed:
            passed = tuple(found)
            unions.append((passed, str(key)))
    return tuple(found), tuple(unions)


def place_of(data: Any, location: tuple[str | int, ...], kind: str) -> Location:
    """Return the node of the data that an entry of pydantic's list, of a kind such as ``missing``, is about."""
    return _place(data, location, kind)[0]


def _at(data: Any, location: Location) -> Any:
    for key in location:
        data = data[key]
    return data


def _fits(branch: str, written: Any) -> bool:
    """Tell whether a branch of a union is the one that the written value aims at."""
    if isinstance(written, dict):
        return bool(_MODEL.search(branch)) or "dict[" in branch
    if isinstance(written, list):
        return "tuple[" in branch
    return isinstance(written, str) and "str" in branch and "tuple[" not in branch and "dict[" not in branch


def _branch_words(branch: str) -> str:
    if branch.startswith("literal["):
        return " or ".join(f'"{word}"' for word in _QUOTED.findall(branch))
    model = _MODEL.search(branch)
    if model is not None:
        return _MODEL_WORDS.get(model.group(1), "a mapping")
    return next((words for pattern, words in _EXPECTED if pattern.search(branch)), "a mapping")


def _flat(annotation: Any) -> Iterator[Any]:
    """Yield the members of unions and optionals, without their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _flat(member)
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _step(annotation: Any, key: str | int) -> Any | None:
    """Return the annotation under one key, ``None`` where there is none."""
    if _is_model(annotation):
        fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
        return fields.get(str(key))
    if get_origin(annotation) in (tuple, list) and isinstance(key, int):
        return get_args(annotation)[0]
    return get_args(annotation)[1] if get_origin(annotation) is dict else None


def _is_branch(annotation: Any, key: str | int) -> bool:
    if not _is_model(annotation):
        return False
    kind = annotation.model_fields.get("kind")
    return annotation.__name__ == key or (
        kind is not None and get_origin(kind.annotation) is Literal and key in get_args(kind.annotation)
    )


def _field_names(model: type[BaseModel], location: tuple[str | int, ...]) -> set[str]:
    """Return the names of the fields that may stand at a location of a model."""
    candidates: list[Any] = [model]
    for key in location:
        flat = [member for candidate in candidates for member in _flat(candidate)]
        below = [step for member in flat if (step := _step(member, key)) is not None]
        candidates = below or [member for member in flat if _is_branch(member, key)] or flat
    models = [member for candidate in candidates for member in _flat(candidate) if _is_model(member)]
    return {
        field.alias or name
        for entry in models
        for name, field in entry.model_fields.items()
        if (entry.__name__, name) not in SET_BY_THE_LOADER
    }
