"""Canonical tables that are less than what the register says was published: removed, elsewhere, or an old backup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from qmsreports.errors import Finding


def lake_behind(
    url: str, published: Mapping[str, tuple[int, datetime]], versions: Mapping[str, int]
) -> dict[str, Finding]:
    """Return by table what is missing of it; nothing for one that was never published or is all there.

    ``published`` is what :func:`qmsreports.register.feeds.published_versions` said before the lake was asked for its
    ``versions``. A merge comes before its record, so a sound table is at the version of its newest record or later.
    What is counted from less would be wrong without a sign of it, and what is merged into less would hide the loss.
    """
    found: dict[str, Finding] = {}
    for table, (version, at) in published.items():
        there = versions.get(table)
        if there is None or there < version:
            found[table] = Finding(
                f"{url}/{table}",
                f"{'the table is gone' if there is None else f'the table is at version {there}'}, "
                f"but version {version} was published on {at:%Y-%m-%d}",
                "check QMSREPORTS_LAKE, or restore the folder from a backup, then run qmsreports run ingest",
            )
    return found
