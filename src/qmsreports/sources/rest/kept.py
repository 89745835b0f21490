"""Answers of one visit that several tables are made of, asked for once.

The journal of an issue holds its changes and its notes: two tables, one address for each issue. The second table takes
what the first was told. That halves the questions, and both tables say the same of the same moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path


class Kept:
    """Answers in ``folder``, by what was asked. ``None`` as content is a record that was not there."""

    def __init__(self, folder: Path, version: str = "") -> None:
        self._folder = folder
        self._version = version

    def of(self, version: str) -> Kept:
        """Return the answers about one version of a parent: what was told of an older one is asked for again."""
        return Kept(self._folder, version)

    def find(self, asked: str) -> tuple[bytes | None, dict[str, str]] | None:
        """Return content and headers of an answer, ``None`` where this was not asked yet."""
        place = self._place(asked)
        if not place.is_file():
            return None
        headers, found, content = place.read_bytes().partition(b"\n")
        return (content if found else None), json.loads(headers)

    def keep(self, asked: str, content: bytes | None, headers: Mapping[str, str]) -> None:
        """Remember an answer for the tables that follow."""
        self._folder.mkdir(parents=True, exist_ok=True)
        said = json.dumps(dict(headers)).encode()
        self._place(asked).write_bytes(said if content is None else said + b"\n" + content)

    def _place(self, asked: str) -> Path:
        return self._folder / blake2b(f"{self._version}\n{asked}".encode(), digest_size=16).hexdigest()
