"""The end of a KPI on record: from which day it has no value any more, who agreed to that, and why.

A retirement stands in the KPI's file and is a definition of its own in the register: it is proposed and approved like
any other, and until then the KPI goes on being measured. Taking it out of the file withdraws it in the same way. What
was measured before stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qmsreports.catalog.canonical import digest, plain, to_yaml
from qmsreports.catalog.document import parse_document
from qmsreports.catalog.kpi import Kpi, Retirement
from qmsreports.records import DefinitionEntry

KIND = "retirement"


def retirement_entry(kpi: Kpi) -> DefinitionEntry:
    """Return the retirement of a KPI as it would be proposed; of one that has none, its withdrawal."""
    written = plain(kpi.retired) if kpi.retired is not None else None
    text = to_yaml({"kpi": kpi.kpi, "retired": written})
    start = kpi.retired.start if kpi.retired is not None else None
    why = kpi.retired.because if kpi.retired is not None else ""
    hashed = digest(text)
    return DefinitionEntry(KIND, kpi.kpi, 0, start, hashed, hashed, text, why)


def stored_retirement(entry: DefinitionEntry) -> Retirement | None:
    """Return a retirement from its stored text; ``None`` where it was withdrawn."""
    data: Mapping[str, Any] = parse_document(entry.text, f"register: {KIND} of {entry.name}").data
    return Retirement.model_validate(data["retired"]) if data.get("retired") is not None else None


def sentence(entry: DefinitionEntry) -> str:
    """Say a retirement in words: ``from 2026-11-01: nobody reads it``."""
    return f"from {entry.effective_from}: {entry.why.rstrip('.')}" if entry.effective_from else "withdrawn"
