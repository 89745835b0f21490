"""Text fit for print: replaced where no font has it, broken where no column holds it, untouched where it is a name."""
# ruff: noqa: RUF001

from __future__ import annotations

import pytest

from qmsreports.pack.faces import bundled, letters
from qmsreports.pack.glyphs import behind, breakable, fit, font_files, missing, plain, printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("On-time delivery, 95 % ≥ 93 – “quoted” → ok", "On-time delivery, 95 % ≥ 93 – “quoted” → ok"),
        ("Zoë Škoda Łódź Ελλάδα Привет", "Zoë Škoda Łódź Ελλάδα Привет"),
        ("e\u0301 composed", "é composed"),
        ("中文 日本語 한국어 ภาษาไทย हिन्दी", "中文 日本語 한국어 ภาษาไทย हिन्दी"),
        ("a\U0001f9ffb", "a\U0001f9ffb"),
        ("\U0001f469\u200d\U0001f4bb \U0001f44d\U0001f3fd", "\U0001f469\u200d\U0001f4bb \U0001f44d\U0001f3fd"),
        ("Plant தமிழ் two ລາວ አማርኛ", "Plant தமிழ் two ລາວ አማርኛ"),
        ("Plant \u13a0\u13a1 two", "Plant [U+13A0 U+13A1] two"),
        ("a\u200db", "ab"),  # a joiner between Latin letters does nothing
        ("heart\u2764\ufe0f", "heart\u2764"),
        ("x\u1ab0", "x[U+1AB0]"),  # a mark that no font has
        ("m\u0303", "m\u0303"),
        ("null\x00 bell\x07 bom\ufeff", "null bell bom"),
        ("bidi\u202eabc\u202c", "bidiabc"),
        ("private\ue000", "private[U+E000]"),
        ("two\u2028lines", "two lines"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("עברית", "עברית"),  # DejaVu Sans stands behind Source Sans
    ],
)
def test_what_is_printed(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_every_character_without_a_font_is_counted() -> None:
    assert missing({"a": ["x\u13a0", {"b": "\u13a1 \u13a0\u13a1\u13a0"}], "n": 3, "link": "\u13a0"}) == 5


def test_a_large_font_is_opened_only_for_letters_that_need_it() -> None:
    assert behind({"title": "Zoë Ελλάδα עברית – 95 %"}) == ()
    assert [face.family for face in behind(["서울", {"a": "中文 \U0001f9ff"}])] == [
        "Noto Sans CJK JP",
        "Noto Emoji",
    ]


def test_long_words_may_break_and_short_ones_stay() -> None:
    assert breakable("Corrective actions closed on time") == "Corrective actions closed on time"
    broken = breakable("complaints_per_1000_orders_and_more")
    assert broken.replace("\u200b", "") == "complaints_per_1000_orders_and_more"
    assert max(map(len, breakable("A" * 90).split("\u200b"))) <= 8


def test_a_line_may_break_before_what_tells_a_character() -> None:
    assert breakable("private[U+E000] x") == "private\u200b[U+E000] x"


def test_names_and_code_stay_as_they_are() -> None:
    link = "kpi-complaints_per_1000_orders"
    rule = "population: {table: order_lines_of_a_very_long_name}\nmeasure: {kind: ratio}\n"
    ready = fit({"link": link, "rule": rule, "title": link})
    assert (ready["link"], ready["rule"]) == (link, rule)
    assert ready["title"] != link


def test_the_last_resort_keeps_what_every_font_has() -> None:
    assert plain("Zoë – 95 % □ ▲") == "Zoë – 95 % □ ▲"
    assert plain("שלום ḗ") == "[U+05E9 U+05DC U+05D5 U+05DD] [U+1E17]"


def test_the_fonts_are_there() -> None:
    assert all(path.is_file() for path in font_files())


def test_a_font_has_the_letters_that_its_own_table_names() -> None:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    for face in bundled()[:4]:
        named = []
        for path in face.files:
            with TTFont(path, fontNumber=0) as font:
                named.append(set(font.getBestCmap()))
        assert letters(face) == set.intersection(*named)
