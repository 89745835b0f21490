"""Declaration of a source system: what is landed from it and how that becomes canonical tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from qmsreports.catalog.model import Translated
from qmsreports.catalog.rest import Api, Request, unfit_request

CHANGED = "_changed"
"""Landed column of a feed with ``cursor_else``: the cursor, or what stands in for it."""

_DAY_PARTS = {"year": {"Y", "y"}, "month": {"m", "b", "B"}, "day": {"d"}}
_DIRECTIVES = set("YymbBdHIMSpfaAz")


class LandedFeed(BaseModel):
    """One table, file pattern or sheet that is landed as received.

    ``key`` tells versions of a row apart from each other; ``cursor`` is the column that grows with every change (none:
    the whole table is read each time and only changed content is landed), ``cursor_else`` the column of a database that
    stands in where it is empty, such as the moment of creation of a row never changed; ``needs`` are the columns that
    mappings use. One of them that has another kind than at the last load stops the table; where the mappings were
    changed for it, ``kinds`` says what it is now (``{qty: text}``) until it was loaded. ``overlap_minutes`` reads that
    much again before the last cursor value: for zone-less local times, which run back by an hour in autumn, and for
    transactions that commit late. ``deletions: keys`` compares the keys at each visit, for systems that delete hard;
    of a large table with ``keys_every_hours: 24`` only when the last comparison is that old. A table that had rows and
    shows none is not believed, since rights that were lost look the same; ``may_be_empty`` is for one that is emptied
    in earnest, such as a queue, an inbox or a list of open cases. ``numbered`` says that the key is a whole number
    which the system gives out in rising order and to every row, so that one below the highest which is not there was
    deleted, also before the first visit.
    ``files`` is a pattern in the source's folder; where the connection is a
    file, it is read.
    ``request`` says how a web interface is asked for the table (``kind: rest``).
    ``schema`` is the schema of a database in which the table or view lies; without one, where the account looks first.

    How texts are to be read is declared, never guessed: ``nulls`` are the texts that mean "not known" (``["?", "NA"]``;
    a date among them, ``["1970-01-01"]``, is unset in columns of dates and times, too) and ``dates`` say how a column
    writes its days or times (``{opened_at: "%d/%m/%Y %H:%M"}``). They are landed as received; conform reads them so
    before anything else does, the order of versions by ``cursor`` included. A text that does not fit its form stays as
    it is, and conform refuses its row by name.

    Numbers of a CSV file have the ``decimal`` sign that is declared; ``thousands`` is the sign between groups of three
    digits, if there is one (``decimal: ","`` with ``thousands: "."`` reads 12.500 as 12500). Without it a point where
    the decimal sign is a comma may mean either, and conform refuses the row by name. ``kinds: {article: text}`` says
    that cells of a column are no numbers: they stay as they are.

    A file that changes while it is looked at is left for the next run; with ``settle_seconds`` also one that was
    written to less than so long before the run began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    table: str
    schema_name: str | None = Field(default=None, alias="schema")
    key: tuple[str, ...]
    cursor: str | None = None
    cursor_else: str | None = None
    needs: tuple[str, ...] = ()
    kinds: dict[str, Literal["integer", "number", "date", "timestamp", "instant", "boolean", "text"]] = {}
    overlap_minutes: int = Field(default=0, ge=0)
    deletions: Literal["none", "keys"] = "none"
    keys_every_hours: int = Field(default=0, ge=0)
    may_be_empty: bool = False
    numbered: bool = False
    files: str | None = None
    format: Literal["csv", "excel", "parquet", "jsonl"] | None = None
    sheet: str | None = None
    separator: str = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    encoding: str = "utf-8"
    compression: Literal["none", "gzip"] = "none"
    settle_seconds: int = Field(default=0, ge=0)
    nulls: tuple[str, ...] = ()
    dates: dict[str, str] = {}
    request: Request | None = None

    def __hash__(self) -> int:  # "dates" and "kinds" cannot be hashed; the name tells feeds of a source apart
        return hash(self.table)

    @property
    def ordered_by(self) -> str | None:
        """The column that orders versions of a row, by the name it has at the source or, made of two, is landed by."""
        return CHANGED if self.cursor and self.cursor_else else self.cursor

    @model_validator(mode="after")
    def _lists_keys_for_deletions(self) -> LandedFeed:
        if self.request is not None and self.request.key_list is not None and self.deletions != "keys":
            raise ValueError(f'table {self.table}: "key_list" is for "deletions: keys"; write that as well')
        return self

    @model_validator(mode="after")
    def _tells_signs_apart(self) -> LandedFeed:
        if self.thousands == self.decimal:
            raise ValueError(
                f'table {self.table}: thousands and decimal are both "{self.decimal}"; write decimal: "," with '
                'thousands: ".", or the reverse'
            )
        if self.thousands and (self.sheet or self.format not in (None, "csv")):
            raise ValueError(f"table {self.table}: thousands belongs to CSV files; leave it out")
        return self

    @field_validator("separator")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1:
            raise ValueError(f'separator "{value}" is not one character; write ";", "," or "\\t" in quotes')
        return value

    @field_validator("dates")
    @classmethod
    def _whole_days(cls, value: dict[str, str]) -> dict[str, str]:
        for column, form in value.items():
            directives = set(re.findall(r"%-?([a-zA-Z])", form))
            lacks = [word for word, known in _DAY_PARTS.items() if not directives & known]
            if lacks or directives - _DIRECTIVES:
                wrong = f"says no {lacks[0]}" if lacks else f"has %{min(directives - _DIRECTIVES)}"
                raise ValueError(f'form "{form}" of {column} {wrong}; write for example "%d/%m/%Y %H:%M"')
        return value


