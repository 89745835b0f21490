"""Copies of a sealed folder: into another folder, or under a prefix of an object store. Whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack.seal import MANIFEST

_AGAIN = "mend it and run again; nothing was noted as delivered"


def to_folder(source: Path, target: Path) -> None:
    """Copy a folder so that the target is there completely or not at all; :class:`CouldNotRun` where it cannot be.

    A whole copy stays as it is, whatever its reader put beside it. What an interrupted copy left is replaced. Anything
    else that lies there is not ours to touch.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        if _is_whole(source, target):
            return
        if target.exists() and not _is_half(source, target):
            what = "another pack or a changed copy lies there already"
            raise CouldNotRun(Finding(str(target), what, "move it elsewhere and run again; nothing was overwritten"))
        shutil.rmtree(beside, ignore_errors=True)
        beside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, beside)
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise CouldNotRun(
            Finding(
                str(target),
                f"the pack cannot be delivered ({error.strerror or 'copying failed'})",
                "make room or mend the permission and run again; nothing was noted as delivered",
            )
        ) from error


def _is_whole(source: Path, target: Path) -> bool:
    """Tell whether every file of the source lies in the target with the same bytes."""
    return target.is_dir() and all(
        (there := target / path.name).is_file() and there.read_bytes() == path.read_bytes() for path in source.iterdir()
    )


def _is_half(source: Path, target: Path) -> bool:
    """Tell whether a folder holds nothing but beginnings of the source's files: what an interrupted copy leaves."""
    return target.is_dir() and all(
        path.is_file() and (whole := source / path.name).is_file() and whole.read_bytes().startswith(path.read_bytes())
        for path in target.iterdir()
    )


def to_store(source: Path, url: str, *, connection: str = "") -> None:
    """Copy a folder under a prefix. Its manifest comes last: where that lies, the copy is complete and stays as it is.

    :class:`CouldNotRun` where the store cannot be written, and where another pack lies under the prefix.
    """
    from fsspec.core import url_to_fs

    try:
        system, prefix = url_to_fs(url, **_options(url, connection))
        there = f"{prefix}/{MANIFEST}"
        if system.exists(there):
            if system.cat_file(there) != (source / MANIFEST).read_bytes():
                raise CouldNotRun(Finding(url, "another pack lies there already", "deliver it to another prefix"))
            return
        names = sorted(path.name for path in source.iterdir() if path.name != MANIFEST)
        if not url.startswith("s3://"):
            system.makedirs(prefix, exist_ok=True)
        for name in [*names, MANIFEST]:
            system.pipe_file(f"{prefix}/{name}", (source / name).read_bytes())
    except CouldNotRun:
        raise
    except Exception as error:  # each kind of store has errors of its own; their words may hold what it was told
        raise CouldNotRun(Finding(url, f"the pack cannot be delivered ({_why(error)})", _AGAIN)) from None


def _why(error: Exception) -> str:
    """Return the kind of an error, with the code a store gave; never its words."""
    answer = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
    if isinstance(error, OSError) and error.errno:
        return code or os.strerror(error.errno)
    return code or type(error).__name__


def _options(url: str, connection: str) -> dict[str, Any]:
    """Read ``s3://key:secret@?endpoint_url=…&region_name=…`` for a store on S3; :class:`CouldNotRun` never shows it."""
    if not url.startswith("s3://"):
        return {}
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if not connection:
        return options
    parts = urlsplit(connection)
    if parts.scheme not in ("s3", "aws") or not parts.username or not parts.password:
        form = "write s3://key:secret@?endpoint_url=https://store.example.org&region_name=eu-central-1"
        raise CouldNotRun(Finding(f"connection of {url}", "it holds no key and secret", form))
    said = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    client = {name: said[name] for name in ("endpoint_url", "region_name") if name in said}
    return {**options, "key": unquote(parts.username), "secret": unquote(parts.password), "client_kwargs": client}
