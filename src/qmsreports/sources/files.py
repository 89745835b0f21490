"""Feeds of files: CSV, JSON lines, Parquet, sheets of Excel workbooks, in a folder, over SFTP or S3.

A file is looked at when its size or time of change is new, and landed when its content is: a renamed or repeated file
is landed once. A changed file (a whole sheet, a whole CSV file) lands again; later versions of a row win by key. Where
its declaration changes (another encoding, another separator), every file lands again. Files are deliveries: the rows
of one that is gone stay, and a notice says so, except where the feed declares that its keys tell what was deleted.

A file that is still being written is left for the next run: one whose name says so, one that changed while it was
looked at, and, where the feed declares ``settle_seconds``, one that was written to shortly before the run.

Where times of change are whole seconds (SFTP, S3), a file may be written twice within one of them. The time of a file
that was looked at so early proves nothing: its content is compared again at the next visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.landing import KEYS, landed_name
from qmsreports.sources.blocks import Block, File, Format
from qmsreports.sources.columns import as_text
from qmsreports.sources.database import CHUNK, arrow_table
from qmsreports.sources.feed import EMPTIED, FeedState, FileMark, Unreadable, Warned, digest, drift
from qmsreports.sources.gathering import Gathering
from qmsreports.sources.places import clock_of, close_place, open_place, reason, shown, under_way
from qmsreports.sources.retyped import Values
from qmsreports.sources.streams import Lost

_STAY = "nothing where they were only cleared away: {}; rows that must go need deletions: keys"


class FileFeeds:
    """The feeds of one folder or one file."""

    def __init__(self, connection: str, at: datetime | None = None) -> None:
        self._fs, self._root = open_place(connection)
        self._at = at
        self._workbooks: dict[str, Any] = {}
        try:
            self._is_file = self._fs.info(self._root)["type"] == "file"
        except FileNotFoundError:
            self.close()
            raise Unreadable(f"{shown(connection)} does not exist", "check the connection") from None
        except Exception as error:  # what is behind a URL refuses in words of its own
            self.close()
            raise Unreadable(
                f"{shown(connection)} cannot be opened ({reason(error)})", "check the connection"
            ) from None

    def close(self) -> None:
        """Close the workbooks and the connection."""
        for workbook in self._workbooks.values():
            workbook.close()
        close_place(self._fs)

    def clock(self) -> datetime | None:
        """Return the time of the store: S3 tells it with each answer, a folder and SFTP do not."""
        return clock_of(self._fs, self._root)

    def read(self, feed: LandedFeed, before: FeedState) -> FileReading:
        """Look at the files of one feed; :class:`Unreadable` when there is none or one cannot be opened."""
        there = self._there(feed)
        gone = before.files.keys() - {file.name for file in there}
        files = self._files(feed, there)
        waiting = [file for file in there if file not in files and not _under_way(file)]
        return FileReading(feed, before, files, self._form(feed), self._now, gone, waiting)

    def _form(self, feed: LandedFeed) -> Format:
        form = feed.format or ("excel" if feed.sheet else "csv")
        if form == "excel":
            from qmsreports.sources.sheets import Sheets

            return Sheets(self._fs, feed, self._workbooks)
        if form == "csv":
            from qmsreports.sources.csvs import Csvs

            return Csvs(self._fs, feed)
        from qmsreports.sources.objects import JsonLines, Parquets

        return JsonLines(self._fs, feed) if form == "jsonl" else Parquets(self._fs, feed)

    def _now(self, file: File) -> bool:
        """Whether a file is still as it was listed."""
        try:
            found = self._file(self._fs.info(file.path))
        except FileNotFoundError:
            return False
        except Exception as error:  # what is behind a URL refuses in words of its own
            raise Unreadable(
                f"the file cannot be looked at ({reason(error)})", "check the connection", where=file.shown
            ) from None
        # one answer of S3 counts in whole seconds, another in parts of them
        return (found.size, int(found.changed)) == (file.size, int(file.changed))

    def _there(self, feed: LandedFeed) -> list[File]:
        """Return what the feed's pattern matches, by name."""
        try:
            if self._is_file:
                entries = [self._fs.info(self._root)]
            else:
                found = self._fs.glob(f"{self._root}/{feed.files or '*'}", detail=True)
                entries = [entry for entry in found.values() if entry["type"] == "file"]
        except Exception as error:
            raise Unreadable(f"the folder cannot be listed ({reason(error)})", "check its permissions") from None
        return sorted((self._file(entry) for entry in entries), key=lambda file: file.name)

    def _files(self, feed: LandedFeed, there: Sequence[File]) -> list[File]:
        """Return those that are whole."""
        files = waiting = [file for file in there if not _under_way(file)]
        if self._at is not None and feed.settle_seconds:
            settled = self._at.timestamp() - feed.settle_seconds
            files = [file for file in files if file.changed <= settled]
            if waiting and not files:
                if all(file.is_ahead for file in waiting):
                    said = _ahead(waiting[0])
                    raise Unreadable(said.what, said.todo, where=said.where)
                raise Unreadable(
                    f"every file is still being written, or was until {feed.settle_seconds} s before this run",
                    "nothing: the next run reads them",
                )
        if not files:
            raise Unreadable(f'no file matches "{feed.files}"', self._what_is_there(), place=("files",))
        return files

    def _file(self, entry: Any) -> File:
        path = str(entry["name"])
        folder = PurePosixPath(self._root)
        name = folder.name if self._is_file else str(PurePosixPath(path).relative_to(folder))
        changed = next(
            (entry[key] for key in ("mtime", "LastModified", "last_modified", "created") if entry.get(key)), 0
        )
        stamp = changed.timestamp() if hasattr(changed, "timestamp") else float(changed)
        return File(path, name, name if self._is_file else f"{folder.name}/{name}", int(entry["size"]), stamp)

    def _what_is_there(self) -> str:
        try:
            names = sorted(PurePosixPath(path).name for path in self._fs.ls(self._root, detail=False))
        except Exception:  # the pattern is what is wrong; this would only help to mend it
            return "mend the pattern or the connection"
        if not names:
            return "the folder is empty: check the connection and what delivers the files"
        others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        return f'mend the pattern or the connection; the folder holds "{names[0]}"{others}'


