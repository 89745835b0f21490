"""Logo, colours and fonts are checked before any pack wears them: readable, usable, and nothing that runs."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.catalog.check_brand import wrong_svg
from qmsreports.catalog.contrast import contrast, luminance, readable_on
from qmsreports.catalog.load import load_catalog
from qmsreports.errors import UserError

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9V9Z" fill="#0B5563"/></svg>'


def fonts() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def said(folder: Path, text: str) -> list[str]:
    (folder / "brand").mkdir(exist_ok=True)
    (folder / "brand.yaml").write_text(text, encoding="utf-8")
    try:
        load_catalog(folder)
    except UserError as error:
        return [str(finding) for finding in error.findings]
    return []


def test_a_brand_that_can_be_used_is_taken(folder: Path) -> None:
    (folder / "brand").mkdir()
    (folder / "brand" / "logo.svg").write_bytes(SVG)
    for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"):
        shutil.copy(fonts() / name, folder / "brand" / name)
    text = (
        "logo: {file: logo.svg, alternative: Ours}\n"
        'colours: {text: "#1f2a33", accent: "#0b5563", good: "#005eb8", bad: "#a85400", target: "#8a1538"}\n'
        "fonts: {family: DejaVu Serif, regular: DejaVuSerif.ttf, semibold: DejaVuSerif-Bold.ttf}\n"
    )
    assert said(folder, text) == []
    found = load_catalog(folder).brand
    assert found is not None
    assert found.files == ("DejaVuSerif-Bold.ttf", "DejaVuSerif.ttf", "logo.svg")


def test_a_colour_that_cannot_be_read_is_told_with_its_contrast_and_a_better_one(folder: Path) -> None:
    assert said(folder, 'colours:\n  good: "#2F80ED"\n  bad: "#A85400"\n') == [
        "catalog/brand.yaml:2: good #2F80ED has a contrast of 3.86 : 1 on the page (#FFFFFF); text needs 4.5 : 1 (WCAG "
        'AA); write "#286ECC", which has 5.01 : 1'
    ]
    (told,) = said(folder, 'colours:\n  bad: "#767676"\n')  # 4.54 on the page, less on the band
    assert "bad #767676 has a contrast of 4.11 : 1 on the band behind the numbers at a glance (#F1F4F6)" in told
    (told,) = said(folder, 'colours:\n  good: "#a85400"\n  bad: "#A85400"\n')
    assert "good and bad have the same colour #A85400; choose two that can be told apart" in told
    (told,) = said(folder, "colours:\n  good: teal\n")
    assert "catalog/brand.yaml:2" in told


@pytest.mark.parametrize(
    ("colour", "ratio"),
    [("#000000", 21.0), ("#FFFFFF", 1.0), ("#767676", 4.54), ("#777777", 4.48), ("#FF0000", 4.0), ("#0000FF", 8.59)],
)
def test_contrast_on_white_is_that_of_the_published_tables(colour: str, ratio: float) -> None:
    assert contrast(colour, "#FFFFFF") == pytest.approx(ratio, abs=0.005)


@given(st.integers(0, 0xFFFFFF))
def test_what_is_suggested_can_be_read(value: int) -> None:
    colour = f"#{value:06X}"
    assert contrast(readable_on(colour, "#FFFFFF", "#F1F4F6"), "#F1F4F6") >= 4.5
    assert contrast(readable_on(colour, "#141B21", dark=True), "#141B21") >= 4.5
    assert 0 <= luminance(colour) <= 1


def test_files_that_are_missing_are_named(folder: Path) -> None:
    (folder / "brand").mkdir()
    (folder / "brand" / "logo.svg").write_bytes(SVG)
    told = said(folder, "logo: {file: logo.sgv, alternative: Ours}\n")
    assert told == ['catalog/brand.yaml:1: there is no file catalog/brand/logo.sgv; did you mean "logo.svg"?']
    (told_path,) = said(folder, "logo: {file: ../organisation.yaml, alternative: Ours}\n")
    assert "brand.yaml:1" in told_path  # no path leads out of the folder


HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (b"<script>alert(1)</script>", "<script>"),
        (b'<path onclick="x()"/>', "event handler onclick"),
        (b"<foreignObject/>", "<foreignObject>"),
        (b'<image href="https://example.org/x.png"/>', "outside"),
        (b'<use xlink:href="other.svg#a"/>', "outside"),
        (b'<a href="javascript:x()"/>', "outside"),
        (b"<style>@import 'x.css';</style>", "fetches"),
        (b'<path style="fill:url(https://example.org/#x)"/>', "fetches"),
        (b"<text>Ours</text>", "fonts of the machine"),
        (b"<animate/>", "<animate>"),
        (b"<path", "no SVG that can be read"),
    ],
)
def test_a_logo_that_runs_or_fetches_something_is_refused(inside: bytes, why: str) -> None:
    wrong = wrong_svg(HEAD + inside + b"</svg>")
    assert wrong is not None
    assert why in wrong[0]


def test_a_logo_of_shapes_is_taken() -> None:
    assert wrong_svg(SVG) is None
    inner = b'<defs><path id="a" d="M0 0"/></defs><use xlink:href="#a" style="fill:url(#g)"/>'
    assert wrong_svg(HEAD + inner + b"</svg>") is None
    assert wrong_svg(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG) is not None
    assert wrong_svg(b"<html/>") is not None


def test_a_picture_that_is_none_is_refused(folder: Path) -> None:
    from PIL import Image

    (folder / "brand").mkdir()
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "#0B5563").save(out, "PNG")
    text = "logo: {file: logo.png, alternative: Ours}\n"
    (folder / "brand" / "logo.png").write_bytes(out.getvalue())
    assert said(folder, text) == []
    (folder / "brand" / "logo.png").write_bytes(out.getvalue()[:40])
    assert said(folder, text) == ["catalog/brand.yaml:1: logo.png is no PNG that can be read; save it anew as PNG"]
    (folder / "brand" / "logo.png").write_bytes(b"x" * 300_001)
    assert "has 300,001 bytes, more than 300,000" in said(folder, text)[0]
    (folder / "brand" / "logo.gif").write_bytes(b"GIF89a")
    assert "is neither .svg nor .png" in said(folder, text.replace("png", "gif"))[0]


def test_a_font_that_must_not_be_embedded_is_refused(folder: Path) -> None:
    from fontTools.ttLib import TTFont

    (folder / "brand").mkdir()
    text = "fonts: {family: Own, regular: a.ttf, semibold: a.ttf}\n"
    for allowed, refused in ((0x0000, False), (0x0008, False), (0x0002, True), (0x0100, True), (0x0200, True)):
        font = TTFont(str(fonts() / "DejaVuSerif.ttf"))
        font["OS/2"].fsType = allowed
        font.save(str(folder / "brand" / "a.ttf"))
        told = said(folder, text)
        assert bool(told) == refused
        if refused:
            assert f"fsType {allowed:#06x}" in told[0]
    (folder / "brand" / "a.ttf").write_bytes(b"no font")
    assert "a.ttf is no font that can be read" in said(folder, text)[0]
    shutil.copy(fonts() / "STIXSizOneSymReg.ttf", folder / "brand" / "a.ttf")
    assert "lacks the letters" in said(folder, text)[0]


def test_fonts_for_other_scripts_need_no_latin_letters_but_must_be_there_and_embeddable(folder: Path) -> None:
    (folder / "brand").mkdir()
    shutil.copy(fonts() / "STIXSizOneSymReg.ttf", folder / "brand" / "signs.ttf")
    assert said(folder, "more_fonts: [signs.ttf]\n") == []
    found = load_catalog(folder).brand
    assert found is not None
    assert found.files == ("signs.ttf",)
    (folder / "brand" / "text.ttf").write_bytes(b"no font")
    assert said(folder, "more_fonts: [signs.ttf, text.ttf, sings.ttf]\n") == [
        "catalog/brand.yaml:1: text.ttf is no font that can be read; use the font's .ttf or .otf file",
        'catalog/brand.yaml:1: there is no file catalog/brand/sings.ttf; did you mean "signs.ttf"?',
    ]
