"""Rows of one feed: the question asked as declared, of the system or for each parent, and its answers made flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from qmsreports.catalog.rest import Request, Since
from qmsreports.catalog.source import LandedFeed, Source
from qmsreports.errors import did_you_mean
from qmsreports.landing import landed_name
from qmsreports.sources.cursor import Cursor
from qmsreports.sources.database import arrow_table
from qmsreports.sources.feed import FeedState, Unreadable, Warned, columns_of, digest, row_hash
from qmsreports.sources.rest.address import Several
from qmsreports.sources.rest.client import Client
from qmsreports.sources.rest.kept import Kept
from qmsreports.sources.rest.paging import Question
from qmsreports.sources.rest.values import POINT, at_path, outermost, point_of, since_text, written

_POINT = "_point"
_AHEAD = timedelta(minutes=1)
"""How far a cursor may be ahead of the system's own clock before it is no boundary any more."""


class Rows:
    """Landed rows of many pages, each with its point in time, under the columns that any of them has."""

    def __init__(self) -> None:
        self.columns: dict[str, None] = {}
        self._rows: list[Mapping[str, str | None]] = []
        self._points: list[str | None] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Mapping[str, str | None], point: str | None) -> None:
        """Take in a row."""
        self.columns |= dict.fromkeys(row)
        self._rows.append(row)
        self._points.append(point)

    def arrow(self, *, with_points: bool = False) -> Any:
        """Return an Arrow table of texts."""
        names = [*self.columns, *([_POINT] if with_points else [])]
        rows = [
            [*(row.get(name) for name in self.columns), *([point] if with_points else [])]
            for row, point in zip(self._rows, self._points, strict=True)
        ]
        return arrow_table(rows, names, dict.fromkeys(names, "text"))


