"""Texts that take long to make, kept from one build to the next: after one changed comment no chart is drawn again, no
font is cut and no template is compiled.

A text is found by the hash of what it is made from and of the code and tools that make it, so a kept one is the text
that making it again would give, or is not found. What is sealed does not rest on that: approval and verification make
everything anew.

The folder can be removed at any time.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import get_ident

Keep = Callable[[str, Callable[[], str]], str]
"""Gives the text that is made from what the first argument says, by calling the second where it must."""

_UNFINISHED = 3600.0  # seconds after which nobody writes a text any more
_MOST = 4000  # charts of about 20 KB: some twenty editions of a pack of eighty objectives


def make_anew(_made_from: str, make: Callable[[], str]) -> str:
    """Keep nothing."""
    return make()


class Kept:
    """A folder of texts. ``made_by`` names the code and the tools: with others nothing is found.

    A text that cannot be read, is cut short or was touched is made again. One that cannot be written is not kept, and
    nobody is told: the pack is the same.
    """

    def __init__(self, folder: Path, made_by: str, *, most: int = _MOST) -> None:
        self._folder = folder
        self._made_by = made_by
        self._most = most

    def __call__(self, made_from: str, make: Callable[[], str]) -> str:
        """Return the text, kept or new."""
        named = hashlib.sha256(f"{self._made_by}\n{made_from}".encode()).hexdigest()
        path = self._folder / f"{named}.txt"
        known = _read(path)
        if known is not None:
            return known
        made = make()
        _write(path, made)
        return made

    def tidy(self) -> None:
        """Remove the texts that were used longest ago, beyond the most that are kept, and what a kill left."""
        with suppress(OSError):
            found = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder)]
            whole = sorted(one for one in found if one[1].endswith(".txt"))
            left = [one for one in found if not one[1].endswith(".txt") and one[0] < time.time() - _UNFINISHED]
            for _, path in (*whole[: -self._most], *left):
                with suppress(OSError):  # another build tidies, too
                    Path(path).unlink()


def _read(path: Path) -> str | None:
    """Return a text that is as it was written, and note that it was used."""
    try:
        seal, _, content = path.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != seal:
            return None
        os.utime(path)
        return content.decode()
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str) -> None:
    content = text.encode()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
