"""The pack in print: Typst sets the model, and the result is PDF/A-3a and PDF/UA-1 at once.

Text goes in as JSON, never as Typst source, so nothing in a row or a comment can become markup.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.language import spoken
from qmsreports.pack.attachments import Attachment
from qmsreports.pack.brand import PLAIN, PRINT_FAMILY, Brand, print_face
from qmsreports.pack.faces import MAIN, Face, faces
from qmsreports.pack.glyphs import behind, fit, missing, printable

if TYPE_CHECKING:
    from typst import PDFStandard

TEMPLATE = "pack.typ"
STANDARDS: list[PDFStandard] = ["a-3a", "ua-1"]


def render_pdf(
    view: Mapping[str, Any],
    charts: Mapping[str, str],
    *,
    templates: Path,
    attachments: Sequence[Attachment],
    stamp: datetime,
    brand: Brand = PLAIN,
) -> bytes:
    """Return the PDF. The same arguments give the same bytes: ``stamp`` stands in for the clock.

    :class:`CouldNotRun` where a template is missing or does not compile; the message is Typst's own first line.
    """
    import typst

    template = templates / TEMPLATE
    if not template.is_file():
        raise CouldNotRun(Finding(str(template), "the print template is missing", "check QMSREPORTS_TEMPLATES"))
    others = behind(view)
    extra = {
        "look": _look(brand) | {"behind": [face.family for face in others]},
        "stamp": [stamp.year, stamp.month, stamp.day],
        "words": _labels(),
        "attachments": [
            {"name": item.name, "mime": item.mime, "description": item.description} for item in attachments
        ],
    }
    with tempfile.TemporaryDirectory(prefix="qmsreports-fonts-") as folder:
        for face in (*faces()[:MAIN], *others):
            _lay_out(face, Path(folder))
        for weight, content in brand.faces:
            (Path(folder) / f"brand-{weight}.otf").write_bytes(print_face(content, weight))
        for strict in (False, True):
            ready = fit(view, strict=strict)
            inputs = {
                "pack": json.dumps({**ready, **extra, "missing_glyphs": missing(view)}, sort_keys=True),
                "charts": json.dumps(dict(charts), sort_keys=True),
                **{f"attached {item.name}": item.text for item in attachments},
            }
            try:
                return bytes(
                    typst.compile(
                        str(template),
                        root=str(templates),
                        font_paths=[folder],
                        ignore_system_fonts=True,
                        sys_inputs=inputs,
                        pdf_standards=STANDARDS,
                        timestamp=int(stamp.timestamp()),
                    )
                )
            except typst.TypstError as error:
                if strict or "could not be displayed" not in str(error):
                    raise CouldNotRun(
                        Finding(str(template), f"the print template does not compile: {_first_line(error)}", "mend it")
                    ) from error
    raise AssertionError("unreachable")


def _lay_out(face: Face, folder: Path) -> None:
    """Put the files of a family where the print finds them, those of the organisation under a name of our own."""
    for path in face.files:
        if face.own:
            (folder / f"{face.family}.otf").write_bytes(print_face(path.read_bytes(), 400, face.family))
        else:
            shutil.copyfile(path, folder / path.name)


_LABELS = ("head.", "label.", "lead.", "list.colon", "list.semicolon")
_ALSO = ("objectives.none", "value.cases")


def _labels() -> dict[str, Any]:
    """Return the messages that the template places itself, in the language that is spoken."""
    return {key: text for key, text in spoken().messages.items() if key.startswith(_LABELS) or key in _ALSO}


def _look(brand: Brand) -> dict[str, Any]:
    """Return logo, colours and fonts for the templates."""
    colours = brand.palette
    logo = {"bytes": list(brand.logo), "format": brand.logo_format, "alternative": printable(brand.alternative)}
    return {
        "ink": colours.ink,
        "good": colours.improvement,
        "bad": colours.concern_text,
        "goal": colours.target,
        "accent": brand.accent,
        "family": [PRINT_FAMILY] if brand.faces else [],
        "logo": logo if brand.logo else None,
    }


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