class Asked:
    """One feed and the ways to ask for it. ``declared`` are its columns where the declaration names them."""

    def __init__(
        self, source: Source, feed: LandedFeed, client: Client, tell: Callable[[int], None], kept: Kept | None = None
    ) -> None:
        assert feed.request is not None
        self.source = source
        self.request: Request = feed.request
        self.warnings: list[Warned] = []
        self.empty_so_far = True
        self.most_questions: int | None = None  # about parents, where a source is only tried
        self.cut = False
        self.unfit: str | None = None  # a cursor value that is no point in time
        self._feed = feed
        self._client = client
        self._tell = tell
        self._kept = kept if _shares_answers(source, self.request) else None
        self._rows = 0
        self._vanished = 0
        self._found: set[str] = set()
        parent = self.request.parent
        self._parent = source.feed(parent.table) if parent else None
        of_parent = [landed_name(name) for name in parent.columns] if parent else []
        self._found.update(of_parent)
        self.declared = tuple(dict.fromkeys([*of_parent, *(landed_name(name) for name in self.request.columns)]))
        if self.request.columns:
            self._check_columns()

    @property
    def new_refresh_token(self) -> bool:
        """Whether the system replaced the refresh token of the connection."""
        return self._client.new_refresh_token

    @property
    def is_child(self) -> bool:
        """Whether the rows are those of parents."""
        return self._parent is not None

    @property
    def goes_by_cursor(self) -> bool:
        """Whether only what changed is asked for."""
        return self._since is not None

    def cursor(self, before: FeedState) -> Cursor:
        """Return what follows the reading from where the last visit ended."""
        return Cursor(_POINT, before, overlap_minutes=self._asking.overlap_minutes)

    def since(self, cursor: Cursor | None) -> Iterator[tuple[Mapping[str, str | None], str | None]]:
        """Yield landed rows and their points: those that changed since the cursor, or all of them.

        A child's rows are those of its changed parents; its cursor is the parent's, and every row of it is new.
        """
        if self._parent is None:
            yield from self._flat(self._feed, self.request, self._from(cursor), {})
            return
        for nth, (values, question, version) in enumerate(self._questions(_Parents(self, cursor))):
            if nth == self.most_questions:
                self.cut = True
                return
            kept = self._kept.of(version) if self._kept is not None else None
            for row, _ in self._flat(self._feed, self.request, None, question, may_be_gone=bool(values), kept=kept):
                yield {**values, **row}, None
        if self._vanished:
            said = f"{self._vanished:,} rows of {self._parent.table} were deleted while {self._feed.table} were read"
            self.warnings.append(Warned(said, "they are left out"))

    def _questions(
        self, parents: Iterable[tuple[Mapping[str, str | None], str]]
    ) -> Iterator[tuple[Mapping[str, str | None], dict[str, Any], str]]:
        """Yield what every row of an answer gets of its parent, what is asked with, and the version of the parents."""
        declared = self.request.parent
        if declared is None or declared.at_once == 1:
            for values, version in parents:
                yield values, {name: value for name, value in values.items() if value is not None}, version
            return
        named = [landed_name(name) for name in declared.columns]
        rest = iter(parents)
        while several := list(islice(rest, declared.at_once)):
            columns = zip(*(values.values() for values, _ in several), strict=True)
            question = {name: Several(column) for name, column in zip(named, columns, strict=True)}
            yield {}, question, digest(version for _, version in several)

    def fresh(self, cursor: Cursor, batch: Rows) -> Any:
        """Return the rows of a batch that were not landed before, as an Arrow table; of a child all of them."""
        if self._parent is not None:
            return batch.arrow()
        cursor.until = self._until
        return cursor.fresh(batch.arrow(with_points=True)).drop_columns([_POINT])

    def key_rows(self) -> Iterator[Mapping[str, str | None]]:
        """Yield rows with the keys of everything there is, whatever its age."""
        listed = self.request.key_list
        if listed is None:
            asked = self.request.model_copy(update={"parameters": {**self.request.parameters, **self.request.keys}})
        else:
            asked = listed.model_copy(update={"columns": listed.columns or self.request.columns})
        try:
            for row, _ in self._flat(self._feed, asked, self._from(None), {}):
                yield row
        except Unreadable as problem:
            if listed is not None and problem.place[:1] == ("request",):
                problem.place = ("request", "key_list", *problem.place[1:])
            raise

    def is_empty(self) -> bool:
        """Whether the system has no row at all, also none that did not change."""
        asking = self._asking
        assert asking.request is not None
        return next(self._flat(asking, asking.request, self._start, {}), None) is None

    def check_needs(self) -> None:
        """Refuse answers in which a column that the mappings use is nowhere to be found."""
        for place, column in self._needed():
            if landed_name(column) not in self._found and landed_name(column) in self.declared:
                path = self.request.columns.get(column, column)
                raise Unreadable(
                    f'no answer has "{path if isinstance(path, str) else path[0]}", of which column "{column}" is made',
                    "mend it at the source, or change this line and the mappings",
                    place=("request", "columns", column) if column in self.request.columns else place,
                )

    # --- asking ------------------------------------------------------------------------------------------------------
    @property
    def _asking(self) -> LandedFeed:
        return self._parent or self._feed

    @property
    def _since(self) -> Since | None:
        asked = self._asking.request
        return asked.since if asked is not None else None

    @property
    def _start(self) -> str | None:
        return f"{self._since.start.isoformat()}T00:00:00" if self._since is not None else None

    @property
    def _until(self) -> str | None:
        served = self._client.served_at
        return (served + _AHEAD).strftime(POINT) if served is not None else None

    def _from(self, cursor: Cursor | None) -> str | None:
        low = cursor.since(_POINT).value if cursor is not None else None
        start = self._start
        if low is None or start is None:
            return start
        return max(str(low), start)

    def _flat(
        self,
        feed: LandedFeed,
        request: Request,
        since: str | None,
        values: Mapping[str, Any],
        *,
        may_be_gone: bool = False,
        kept: Kept | None = None,
    ) -> Iterator[tuple[dict[str, str | None], str | None]]:
        """Yield the rows of one question, flat, with their points in time."""

        def last_point(rows: list[Any]) -> str | None:
            found = (self._point(feed, request, row) for row in outermost(rows, request.each))
            points = [point for point in found if point is not None]
            return points[-1] if points and points == sorted(points) else None  # in another order nothing is passed

        question = Question(
            self._client,
            request,
            values,
            since_of=lambda point: since_text(point, self._form, self.source.time_zone),
            last_point=last_point,
            key_of=lambda row: self._key(feed, request, row),
            may_be_gone=may_be_gone,
            kept=kept,
        )
        for page in question.pages(since):
            for raw in outermost(page, request.each):
                if not self._belongs(request, raw):
                    continue
                self.empty_so_far = False
                yield self._row(feed, request, raw), self._point(feed, request, raw)
            if feed is self._feed:
                self._rows += len(page)
                self._tell(self._rows)
        self._vanished += question.gone

    def _belongs(self, request: Request, raw: Mapping[str, Any]) -> bool:
        for path, texts in request.only.items():
            text = written(at_path(raw, path)[0], self.source.api.empty)
            if text is None or (texts and text not in texts):
                return False
        for path, texts in request.unless.items():
            text = written(at_path(raw, path)[0], self.source.api.empty)
            if text is not None and (not texts or text in texts):
                return False
        return True

    @property
    def _form(self) -> str:
        return self._since.form if self._since is not None else "iso"

    def _row(self, feed: LandedFeed, request: Request, raw: Mapping[str, Any]) -> dict[str, str | None]:
        empty = self.source.api.empty
        if not request.columns:
            names = {name: landed_name(name) for name in raw if name != "outer"}
            found = {landed: written(raw[name], empty) for name, landed in names.items()}
            if len(found) < len(names):
                columns_of(feed, names)  # says which two would be one
            self._found |= found.keys() if feed is self._feed else set()
            return found
        row: dict[str, str | None] = {}
        for name, paths in request.columns.items():
            landed = landed_name(name)
            row[landed], exists = self._first(raw, paths)
            if exists and feed is self._feed:
                self._found.add(landed)
        return row

    def _first(self, raw: Mapping[str, Any], paths: str | tuple[str, ...]) -> tuple[str | None, bool]:
        """Return the first value that one of the paths holds, as text, and whether any of them exists."""
        found = False
        for path in (paths,) if isinstance(paths, str) else paths:
            value, exists = at_path(raw, path)
            found |= exists
            if (text := written(value, self.source.api.empty)) is not None:
                return text, found
        return None, found

    def _key(self, feed: LandedFeed, request: Request, row: Any) -> list[list[str | None]] | None:
        """Return the keys of what a row of an answer is landed as; ``None`` where one of them is not in it."""
        paths = {landed_name(name): path for name, path in request.columns.items()}
        of_parent = {landed_name(name) for name in (request.parent.columns if request.parent else ())} - paths.keys()
        names = [name for name in map(landed_name, feed.key) if name not in of_parent]
        keys = [
            [self._first(raw, paths.get(name, _field(raw, name)))[0] for name in names]
            for raw in outermost([row], request.each)
        ]
        return keys if names and keys and all(None not in key for key in keys) else None

    def _point(self, feed: LandedFeed, request: Request, raw: Mapping[str, Any]) -> str | None:
        if feed.cursor is None:
            return None
        paths = request.columns.get(feed.cursor, feed.cursor)
        for path in (paths,) if isinstance(paths, str) else paths:
            text = written(at_path(raw, path)[0], self.source.api.empty)
            if text is not None:
                point = point_of(text, self._form, self.source.time_zone)
                self.unfit = self.unfit or (text if point is None else None)
                return point
        return None

    def _needed(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for role in ("key", "needs"):
            for index, column in enumerate(getattr(self._feed, role)):
                yield (role, index), column

    def _check_columns(self) -> None:
        """Refuse a declaration that uses a column which its request does not make."""
        cursor = [(("cursor",), self._feed.cursor)] if self._feed.cursor else []
        for place, column in (*self._needed(), *cursor):
            if landed_name(column) not in self.declared:
                raise Unreadable(
                    f'"{column}" is not among the columns of the request; {did_you_mean(column, self.declared)}',
                    "add its path to request/columns",
                    place=place,
                )


def _field(raw: Mapping[str, Any], landed: str) -> str:
    """Return the name of the field of a row that is landed under a name."""
    return landed if landed in raw else next((name for name in raw if landed_name(name) == landed), landed)


def _shares_answers(source: Source, request: Request) -> bool:
    """Whether another table of the source is made of the same answers about the same parents."""

    def asked(of: Request) -> tuple[object, ...]:
        return of.path, of.method, of.parameters, of.body, of.page, of.parent

    same = [feed for feed in source.tables if feed.request is not None and asked(feed.request) == asked(request)]
    return request.parent is not None and len(same) > 1


class _Parents:
    """The parents whose children are to be read: new and changed ones, or all where they have no cursor.

    Each gives the values that the child takes and what stands for the version of the parent.
    """

    def __init__(self, asked: Asked, cursor: Cursor | None) -> None:
        self._asked = asked
        self._cursor = cursor

    def __iter__(self) -> Iterator[tuple[dict[str, str | None], str]]:
        asked, cursor = self._asked, self._cursor
        parent, request = asked._parent, asked.request.parent
        assert parent is not None and parent.request is not None and request is not None
        done: set[tuple[str | None, ...]] = set()
        for batch in self._batches(asked._flat(parent, parent.request, asked._from(cursor), {})):
            rows = batch.arrow(with_points=True)
            if cursor is not None:
                cursor.until = asked._until
                rows = cursor.fresh(rows)
            for row in rows.to_pylist():
                values = {landed_name(name): row.get(landed_name(of)) for name, of in request.columns.items()}
                if tuple(values.values()) not in done:
                    done.add(tuple(values.values()))
                    yield values, row_hash(row)

    @staticmethod
    def _batches(rows: Iterator[tuple[dict[str, str | None], str | None]]) -> Iterator[Rows]:
        gathered = Rows()
        for row, point in rows:
            gathered.add(row, point)
            if len(gathered) >= 1000:
                yield gathered
                gathered = Rows()
        if len(gathered):
            yield gathered
