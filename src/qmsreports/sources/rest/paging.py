"""One question, page by page, until it is answered whole: never for ever, and nothing slips between two pages.

Records change while they are read. With ``offset`` paging a record that leaves its place moves all later ones up by
one, and the first of the next page is never seen. So pages overlap by one row: a page must begin with a row that is
known, else it is asked again from further ahead. Where a page is asked by its number they cannot overlap; several pages
are then read again until a whole pass brings nothing new. Asked anew from the last cursor value, questions overlap by
themselves: only rows of one same value that fill more than a page are read again.

A row is known by its key, where it has one: some of its other fields may read differently each time, such as an address
that was signed for this one answer.

A paging that asks the same twice, that goes on for :data:`IDLE_PAGES` pages without a new row, or that goes back
:data:`MOST_BACK` times from one place does not end: it is stopped and said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import urljoin

from qmsreports.catalog.rest import Request
from qmsreports.sources.feed import Unreadable
from qmsreports.sources.rest.client import Answer, Client
from qmsreports.sources.rest.kept import Kept
from qmsreports.sources.rest.values import at_path

IDLE_PAGES = 20
MOST_BACK = 50
_MOST_PASSES = 6


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked next.

    ``since`` is a point in time, ``count`` the rows of the pages before, ``again`` tells a deliberate repetition from a
    loop, and ``free`` a page that need not begin with a known row.
    """

    since: str | None = None
    cursor: str | None = None
    offset: int = 0
    page: int = 1
    url: str = ""
    count: int = 0
    again: int = 0
    free: bool = False


