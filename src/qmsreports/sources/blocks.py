"""A file of a source, the rows found in it, and what a format of files has to say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

_SAME_SECOND = 2.0  # seconds, with one for the clocks of two machines
_UNPROVEN = -1.0
_AHEAD = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class File:
    """A file of the source: ``name`` relative to the source's folder, ``shown`` as messages name it."""

    path: str
    name: str
    shown: str
    size: int
    changed: float

    @property
    def proof(self) -> float:
        """The time of change that is remembered; none that a file has where it could change again unseen."""
        early = self.changed.is_integer() and time.time() - self.changed < _SAME_SECOND
        return _UNPROVEN if early else self.changed

    @property
    def is_ahead(self) -> bool:
        """Whether its time of change is yet to come, further than the clock of who wrote it may be ahead of ours."""
        return self.changed > time.time() + _AHEAD


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one file under their columns as landed; each row ends with its line, counted from 1."""

    columns: tuple[str, ...]
    rows: list[list[Any]]


class Format(Protocol):
    """How the rows of a file are found; ``reading`` is what was declared about it, and changes with that."""

    reading: str

    def content(self, file: File) -> str:
        """Return the hash of what would be landed."""

    def blocks(self, file: File) -> Iterator[Block]:
        """Yield the rows; at least one block (without rows) for a file that has a header."""

    def kind(self, column: str) -> str:
        """Kind a column starts from."""
