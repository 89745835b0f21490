"""Numbers, dates and counts as they are printed; expectations written by hand."""

# ruff: noqa: RUF001
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.language import say, speaking
from qmsreports.pack import figures


def plain(text: str) -> str:
    return text.replace(figures.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (93.44, "percent", "93.4 %"),
        (100.0, "percent", "100.0 %"),
        (0.04, "percent", "0.04 %"),  # one decimal would print 0.0: no cases, which is another statement
        (0.0, "percent", "0.0 %"),
        (-0.04, "points", "−0.04 points"),
        (-13.2, "points", "−13 points"),
        (-0.0, "points", "0 points"),
        (1150.4, "ppm", "1,150 ppm"),
        (2.149, "per_1000", "2.1 per 1,000"),
        (0.0001, "ratio", "0.0001"),
        (0.00001234, "ppm", "0.000012 ppm"),
        (9_138_388.9, "hours", "9,138,389 h"),  # nobody reads the tenth of an hour here
        (9_999_999, "EUR", "9,999,999 EUR"),
        (12_345_678, "EUR", "12.35 m EUR"),
        (1_234_567_890, "EUR", "1.23 bn EUR"),
        (1e12, "count", "1.00 tn"),
        (float("nan"), "percent", "–"),
        (None, "percent", "–"),
    ],
)
def test_quantity(value: float | None, unit: str, expected: str) -> None:
    assert plain(figures.quantity(value, unit)) == expected


@pytest.mark.parametrize(
    ("value", "better", "unit", "expected"),
    [
        (95.0, "higher", "percent", "≥ 95"),
        (97.5, "higher", "percent", "≥ 97.5"),
        (2.0, "lower", "per_1000", "≤ 2"),
        (1500.0, "lower", "ppm", "≤ 1,500"),
        (10.0, "neither", "count", "10"),
        (None, "higher", "percent", "–"),
    ],
)
def test_a_target_is_printed_as_a_person_wrote_it(value: float | None, better: str, unit: str, expected: str) -> None:
    assert plain(figures.target(value, better, unit)) == expected


def test_an_interval_with_a_negative_end_has_no_dash_beside_a_minus() -> None:
    assert figures.interval(84.61, 87.7, "percent") == "84.6–87.7"
    assert plain(figures.interval(-3.0, 9.0, "points")) == "−3 to 9"
    assert figures.interval(None, 9.0, "points") == ""


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (37, 1_284_310, "0.003 %"),  # 0.00288: one significant digit, not 0.0
        (0, 10, "0 %"),
        (1, 3, "33.3 %"),
        (999_999, 1_000_000, "99.9 %"),  # not everything, so never 100
        (5, 5, "100.0 %"),
        (0, 0, "–"),
    ],
)
def test_a_share_never_rounds_something_to_nothing(part: int, whole: int, expected: str) -> None:
    assert plain(figures.share(part, whole)) == expected


@pytest.mark.parametrize(
    ("text", "words", "short"),
    [
        ("2026-10", "October 2026", "Oct 26"),
        ("2026-Q3", "third quarter 2026", "Q3 26"),
        ("2026-H2", "second half of 2026", "H2 26"),
        ("2026", "2026", "2026"),
    ],
)
def test_periods(text: str, words: str, short: str) -> None:
    assert figures.period(text) == words
    assert plain(figures.short_period(text)) == short


def test_an_instant_is_told_on_the_organisations_clock() -> None:
    read = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the night the clock goes back: 02:30 the first time
    assert plain(figures.instant(read, "Europe/Vienna")) == "25 Oct 2026, 02:30 (Europe/Vienna)"
    assert plain(figures.day(date(2026, 11, 2))) == "2 Nov 2026"


def test_lists_and_counts_read_like_sentences() -> None:
    assert figures.listed(["a"]) == "a"
    assert figures.listed(["a", "b", "c"]) == "a, b and c"
    assert figures.listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert plain(say("count.row", n=1)) == "1 row"
    assert plain(say("count.row", n=1200)) == "1,200 rows"
    assert figures.role("supply.manager") == "supply manager"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ["−1,234.6 %", "12.35 m EUR", "≥ 97.5", "2 Sep 2026", "Oct 26", "since the third quarter of 2026"]),
        ("de", ["−1.234,6 %", "12,35 Mio. EUR", "≥ 97,5", "2. Sept. 2026", "Okt 26", "seit dem 3. Quartal 2026"]),
        ("fr", ["−1 234,6 %", "12,35 M EUR", "≥ 97,5", "2 sept. 2026", "oct. 26", "depuis le 3e trimestre 2026"]),
        ("es", ["−1.234,6 %", "12,35 M EUR", "≥ 97,5", "2 sept 2026", "oct 26", "desde el tercer trimestre de 2026"]),
    ],
)
def test_numbers_and_days_are_written_as_the_language_does(code: str, expected: list[str]) -> None:
    with speaking(code):
        said = [
            figures.quantity(-1234.56, "percent"),
            figures.quantity(12_345_678, "EUR"),
            figures.target(97.5, "higher", "percent"),
            figures.day(date(2026, 9, 2)),
            figures.short_period("2026-10"),
            figures.period("2026-Q3", "since"),
        ]
    assert [plain(text).replace("\u202f", " ") for text in said] == expected


def test_spanish_joins_with_another_word_before_the_sound_of_i() -> None:
    with speaking("es"):
        assert figures.listed(["facturas", "incidencias"]) == "facturas e incidencias"
        assert figures.listed(["agua", "hielo"]) == "agua y hielo"
        assert figures.listed(["Linz", "Lyon", "Porto"]) == "Linz, Lyon y Porto"
    assert figures.listed(["invoices", "ideas"]) == "invoices and ideas"


def test_only_french_gives_the_first_of_a_month_an_ordinal() -> None:
    said = []
    for code in ("en", "de", "fr", "es"):
        with speaking(code):
            said.append((plain(figures.day(date(2026, 7, 1))), plain(figures.day(date(2026, 7, 11)))))
    assert said == [
        ("1 Jul 2026", "11 Jul 2026"),
        ("1. Juli 2026", "11. Juli 2026"),
        ("1er juil. 2026", "11 juil. 2026"),
        ("1 jul 2026", "11 jul 2026"),
    ]


@given(st.floats(min_value=-9_999_999, max_value=9_999_999), st.sampled_from(["de", "fr", "es"]))
def test_a_language_never_changes_a_number(value: float, code: str) -> None:
    english = figures.number(value, "percent")
    with speaking(code):
        said = figures.number(value, "percent")
    swap = {",": ".", ".": "", "\u202f": ""}
    assert "".join(swap.get(sign, sign) for sign in said) == english.replace(",", "")