class Question:
    """A request with its values.

    ``since_of`` writes a point in time; ``last_point`` finds the newest of some rows, ``None`` where they are not in
    the order of their points. ``key_of`` gives what tells a row from others, ``None`` where nothing but the whole row
    does. ``kept`` are the answers of this visit that other tables need as well.
    """

    def __init__(
        self,
        client: Client,
        request: Request,
        values: Mapping[str, Any],
        *,
        since_of: Callable[[str], Any],
        last_point: Callable[[list[Any]], str | None],
        key_of: Callable[[Any], Any] = lambda _: None,
        may_be_gone: bool = False,
        kept: Kept | None = None,
    ) -> None:
        self.gone = False
        self._client = client
        self._request = request
        self._values = values
        self._since_of = since_of
        self._last_point = last_point
        self._key_of = key_of
        self._may_be_gone = may_be_gone
        self._kept = kept
        self._seen: set[bytes] = set()
        self._keys: set[bytes] = set()
        self._asked: dict[str, int] = {}
        self._idle = 0
        self._furthest = self._back = 0
        self._by_number = False  # whether this pass went on to a page that does not overlap the one before

    def pages(self, since: str | None) -> Iterator[list[Any]]:
        """Yield the rows of each page that were not on one before."""
        first = Step(since=since, page=self._request.page.first)
        if self._request.page.kind != "number":
            yield from self._pass(first)
            return
        for nth in range(_MOST_PASSES):
            known, self._by_number = len(self._keys), False
            yield from self._pass(replace(first, again=nth))
            if not self._by_number or (nth and len(self._keys) == known):
                return
        raise Unreadable(
            f"its records change faster than {_MOST_PASSES} passes can read them",
            "ask in an order that does not change",
            place=("request", "page"),
        )

    def _pass(self, step: Step) -> Iterator[list[Any]]:
        passed: set[bytes] = set()  # rows of this pass: those of an earlier one are read again, and end nothing
        while True:
            answer = self._ask(step)
            if answer is None:
                self.gone = step.page == self._request.page.first
                return
            rows = self._rows(answer)
            self._by_number |= step.page > self._request.page.first and (bool(rows) or not self._request.page.anew)
            keys = [self._key(row) for row in rows]
            known = [key in passed for key in keys]
            passed.update(keys)
            self._keys.update(keys)
            fresh = self._unseen(rows)
            following = self._following(step, answer, rows, known)
            yield fresh
            if following is None:
                return
            self._idle = self._idle + 1 if all(known) else 0
            if self._idle >= IDLE_PAGES:
                raise Unreadable(
                    f"{IDLE_PAGES} pages in a row brought nothing new, so the paging does not end",
                    "check how the system pages",
                    place=("request", "page"),
                )
            step = following

    def _ask(self, step: Step) -> Answer | None:
        client, request, address = self._client, self._request, self._client.address
        method, url, parameters, body = "GET", step.url, None, None
        if not url:
            values = {
                **self._values,
                "since": self._since_of(step.since) if step.since is not None else None,
                "cursor": step.cursor,
                "offset": step.offset,
                "page": step.page,
                "size": request.page.size,
            }
            method, url = request.method, address.url(address.path(request.path, values))
            parameters, body = address.fill(request.parameters, values), address.fill(request.body, values)
        asked = json.dumps([url, parameters, body, step.again], default=str)
        if asked in self._asked:
            raise Unreadable(
                f"the paging repeats itself: page {len(self._asked) + 1} asks what page {self._asked[asked]} asked",
                "check how the system pages",
                place=("request", "page"),
            )
        self._asked[asked] = len(self._asked) + 1
        beyond = self._may_be_gone or (request.page.kind == "number" and step.page > request.page.first)
        return client.ask(method, url, parameters, body, may_be_gone=beyond, kept=None if step.again else self._kept)

    def _rows(self, answer: Answer) -> list[Any]:
        rows, found = at_path(answer.data, self._request.rows)
        if not found:
            names = ", ".join(list(answer.data)[:5]) if isinstance(answer.data, Mapping) else "a list"
            raise Unreadable(
                f'the answer has no "{self._request.rows}" (it has {names})',
                "mend this line",
                place=("request", "rows"),
            )
        if isinstance(rows, Mapping):
            return [rows]
        if rows and not isinstance(rows, list):
            raise Unreadable(
                f'"{self._request.rows}" of the answer holds no rows but a {type(rows).__name__}',
                "mend this line",
                place=("request", "rows"),
            )
        return rows or []

    def _unseen(self, rows: list[Any]) -> list[Any]:
        fresh = []
        for row in rows:
            digest = self._digest(row)
            if digest not in self._seen:
                self._seen.add(digest)
                fresh.append(row)
        return fresh

    def _key(self, row: Any) -> bytes:
        key = self._key_of(row)
        return self._digest(row if key is None else key)

    @staticmethod
    def _digest(row: Any) -> bytes:
        return blake2b(json.dumps(row, sort_keys=True, default=str).encode(), digest_size=8).digest()

    # --- what comes next ---------------------------------------------------------------------------------------------
    def _following(self, step: Step, answer: Answer, rows: list[Any], known: list[bool]) -> Step | None:
        page = self._request.page
        if page.kind == "offset":
            following = self._next_offset(step, answer, rows, known)
        elif page.kind == "one" or self._ends(answer, step.count + len(rows)):
            following = None
        elif page.kind == "number":
            over = not rows if page.anew else all(known)  # anew, a page of known rows may have others behind it
            following = None if over else replace(step, page=step.page + 1, count=step.count + len(rows))
        elif page.kind == "cursor":
            cursor = at_path(answer.data, page.next)[0]
            following = replace(step, cursor=str(cursor)) if cursor not in (None, "", False) else None
        else:
            url = self._linked(answer)
            following = Step(url=urljoin(answer.url, url)) if url else None
        if following is not None and page.anew:
            last = self._last_point(rows)
            if last is not None and (step.since is None or last[:19] > step.since[:19]):
                return Step(since=last, page=page.first, again=step.again)
        return following

    def _ends(self, answer: Answer, so_far: int) -> bool:
        """Whether the answer says that it is the last page; ``so_far`` are the rows up to and with it."""
        page = self._request.page
        if page.more and not at_path(answer.data, page.more)[0]:
            return True
        if page.end and at_path(answer.data, page.end)[0]:
            return True
        total = self._total(answer)
        return total is not None and so_far >= total

    def _total(self, answer: Answer) -> int | None:
        page = self._request.page
        if not page.total:
            return None
        header = page.total.removeprefix("header:")
        said = answer.headers.get(header) if header != page.total else at_path(answer.data, page.total)[0]
        return int(str(said)) if str(said).isdigit() else None

    def _next_offset(self, step: Step, answer: Answer, rows: list[Any], known: list[bool]) -> Step | None:
        """Return the step to the next page, which overlaps this one by a row, or back where rows moved up.

        What counts is the rows that came, not those that were asked for: systems cut pages to a size of their own.
        """
        size = self._request.page.size
        moved = step.offset and not step.free and not (rows and known[0])  # none at all: so many are there no more
        if moved:
            self._went_back(step)
            return replace(step, offset=max(0, step.offset - size), again=step.again + 1)
        if self._ends(answer, step.offset + len(rows)):
            return None
        if len(rows) > 1 or (rows and not step.offset):
            return replace(step, offset=step.offset + max(1, len(rows) - 1), free=len(rows) == 1)
        total = self._total(answer)
        if total is not None and step.offset + size < total:  # the rest of the page is what the account may not see
            return replace(step, offset=step.offset + size, free=True)
        return None

    def _went_back(self, step: Step) -> None:
        """Count how often rows moved before the reading got any further, and stop where that does not end."""
        self._back = 0 if step.offset > self._furthest else self._back + 1
        self._furthest = max(self._furthest, step.offset)
        if self._back >= MOST_BACK:
            raise Unreadable(
                f"no page begins with the last row of the one before, {MOST_BACK} times in a row",
                "ask in an order that does not change, or page by number",
                place=("request", "page"),
            )

    def _linked(self, answer: Answer) -> str:
        page = self._request.page
        if page.next:
            return str(at_path(answer.data, page.next)[0] or "")
        from requests.utils import parse_header_links

        links = parse_header_links(answer.headers.get("Link", ""))
        relations = (
            (link["url"], {name.lower(): value for name, value in link.items()}.get("rel", "")) for link in links
        )
        return next((str(url) for url, relation in relations if "next" in relation.lower().split()), "")
