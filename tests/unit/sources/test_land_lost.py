"""The way to a file breaks: its table alone stops, with a line that blames neither the file nor the landing zone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import paramiko
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from small_source import World, make_source

ERRORS = [ConnectionResetError(104, "Connection reset by peer"), EOFError(), paramiko.SSHException("dropped")]


class Breaking(io.RawIOBase):
    """A file whose bytes end with an error."""

    def __init__(self, content: bytes, error: Exception, after: int) -> None:
        self._content, self._error, self._after, self._place = content, error, after, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if self._place >= self._after:
            raise self._error
        part = self._content[self._place : self._after][: size if size and size > 0 else None]
        self._place += len(part)
        return part

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + {0: 0, 1: self._place, 2: len(self._content)}[whence]
        return self._place

    def tell(self) -> int:
        return self._place


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception, int], None]:
    """Let files of a name break, from their nth opening on."""
    real = LocalFileSystem.open

    def arm(name: str, error: Exception, from_opening: int) -> None:
        openings = [0]

        def opened(self: Any, path: str, mode: str = "rb", **more: Any) -> Any:
            if not path.endswith(name):
                return real(self, path, mode, **more)
            openings[0] += 1
            content = Path(path).read_bytes()
            return Breaking(content, error, 20 if openings[0] >= from_opening else len(content) + 1)

        monkeypatch.setattr(LocalFileSystem, "open", opened)

    return arm


def world(folder: Path) -> World:
    (folder / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / "in" / name).write_text("no,text\n" + "".join(f"{n},{n}\n" for n in range(50)))
    feeds = [{"table": name, "key": ["no"], "files": f"{name}.csv"} for name in ("a", "b")]
    return World(folder, make_source(*feeds, kind="files"), str(folder / "in"))


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("from_opening", [1, 2])
def test_a_connection_lost_in_the_middle_stops_the_table_alone(
    tmp_path: Path, breaks: Callable[[str, Exception, int], None], error: Exception, from_opening: int
) -> None:
    made = world(tmp_path)
    breaks("a.csv", error, from_opening)
    result = made.land()
    assert made.landed(result) == {"b": 50}
    assert made.one_failure(result).startswith("in/a.csv: source shop, table a: reading the file stopped (")
    assert made.one_failure(result).endswith("check the connection and the server, then run again")


@pytest.mark.parametrize("error", ERRORS)
def test_a_folder_that_cannot_be_listed_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = world(tmp_path)
    real = LocalFileSystem.glob

    def listed(self: Any, path: str, **more: Any) -> Any:
        if path.endswith("a.csv"):
            raise error
        return real(self, path, **more)

    monkeypatch.setattr(LocalFileSystem, "glob", listed)
    result = made.land()
    assert made.landed(result) == {"b": 50}
    assert "the folder cannot be listed" in made.one_failure(result)


@pytest.mark.parametrize("form", ["parquet", "excel", "jsonl"])
def test_other_formats(tmp_path: Path, breaks: Callable[[str, Exception, int], None], form: str) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / f"a.{form}"
    if form == "parquet":
        pq.write_table(pa.table({"no": [1]}), file)
    elif form == "excel":
        book = openpyxl.Workbook()
        book.worksheets[0].append(["no"])
        book.save(file)
    else:
        file.write_text('{"no": 1, "text": "longer than what is read of it"}\n')
    feed = {"table": "a", "key": ["no"], "files": "a.*", "format": form}
    made = World(tmp_path, make_source(feed, kind="files"), str(tmp_path / "in"))
    breaks(f"a.{form}", ConnectionResetError(104, "Connection reset by peer"), 1 if form == "excel" else 2)
    assert "reading the file stopped (Connection reset by peer)" in made.one_failure()
