"""Text fit for print: replaced where no font has it, broken where no column holds it, untouched where it is a name."""
# ruff: noqa: RUF001

from __future__ import annotations

import pytest

from qmsreports.pack.glyphs import MISSING, breakable, fit, font_files, missing, plain, printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("On-time delivery, 95 % ≥ 93 – “quoted” → ok", "On-time delivery, 95 % ≥ 93 – “quoted” → ok"),
        ("Zoë Škoda Łódź Ελλάδα Привет", "Zoë Škoda Łódź Ελλάδα Привет"),
        ("e\u0301 composed", "é composed"),
        ("中文", "□□"),
        ("a\U0001f9ffb", "a□b"),
        ("null\x00 bell\x07 bom\ufeff", "null bell bom"),
        ("bidi\u202eabc\u202c", "bidiabc"),
        ("private\ue000", "private□"),
        ("two\u2028lines", "two lines"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("עברית", "עברית"),  # DejaVu Sans stands behind Source Sans
    ],
)
def test_what_is_printed(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_every_square_is_counted() -> None:
    assert missing({"a": ["x□", {"b": "□□"}], "n": 3}) == 3


def test_long_words_may_break_and_short_ones_stay() -> None:
    assert breakable("Corrective actions closed on time") == "Corrective actions closed on time"
    broken = breakable("complaints_per_1000_orders_and_more")
    assert broken.replace("\u200b", "") == "complaints_per_1000_orders_and_more"
    assert max(map(len, breakable("A" * 90).split("\u200b"))) <= 8


def test_names_and_code_stay_as_they_are() -> None:
    link = "kpi-complaints_per_1000_orders"
    rule = "population: {table: order_lines_of_a_very_long_name}\nmeasure: {kind: ratio}\n"
    ready = fit({"link": link, "rule": rule, "title": link})
    assert (ready["link"], ready["rule"]) == (link, rule)
    assert ready["title"] != link


def test_the_last_resort_keeps_what_every_font_has() -> None:
    assert plain("Zoë – 95 % □ ▲") == "Zoë – 95 % □ ▲"
    assert plain("שלום ḗ") == f"{MISSING * 4} {MISSING}"


def test_the_fonts_are_there() -> None:
    assert all(path.is_file() for path in font_files())
