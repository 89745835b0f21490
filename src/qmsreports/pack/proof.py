"""Whether this machine can print at all: a page of one line, under the same standards and with the same fonts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack.glyphs import font_files
from qmsreports.pack.press import STANDARDS

_PAGE = """
#set document(title: "Proof", date: datetime(year: 2026, month: 1, day: 1))
#set text(font: ("Source Sans Pro", "DejaVu Sans"), lang: "en", fallback: false)
= Proof
12.5 % → Σ
"""


def missing_fonts() -> tuple[Path, ...]:
    """Return the fonts of the print that are not where their packages should have put them."""
    return tuple(path for path in font_files() if not path.is_file())


def proof_print() -> int:
    """Set one page as PDF/A-3a and PDF/UA-1 and return its size in bytes; :class:`CouldNotRun` with Typst's reason."""
    import typst

    try:
        folders = sorted({str(path.parent) for path in font_files()})
        with tempfile.TemporaryDirectory(prefix="qmsreports-proof-") as folder:
            page = Path(folder) / "proof.typ"
            page.write_text(_PAGE, encoding="utf-8")
            done = typst.compile(str(page), font_paths=folders, ignore_system_fonts=True, pdf_standards=STANDARDS)
    except (typst.TypstError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CouldNotRun(Finding("", f"no PDF can be set ({reason})", "run make setup again")) from None
    return len(bytes(done))
