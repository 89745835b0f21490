"""What a person is told when something is wrong, and the exit code a script gets.

A :class:`Finding` is one line: where, what is wrong, what to do. A :class:`UserError` carries one or many of them and
never shows a traceback; every other exception is our own fault and does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; scripts and schedulers rely on them."""

    OK = 0
    FINDINGS = 1  # the work was done and found something: failed gate, broken definition, changed seal
    USAGE = 2  # the command line itself is wrong
    COULD_NOT_RUN = 3  # a store, a file or a permission is missing: nothing was done


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, in words for the person who can mend it.

    ``where`` is ``file:line``, ``file:Sheet!B7`` or ``source crm, table so_item, row 17``; empty where there is no
    place to point at. ``what`` has no full stop; ``todo`` is an instruction.
    """

    where: str
    what: str
    todo: str = ""
    warning: bool = False

    def __post_init__(self) -> None:
        """Keep it to one line: names and values out of files may hold line breaks and terminal codes."""
        for field in ("where", "what", "todo"):
            text = getattr(self, field)
            if not text.isprintable():
                one_line = "".join(character if character.isprintable() else " " for character in text)
                object.__setattr__(self, field, one_line)

    def __str__(self) -> str:
        parts = f"{self.where}: {self.what}" if self.where else self.what
        return f"{parts}; {self.todo}" if self.todo else parts


class UserError(Exception):
    """Something a person has to mend: printed one line per finding, never with a traceback."""

    exit_code: ExitCode = ExitCode.FINDINGS

    def __init__(self, *findings: Finding, exit_code: ExitCode | None = None) -> None:
        self.findings = tuple(findings)
        if exit_code is not None:
            self.exit_code = exit_code
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __reduce__(self) -> tuple[object, ...]:  # travels through Airflow's task boundary unharmed
        return (_rebuild, (type(self), self.findings, int(self.exit_code)))


def _rebuild(kind: type[UserError], findings: tuple[Finding, ...], exit_code: int) -> UserError:
    return kind(*findings, exit_code=ExitCode(exit_code))


class CouldNotRun(UserError):  # noqa: N818 - reads as what happened
    """Nothing was done: a database, folder or setting that the work needs is missing or unreadable."""

    exit_code = ExitCode.COULD_NOT_RUN


class Busy(CouldNotRun):
    """Another run does the same work now; nothing is wrong with it."""


_LONG, _SHOWN = 16, 8
"""From so many known words on a line names only the first of them."""


def how_many(number: int, noun: str) -> str:
    """Return an amount in words, for messages of the command line.

    >>> how_many(1, "source"), how_many(0, "review"), how_many(1200, "row")
    ('1 source', '0 reviews', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean "status"?`` for the closest known word, or the first known words when none is close.

    >>> did_you_mean("staus", ["status", "site"])
    'did you mean "status"?'
    """
    options = sorted(set(known))
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    shown = options[:_SHOWN] if len(options) >= _LONG else options
    more = len(options) - len(shown)
    return f"known: {', '.join(shown)}{f' and {more} more' if more else ''}" if options else ""
