"""Files and folders of a catalog that nothing reads: mostly a name that is written a little wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from qmsreports.errors import Finding, did_you_mean

FILES = ("brand.yaml", "customers.yaml", "organisation.yaml")
FOLDERS = ("calendars", "clauses", "kpis", "reviews", "sources", "tables", "targets")
_BESIDE = ("brand",)  # what brand.yaml names
_MEANT = re.compile(r"(.+)\.(yaml|yml)(\.txt)?", re.IGNORECASE)


def unread(folder: Path, root: str) -> Iterator[Finding]:
    """Find what looks like a definition and is not read; ``root`` is the printed name of the folder.

    A name that is certainly a slip is a finding, anything else a warning: people keep other things beside a catalog.
    """
    for path in _shown(folder):
        if path.is_dir():
            yield from _folder(path, root)
        elif path.name not in FILES:
            yield from _file(path, root, FILES)
    for kind in FOLDERS:
        for path in _shown(folder / kind):
            where = f"{root}/{kind}"
            if kind == "sources":
                yield from _source(path, where)
            elif path.is_dir() and _written(path):
                yield Finding(f"{where}/{path.name}", "nothing in this folder is read", f"move it to {where}", True)
            elif path.is_file() and path.suffix != ".yaml":
                yield from _file(path, where)


def _folder(path: Path, root: str) -> Iterator[Finding]:
    if path.name in (*FOLDERS, *_BESIDE) or not _written(path):
        return
    slip = bool(get_close_matches(path.name.lower(), FOLDERS, n=1))
    todo = did_you_mean(path.name.lower(), FOLDERS)
    yield Finding(f"{root}/{path.name}", "nothing in this folder is read", todo, warning=not slip)


def _file(path: Path, where: str, names: Sequence[str] = ()) -> Iterator[Finding]:
    """Find a file whose name ends wrong or, where only some names are read, is none of them."""
    meant = _MEANT.fullmatch(path.name)
    if meant is None:
        return
    right = f"{meant[1]}.yaml"
    what = "this file is not read"
    if path.name != right and (not names or right in names):
        yield Finding(f"{where}/{path.name}", what, f"rename it to {right}")
    else:
        slip = bool(get_close_matches(right, names, n=1, cutoff=0.8))
        yield Finding(f"{where}/{path.name}", what, did_you_mean(right, names), warning=not slip)


def _source(path: Path, where: str) -> Iterator[Finding]:
    if path.is_file():
        meant = _MEANT.fullmatch(path.name)
        if meant is not None:
            yield Finding(f"{where}/{path.name}", "this file is not read", f"move it to {where}/{meant[1]}/source.yaml")
    elif not (path / "source.yaml").is_file():
        for file in _shown(path):
            yield from _file(file, f"{where}/{path.name}", ("source.yaml",))


def _shown(folder: Path) -> list[Path]:
    """Return what lies in a folder, but hidden files."""
    return sorted(path for path in folder.glob("*") if not path.name.startswith((".", "_")))


def _written(folder: Path) -> bool:
    return any(_MEANT.fullmatch(path.name) for path in folder.rglob("*"))
