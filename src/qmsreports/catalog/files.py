"""Several files written together: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from qmsreports.errors import CouldNotRun, Finding


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files whole, each in the place of its earlier content.

    Everything is written beside first, then moved into place. :class:`CouldNotRun` and the earlier contents when
    something fails on the way; a kill between two moves leaves whole files only.
    """
    beside = {path: path.with_name(f".{path.name}.new") for path in files}
    earlier: dict[Path, bytes | None] = {}
    at = Path()
    try:
        for at, content in files.items():
            at.parent.mkdir(parents=True, exist_ok=True)
            with beside[at].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for at in files:
            before = at.read_bytes() if at.exists() else None
            beside[at].replace(at)
            earlier[at] = before
    except OSError as error:
        _put_back(earlier, beside)
        reason = error.strerror or type(error).__name__
        raise CouldNotRun(Finding(str(at), f"cannot be written ({reason})", "nothing was changed")) from error


def _put_back(earlier: Mapping[Path, bytes | None], beside: Mapping[Path, Path]) -> None:
    with suppress(OSError):
        for path, before in earlier.items():
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)
    for path in beside.values():
        with suppress(OSError):
            path.unlink(missing_ok=True)
