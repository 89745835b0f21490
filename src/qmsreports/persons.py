"""When two names that were typed are one person's: blanks, invisible characters and case tell nobody apart."""

from __future__ import annotations

import unicodedata

_INVISIBLE = ("Cc", "Cf")  # control and format characters: a soft hyphen, a blank of no width, a byte order mark


def tidy(name: str) -> str:
    """Return a name as it is recorded: without blanks around it, one between its words, nothing invisible.

    >>> tidy("  Anna   Berger ")
    'Anna Berger'
    """
    seen = (one for one in name if one.isspace() or unicodedata.category(one) not in _INVISIBLE)
    return " ".join("".join(seen).split())


def known_as(name: str) -> str:
    """Return what a name is compared by.

    >>> known_as("ANNA  Berger") == known_as("Anna Berger ")
    True
    """
    return unicodedata.normalize("NFKC", tidy(unicodedata.normalize("NFKC", name)).casefold())
