"""What a run recorded in English is said again in the language of the pack; what nobody of us wrote stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from qmsreports.language import LANGUAGES, speaking
from qmsreports.language.recorded import again

ROOT = Path(__file__).parents[3]
SENTENCES = (
    'SO-2023-000486: Plant code is "XXX", none of LNZ, LYO, POR.',
    'Plant code is "XXX", none of A, B, C, D, E, F, G, H and 4 more.',
    "SO-2023-000587|20: Qty is -1, below 1.",
    "R0001630: Q recommend is 11, above 10.",
    "Q is 0, not above 0.",
    "Q is 5, not below 5.",
    'Wished is "0000-00-00", which has not the agreed form.',
    "Customer id is empty.",
    "Customer id is empty, which is not allowed.",
    "Order is 7, which more than one row has.",
    "Customer id is 9, which is not among the customers.",
    "Closed on is 2027-01-01, which has not come yet.",
    "Delivered on is 2026-01-01 but should be empty.",
    "Delivered on 2026-03-01 lies before ordered on 2026-03-09.",
    "Delivered on 2026-03-01 is no later than ordered on 2026-03-01.",
    "Good 3 is below total 5.",
    "Good 3 is not above total 3.",
    "Q is 5, against the rule (values to be odd).",
)
STOPS = (
    "source crm, table orders: nothing is published, 1204 of 2408 rows (50 %) fail, 1.5 % are tolerated: keys "
    "(expectations/orders.json:12); sales.manager mends it at the source, then run again (2 more of the kind)",
    "source crm, landed table orders: nothing is mapped, the delivery as a whole fails: keys (a.json:2); sales.manager "
    "mends it at the source, then run again",
    "a.json:2: the rule keys could not be checked (no such column); the rows of source crm, table orders are not to "
    "blame: mend the rule, then run again",
)


@pytest.mark.parametrize("code", sorted(LANGUAGES.keys() - {"en"}))
@pytest.mark.parametrize("text", [*SENTENCES, *STOPS])
def test_every_form_of_sentence_is_said_again(text: str, code: str) -> None:
    with speaking(code):
        said = again(text)
    assert said != text
    for english in (" is ", " which ", "none of", " below ", " above ", " rows", "mends", "nothing", " and "):
        assert english not in said, said
    assert again(text) == text  # in English as it was recorded


def test_values_and_names_stay_and_numbers_are_written_as_the_language_does() -> None:
    with speaking("de"):
        assert again('SO-1|10: Plant code is "is X, none of Y", none of A, B and 3 more.') == (
            'SO-1|10: Plant code ist "is X, none of Y", keiner der Werte A, B und 3 weitere.'
        )
        assert again("SO-1|10: Qty is -1, below 1.") == "SO-1|10: Qty ist -1, unter 1."
        assert again("Customer id is empty, which is not allowed.") == "Customer id ist leer, was nicht zulässig ist."
        assert "1204 von 2408 Zeilen (50 %) fallen durch, 1,5 % sind geduldet: keys (expectations" in again(STOPS[0])
        assert again(STOPS[0]).endswith("dann erneut ausführen (2 weitere dieser Art)")
        assert again("database is locked") == "database is locked"


def test_the_sentences_of_the_validation_are_those_that_are_known() -> None:
    """Whoever words one anew in the code is told that the catalogs know the old one."""
    from qmsreports.language.messages import load

    source = "".join(
        (ROOT / "src" / "qmsreports" / name).read_text(encoding="utf-8")
        for name in (
            "validate/wording.py",
            "validate/auditing.py",
            "kpi/comparison.py",
            "stages/measure.py",
            "register/restated.py",
        )
    )
    written = "".join(
        node.value for node in ast.walk(ast.parse(source.replace("from __future__ import annotations\n", "")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )  # fmt: skip
    for key, text in load("en").messages.items():
        if key.startswith("recorded.") and not key.startswith("recorded.word."):
            assert isinstance(text, str)
            last = text.rstrip(".)").replace(", table ", "{").replace(", landed table ", "{").split("}")[-1].strip()
            assert last == "" or any(last in part for part in (written, source)), (key, last)
