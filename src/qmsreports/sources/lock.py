"""One visit to a source at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qmsreports.errors import Busy, CouldNotRun, Finding


@contextmanager
def alone(source: str, file: Path) -> Iterator[None]:
    """Hold the lock of a source; :class:`Busy` at once when another process (or thread) holds it.

    The lock is the operating system's, so it ends with the process that held it, however that ended: a file left
    behind by a killed run blocks nobody. The process id in the file is for the message alone.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CouldNotRun(
            Finding(f"source {source}", f"{file.parent} cannot be written ({error.strerror})", "check the folder")
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise Busy(
                Finding(
                    f"source {source}",
                    f"another run is reading this source (process {holder})",
                    "wait until it has ended, then run again",
                )
            ) from None
        with suppress(OSError):  # on a full disk the lock holds all the same, only without a name
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
