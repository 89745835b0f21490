"""One side of a comparison of two packs, and one difference between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two packs: its name, its model as it lies in the file, its manifest."""

    name: str
    model: Mapping[str, Any]
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``before`` and ``after`` are values in the KPI's unit, versions or texts, as the cause has it."""

    cause: str
    what: str
    text: str
    kpi: str = ""
    slice: str = ""
    period: str = ""
    before: Any = None
    after: Any = None
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)
