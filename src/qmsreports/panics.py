"""Keeps what foreign threads print while they fail away from the one line that says what failed."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_SILENT = 0.3  # seconds without a word
_AT_MOST = 3.0


def quotes_the_system(error: Exception) -> bool:
    """Tell whether an error says what the operating system refused; delta-rs writes that in two ways."""
    return isinstance(error, OSError) or "os error" in str(error) or "Os { code" in str(error)


@contextmanager
def panics_aside() -> Iterator[None]:
    """Hold back what is written to standard error, and show it afterwards only where nothing explains it.

    When the disk is full, delta-rs raises an error that says so, and beside it each of its threads prints "panicked at
    ... Already shut down" with a stack. Those lines are dropped when an OSError or an error that quotes one comes out
    of the block, and written out in every other case, so that nothing else gets lost.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # closed, as under some schedulers: nothing to hold back
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), _STDERR)
        explained = False
        try:
            yield
        except Exception as error:
            explained = quotes_the_system(error)
            if explained:
                _until_silent(aside.fileno())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            if not explained:
                aside.seek(0)
                os.write(_STDERR, aside.read())


def _until_silent(aside: int) -> None:
    """Wait: the threads go on failing for a moment after the error is raised."""
    begun, heard, since = time.monotonic(), os.fstat(aside).st_size, time.monotonic()
    while time.monotonic() - since < _SILENT and time.monotonic() - begun < _AT_MOST:
        time.sleep(0.05)
        if (now := os.fstat(aside).st_size) != heard:
            heard, since = now, time.monotonic()
