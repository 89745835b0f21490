"""The languages a pack can be written in: which there are, which one is spoken now, and what it says.

A module that has something to say names a message by its key and gives the facts; the sentence itself stands in the
catalog of the language. Which language is spoken follows from the review and is set once, around everything that reads,
composes or renders its pack (:func:`speaking`), and is English anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from qmsreports.language.messages import Language, load

__all__ = ["LANGUAGES", "Language", "say", "speaking", "spoken"]

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
"""Code and name of each language that has a catalog of messages."""

_NOW: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language inside the block; ``KeyError`` where there is no such language."""
    if code not in LANGUAGES:
        raise KeyError(code)
    before = _NOW.set(code)
    try:
        yield
    finally:
        _NOW.reset(before)


def spoken() -> Language:
    """Return the language that is spoken now."""
    return load(_NOW.get())


def say(key: str, /, **facts: object) -> str:
    """Return a message in the language that is spoken now, with its facts in their places.

    The fact ``n`` chooses the plural form and stands in the message as a count: ``say("count.row", n=1200)`` is
    ``1,200 rows``. ``KeyError`` where there is no such message or it asks for a fact that is not given.
    """
    return load(_NOW.get()).say(key, facts)