class FileReading:
    """The files of one feed, looked at: which are new, which only have a new name."""

    def __init__(
        self,
        feed: LandedFeed,
        before: FeedState,
        files: Sequence[File],
        form: Format,
        same: Callable[[File], bool],
        gone: Set[str] = frozenset(),
        waiting: Sequence[File] = (),
    ) -> None:
        self.feed = feed
        self.warnings: list[Warned] = []
        self._left: list[Warned] = []
        if before.columns and before.reading != form.reading:  # what was read otherwise has to be read again
            before = replace(before, files={}, contents=())
        self._before = self._state = before
        self._form = form
        self._files = files
        self._marks: dict[str, FileMark] = {}
        self._new: list[File] = []
        self._incomplete = bool(waiting)
        self._left += [_ahead(file) for file in waiting if file.is_ahead]
        self._marks |= {file.name: before.files[file.name] for file in waiting if file.name in before.files}
        for file in files:
            mark = before.files.get(file.name)
            if mark is not None and (mark.size, mark.changed) == (file.size, file.changed):
                self._marks[file.name] = mark
                continue
            proof = file.proof  # before its content is read: what is written after that has a later time
            content = self._settled(file, same)
            if content is None:
                if mark is not None:
                    self._marks[file.name] = mark
                continue
            self._marks[file.name] = FileMark(file.size, proof, content, mark.rows if mark else 0)
            if mark is None or mark.content != content:
                self._new.append(file)
        self._gone = self._lost(gone)
        if self._gone and feed.deletions != "keys":
            self._left.append(_gone(self._gone))
        self.warnings = list(self._left)

    @property
    def newest(self) -> File | None:
        """The file that was written to last."""
        return max(self._files, key=lambda file: (file.changed, file.name), default=None)

    def first_rows(self, file: File) -> Block | None:
        """Return the first rows of a file, ``None`` for an empty one."""
        return next(self._form.blocks(file), None)

    def count(self, before: FeedState) -> int:
        """Return the rows of all files, each content once; one that is as a visit saw it is not read for that."""
        marks = before.files.values() if before.reading == self._form.reading else ()
        known = {mark.content: mark.rows for mark in marks if mark.rows}
        for file in self._files:
            mark = self._marks.get(file.name)
            if mark is not None and mark.content not in known:
                known[mark.content] = sum(len(block.rows) for block in self._form.blocks(file))
        return sum(known.get(content, 0) for content in {mark.content for mark in self._marks.values()})

    def _lost(self, gone: Set[str]) -> dict[str, FileMark]:
        """Return the files with rows that are gone, and not only under another name."""
        here = {mark.content for mark in self._marks.values()}
        before = self._before.files
        return {
            name: before[name]
            for name in sorted(gone)
            if name in before and before[name].rows and before[name].content not in here
        }

    def _settled(self, file: File, same: Callable[[File], bool]) -> str | None:
        """Return the hash of a file; ``None`` for one that changed while it was read."""
        try:
            content = self._form.content(file)
        except Lost:
            raise
        except Unreadable:
            if same(file):
                raise
            content = None
        if content is not None and same(file):
            return content
        self._left.append(Warned("the file is still being written", "nothing: the next run reads it", file.shown))
        self._incomplete = True
        return None

    @property
    def fresh(self) -> bool:
        """Whether a file is new, changed, seen under another name, or gone."""
        return bool(self._gone) or any(self._before.files.get(name) != mark for name, mark in self._marks.items())

    @property
    def state(self) -> FeedState:
        """What the next visit goes on from; final when ``parts`` is exhausted."""
        return self._state

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield the rows of new files, many small files together."""
        self.warnings = list(self._left)
        self._marked = dict(self._marks)
        table, gathered = landed_name(self.feed.table), Gathering(self._form, self._before)
        values = Values(self.feed, self._before)
        known = {mark.content for mark in self._before.files.values() if mark.rows}
        contents = known | set(self._before.contents)
        for file in self._new:
            content = self._marks[file.name].content
            if content in contents and file.name not in self._before.files:
                said = Warned("the content was landed before under another name", "it is not landed again", file.shown)
                self.warnings.append(said)
                continue
            for batch in self._file(file, gathered):
                yield table, values.noted(batch)
            if self._marked[file.name].rows:
                contents.add(content)
        rest = gathered.flush(even_empty=not self._before.columns and not gathered.landed)
        if rest is not None:
            yield table, values.noted(rest)
        values.refuse_retyped()
        columns = gathered.columns or self._before.columns
        self.warnings += drift(self._before, columns)
        self._state = self._before
        if self.feed.deletions == "keys" and not self._incomplete:  # else keys would be missing that are there
            for batch in self._key_list():
                yield table + KEYS, batch
        self._state = replace(
            self._state,
            columns=tuple(columns),
            reading=self._form.reading,
            landed=self._before.landed + gathered.landed,
            kinds=gathered.kinds,
            files=self._marked,
            contents=tuple(sorted(contents - {mark.content for mark in self._marked.values() if mark.rows})),
        )

    def _key_list(self) -> Iterator[Any]:
        """Yield the keys of all files that are there now, where they are not those of the last visit."""
        names = [landed_name(column) for column in self.feed.key]
        keys: set[tuple[str, ...]] = set()
        for file in self._files:
            for block in self._form.blocks(file):
                places = [block.columns.index(name) for name in names]
                keys |= {tuple(as_text(row[place]) or "" for place in places) for row in block.rows}
        listed = sorted(keys)
        stands_for = digest("\x1e".join(key) for key in listed)
        if stands_for != self._before.keys:
            for start in range(0, len(listed) or 1, CHUNK):
                yield arrow_table(listed[start : start + CHUNK], names, dict.fromkeys(names, "text"))
            self._state = replace(self._state, keys=stands_for, key_count=len(listed))

    def _file(self, file: File, gathered: Gathering) -> Iterator[Any]:
        had, rows, header = self._marks[file.name].rows, 0, False
        for block in self._form.blocks(file):
            header = True
            rows += len(block.rows)
            batch = gathered.add(file, block)
            if batch is not None:
                yield batch
        if not rows and had and not self.feed.may_be_empty:
            todo = f"restore it; {EMPTIED}"
            raise Unreadable(f"the file is suddenly empty ({had:,} rows before)", todo, where=file.shown)
        if not rows:
            what = "the file has a header and no row" if header else "the file is empty"
            self.warnings.append(Warned(what, "nothing is landed; deliver it again if it should have rows", file.shown))
        elif rows < had and self.feed.deletions != "keys":
            what = f"the file holds {rows:,} {'row' if rows == 1 else 'rows'} and held {had:,}"
            self.warnings.append(Warned(what, _STAY.format("those that it no longer holds stay"), file.shown))
        self._marked[file.name] = replace(self._marks[file.name], rows=rows)


def _under_way(file: File) -> bool:
    return under_way(PurePosixPath(file.name).name)


def _ahead(file: File) -> Warned:
    until = datetime.fromtimestamp(file.changed, UTC)
    return Warned(
        f"the file was written to on {until:%Y-%m-%d %H:%M} UTC, which is yet to come; it waits until then",
        "set its time of change, and the clock of who delivers it",
        file.shown,
    )


def _gone(lost: Mapping[str, FileMark]) -> Warned:
    """Say which files are gone; said once, because the visit that says it is the last that knew them."""
    names, rows = list(lost), sum(mark.rows for mark in lost.values())
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    listed = ", ".join(names[:3]) + more
    what = f"{len(names):,} files are gone" if len(names) > 1 else "a file is gone"
    told = f"the {rows:,} rows stay" if rows > 1 else "the 1 row stays"
    return Warned(f"{what} since the last visit ({listed})", _STAY.format(told))
