"""docs/rest-sources.md: every piece of YAML on it loads, and no word of the language is missing from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from qmsreports.catalog.document import read_document
from qmsreports.catalog.rest import Api, Basic, OAuth2, Page, Parent, Request, SignedJwt, SignIn, Since, Token
from qmsreports.catalog.source import Source

PAGE = Path(__file__).parents[3] / "docs" / "rest-sources.md"
TEXT = PAGE.read_text(encoding="utf-8")
PIECES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
FRAME = {"source": "desk", "title": "Desk", "kind": "rest", "tables": [], "conform": {}}


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.split("\n")[1].strip()[:40])
def test_every_piece_of_the_page_loads(piece: str, tmp_path: Path) -> None:
    path = tmp_path / "source.yaml"
    path.write_text(piece, encoding="utf-8")
    said = read_document(path, "source.yaml").data
    source = Source.model_validate(FRAME | dict(said))
    assert source.tables or source.api != Api(), "a piece that says nothing"


@pytest.mark.parametrize("model", [Api, Basic, Token, SignIn, OAuth2, SignedJwt, Page, Since, Parent, Request])
def test_no_word_of_the_language_is_missing(model: type[BaseModel]) -> None:
    words = {field.alias or name for name, field in model.model_fields.items()} - {"login", "password"}
    missing = sorted(word for word in words if not re.search(rf"(?<![\w.]){word}(?=[:`])", TEXT))
    assert not missing


def test_the_page_shows_every_way_to_sign_in_and_to_page() -> None:
    for kind in ("basic", "token", "sign_in", "oauth2", "jwt"):
        assert f"kind: {kind}" in TEXT
    for kind in ("one", "offset", "number", "cursor", "link"):
        assert f"| `{kind}` |" in TEXT


def test_the_readme_leads_to_the_page() -> None:
    assert "docs/rest-sources.md" in (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
