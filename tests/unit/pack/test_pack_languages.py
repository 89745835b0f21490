"""A pack in a made-up language: every word of ours has to be one of it, so English that stands in code shows itself."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, review, stopped
from pack_workspace import BUILT, MEASURED, ROOT, filled
from pyhanko.pdf_utils.reader import PdfFileReader

from qmsreports.catalog.load import load_catalog
from qmsreports.language import messages, speaking
from qmsreports.pack import figures, seal
from qmsreports.pack.assemble import Facts, assemble
from qmsreports.pack.letter import letter
from qmsreports.pack.masking import Masking
from qmsreports.pack.model import PackModel
from qmsreports.pack.render import render
from qmsreports.pack.view import records, show
from qmsreports.register import actions
from qmsreports.validate.vocabulary import KINDS

TEMPLATES = Path(__file__).parents[3] / "report_templates"
PLACE = re.compile(r"(\{\w+\})")
WORD = re.compile(r"[A-Za-z]{3,}")
CODES = {"status", "kind", "state", "signal", "variation", "assurance", "better", "unit", "severity", "on_failure"}
"""Fields of the model that hold codes: they are no words of people, and must be told in words."""

OURS = {"iso", "sql", "pdf", "qmsreports", "sha", "duckdb", "csv", "json", "yaml", "html", "xlsx", "pptx", "kpi"}
NAMES = {"model", "definitions", "values"}  # of files
MONTHS = set("jan feb mar apr may jun jul aug sep oct nov dec".split())  # noqa: SIM905 - of Babel, which knows no pseudo


def made_up(message: str | tuple[str, str]) -> str | tuple[str, str]:
    if isinstance(message, tuple):
        return (str(made_up(message[0])), str(made_up(message[1])))
    return "".join(part if PLACE.fullmatch(part) else re.sub("[A-Za-z]", "ø", part) for part in PLACE.split(message))


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Speak the made-up language wherever German is spoken."""
    english = messages.load("en")
    said = {key: text if key == "format.day" else made_up(text) for key, text in english.messages.items()}
    language = replace(english, code="de", messages=said, months=("øøøø",) * 12, short_months=("øøø",) * 12)
    monkeypatch.setattr("qmsreports.language.load", lambda code: language)
    monkeypatch.setattr("qmsreports.pack.drawings.load", lambda code: language)
    with speaking("de"):
        yield


