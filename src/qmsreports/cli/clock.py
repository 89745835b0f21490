"""The only clock of the program: below the command line, time and run id are arguments."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware, in UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def new_run_id(at: datetime) -> str:
    """Return a run id that sorts by time: ``20261103T061200Z-4f2a``."""
    return f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
