"""Pages look as they did when a person last looked at them: small pictures, compared with a tolerance.

A picture is compared in squares of eight pixels by their mean grey: anti-aliasing of another machine passes, a moved
line, a lost chart or another weight of letters does not. ``make golden-pages`` paints them anew; look, then
commit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, review
from PIL import Image
from pypdfium2 import PdfDocument

from qmsreports.pack.assemble import assemble
from qmsreports.pack.drawings import draw
from qmsreports.pack.model import PackModel
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.view import show

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "pages"
SCALE = 0.5  # 298 by 421 pixels
SQUARE = 8
TOLERANCE = 10.0  # of 255, for the mean of one square; a line of text in it is 30 and more


def painted(pack: PackModel, pages: tuple[int, ...]) -> dict[int, Image.Image]:
    stamp = pack.header.data_read_at
    content = render_pdf(show(pack), draw(pack), templates=ROOT / "report_templates", attachments=(), stamp=stamp)
    with closing(PdfDocument(content)) as document:
        return {page: document[page - 1].render(scale=SCALE, grayscale=True).to_pil().convert("L") for page in pages}


def squares(image: Image.Image) -> NDArray[np.float64]:
    grey = np.asarray(image, dtype=np.float64)
    high, wide = (side // SQUARE * SQUARE for side in grey.shape)
    cut = grey[:high, :wide].reshape(high // SQUARE, SQUARE, wide // SQUARE, SQUARE)
    return np.asarray(cut.mean(axis=(1, 3)))


def farthest(one: Image.Image, other: Image.Image) -> float:
    """Return by how much the two differ where they differ most; 255 where they are not of one size."""
    if one.size != other.size:
        return 255.0
    return float(np.abs(squares(one) - squares(other)).max())


MADE: dict[str, tuple[Callable[[], PackModel], tuple[int, ...]]] = {
    "few": (lambda: review(3), (1, 2, 3)),
    "none": (lambda: assemble(facts([])), (1,)),
    "short": (lambda: assemble(facts([objective(plan, months=2) for plan in PLANS[:3]])), (1, 3)),
}


@pytest.mark.parametrize("name", sorted(MADE))
def test_pages_look_as_they_did_when_a_person_last_looked(name: str) -> None:
    make, pages = MADE[name]
    for page, image in painted(make(), pages).items():
        path = GOLDEN / f"{name}-{page}.png"
        if os.environ.get("QMSREPORTS_GOLDEN_PAGES") == "renew":
            GOLDEN.mkdir(parents=True, exist_ok=True)
            image.quantize(32).save(path, optimize=True)
        with Image.open(path) as golden:
            far = farthest(image, golden.convert("L"))
        assert far <= TOLERANCE, f"{path.name}: a square differs by {far:.0f} of 255; look, then make golden-pages"


def test_what_moved_or_vanished_would_be_seen_and_anti_aliasing_not() -> None:
    with Image.open(GOLDEN / "few-1.png") as golden:
        page = golden.convert("L")
    grey = np.asarray(page, dtype=np.int16)
    moved = Image.fromarray(np.roll(grey, 3, axis=0).astype(np.uint8))
    assert farthest(page, moved) > 2 * TOLERANCE
    empty = page.copy()
    empty.paste(255, (40, 40, 160, 60))
    assert farthest(page, empty) > TOLERANCE
    rng = np.random.default_rng(1)
    noisy = np.clip(grey + rng.integers(-6, 7, grey.shape), 0, 255).astype(np.uint8)
    assert farthest(page, Image.fromarray(noisy)) < TOLERANCE / 2