def written(value: Any, name: str = "") -> Iterator[str]:
    """Texts that people wrote, out of plain data."""
    if isinstance(value, str) and name not in CODES:
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from written(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from written(item, name)


def people(said: Facts) -> set[str]:
    """Words that the made-up review has from its people: names, titles, questions, comments, rows of registers."""
    found = set()
    for field in fields(said):
        value = getattr(said, field.name)
        for one in value if isinstance(value, list | tuple) else [value]:
            plain = one.model_dump(mode="json") if hasattr(one, "model_dump") else one
            found |= {word.lower() for text in written(plain) for word in WORD.findall(text)}
    return found


@pytest.fixture
def told(pseudo: None) -> tuple[PackModel, set[str]]:
    objectives = [stopped(one) if one.kpi == "oee" else one for one in map(objective, PLANS)]
    said = facts(objectives)
    pack = assemble(said)
    header = pack.header.model_copy(update={"language": "de", "forms": ("pptx",)})
    return pack.model_copy(update={"header": header}), people(said) | OURS | NAMES | MONTHS


def left(text: str, known: set[str]) -> list[str]:
    return sorted({word for word in WORD.findall(text) if word.lower() not in known})


def of_page(html: str) -> str:
    html = html.replace("{all}", "").replace("{found}", "")  # places that the script of the page fills
    text = re.sub(r"(?s)<(script|style|svg|pre|code)\b.*?</\1>", " ", html)
    named = re.findall(r'(?:aria-label|placeholder|data-(?:open|close|dark|light|found))="([^"]*)"', text)
    return re.sub(r"(?s)<[^>]+>", " ", text) + " ".join(named)


def of_book(content: bytes) -> str:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = (str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None)
    return " ".join([*(sheet.title for sheet in book), *cells])


def of_slides(content: bytes) -> str:
    import pptx

    found = []
    for slide in pptx.Presentation(io.BytesIO(content)).slides:
        for shape in slide.shapes:
            found += shape._element.xpath(".//p:cNvPr/@descr")
            found += [shape.text_frame.text] if shape.has_text_frame else []
            if shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
            if shape.has_chart:
                found += [series.name for series in shape.chart.plots[0].series]
    return " ".join(found)


def test_no_english_is_left_in_any_form(told: tuple[PackModel, set[str]]) -> None:
    pack, known = told
    files = {Path(name).suffix: content for name, content in render(pack, templates=TEMPLATES).items()}
    codes = {"true", "false", "percent", "points", "per", "ppm", "hours", "minutes", "days", "count", "score", "ratio"}
    mail = letter(pack, templates=TEMPLATES, holds=("model.json",))
    found = {
        "page": left(of_page(files[".html"].decode()), known),
        "workbook": left(of_book(files[".xlsx"]), known | codes),
        "slides": left(of_slides(files[".pptx"]), known),
        "mail": left(of_page(mail.html) + mail.text + mail.subject, known),
    }
    assert found == {"page": [], "workbook": [], "slides": [], "mail": []}


def test_the_print_has_no_sentence_of_its_own() -> None:
    """Words that stand in brackets or quotes in a template and are neither code, a key nor the name of a font."""
    fonts = {"Source Sans Pro", "DejaVu Sans", "DejaVu Sans Mono"}
    found = []
    for path in sorted(TEMPLATES.glob("*.typ")):
        text = re.sub(r"(?m)//.*$|^#import.*$", "", path.read_text(encoding="utf-8"))
        quoted = set(re.findall(r'"([A-Z][a-z]+ [^"]*)"', text)) - fonts
        plain = re.sub(r'"[^"]*"', "", text)
        while plain != (plain := re.sub(r"\([^()]*\)", "", plain)):
            pass
        bodies = " ".join(re.findall(r"\[([^\[\]]*)\]", plain))
        words = WORD.findall(re.sub(r"#[\w.\-]+|\b(if|else|for|in|none)\b", " ", bodies))
        found += [(path.name, *sorted(quoted | set(words) - {"SQL", "SHA", "said", "map", "join"}))]
    assert [one for one in found if len(one) > 1] == []


def test_a_pack_is_made_and_verified_in_the_language_of_its_review(tmp_path: Path) -> None:
    """The finding is said again from what the register keeps; another language chosen later is no fraud."""
    made = filled(tmp_path)
    reviews: dict[str, Any] = made.catalog.reviews  # type: ignore[assignment]
    reviews["monthly"] = reviews["monthly"].model_copy(update={"language": "de"})
    found = made.build()
    model = json.loads((found.folder / "model.json").read_text(encoding="utf-8"))
    otif = next(one for one in model["objectives"] if one["kpi"] == "otif")
    assert model["header"]["language"] == "de"
    assert "95\u00a0% sind mit dem heutigen Prozess nicht erreichbar" in otif["finding"]
    feeds = {feed["table"]: (feed["title"], source["title"]) for source in model["quality"] for feed in source["feeds"]}
    assert feeds["order_lines"] == ("Auftragspositionen", "Kundenbeziehungsmanagement")
    reviews["monthly"] = reviews["monthly"].model_copy(update={"language": "fr"})
    wrong = made.verified(found)
    assert wrong == []


def test_forms_say_which_language_they_are_in() -> None:
    with speaking("fr"):
        pack = review(3)
    pack = pack.model_copy(update={"header": pack.header.model_copy(update={"language": "fr", "forms": ("pptx",)})})
    files = {Path(name).suffix: content for name, content in render(pack, templates=TEMPLATES).items()}
    assert b'<html lang="fr">' in files[".html"]
    assert PdfFileReader(io.BytesIO(files[".pdf"])).root["/Lang"] == "fr"
    with zipfile.ZipFile(io.BytesIO(files[".pptx"])) as archive:
        slide = archive.read("ppt/slides/slide1.xml").decode()
    assert 'lang="fr-FR"' in slide
    assert 'lang="en' not in slide


def test_another_language_is_the_reason_of_the_next_edition_and_no_other_record(tmp_path: Path) -> None:
    made = filled(tmp_path)
    owned = {"title": "Portal", "owner": "c.d", "decided_on": date(2026, 9, 8), "due": date(2026, 10, 1)}
    with made.register.write() as session:
        actions.record(session, "R-1", "monthly", "2026-09", owned, day=date(2026, 9, 8), who="E. Novak", at=MEASURED)
        checked = {"done_on": date(2026, 10, 2), "effective": True, "effect": "Half the calls."}
        actions.record(
            session, "R-1", "monthly", "2026-09", checked, day=date(2026, 10, 9), who="E. Novak", at=MEASURED
        )
    first = made.build()
    reviews: dict[str, Any] = made.catalog.reviews  # type: ignore[assignment]
    reviews["monthly"] = reviews["monthly"].model_copy(update={"language": "de"})
    second = made.build(BUILT + timedelta(days=1))
    assert second.manifest["reason"] == "geänderte Einrichtung dieser Bewertung; jetzt auf Deutsch"
    assert {"action/R-1", "statement/9.3.2-b"} <= set(second.manifest["record"])
    assert second.manifest["record"] == first.manifest["record"]


def test_a_record_kept_by_titles_is_compared_by_keys() -> None:
    before = {"record": {"comment/On time": "1", "statement/9.3.2-b": "labelled", "decision/D-1": "d"}}
    now = {"comment/otif": "2", "statement/9.3.2-b": "plain", "statement/9.3.2-d": "new", "decision/D-1": "d"}
    after = {"tables": {}, "catalog": {}, "templates": None, "code_version": None, "language": "fr", "record": now}
    with speaking("fr"):
        assert seal.changed(after, after) == "valeurs nouvellement mesurées ou faits nouvellement consignés"
        before = {**after, "record": before["record"]}
        del before["language"]
        assert seal.changed(before, after, {"otif": "On time"}) == (
            "nouveau ou modifié\u00a0: commentaire du responsable sur On time\u202f; "
            "nouveau ou modifié\u00a0: déclaration sur 9.3.2\u00a0d"
        )


def test_every_type_of_rule_is_said_in_words_and_an_unknown_one_is_readable() -> None:
    assert [kind for kind in KINDS if records.rule_word(kind).startswith("column ")] == []
    with speaking("de"):
        assert records.rule_word("expect_column_values_to_be_in_set") == "Werte außerhalb der Liste"
        assert records.rule_word("expect_our_own_thing") == "our own thing"


def test_codes_and_roles_that_we_ship_are_words_and_others_stay() -> None:
    with speaking("fr"):
        assert figures.value_title("in_person") == "En personne"
        assert figures.value("key account") == "grand compte"
        assert figures.value("Order") == "Order"  # what people wrote is no code of ours
        assert figures.role("service.manager") == "responsable du service"
        assert figures.role("pump.whisperer") == "pump whisperer"
        assert figures.written_role("Managing director") == "Direction générale"


def test_every_code_that_kpis_are_cut_by_is_said_in_words() -> None:
    catalog, there = load_catalog(ROOT / "catalog"), messages.read("en")
    cut = {name for kpi in catalog.kpis.values() for name in kpi.slices}
    columns = [column for table in catalog.tables.values() for column in table.columns if column.name in cut]
    codes = {code for column in columns for code in column.values}
    assert len(codes) > 20
    assert sorted(code for code in codes if f"value.{code}" not in there) == []


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("de", "1 mit Daten, 1 betrachtet, 1 fehlt", "2 fehlen"),
        ("fr", "1 avec données, 1 examiné, 1 manquant", "2 manquants"),
        ("es", "1 con datos, 1 considerada, 1 ausente", "2 ausentes"),
    ],
)
def test_the_counts_of_a_ledger_agree_with_their_number(language: str, one: str, two: str) -> None:
    pack = review(3)
    (first, *_), states = pack.ledgers, ("data", "considered", "missing", "missing")
    rows = [first.rows[0].model_copy(update={"state": state}) for state in states]
    with speaking(language):
        said = [
            records.ledgers(pack.model_copy(update={"ledgers": (first.model_copy(update={"rows": tuple(some)}),)}))
            for some in (rows[:3], rows)
        ]
    assert said[0][0]["summary"] == one
    assert two in said[1][0]["summary"]


