"""Two packs beside each other: what is different, and what the register knows of why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.pack.diff import PackDiff
    from qmsreports.pack.difference import Side
    from qmsreports.register.models import Pack

_MODEL = "model.json"


def diff_packs(before: str, after: str, *, settings: Settings | None = None) -> PackDiff:
    """Return what changed from one pack to another and why.

    A pack is named as its folder is (``monthly-2026-10-e1``); without its edition the newest one is meant.
    :class:`UserError` for an unknown pack, and where one of the two was touched after it was sealed.
    """
    from qmsreports.pack.diff import changed_values, diff
    from qmsreports.register.restated import reasons

    with Workspace(settings) as workspace, workspace.register.read() as session:
        rows = _named(session, before), _named(session, after)
        old, new = (_side(row, workspace.packs) for row in rows)
        built = sorted(row.built_at for row in rows)
        return diff(old, new, reasons(session, changed_values(old, new), since=built[0], until=rows[1].built_at))


def _named(session: Session, name: str) -> Pack:
    """Return the edition of this name; ``monthly-2026-10`` is its newest one."""
    from qmsreports.pack.model import name_of
    from qmsreports.register import packs

    known: dict[str, Pack] = {}
    for row in packs.all_packs(session):
        whole = name_of(row.review, row.period, row.edition)
        known[whole] = known[whole.rpartition("-")[0]] = row
    if name not in known:
        todo = did_you_mean(name, known) or "run: qmsreports pack list"
        raise UserError(Finding("", f'there is no pack "{name}"', todo), exit_code=ExitCode.USAGE)
    return known[name]


def _side(row: Pack, there: Path) -> Side:
    """Read a pack as it counts: the approved print where there is one."""
    from qmsreports.pack.difference import Side
    from qmsreports.pack.model import name_of
    from qmsreports.pack.store import located, touched
    from qmsreports.register import packs

    recorded, files, manifest = packs.files_that_count(row)
    folder = located(recorded, there)
    broken = touched(folder, files)
    if broken:
        raise UserError(*broken)
    model: dict[str, Any] = json.loads((folder / _MODEL).read_text(encoding="utf-8"))
    return Side(name_of(row.review, row.period, row.edition), model, manifest)