class Mapping(BaseModel):
    """How one canonical table is made: the driving landed table and the landed tables it looks things up in.

    Where rows are compared with others of their own table (two jobs of one worker at once), the driving table stands
    among the joins as well: ``_driving`` is then the rows to conform, and its name all rows they may be compared with.

    A key of a canonical table belongs to the source that brought it. ``replaces`` names sources whose place this one
    takes, after a change of systems: a row of theirs that has a key of this source becomes this source's.

    ``leaves_with`` names the joined table that a row is part of, such as the ticket of a reply. Where the system
    deletes the ticket for good and leaves its replies behind, they count as deleted at the source with it. That table
    has ``deletions: keys`` and is joined on its key. A row whose ticket was never seen is still the SELECT's to judge,
    unless the keys of the tickets are ``numbered``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    driving: str = Field(alias="from")
    joins: dict[str, tuple[str, ...]] = {}
    replaces: tuple[str, ...] = Field(default=(), repr=False)  # says whose keys, not what rows become: no new mapping
    leaves_with: str = Field(default="", repr=False)


class Source(Translated):
    """A source system. ``folder`` is where its SQL lies; it is set by the loader, not written in the file.

    ``codes`` are the source's own codes and what they mean here: ``{site: {LNZ: linz}}`` lets a mapping write
    ``code('site', plant_code)``. ``api`` is what holds for all requests to a web interface.

    ``session`` are settings that a database is given at the start of each visit, such as the organisation whose rows
    row-level security shows: ``{app.current_org: "42"}``. ``statement_timeout`` is how many seconds one statement may
    take at the database.
    """

    source: str
    title: str
    kind: Literal["sql", "files", "rest"]
    time_zone: str = "UTC"
    owner: str = ""
    tables: tuple[LandedFeed, ...]
    conform: dict[str, Mapping]
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    api: Api = Api()
    session: dict[str, str] = Field(default_factory=dict)
    statement_timeout: int | None = Field(default=None, gt=0)
    folder: Path = Path()

    @field_validator("source")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", value):
            raise ValueError(f'"{value}" is no source name; use lower-case letters, digits and single underscores')
        return value

    @model_validator(mode="after")
    def _requests_belong_to_rest(self) -> Source:
        requests = {feed.table: feed.request for feed in self.tables}
        for feed in self.tables:
            wrong = unfit_request(self.kind, feed.table, feed.cursor, requests)
            if wrong:
                raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _what_its_kind_knows(self) -> Source:
        if self.kind != "sql" and (self.session or self.statement_timeout):
            raise ValueError(f"session and statement_timeout belong to kind: sql, this is {self.kind}; leave them out")
        for feed in self.tables:
            alone = feed.cursor_else and not feed.cursor
            if alone or (self.kind != "sql" and (feed.schema_name or feed.cursor_else)):
                what = "cursor_else without a cursor" if alone else "schema and cursor_else belong to kind: sql"
                raise ValueError(f"table {feed.table}: {what}; mend it or leave it out")
            if feed.keys_every_hours and (self.kind == "files" or feed.deletions != "keys"):
                raise ValueError(
                    f"table {feed.table}: keys_every_hours belongs to deletions: keys of kind: sql or rest; drop it"
                )
            if self.kind != "files" and (feed.format or feed.settle_seconds):
                raise ValueError(f"table {feed.table}: format and settle_seconds belong to kind: files; leave them out")
        return self

    @model_validator(mode="after")
    def _leaves_with_what_tells_its_deletions(self) -> Source:
        for table, mapping in self.conform.items():
            parent, shared = self.feed(mapping.leaves_with), mapping.joins.get(mapping.leaves_with)
            if not mapping.leaves_with:
                continue
            if parent is None or shared is None or mapping.leaves_with == mapping.driving:
                raise ValueError(f'{table} leaves with "{mapping.leaves_with}", which is not among its joins; add it')
            if parent.deletions != "keys" or set(shared) != set(parent.key):
                raise ValueError(
                    f"{table} leaves with {parent.table}, whose deletions are not known by the columns of the join; "
                    f"write deletions: keys at {parent.table} and join it on [{', '.join(parent.key)}]"
                )
        for feed in self.tables:
            if feed.numbered and len(feed.key) != 1:
                raise ValueError(f"table {feed.table}: numbered is for a key of one column; leave it out")
        return self

    def feed(self, table: str) -> LandedFeed | None:
        """Return the landed feed of this name."""
        return next((feed for feed in self.tables if feed.table == table), None)

    def place(self, table: str, *location: str | int) -> str:
        """Return ``catalog/sources/crm/source.yaml:14`` of a feed or of a node in it; nothing without a file."""
        from qmsreports.catalog.document import read_document

        path = self.folder / "source.yaml"
        if not path.is_file():
            return ""
        index = next((index for index, feed in enumerate(self.tables) if feed.table == table), None)
        document = read_document(path, "/".join(path.absolute().parts[-4:]))
        return document.where(() if index is None else ("tables", index, *location))

    def sql_path(self, table: str) -> Path:
        """Path of the SELECT that makes a canonical table."""
        return self.folder / f"{table}.sql"
