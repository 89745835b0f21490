"""Taking turns: what two runs on one machine must not do at the same moment, and which of them came first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.records import DERIVED, StagedTable
from qmsreports.stages.late_links import newer_published

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


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


def overtaken(session: Session, staged: StagedTable) -> bool:
    """Tell whether another run published what this batch is made of, or newer.

    The loads of a batch are those that were new when it was conformed, so one that is done tells. A derived table is
    made of all its inputs, of which most may be those of last time: it is overtaken where none is newer.
    """
    from qmsreports.conform import derive as deriving
    from qmsreports.register import feeds

    if staged.source == DERIVED:
        return deriving.none_newer(staged.load_ids, feeds.newest_inputs(session, staged.source, staged.table))
    if staged.again:
        return newer_published(session, staged)
    return bool(feeds.done_loads(session, staged.source, staged.table) & set(staged.load_ids))
