"""Only what changed is written; whatever the layout, what comes out is the wanted content."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsreports.catalog.document import parse_document
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.rewrite import new_text, rewritten

TEXT = """\
# Head.
kpi: nps   # the name
limits: {chart: xmr, rules: wheeler}  # two
targets:
  # the first
  - from: 2024-01-01   # from then on
    meet: 90
    agreed: {by: "Board", on: 2023-12-01}
  - from: 2025-01-01
    meet: 95

    agreed: {by: Board, on: 2024-12-01}   # in the review
  - {from: 2026-01-01, meet: 96}
note: >-
  Long words
  over two lines.

# Tail.
"""


def changed(text: str, edit: Any) -> str:
    before = parse_document(text, "file").data
    after = copy.deepcopy(before)
    edit(after)
    out = rewritten(text, before, after)
    assert parse_document(out, "file").data == after
    return out


def test_a_value() -> None:
    assert changed(TEXT, lambda data: data["targets"][0].update(meet=91.5)) == TEXT.replace("90", "91.5")
    assert changed(TEXT, lambda data: data.update(kpi="csat")) == TEXT.replace("nps ", "csat ")
    assert changed(TEXT, lambda data: data["targets"][1].update({"from": date(2025, 7, 1)})) == TEXT.replace(
        "from: 2025-01-01", "from: 2025-07-01"
    )


def test_an_entry_comes_and_goes() -> None:
    def add(data: Any) -> None:
        data["targets"].insert(2, {"from": date(2025, 7, 1), "meet": 95.5})

    added = changed(TEXT, add)
    assert added == TEXT.replace("  - {from: 2026", "  - from: 2025-07-01\n    meet: 95.5\n  - {from: 2026")
    assert changed(added, lambda data: data["targets"].pop(2)) == TEXT
    assert changed(TEXT, lambda data: data["targets"].pop(1)) == TEXT.replace(
        "  - from: 2025-01-01\n    meet: 95\n\n    agreed: {by: Board, on: 2024-12-01}   # in the review\n", ""
    )


def test_a_field_comes_and_goes() -> None:
    assert changed(TEXT, lambda data: data["limits"].pop("chart")) == TEXT.replace("chart: xmr, ", "")
    assert changed(TEXT, lambda data: data["targets"][2].update(near=94)) == TEXT.replace("96}", "96, near: 94}")
    assert changed(TEXT, lambda data: data["targets"][1].pop("meet")) == TEXT.replace("    meet: 95\n", "")
    assert changed(TEXT, lambda data: data["targets"][0].pop("from")) == TEXT.replace(
        "- from: 2024-01-01   # from then on\n    meet: 90", "- meet: 90"
    )


def test_words_that_need_quotes_get_them() -> None:
    for words in ("no", "12:30", "a: b", "x #y", "2026-01-01", "{a}", "", " a", "a\nb", "\x07", "1e3", "- a", "☃"):
        changed(TEXT, lambda data, words=words: data["targets"][0]["agreed"].update(by=words))
        changed(TEXT, lambda data, words=words: data.update(note=words, kpi=words, new=words))


def test_line_ends_and_a_missing_last_one_are_kept() -> None:
    text = "a: 1\r\nb:\r\n  - 1\r\n  - 2"
    assert changed(text, lambda data: data["b"].append(3)) == "a: 1\r\nb:\r\n  - 1\r\n  - 2\r\n  - 3\r\n"


def test_a_default_that_is_written_out_stays() -> None:
    assert rewritten("a: 1\nb: 2  # as always\n", {"a": 1}, {"a": 3}) == "a: 3\nb: 2  # as always\n"


keys = st.sampled_from(["from", "slice", "on", "kpi", "a", "b c", "no"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(-9, 9)
    | st.dates(date(1990, 1, 1))
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
    | st.sampled_from(["ok words", "a: b", "x" * 130])
)
contents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=10
)
files = st.dictionaries(keys, contents, min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(files, files)
def test_any_content_becomes_any_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    text = "# head\n" + new_text(before)
    assert parse_document(text, "file").data == before
    out = rewritten(text, before, after)
    assert parse_document(out, "file").data == after
    assert out.startswith("# head\n")


def test_shipped_files_are_written_as_people_write_them(shipped: Catalog) -> None:
    """A file that the product writes anew reads like the shipped one; the content is the same."""
    for document in shipped.documents.values():
        assert parse_document(new_text(document.data), "file").data == document.data


@pytest.mark.parametrize("name", ["on_time_delivery", "oee", "nps", "first_response_p90"])
def test_small_edits_of_shipped_files_touch_one_line(shipped: Catalog, name: str) -> None:
    text = (shipped.folder / "kpis" / f"{name}.yaml").read_text(encoding="utf-8")
    for edit in (
        lambda data: data.update(owner="somebody.else"),
        lambda data: data["versions"][-1].update(small_sample=31),
        lambda data: data["versions"][-1]["examples"][0]["expect"].update(n=77),
    ):
        out = changed(text, edit)
        before, after = text.splitlines(), out.splitlines()
        assert len(set(after) - set(before)) == 1
        assert len(set(before) - set(after)) <= 1
