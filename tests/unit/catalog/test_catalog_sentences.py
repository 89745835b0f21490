"""Every sentence that a check of the catalog can say is said to a mistake, so that its text is in the golden file."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_catalog_messages import MISTAKES, MODULES, make, said

from qmsreports.catalog import check, document, invalid, load
from qmsreports.errors import Finding, UserError

WATCHED = (*MODULES, document, invalid, load)
ELSEWHERE = (  # no edit of one file of the small catalog brings these about; other tests of this folder show them
    "is not computed by",
    "the file is not UTF-8 text",
    "not readable as YAML",
    "there is no catalog here",
    "check the file's permissions",
    "a day to come",
    "lists only what it adds to",
)


def sentences(module: ModuleType) -> dict[tuple[str, int], str]:
    """Places at which a finding is made, with the line as it is written."""
    path = Path(str(module.__file__))
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    return {
        (path.name, node.lineno): "\n".join(lines[node.lineno - 1 : (node.end_lineno or 0)])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("scope.finding", "Finding")
    }


def test_every_sentence_is_said_to_a_mistake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[tuple[str, int]] = set()
    of_scope = check.Scope.finding

    def remember() -> None:
        caller = sys._getframe(2)
        made.add((Path(caller.f_code.co_filename).name, caller.f_lineno))

    def by_rule(*given: Any, **named: Any) -> Finding:
        remember()
        return of_scope(*given, **named)

    def plain(*given: Any, **named: Any) -> Finding:
        remember()
        return Finding(*given, **named)

    monkeypatch.setattr(check.Scope, "finding", by_rule)
    for module in WATCHED:
        if hasattr(module, "Finding"):
            monkeypatch.setattr(module, "Finding", plain)
    for mistake in MISTAKES:
        path = folder / mistake.file
        original = path.read_bytes()
        make(mistake, folder)
        said(folder)
        if mistake.renamed:
            (folder / mistake.renamed).unlink()
        path.write_bytes(original)
    silent = {place: text for module in WATCHED for place, text in sentences(module).items() if place not in made}
    shown = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_catalog_*.py"))
    assert all(shown.count(fragment) > 1 for fragment in ELSEWHERE)
    left = [f"{name}:{line}" for (name, line), text in silent.items() if not _elsewhere(name, line, text)]
    assert not left, left


def _elsewhere(name: str, line: int, text: str) -> bool:
    """Tell whether a sentence is one of those shown elsewhere; it may be put together a few lines before."""
    module = next(module for module in WATCHED if Path(str(module.__file__)).name == name)
    before = Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()[line - 4 : line]
    return any(fragment in "\n".join([*before, text]) for fragment in ELSEWHERE)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """Not through the cache of this folder's tests."""
    with pytest.raises(UserError) as raised:
        document.read_document(tmp_path, "catalog/kpis/on_time.yaml")
    expected = "catalog/kpis/on_time.yaml: cannot be read (Is a directory); check the file's permissions"
    assert [str(finding) for finding in raised.value.findings] == [expected]