def test_what_is_masked_is_named_in_the_language_of_the_pack() -> None:
    with speaking("fr"):
        said = Masking(frozenset({"call"})).mask("Call Xaver on +43 660 1234567, xaver@brix.example")
    assert said == "Call [nom] on [numéro], [courriel]"


def test_every_role_that_the_shipped_catalog_names_is_said_in_words() -> None:
    catalog, there = load_catalog(ROOT / "catalog"), messages.read("en")
    roles = {kpi.owner for kpi in catalog.kpis.values()}
    for declared in catalog.reviews.values():
        roles |= {*declared.audience, *(item.led_by for item in declared.agenda if item.led_by)}
    assert {"service.manager", "Site managers"} <= roles
    assert sorted(role for role in roles if f"role.{figures.slug(role)}" not in there) == []
    classes = {figures.slug(declared.confidentiality) for declared in catalog.reviews.values()}
    assert [name for name in classes if f"classification.{name}" not in there] == []


def test_what_a_run_recorded_in_english_is_shown_in_the_language_of_the_pack() -> None:
    pack = review(3)
    rule = pack.failed_rules[0].model_copy(update={"sample": ("SO-1|10: Qty is -1, below 1.",)})
    source = pack.quality[0]
    stop = (
        "source crm, table orders: nothing is published, 7 of 9 rows (77.8 %) fail: keys (orders.json:12); "
        "sales.manager mends it at the source, then run again"
    )
    feed = source.feeds[0].model_copy(update={"status": "stopped", "message": stop})
    sources = (source.model_copy(update={"feeds": (feed,)}),)
    with speaking("de"):
        quality = show(pack.model_copy(update={"failed_rules": (rule,), "quality": sources}))["quality"]
    assert quality["rules"][0]["sample"] == "„SO-1|10: Qty ist -1, unter 1.“"
    assert (
        "Nichts wird veröffentlicht, 7 von 9 Zeilen (77,8 %) fallen durch"
        in quality["sources"][0]["feeds"][0]["message"]
    )
