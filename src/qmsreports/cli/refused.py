"""What the system refuses (a full disk, a permission, a database that stops) as one line instead of a traceback.

The parts of the program turn what they expect into their own lines, which know more. This is for whatever is left.
"""

from __future__ import annotations

import errno
import sys

from qmsreports.errors import Finding

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TODO = {
    "room": "free some disk, then run again; nothing half-written counts",
    "permission": "mend the permissions, then run again; nothing half-written counts",
    "other": "mend it, then run again; nothing half-written counts",
}
_STORES = (("sqlalchemy.exc", "OperationalError"), ("duckdb", "IOException"), ("duckdb", "OutOfMemoryException"))


def refused(error: Exception) -> Finding | None:
    """Return the line for an error that comes from outside; ``None`` for one of our own, which shows its traceback."""
    if isinstance(error, OSError):
        where = " and ".join(str(name) for name in (error.filename, error.filename2) if name)
        what = error.strerror or _first_line(error)
        return Finding(where, what[:1].lower() + what[1:], _TODO[_reason(error.errno, what)])
    for module, name in _STORES:  # not imported here: what was never loaded cannot have failed
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            what = _first_line(getattr(error, "orig", None) or error)
            return Finding("", what, _TODO[_reason(None, what)])
    return None


def _reason(number: int | None, what: str) -> str:
    if number in _NO_ROOM or "No space left" in what or "is full" in what or "memory" in what:
        return "room"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "ermission denied" in what or "ead-only" in what:
        return "permission"
    return "other"


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
