"""The catalogs of messages: each language says everything, with the same facts, and nothing that nobody asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from qmsreports.language import LANGUAGES
from qmsreports.language.messages import FOLDER, load, read
from qmsreports.organisation import Language

ROOT = Path(__file__).parents[3]
CODE = sorted((ROOT / "src" / "qmsreports").rglob("*.py"))
TEMPLATES = sorted(path for path in (ROOT / "report_templates").glob("*") if path.suffix in (".typ", ".j2"))
OTHERS = [code for code in LANGUAGES if code != "en"]
CALL = re.compile(r'(?<![\w.])(t|tn|head)\("([\w.]+)"')
CHOSEN = re.compile(r'"((?:label|lead|head)\.[\w.]+)"')

Message = str | tuple[str, str]


def forms(message: Message) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (message,)


def facts(message: Message) -> frozenset[str]:
    """Facts that a message asks for; a number stands as digits (``n``) or as a word, and a period in some case."""
    found = {name for form in forms(message) for _, name, _, _ in Formatter().parse(form) if name}
    alike = {"word": "n", "for_period": "period", "in_period": "period", "month": "in_month"}
    return frozenset(alike.get(name, name) for name in found)


@cache
def asked() -> tuple[tuple[str, bool], ...]:
    """Every key that is asked for, read once."""
    return tuple(_asked())


def _asked() -> Iterator[tuple[str, bool]]:
    """Keys that code and templates name, and whether the whole of it is known; of ``f"unit.{unit}.name"`` a pattern."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                yield re.escape(node.value), False
            if isinstance(node, ast.JoinedStr) and starts_as_a_key(node.values[0]):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.-]+" for part in node.values
                ]
                yield "".join(parts), False
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                for one in said_by(node.args[0]):
                    yield re.escape(one), True
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        yield from (
            (re.escape(f"head.{key}" if call == "head" else key), True) for call, key in CALL.findall(text) if key
        )
        yield from ((re.escape(key), True) for key in CHOSEN.findall(text) if not key.endswith("."))


def starts_as_a_key(first: ast.expr) -> bool:
    """Tell whether a text in parts begins with the area of a key: ``f"unit.{unit}.name"``."""
    return isinstance(first, ast.Constant) and re.match(r"[a-z_]+\.", str(first.value)) is not None


def said_by(node: ast.expr) -> Iterator[str]:
    """Keys that an argument can be, as far as they are written there."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    if isinstance(node, ast.IfExp):
        yield from said_by(node.body)
        yield from said_by(node.orelse)


def test_the_languages_are_those_of_the_catalog_files() -> None:
    assert sorted(LANGUAGES) == sorted(path.stem for path in FOLDER.glob("*.po")) == sorted(get_args(Language))


@pytest.mark.parametrize("code", OTHERS)
def test_each_language_has_each_message_and_no_other(code: str) -> None:
    assert sorted(read(code)) == sorted(read("en"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_message_is_empty_and_none_is_written_twice(code: str) -> None:
    text = (FOLDER / f"{code}.po").read_text(encoding="utf-8")
    keys = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(read(code))
    assert [key for key, message in read(code).items() if not all(form.strip(" ") for form in forms(message))] == []


@pytest.mark.parametrize("code", OTHERS)
def test_each_message_has_the_facts_and_the_plural_forms_of_english(code: str) -> None:
    english, other = read("en"), read(code)
    assert {key: sorted(facts(other[key])) for key in other if facts(other[key]) != facts(english[key])} == {}
    assert [key for key in other if isinstance(other[key], tuple) != isinstance(english[key], tuple)] == []


def test_every_key_that_is_asked_for_is_there() -> None:
    there = read("en")
    missing = sorted({re.sub(r"\\(.)", r"\1", key) for key, whole in asked() if whole} - set(there))
    assert missing == []


def test_every_message_is_asked_for() -> None:
    patterns = re.compile("|".join(sorted({f"(?:{key})" for key, _ in asked() if len(key) > 3 and "." in key})))
    assert [key for key in read("en") if not patterns.fullmatch(key)] == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_message_was_left_in_english(code: str) -> None:
    """Sentences of four words or more that read the same in two languages were not translated."""
    english, other = read("en"), read(code)
    plain = re.compile(r"\{\w+\}")
    same = [
        key
        for key in english
        if forms(english[key]) == forms(other[key])
        and len(re.findall(r"[^\W\d]{2,}", plain.sub("", forms(english[key])[0]))) > 3
    ]
    assert same == []


def test_a_language_is_read_once() -> None:
    assert load("de") is load("de")


@pytest.mark.parametrize(("code", "alone"), [("en", "alone"), ("de", "allein"), ("fr", "seule"), ("es", "sola")])
def test_the_appendix_claims_no_more_of_its_statements_than_is_proved(code: str, alone: str) -> None:
    """Values are computed for many objectives at once; what is printed gives the same number when it runs alone."""
    said = str(read(code)["lead.sql"])
    assert alone in said
    assert not any(claim in said for claim in ("word for word", "Wort für Wort", "mot pour mot", "palabra por palabra"))
