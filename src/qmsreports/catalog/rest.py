"""How a source with a web interface (``kind: rest``) is asked: who we are, what to ask, how its answers are paged.

Texts may hold placeholders: ``{login}``, ``{password}`` and every name in the connection's query
(``https://user:secret@host/?database=live`` gives ``{database}``); ``{since}`` from where on to read; ``{offset}``,
``{page}``, ``{cursor}`` and ``{size}`` of the page; and the columns that a child endpoint takes from its parent.

A *path* points into an answer: ``fields.status.name``, ``tags.0`` (the first), ``custom_fields[id=4711].value`` (the
entry of a list whose id is 4711). Where a part of it is missing, the value is empty. A text that is itself JSON, as
some systems keep their change logs, is looked into: ``data.changed.0``. A field named with dots is found as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Basic(_Declared):
    """User and password with every request. ``login`` and ``password`` are what is sent as them."""

    kind: Literal["basic"]
    login: str = "{login}"
    password: str = "{password}"


class Token(_Declared):
    """A fixed token in a header: ``{kind: token, header: X-Redmine-API-Key, value: "{password}"}``."""

    kind: Literal["token"]
    header: str = "Authorization"
    value: str = "Bearer {password}"


class SignIn(_Declared):
    """A token that the system gives for user and password, as most JWT interfaces do.

    ``path`` is posted ``body`` as JSON; ``token`` is the path of the token in the answer. Once the system refuses the
    token (401), a new one is asked for and the request repeated.
    """

    kind: Literal["sign_in"]
    path: str
    body: dict[str, Any] = {"username": "{login}", "password": "{password}"}
    token: str = "access_token"
    header: str = "Authorization"
    value: str = "Bearer {token}"


class OAuth2(_Declared):
    """OAuth 2: the connection's login and password are client id and secret.

    ``grant: refresh_token`` needs ``refresh_token=…`` in the connection. ``token_at`` is the address that gives tokens,
    relative to the connection's or whole; ``client`` says whether id and secret go in the form or as basic
    authentication; ``form`` are further fields, such as ``{scope: read}``.
    """

    kind: Literal["oauth2"]
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    token_at: str
    client: Literal["form", "basic"] = "form"
    form: dict[str, str] = {}


class SignedJwt(_Declared):
    """OAuth 2 with a signed assertion (RFC 7523): no password, a key that signs.

    The connection's login is the issuer, its password the private key (PEM, percent-encoded). ``subject`` and
    ``audience`` are claims; the assertion is good for three minutes by the clock of the server that is asked.
    """

    kind: Literal["jwt"]
    token_at: str
    subject: str = "{login}"
    audience: str
    algorithm: Literal["RS256", "ES256", "HS256"] = "RS256"
    form: dict[str, str] = {}


Access = Annotated[Basic | Token | SignIn | OAuth2 | SignedJwt, Field(discriminator="kind")]


class Api(_Declared):
    """What holds for every request to a source.

    ``empty`` are JSON values that mean "not known" (``[""]``; ``[false]`` for systems that write false where nothing
    is). ``error`` is the path of the message of an error that comes as a success. ``attempts`` is how often a request
    is made before a system that is busy or broken is given up. ``spent`` are texts in a refusal that mean the day's
    quota is used up, so that waiting is of no use and the account is not to blame.
    """

    authentication: Access | None = None
    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}
    empty: tuple[str | bool | int, ...] = ()
    error: str = ""
    attempts: int = Field(default=6, ge=1, le=20)
    spent: tuple[str, ...] = ()


class Page(_Declared):
    """How an answer goes on.

    ``cursor``: the answer names the next page at the path ``next``, asked for with ``{cursor}``. ``link``: it holds the
    next address at ``next``, or in its Link header without one. ``offset``: ``{offset}`` counts rows. ``number``:
    ``{page}`` counts pages from ``first``. ``size`` is what ``{size}`` asks for.

    ``more`` is a path that is true while there is more, ``end`` one that is true at the end, ``total`` the path (or
    ``header:X-Total-Count``) of the number of rows there are. With none of them, paging ends at an empty page: a short
    page is no end, since some systems leave out what an account may not see.

    ``anew: true``, for questions in the order of the cursor column: instead of the next page, the same question is
    asked from the last cursor value on. Records that change while being read then push none over the edge of a page,
    and a limit of rows per question is never met. A page that comes in another order is followed by the next page.
    """

    kind: Literal["one", "cursor", "link", "offset", "number"] = "one"
    size: int = Field(default=100, ge=1)
    first: int = 1
    next: str = ""
    more: str = ""
    end: str = ""
    total: str = ""
    anew: bool = False


class Since(_Declared):
    """How ``{since}`` is written: ``iso`` (2026-11-02T08:00:00Z), ``epoch_seconds``, ``epoch_milliseconds`` or a form
    such as ``%Y-%m-%d %H:%M`` in the source's time zone.

    ``start`` is from when on to read at the first visit. Numbers in the cursor column are seconds unless the form is
    ``epoch_milliseconds``.
    """

    form: str = "iso"
    start: date = date(1970, 1, 1)


class Parent(_Declared):
    """The landed table for each of whose changed rows a child endpoint is read, and what it takes from it.

    ``columns: {ticket_id: id}`` makes the parent's ``id`` the child's ``ticket_id``, in its path and in its rows.

    ``at_once`` is how many parents one question may name: an entry of a list in the body that holds ``{ticket_id}`` is
    then written once for each (``inputs: [{id: "{ticket_id}"}]``), in parameters they stand with commas between. Which
    row belongs to which parent is then read out of the answer, so ``columns`` of the request says where it stands.
    """

    table: str
    columns: dict[str, str]
    at_once: int = Field(default=1, ge=1, le=1000)


class Request(_Declared):
    """What is asked for one landed table, and which columns are made of the answers.

    ``rows`` is the path of the list of rows (the answer itself without one); ``each`` a list within each row that gives
    a landed row per entry, paths then starting there, with ``outer.`` in the row around it and ``nth`` for its place;
    lists within lists are named one after the other (``[histories, items]``). ``columns`` are landed
    names and their paths; of several paths the first that holds something counts. Without ``columns`` every field of
    the row is landed. ``only`` names paths and the texts there that make a row one of this table; an empty list means
    any text. ``unless`` names those that make it none, such as notes among colleagues; a row without the path stays.
    Everything is landed as text, as the answer wrote it. ``keys`` replaces parameters where only the keys are listed
    (``deletions: keys``); where they are listed by a question of another kind, ``key_list`` is that question; its
    ``columns`` are the same unless it names its own.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    parameters: dict[str, str] = {}
    body: dict[str, Any] | None = None
    rows: str = ""
    each: str | tuple[str, ...] = ""
    page: Page = Page()
    since: Since | None = None
    parent: Parent | None = None
    columns: dict[str, str | tuple[str, ...]] = {}
    only: dict[str, tuple[str, ...]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    keys: dict[str, str] = {}
    key_list: Request | None = None

    @model_validator(mode="after")
    def _asks_as_it_says(self) -> Request:
        placeholder = {"cursor": "{cursor}", "offset": "{offset}", "number": "{page}"}.get(self.page.kind)
        asked = repr((self.path, self.parameters, self.body))
        if placeholder and placeholder not in asked:
            raise ValueError(f'"{placeholder}" is asked nowhere, so every page is the first; put it into "parameters"')
        if self.page.kind == "cursor" and not self.page.next:
            raise ValueError('"next" is missing in "page"; write the path of the next cursor in the answer')
        if (self.since is not None) != ("{since}" in asked) and self.parent is None:
            raise ValueError('"{since}" and the field "since" belong together; write both or none')
        if self.page.anew and self.since is None:
            raise ValueError('"anew" needs "since"; write how the question is asked from a cursor value on')
        if self.parent is not None and self.since is not None:
            raise ValueError('"since" of a child endpoint is its parent\'s; leave it out')
        if self.key_list is not None and (self.keys or self.key_list.parent or self.key_list.since):
            raise ValueError('"key_list" lists all keys there are: without "keys", "parent" and "since"')
        return self

    @model_validator(mode="after")
    def _tells_children_apart(self) -> Request:
        parent = self.parent
        if parent is None or parent.at_once == 1:
            return self
        for name in parent.columns:
            if name not in self.columns:
                raise ValueError(f'"at_once" needs "{name}" under "columns": the path of it in the answer')
            if "{" + name + "}" in self.path:
                raise ValueError(f'"{{{name}}}" stands in "path", which can name one parent only; leave "at_once" out')
        return self


def unfit_request(kind: str, table: str, cursor: str | None, requests: Mapping[str, Request | None]) -> str:
    """Return what is wrong between the request of one landed table and its source; empty where nothing is.

    ``requests`` are those of all landed tables of the source.
    """
    request = requests[table]
    if (request is not None) != (kind == "rest"):
        what = "has no request" if kind == "rest" else f"has a request, but the kind is {kind}"
        return f'table "{table}" {what}; requests are for kind: rest'
    if request is None:
        return ""
    if request.since is not None and cursor is None:
        return f'table "{table}" has "since" and no "cursor"; name the column it goes by'
    if request.parent is None:
        return ""
    parent = requests.get(request.parent.table)
    if parent is None:
        return f'"{request.parent.table}", parent of table "{table}", is not landed; declare it under "tables"'
    if parent.parent is not None:
        return f'"{request.parent.table}", parent of table "{table}", is a child itself; take its parent'
    return ""
