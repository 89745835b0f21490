"""Paintings kept from one build to the next, so that after one changed comment only what changed is painted.

Painting is nine tenths of the time that a chart takes; laying it out is done each time. A painting is found by the hash
of everything that is drawn and of the code that painted it, so a kept one has the bytes that painting again would give,
or is not found. What is sealed does not rest on that: approval and verification paint every chart anew.

The folder can be removed at any time.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from threading import get_ident

from qmsreports.pack.charts.drawing import Drawing
from qmsreports.pack.charts.svg import paint

_UNFINISHED = 3600.0  # seconds after which nobody writes a painting any more
_MOST = 4000  # paintings of about 20 KB: some twenty editions of a pack of eighty objectives


class KeptCharts:
    """A painter that remembers. ``made_by`` names the code and the tools: with others nothing is found.

    A painting that cannot be read, is cut short or was touched is painted again. One that cannot be written is not
    kept, and nobody is told: the pack is the same.
    """

    def __init__(self, folder: Path, made_by: str, *, most: int = _MOST) -> None:
        self._folder = folder
        self._made_by = made_by
        self._most = most

    def __call__(self, drawing: Drawing, alt: str) -> str:
        """Return the painting, kept or new."""
        drawn = repr((self._made_by, drawing.width, drawing.height, drawing.shapes, alt))
        path = self._folder / f"{hashlib.sha256(drawn.encode()).hexdigest()}.svg"
        known = _read(path)
        if known is not None:
            return known
        painted = paint(drawing, alt)
        _write(path, painted)
        return painted

    def tidy(self) -> None:
        """Remove the paintings that were used longest ago, beyond the most that are kept, and what a kill left."""
        with suppress(OSError):
            found = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder)]
            whole = sorted(one for one in found if one[1].endswith(".svg"))
            left = [one for one in found if not one[1].endswith(".svg") and one[0] < time.time() - _UNFINISHED]
            for _, path in (*whole[: -self._most], *left):
                with suppress(OSError):  # another build tidies, too
                    Path(path).unlink()


def _read(path: Path) -> str | None:
    """Return a painting that is as it was written, and note that it was used."""
    try:
        seal, _, painted = path.read_bytes().partition(b"\n")
        if hashlib.sha256(painted).hexdigest().encode() != seal:
            return None
        os.utime(path)
        return painted.decode()
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, painted: str) -> None:
    content = painted.encode()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
