"""Typst at work on one print after another: what is as it was in the print before is not set again.

What is to be printed lies in files below the templates, ``/input/pack.json``, ``/input/charts.json`` and
``/input/attached/<name>``, because Typst keeps what it made of a file that stayed the same; where an input of its
command line differs, it keeps nothing. After one changed comment a press that was kept takes a third of the time.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qmsreports.pack.brand import Brand, print_face
from qmsreports.pack.faces import MAIN, Face, faces

if TYPE_CHECKING:
    from typst import Compiler, PDFStandard

STANDARDS: list[PDFStandard] = ["a-3a", "ua-1"]
_INPUT = "input"
_NO_PRINT = shutil.ignore_patterns("*.j2", "*.css", "*.js", "*.pptx", "quality", _INPUT)


class Press:
    """Templates, fonts and compiler in a folder of their own, which goes when the press is left.

    It sets one print at a time. Where templates or fonts differ from those of the print before, it begins anew.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="qmsreports-print-")
        self._compiler: Compiler | None = None
        self._loaded = ""
        self._by_command_line = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _raised: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._compiler = None
        self._folder.cleanup()

    def load(self, template: Path, brand: Brand, others: Sequence[Face]) -> None:
        """Take up the folder of a template, the fonts of every print, the ``others`` and those of the brand."""
        from typst import Compiler

        loaded = _hash_of(template, brand, others)
        if loaded == self._loaded:
            return
        root, fonts = self._place("templates"), self._place("fonts")
        for place in (root, fonts):
            shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template.parent, root, ignore=_NO_PRINT)
        (root / _INPUT / "attached").mkdir(parents=True)
        fonts.mkdir()
        for face in (*faces()[:MAIN], *others):
            _lay_out(face, fonts)
        for weight, content in brand.faces:
            (fonts / f"brand-{weight}.otf").write_bytes(print_face(content, weight))
        self._by_command_line = any("sys.inputs" in path.read_text("utf-8") for path in root.rglob("*.typ"))
        self._compiler = Compiler(
            str(root / template.name), root=str(root), font_paths=[str(fonts)], ignore_system_fonts=True
        )
        self._loaded = loaded

    def set(self, texts: Mapping[str, str], *, timestamp: int) -> bytes:
        """Return the PDF of these texts by their paths below ``/input``; a fault of the template is Typst's own error.

        Templates from before there were such files ask for inputs of the command line, and get them.
        """
        assert self._compiler is not None, "nothing is loaded"
        for path, text in texts.items():
            (self._place("templates") / _INPUT / path).write_text(text, "utf-8")
        said = {_on_command_line(path): text for path, text in texts.items()} if self._by_command_line else None
        made = self._compiler.compile(sys_inputs=said, pdf_standards=STANDARDS, timestamp=timestamp)
        assert isinstance(made, bytes)
        return made

    def _place(self, name: str) -> Path:
        return Path(self._folder.name) / name


def _hash_of(template: Path, brand: Brand, others: Sequence[Face]) -> str:
    """Return what tells templates and fonts from those of another print."""
    seen = hashlib.sha256(repr((template, others, brand.more_fonts)).encode())
    for path in sorted(path for path in template.parent.rglob("*") if path.is_file()):
        seen.update(repr(path).encode() + hashlib.sha256(path.read_bytes()).digest())
    for weight, content in brand.faces:
        seen.update(repr(weight).encode() + hashlib.sha256(content).digest())
    return seen.hexdigest()


def _lay_out(face: Face, folder: Path) -> None:
    """Put the files of a family where the print finds them, those of the organisation under a name of our own."""
    for path in face.files:
        if face.own:
            (folder / f"{face.family}.otf").write_bytes(print_face(path.read_bytes(), 400, face.family))
        else:
            shutil.copyfile(path, folder / path.name)


def _on_command_line(path: str) -> str:
    """Return how an input was called there: ``attached model.json``, ``pack``."""
    folder, _, name = path.rpartition("/")
    return f"{folder} {name}" if folder else name.removesuffix(".json")
