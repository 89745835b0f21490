"""YAML is read as data, by the rules of YAML 1.2, and every node keeps its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.catalog.canonical import to_yaml
from qmsreports.catalog.document import parse_document, read_fast, read_with_care
from qmsreports.errors import UserError


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12:30", "12:30"),  # YAML 1.1 reads 750
        ("no", "no"),  # YAML 1.1 reads false
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("", None),
        ("null", None),
        ("010", 10),  # YAML 1.1 reads 8
        ("-3", -3),
        ("1_000", "1_000"),  # YAML 1.1 reads 1000
        ("2.50", 2.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-02-30", "2026-02-30"),
        ('"2026-01-31"', "2026-01-31"),
        ("'7'", "7"),
        ("9.1.2", "9.1.2"),
        ("0x1F", "0x1F"),
        ("12345678901234567890", 12345678901234567890.0),
    ],
)
def test_plain_values(written: str, read: Any) -> None:
    value = parse_document(f"key: {written}\n", "file").data["key"]
    assert value == read
    assert type(value) is type(read)


def test_lines_of_keys_and_entries() -> None:
    document = parse_document("a: 1\nb:\n  - c: 2\n  - {d: 3,\n     e: 4}\n", "file")
    places = {
        location: document.where(location) for location in [("a",), ("b",), ("b", 1), ("b", 1, "e"), ("b", 0, "c")]
    }
    assert places == {
        ("a",): "file:1",
        ("b",): "file:2",
        ("b", 1): "file:4",
        ("b", 1, "e"): "file:5",
        ("b", 0, "c"): "file:3",
    }
    assert document.where(("b", 0, "missing", "deeper")) == "file:3"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", 2, '"c" is written twice'),
        ("a: 1\nb: *a\n", 2, "anchors and aliases"),
        ("a: &x 1\n", 1, "anchors and aliases"),
        ("a: &x [1]\n", 1, "anchors and aliases"),
        ("a: 1\n&x b: 2\n", 2, "anchors and aliases"),
        ("a: {!x b: 2}\n", 1, "tags"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "tags (!)"),
        ("a: 1\n...\n---\nb: 2\n", 3, "a second document"),
        ("{a: 1}: 2\n", 1, "a key must be a plain word"),
        ("a: 1\n b: 2\n", 2, "not readable as YAML"),
        ("a: b: c\n", 1, "not readable as YAML"),
        ('a: "open\n', 2, "not readable as YAML"),
        ("a: \x07\n", 1, "holds a character"),
        ("%YAML 3.7\n---\na: 1\n", 1, "not readable as YAML"),
        ("a: " + "[" * 60 + "]" * 60, 1, "the nesting is deeper"),
        ("# only a comment\n", 1, "the file is empty"),
        ("just words\n", 1, "the file is no mapping"),
    ],
)
def test_what_is_no_data_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_document(text, "file")
    (finding,) = raised.value.findings
    assert finding.where == f"file:{line}"
    assert what in finding.what


keys = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates()
    | keys
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(keys, values, min_size=1, max_size=4))
def test_canonical_text_reads_back_as_what_was_written(data: dict[str, Any]) -> None:
    assert parse_document(to_yaml(data), "file").data == data


@given(st.dictionaries(keys, values, min_size=2, max_size=4))
def test_canonical_text_does_not_depend_on_the_order_of_keys(data: dict[str, Any]) -> None:
    turned = dict(reversed(list(data.items())))
    assert to_yaml(data, sort=True) == to_yaml(turned, sort=True)


# --- the fast reader --------------------------------------------------------------------------------------------------
ROOT = Path(__file__).parents[3]
SHIPPED = sorted(ROOT.glob("catalog/**/*.yaml")) + sorted(ROOT.glob("src/qmsreports/presets/*/*.yaml"))


def test_the_fast_reader_reads_every_shipped_file_as_the_careful_one() -> None:
    for path in SHIPPED:
        text = path.read_text(encoding="utf-8")
        fast, careful = read_fast(text, "file"), read_with_care(text, "file")
        assert fast == careful, path
        assert fast is not None and fast.lines == careful.lines, path  # lines are left out of ==


pieces = st.lists(
    st.sampled_from(
        [*"ab1 -?:,[]{}#&*!|>%@`~=<\\/\n\n\t\x85\u2028'\"é", "\n  ", "\n- ", ": ", "a: b\n", "no", "# x\n"]
    ),
    max_size=5,
).map("".join)


@given(st.sampled_from(SHIPPED), st.data())
def test_the_fast_reader_reads_as_the_careful_one_or_not_at_all(path: Path, drawn: st.DataObject) -> None:
    """Twenty lines of a shipped file in which something else was written: what both read has one meaning."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = drawn.draw(st.integers(0, len(lines) - 1))
    text = "".join(lines[first : first + 20])
    place = drawn.draw(st.integers(0, len(text)))
    text = text[:place] + drawn.draw(pieces) + text[place + drawn.draw(st.integers(0, 3)) :]
    fast = read_fast(text, "file")
    if fast is None:
        return
    try:
        careful = read_with_care(text, "file")
    except UserError:  # libyaml takes a little more, such as a key in quotes with no blank behind its colon
        return
    assert fast == careful
    assert fast.lines == careful.lines


@pytest.mark.parametrize("text", ["a: b\tc\n", "a: x\x85y\n", "a: x\u2028y\n", "%YAML 1.1\n---\na: 1\n", "a: [1\n", ""])
def test_the_fast_reader_leaves_what_yaml_1_1_reads_differently(text: str) -> None:
    assert read_fast(text, "file") is None
