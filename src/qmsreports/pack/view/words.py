"""Words, signs and tones of states, and clause numbers as they are printed; shared by every form.

A tone is a meaning, not a colour: ``good``, ``bad``, ``plain``, ``mute``, ``hollow`` (provisional) and ``solid`` (there
is no valid number). Each state has its word and its sign, so nothing depends on colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import status_word
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Slice

UP, DOWN, DOT, DIAMOND = "\u25b2", "\u25bc", "\u25cf", "\u25c6"

_STATUS_TONE = {
    "met": "good",
    "near": "plain",
    "missed": "bad",
    "accepted_deviation": "plain",
    "provisional": "hollow",
    "not_valid": "solid",
}

_MEETS = {"pass": "good", "fail": "bad", "hit_or_miss": "mute", "in_doubt": "mute"}


def status(word: str, *, few: bool = False) -> dict[str, Any]:
    """Return word and tone of a status; with too few cases behind it the word stands without its colour."""
    if few:
        return {"word": status_word(word), "tone": "mute", "chip": False}
    return {"word": status_word(word), "tone": _STATUS_TONE.get(word, "mute"), "chip": word in _STATUS_TONE}


def variation(objective: Objective, part: Slice | None = None) -> dict[str, Any]:
    """Return sign, word and tone of a variation: a triangle points where the values went, the word says how it is.

    The sign of "tested, nothing found" stands only where a rule could have found something.
    """
    one = part or objective
    if one.latest.value is None:
        return {"sign": "", "word": figures.NONE, "tone": "mute"}
    untested = objective.untested(one.latest)
    if untested:
        return {"sign": "", "word": say(f"variation.untested.{untested}"), "tone": "mute"}
    kind, _, side = one.variation.partition("_")
    if kind == "common":
        trial = bool(one.segments) and one.segments[-1].trial
        return {"sign": DOT, "word": say("variation.trial") if trial else say("variation.none"), "tone": "mute"}
    sign = UP if side == "high" else DOWN
    said, tone = {"improvement": (kind, "good"), "concern": (kind, "bad")}.get(kind, ("changed", "plain"))
    return {"sign": sign, "word": say(f"variation.{said}"), "tone": tone}


def meets(assurance: str, *, has_target: bool, judged: bool, few: bool = False) -> dict[str, Any]:
    """Return in words whether the process will meet its target; ``few``: the latest value has too few cases to say."""
    if assurance in _MEETS:
        return {"word": say(f"meets.{assurance}"), "tone": _MEETS[assurance]}
    if few and has_target and judged:
        return {"word": say("meets.too_few_cases"), "tone": "mute"}
    return {"word": say("meets.too_few") if has_target and judged else figures.NONE, "tone": "mute"}


def decision_kind(kind: str) -> str:
    """Return the kind of a decision as a label."""
    return say(f"decision_kind.{kind}")


def change_kind(kind: str) -> str:
    """Return the kind of a change as a label."""
    return say(f"change_kind.{kind}")


def standards(pack: PackModel) -> dict[str, str]:
    """Return the short names of the standards by the keys of their clause maps: ``ISO 9001:2026``."""
    return {one.key: one.short for one in pack.header.standards if one.key}


def clause(key: str, names: Mapping[str, str]) -> str:
    """Return a clause key as it is printed: ``9.3.2-c1`` is ``9.3.2 c1``, ``iso9001-2026/9.3.2-c`` is ``9.3.2 c
    (ISO 9001:2026)``. ``names`` are those of :func:`standards`; a standard that is not among them is told by its key.
    """
    standard, _, plain = key.rpartition("/")
    text = plain.replace("-", figures.NBSP, 1)
    return f"{text} ({names.get(standard, standard)})" if standard else text


def clauses(keys: Sequence[str], names: Mapping[str, str]) -> str:
    """Return clause keys shortened where they share their head: ``9.1.2, 9.3.2 c1, c3``."""
    parts: list[str] = []
    before = ""
    for key in keys:
        head, dash, item = key.rpartition("/")[2].partition("-")
        if dash and head == before and "/" not in key:
            parts.append(item)
        else:
            parts.append(clause(key, names))
            before = head if dash else ""
    return ", ".join(parts)


def tables(pack: PackModel) -> dict[str, str]:
    """Return the titles of the canonical tables that the pack knows, by name."""
    return {feed.table: feed.title for source in pack.quality for feed in source.feeds}


def anchor(text: str) -> str:
    """Return a text as an anchor that is valid in both forms."""
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in text)
