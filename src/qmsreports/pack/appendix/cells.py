"""Typed cells and the sheets they stand on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from qmsreports.language import say, spoken


@dataclass(frozen=True, slots=True)
class Measure:
    """A number in the unit of its KPI: percent are shown as percent, the rest with the decimals of the unit."""

    value: float | None
    unit: str


Cell = str | int | float | bool | date | Measure | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: ``head`` names the columns, ``widths`` gives their widths in characters."""

    title: str
    head: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Iterable[Sequence[Cell]]


def sheet(name: str, heads: Sequence[str], widths: tuple[int, ...], rows: Iterable[Sequence[Cell]]) -> Sheet:
    """Return a sheet by the keys of its title and of its heads, in the language that is spoken."""
    return Sheet(say(f"sheet.{name}"), tuple(say(f"head.{head}") for head in heads), widths, rows)


def words(key: str) -> str:
    """Return a key of the model in words: ``cannot_meet`` is ``cannot meet``; what no catalog knows stays as it is."""
    message = f"word.{key}"
    return say(message) if message in spoken().messages else key.replace("_", " ")
