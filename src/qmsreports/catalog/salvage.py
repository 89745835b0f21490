"""What can be judged of a definition file that has an error of its own: the rest of it.

The refused nodes are taken out and missing fields are filled, until the model takes what is left. That is judged
against the other files, so that a person reads all findings at once; nothing is ever computed from it. A finding that
may come from what was taken out, or from what was filled in, is not said: the next check says it if it is true.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from qmsreports.catalog.document import Document
from qmsreports.catalog.invalid import place_of
from qmsreports.errors import Finding

_SAID = re.compile(r"\w+")
_FILL = "to_be_written"
_FILLS: tuple[Any, ...] = (_FILL, 1, date(2000, 1, 1), "neither", "ratio", [], {})
_ATTEMPTS = 40


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a file: a model, the words that stood in what was taken out, and the lines spoken of already.

    A word in quotes was a key: it counts only where a sentence quotes it, since keys are words like "table".
    """

    model: BaseModel
    document: Document
    words: frozenset[str]
    lines: frozenset[str]

    def is_sure(self, finding: Finding) -> bool:
        """Tell whether a finding is about this file and stands whatever the refused parts were meant to say."""
        if finding.where.rpartition(":")[0] != self.document.name or finding.where in self.lines:
            return False
        said = finding.what + finding.todo
        return not self.words & set(_SAID.findall(said)) and not any(
            (word if word.startswith('"') else f'"{word}"') in said for word in self.words
        )


def rest_of(model: type[BaseModel], document: Document, found: list[Finding]) -> Rest | None:
    """Return what is left of a file that its model refuses, ``None`` where nothing that can be judged is.

    ``found`` are the findings of the file itself.
    """
    data = copy.deepcopy(document.data)
    words = {_FILL}
    for _ in range(_ATTEMPTS):
        try:
            entry = model.model_validate(data)
        except ValidationError as error:
            if not _mended(data, error, model, words):
                return None
            continue
        return Rest(entry, document, frozenset(words), frozenset(finding.where for finding in found))
    return None


def _mended(data: dict[str, Any], error: ValidationError, model: type[BaseModel], words: set[str]) -> bool:
    """Take out what the first error is about, or fill in the field that is missing; false where that cannot be."""
    first = error.errors(include_url=False)[0]
    location = place_of(data, first["loc"], first["type"])
    if not location:
        return False
    if first["type"] == "missing" and len(location) == 1:
        return _filled(data, str(location[0]), model)
    gone = location[:-1] if first["type"] == "missing" else location
    parent: Any = data
    for key in gone[:-1]:
        parent = parent[key]
    last: Any = gone[-1]
    words |= set(_words(parent[last])) | {f'"{key}"' for key in gone if isinstance(key, str)}
    if isinstance(parent, list):
        # The places of later entries would no longer be those of the file.
        words |= {word for entry in parent[last:] for word in _words(entry)}
        del parent[last:]
    else:
        del parent[last]
    return True


def _filled(data: dict[str, Any], name: str, model: type[BaseModel]) -> bool:
    for value in _FILLS:
        data[name] = value
        try:
            model.model_validate(data)
        except ValidationError as error:
            if any(place_of(data, entry["loc"], entry["type"])[:1] == (name,) for entry in error.errors()):
                continue
        return True
    return False


def _words(node: Any) -> Iterator[str]:
    """Yield every value of a node as text, and every key in the quotes that a sentence names it in."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f'"{key}"'
            yield from _words(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _words(value)
    elif node is not None:
        yield str(node)
