"""A pack wears the organisation's logo, colours and fonts in every form, and its seal names them."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pack_fixture_review import review
from pypdf import PdfReader

from qmsreports.pack import seal
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.charts.lettering import drawable, width_of
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.drawings import draw
from qmsreports.pack.faces import added, bundled
from qmsreports.pack.glyphs import printable
from qmsreports.pack.letter import letter
from qmsreports.pack.mail import message
from qmsreports.pack.model import PackModel
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.render import render
from qmsreports.pack.slides import render_slides
from qmsreports.pack.view import show
from qmsreports.pack.web import render_html

TEMPLATES = Path(__file__).parents[3] / "report_templates"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 9"><path d="M0 0H90V9Z" fill="#0B5563"/></svg>'
AT = datetime(2026, 11, 12, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pack() -> PackModel:
    return review(3)


@pytest.fixture(scope="module")
def own() -> Brand:
    import matplotlib

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    regular, bold = (fonts / name for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"))
    palette = replace(PALETTE, improvement="#0B6E99", concern="#B3261E", concern_text="#B3261E", target="#6A1B9A")
    return Brand(
        palette=palette,
        accent="#0B5563",
        logo=SVG,
        logo_format="svg",
        alternative="Logo of ours",
        family="DejaVu Serif",
        faces=((300, regular.read_bytes()), (400, regular.read_bytes()), (600, bold.read_bytes())),
        files={"brand.yaml": "a" * 64, "brand/logo.svg": "b" * 64},
    )


def printed(pack: PackModel, brand: Brand) -> bytes:
    charts = draw(pack, brand.palette)
    stamp = pack.header.data_read_at
    return render_pdf(show(pack), charts, templates=TEMPLATES, attachments=(), stamp=stamp, brand=brand)


def fonts_of(content: bytes) -> set[str]:
    return {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in PdfReader(io.BytesIO(content)).pages
        for font in page["/Resources"].get("/Font", {}).values()
    }


def test_the_print_is_archival_with_the_fonts_and_logo_of_the_organisation(pack: PackModel, own: Brand) -> None:
    content = printed(pack, own)
    assert content == printed(pack, own)
    metadata = PdfReader(io.BytesIO(content)).trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert {"DejaVuSerif", "DejaVuSerif-Bold"} <= {name.partition("-Identity")[0] for name in fonts_of(content)}
    assert "Logo of ours" in alternatives(PdfReader(io.BytesIO(content)).trailer["/Root"]["/StructTreeRoot"])


def alternatives(node: Any) -> set[str]:
    """Every alternative text in the tree of tags."""
    found = {str(node["/Alt"])} if "/Alt" in node else set()
    below = node.get("/K", [])
    for child in below if isinstance(below, list) else [below]:
        child = child.get_object()
        if isinstance(child, dict):
            found |= alternatives(child)
    return found


def test_a_picture_as_logo_is_printed_too(pack: PackModel, own: Brand) -> None:
    picture = replace(own, logo=own.picture(), logo_format="png")
    assert picture.logo.startswith(b"\x89PNG")
    assert printed(pack, picture).startswith(b"%PDF")


def test_the_page_holds_logo_fonts_and_colours(pack: PackModel, own: Brand) -> None:
    page = render_html(show(pack), draw(pack, own.palette), templates=TEMPLATES, brand=own)
    assert f'src="data:image/svg+xml;base64,{base64.b64encode(SVG).decode()}" alt="Logo of ours"' in page
    assert "--good: #0B6E99; --bad: #B3261E; --goal: #6A1B9A; --accent: #0B5563" in page
    assert page.count('@font-face { font-family: "Brand"') == 3
    assert '@font-face { font-family: "Source Sans Pro"' not in page
    body = page[page.index("<body") :]
    assert not re.search(
        r"#0B6E99|#B3261E|#6A1B9A", body, re.IGNORECASE
    )  # charts name colours, the dark page has others
    assert 'class="logo"' not in render_html(show(pack), {}, templates=TEMPLATES)


def test_slides_and_message_wear_it(pack: PackModel, own: Brand) -> None:
    content = render_slides(pack, templates=TEMPLATES, brand=own)
    assert content == render_slides(pack, templates=TEMPLATES, brand=own)
    with zipfile.ZipFile(io.BytesIO(content)) as deck:
        first = deck.read("ppt/slides/slide1.xml").decode()
        everything = "".join(
            deck.read(name).decode() for name in deck.namelist() if name.startswith(("ppt/slides/s", "ppt/charts/c"))
        )
        assert 'descr="Logo of ours"' in first
        assert PALETTE.target.lstrip("#") not in everything
        assert 'typeface="DejaVu Serif"' in deck.read("ppt/theme/theme1.xml").decode()
        assert any(name.startswith("ppt/media/") and name.endswith(".png") for name in deck.namelist())
    said = letter(pack, templates=TEMPLATES, holds=(), brand=own)
    assert '<img src="cid:logo" alt="Logo of ours"' in said.html
    made = message(said, sender="q@example.org", to="a@example.org", pack="p", attachment=("p.pdf", b"%PDF"), at=AT)
    read = message_from_bytes(made.as_bytes(), policy=policy.default)
    (logo,) = (part for part in read.walk() if part.get_content_type() == "image/png")
    assert logo["Content-ID"] == "<logo>"
    assert logo.get_content() == own.picture()
    again = message(said, sender="q@example.org", to="a@example.org", pack="p", attachment=("p.pdf", b"%PDF"), at=AT)
    assert made.as_bytes() == again.as_bytes()


def test_another_logo_is_another_input_and_the_new_edition_says_so(pack: PackModel, own: Brand) -> None:
    other = replace(own, files={**own.files, "brand/logo.svg": "c" * 64})
    assert len({seal.inputs_of(pack, TEMPLATES, brand) for brand in (PLAIN, own, other)}) == 3
    assert seal.inputs_of(pack, TEMPLATES, PLAIN) == seal.inputs_of(pack, TEMPLATES)

    def manifest(brand: Brand) -> dict[str, object]:
        return seal.manifest(
            pack,
            inputs="",
            tables={},
            catalog={},
            wording={},
            journal={},
            templates=TEMPLATES,
            brand=brand,
            as_of=AT,
            files={},
        )

    assert manifest(own)["brand"] == dict(own.files)
    assert seal.changed(manifest(own), manifest(other)) == "changed look: brand/logo.svg"


@pytest.fixture(scope="module")
def cherokee(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font that has the Cherokee letter a and nothing else: the shape is that of a Thai letter."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    thai = next(face for face in bundled() if face.family == "Noto Sans Thai")
    path = tmp_path_factory.mktemp("fonts") / "cherokee.ttf"
    with TTFont(thai.files[0]) as font:
        cut = subset.Subsetter(subset.Options(layout_features=[]))
        cut.populate(unicodes=[0x0E01])
        cut.subset(font)
        for table in font["cmap"].tables:
            table.cmap = {0x13A0: table.cmap[0x0E01]}
        font.save(path)
    return path


def test_a_font_of_the_organisation_has_letters_that_ours_lack(pack: PackModel, cherokee: Path) -> None:
    title = "Site \u13a0"
    own = replace(PLAIN, more_fonts=(cherokee,))
    header = pack.header.model_copy(update={"organisation": title})
    named = pack.model_copy(update={"header": header})
    told: list[str] = []
    files = render(named, templates=TEMPLATES, brand=own, tell=lambda what, _: told.append(what))
    content = next(made for name, made in files.items() if name.endswith(".pdf"))
    assert any("NotoSansThai" in name for name in fonts_of(content)), "its PostScript name is the one it was made with"
    assert not any("no font" in what for what in told)
    files = render(named, templates=TEMPLATES, brand=PLAIN, tell=lambda what, _: told.append(what))
    assert any(what.startswith("pack: no font has") for what in told)
    assert not any(
        "Thai" in name for name in fonts_of(next(made for name, made in files.items() if name[-3:] == "pdf"))
    )


def test_charts_have_the_fonts_of_the_organisation_too(cherokee: Path) -> None:
    assert printable("Site \u13a0") == "Site [U+13A0]"
    with added([cherokee]):
        assert drawable("Site \u13a0") == "Site \u13a0"
        assert 5 < width_of("\u13a0", 10) < 8
    assert drawable("Site \u13a0") == "Site [U+13A0]"
