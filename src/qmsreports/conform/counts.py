"""How many rows of a batch came to what end: none is lost between landing and the canonical table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one batch: ``rows_in + refreshed == expected + deleted + duplicates``.

    ``rows_in`` are new, ``refreshed`` are known and looked at again: what they join changed, or they vanished.
    ``expected`` are the current rows that the mapping has to give, ``deleted`` those that are gone at the source, new
    ones and known ones; ``with_parent`` of them are left over from a row that is gone.
    """

    rows_in: int
    refreshed: int
    expected: int
    deleted: int
    with_parent: int = 0

    @property
    def duplicates(self) -> int:
        """Rows superseded by a later version of the same key, of rows that are gone, too."""
        return self.rows_in + self.refreshed - self.expected - self.deleted
