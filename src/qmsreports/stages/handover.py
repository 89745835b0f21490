"""How records travel from one task of a scheduler to the next: as plain values, with paths and counts, without rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qmsreports.records import Audit, FeedFailure, StagedTable


def pack_failures(failures: Iterable[FeedFailure]) -> list[dict[str, Any]]:
    """Make feed failures fit for a message between tasks."""
    return _dump(FeedFailure, list(failures))


def unpack_failures(values: list[dict[str, Any]]) -> list[FeedFailure]:
    """Read what :func:`pack_failures` made."""
    return _load(FeedFailure, values)


def pack_staged(staged: Iterable[StagedTable]) -> list[dict[str, Any]]:
    """Make staged tables fit for a message between tasks: paths and counts, never rows."""
    return _dump(StagedTable, list(staged))


def unpack_staged(values: list[dict[str, Any]]) -> list[StagedTable]:
    """Read what :func:`pack_staged` made."""
    return _load(StagedTable, values)


def pack_audited(audited: Iterable[tuple[StagedTable, Audit]]) -> list[dict[str, Any]]:
    """Make audits fit for a message: the audit, with its quarantined rows, goes to a file beside the staged rows."""
    packed = []
    for staged, audit in audited:
        path = Path(staged.path).with_suffix(".audit.json")
        path.write_text(json.dumps(_dump(Audit, [audit])))
        packed.append({"staged": pack_staged([staged]), "audit": str(path)})
    return packed


def unpack_audited(values: list[dict[str, Any]]) -> list[tuple[StagedTable, Audit]]:
    """Read what :func:`pack_audited` made."""
    return [
        (unpack_staged(value["staged"])[0], _load(Audit, json.loads(Path(value["audit"]).read_text()))[0])
        for value in values
    ]


def _dump(kind: type, values: list[Any]) -> list[dict[str, Any]]:
    return list(_adapter(kind).dump_python(values, mode="json"))


def _load(kind: type, values: list[dict[str, Any]]) -> list[Any]:
    return list(_adapter(kind).validate_python(values))


def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(list[kind])  # type: ignore[valid-type]
