"""Presets: declarations of well-known systems that an organisation copies into its catalog and then owns.

::

    src/qmsreports/presets/<name>/source.yaml             as in catalog/sources/<name>/, named after the preset
    src/qmsreports/presets/<name>/<canonical_table>.sql   one SELECT per canonical table
    src/qmsreports/presets/<name>/README.md               title, a line "Tested: …", connection, rights, what to adapt

A copy is the organisation's own: an update of this package never changes what a catalog says. ``YOUR_SITE`` in a preset
is where the organisation's first site is put in; whoever has more sites writes the system's own codes there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from qmsreports.catalog.document import read_document
from qmsreports.catalog.files import write_together
from qmsreports.catalog.source import Source
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean

FOLDER = Path(str(files("qmsreports"))) / "presets"
"""Where the shipped presets lie."""

_SITE = "YOUR_SITE"


@dataclass(frozen=True, slots=True)
class Preset:
    """A shipped preset: ``tested`` says what its mapping was tried against, ``feeds`` are canonical tables."""

    preset: str
    title: str
    kind: str
    feeds: tuple[str, ...]
    tested: str


def presets() -> tuple[Preset, ...]:
    """Return the shipped presets by name."""
    return tuple(_preset(path.parent) for path in sorted(FOLDER.glob("*/source.yaml")))


def add_preset(preset: str, *, name: str, catalog: Path) -> tuple[Path, ...]:
    """Copy a preset into ``catalog/sources/<name>/`` and return the files; all of them, or none.

    Raises :class:`UserError` (exit 2) for an unknown preset, a name that no source can have, or one that is taken.
    """
    known = [path.parent.name for path in FOLDER.glob("*/source.yaml")]
    if preset not in known:
        _refuse(f'there is no preset "{preset}"', did_you_mean(preset, known))
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        _refuse(f'"{name}" is no source name', "use lower-case letters, digits and single underscores")
    folder = catalog / "sources" / name
    if folder.exists():
        _refuse(f"there is a source {name} already ({folder})", "choose another name with --as")
    site = _first_site(catalog)
    copied: dict[Path, bytes] = {}
    for path in sorted((FOLDER / preset).iterdir()):
        if path.suffix not in (".yaml", ".sql", ".md"):
            continue
        text = path.read_text(encoding="utf-8").replace(_SITE, site)
        text = text.replace(f"QMSREPORTS_CONNECTION_{preset.upper()}", f"QMSREPORTS_CONNECTION_{name.upper()}")
        if path.name == "source.yaml":
            text = re.sub(rf"^source: {preset}$", f"source: {name}", text, count=1, flags=re.MULTILINE)
        copied[folder / path.name] = text.encode()
    write_together(copied)
    return tuple(copied)


def _preset(folder: Path) -> Preset:
    declared = Source.model_validate(read_document(folder / "source.yaml", f"presets/{folder.name}/source.yaml").data)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    tested = re.search(r"^Tested: (.+?)\.?$", readme, flags=re.MULTILINE)
    return Preset(
        folder.name, declared.title, declared.kind, tuple(declared.conform), tested.group(1) if tested else ""
    )


def _first_site(catalog: Path) -> str:
    """Name of the organisation's first site; the placeholder where there is none to be read."""
    path = catalog / "organisation.yaml"
    if not path.is_file():
        return _SITE
    sites = read_document(path, "catalog/organisation.yaml").data.get("sites") or []
    first = sites[0].get("site") if sites and isinstance(sites[0], dict) else None
    return str(first or _SITE)


def _refuse(what: str, todo: str) -> None:
    raise UserError(Finding("", what, todo), exit_code=ExitCode.USAGE)
