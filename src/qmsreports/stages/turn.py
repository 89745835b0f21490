"""Taking turns: what two runs on one machine must not do at the same moment."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qmsreports.errors import CouldNotRun, Finding


@contextmanager
def in_turn(file: Path) -> Iterator[None]:
    """Wait until no other process or thread holds this file, and hold it; it ends with the process that held it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CouldNotRun(
            Finding(str(file.parent), f"cannot be written ({error.strerror})", "check QMSREPORTS_VAR and permissions")
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
