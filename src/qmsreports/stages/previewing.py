"""Looking at a pack while its review is prepared: made now, and made again whenever something of it changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.records import Tell, silent
from qmsreports.settings import Settings
from qmsreports.stages.review import known_review, refuse_unmeasured, review_period
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.pack.press import Press

_FOLDERS = ("catalog", "templates")
Standing = tuple[object, ...]
"""What a preview was made from, to compare with and for nothing else."""


@dataclass(frozen=True, slots=True)
class PreviewReport:
    """Where a preview lies and the three lines that say what it says."""

    pack: str
    period: str
    files: tuple[str, ...]
    headline: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def preview_pack(
    review: str, period: str, *, at: datetime, press: Press, tell: Tell = silent, settings: Settings | None = None
) -> PreviewReport:
    """Write print and page of a pack as it would be built now to ``previews`` in the workspace's folder.

    Nothing is recorded, and no edition is made. The files of the preview before are replaced one by one, each at once,
    so that a viewer that is open never reads half a file. :class:`UserError` as for building; with series that were not
    analysed yet, what the statistics say of them is missing until ``run measure``.
    """
    from qmsreports import pack as packing

    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        reported = review_period(workspace, declared, period)
        refuse_unmeasured(workspace, review, reported)
        var = workspace.settings.var.absolute()
        files, headline = packing.preview(
            workspace.register,
            workspace.lake,
            workspace.catalog,
            declared,
            reported,
            templates=workspace.settings.templates,
            as_of=at,
            press=press,
            kept=var / "cache" / "packs",
            tell=tell,
        )
    written = tuple(str(_replace(var / "previews" / name, content)) for name, content in files.items())
    return PreviewReport(review, str(reported), written, headline)


def previews(
    review: str,
    period: str,
    *,
    now: Callable[[], datetime],
    pause: Callable[[], None],
    tell: Tell = silent,
    settings: Settings | None = None,
) -> Iterator[PreviewReport | UserError]:
    """Yield a preview, and another one each time something was recorded or a file of the catalog or a template changed.

    ``pause`` is called before each look. What cannot be previewed is yielded as the error it is, and looked at again
    when something changed: whoever edits a definition saves it half finished. It goes on until nobody asks any more.
    """
    from qmsreports.pack.press import Press

    made_from: Standing | None = None
    with Press() as press:
        while True:
            stands = _standing(settings)  # before it is made: what changes meanwhile makes another one
            if stands != made_from:
                made_from = stands
                try:
                    yield preview_pack(review, period, at=now(), press=press, tell=tell, settings=settings)
                except UserError as error:
                    yield error
            pause()


def _standing(settings: Settings | None) -> Standing:
    """Return how far the register goes, and the files that people edit."""
    with Workspace(settings) as workspace:
        recorded = workspace.register.how_far()
        places = [getattr(workspace.settings, name) for name in _FOLDERS]
        files = [entry for place in places for entry in sorted(place.rglob("*")) if entry.is_file()]
        return recorded, *((str(file), *_touched(file)) for file in files)


def _touched(file: Path) -> tuple[int, int]:
    try:
        said = file.stat()
    except OSError:  # an editor replaces it just now
        return 0, 0
    return said.st_mtime_ns, said.st_size


def _replace(path: Path, content: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        what = f"the preview cannot be written ({error.strerror or error})"
        raise CouldNotRun(Finding(str(path), what, "make room or mend the permission and run again")) from error
    return path
