"""Packs as folders: complete or not there at all, and never written twice."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack.seal import MANIFEST, seal, sha256
from qmsreports.records import PackFile


def write(folder: Path, files: Mapping[str, bytes]) -> tuple[PackFile, ...]:
    """Write all files to a new folder and return their seals.

    They are written beside, flushed to disk and moved into place at once: a kill leaves the folder complete or absent,
    and whatever lies beside is cleared by the next try. :class:`CouldNotRun` when the disk is full or read-only.
    """
    beside = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name in sorted(files):
            _flushed(beside / name, files[name])
        beside.rename(folder)
        _flush_folder(folder.parent)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise CouldNotRun(
            Finding(
                str(folder),
                f"the pack cannot be written ({error.strerror or error})",
                "make room or mend the permission and run again; nothing was recorded",
            )
        ) from error
    return seal(files)


def placed(folder: Path, packs: Path) -> str:
    """Return how the register names a folder: from the workspace's own var where it lies inside, so that a workspace
    which is moved or restored elsewhere still finds its packs. ``packs`` is the folder of packs there.
    """
    return folder.relative_to(packs.parent).as_posix() if folder.is_relative_to(packs.parent) else str(folder)


def located(recorded: str, packs: Path) -> Path:
    """Return where a folder of the register lies now. One that an earlier version named in full, and that is not there
    any more, is looked for among the packs of this workspace.
    """
    folder = Path(recorded)
    if not folder.is_absolute():
        return packs.parent / folder
    moved = packs / folder.name
    return moved if moved.is_dir() and not folder.is_dir() else folder


def clear(folder: Path) -> None:
    """Remove a folder that the register does not know."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise CouldNotRun(
            Finding(str(folder), f"cannot be removed ({error.strerror or error})", "mend the permission and run again")
        ) from error


def _flushed(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a pack's folder; empty where there is none that can be read."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def files_of(folder: Path) -> tuple[PackFile, ...]:
    """Return the seals of the files that lie in a folder now."""
    return seal({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})


def intact(folder: Path, files: tuple[PackFile, ...]) -> bool:
    """Tell whether every file is there as it was sealed."""
    return not touched(folder, files)


def touched(folder: Path, files: tuple[PackFile, ...]) -> list[Finding]:
    """Return what is missing, changed, or was put there after sealing."""
    findings = []
    for file in files:
        path = folder / file.path
        if not path.is_file():
            findings.append(
                Finding(str(path), "the file is missing", "restore it from a delivered copy, or build again")
            )
        elif sha256(path.read_bytes()) != file.sha256:
            findings.append(
                Finding(str(path), "the file was changed after it was sealed", "restore it from a delivered copy")
            )
    if folder.is_dir():
        sealed = {file.path for file in files}
        for path in sorted(folder.iterdir()):
            if path.name not in sealed:
                findings.append(Finding(str(path), "the file is not part of the sealed pack", "move it elsewhere"))
    return findings
