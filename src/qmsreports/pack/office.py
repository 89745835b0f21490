"""Office files with the same bytes each time: they are zip archives, and their writers put the clock into them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

_CORE = "docProps/core.xml"
_TIME = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LATIN = re.compile(rb'(<a:latin typeface=")[^"]*(")')
_EARLIEST = 1980  # a zip archive knows no earlier year


def fixed(content: bytes, stamp: datetime) -> bytes:
    """Return an office file in which ``stamp`` stands wherever its writer put the time of writing.

    That is the time of every entry of the archive and both times of its properties. Entries keep their order. A
    workbook inside, as behind each chart of a presentation, is treated alike.
    """
    at = stamp.astimezone(UTC)
    written = f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as found, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in found.namelist():
            body = found.read(name)
            if name == _CORE:
                body = _TIME.sub(lambda match: match[1] + written + match[2], body)
            elif name.endswith(".xlsx"):
                body = fixed(body, stamp)
            entry = zipfile.ZipInfo(name, (max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # else it says on which system it was written
            made.writestr(entry, body)
    return out.getvalue()


def dress(content: bytes, colours: Mapping[str, str], family: str) -> bytes:
    """Return a presentation in other colours (six digits to six digits) and with another font of its theme.

    Only what stands on slides and in charts is recoloured, never masters and layouts, which may be the organisation's.
    """
    if not colours and not family:
        return content
    drawn = re.compile(rb'(<a:srgbClr val=")([0-9A-F]{6})(")')
    typeface = escape(family, {'"': "&quot;"}).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as found, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in found.namelist():
            body = found.read(name)
            if name.startswith(("ppt/slides/slide", "ppt/charts/chart")):
                body = drawn.sub(
                    lambda match: match[1] + colours.get(match[2].decode(), match[2].decode()).encode() + match[3], body
                )
            elif family and name.startswith("ppt/theme/"):
                body = _LATIN.sub(lambda match: match[1] + typeface + match[2], body)
            made.writestr(name, body)
    return out.getvalue()


def readable(text: str) -> str:
    """Return a text that XML can hold: control characters and halves of characters become spaces."""
    return _UNREADABLE.sub(" ", text)
