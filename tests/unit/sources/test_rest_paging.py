"""Every way of paging reads every row once, whatever the system does meanwhile, and never for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, numbers, rest_source
from web_system import Asked, Reply, WebSystem

Rows = list[dict[str, Any]]


def desk(folder: Path, web: WebSystem, page: dict[str, Any], **request: Any) -> Desk:
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "page": page, **request}}
    return Desk(folder, rest_source(table), web.url())


def cases(count: int) -> Rows:
    return [{"no": no, "state": "open"} for no in range(1, count + 1)]


def by_cursor(web: WebSystem, rows: Rows) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query.get("after", "c0").removeprefix("c"))
        more = start + 3 < len(rows)
        return {"cases": rows[start : start + 3], "meta": {"after": f"c{start + 3}" if more else None, "more": more}}


def by_offset(web: WebSystem, rows: Rows, *, total: bool = True, most: int = 100) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start, limit = int(asked.query["offset"]), min(most, int(asked.query["limit"]))
        return {"cases": rows[start : start + limit], **({"total_count": len(rows)} if total else {})}


OFFSET = {"parameters": {"offset": "{offset}", "limit": "{size}"}, "rows": "cases"}
CURSOR = {"parameters": {"after": "{cursor}"}, "rows": "cases"}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 10])
def test_cursor(tmp_path: Path, web: WebSystem, count: int) -> None:
    by_cursor(web, cases(count))
    found = desk(tmp_path, web, {"kind": "cursor", "next": "meta.after"}, **CURSOR).new()
    assert numbers(found) == list(range(1, count + 1))
    assert "after" not in web.asked[0].query, "a parameter without a value is left out"


def test_a_cursor_that_is_still_given_at_the_end(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return {"cases": cases(2), "after": "same", "end_of_stream": True}

    found = desk(tmp_path, web, {"kind": "cursor", "next": "after", "end": "end_of_stream"}, **CURSOR).new()
    assert numbers(found) == [1, 2] and len(web.asked) == 1


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 10])
def test_offset(tmp_path: Path, web: WebSystem, count: int, total: bool) -> None:
    by_offset(web, cases(count), total=total)
    page = {"kind": "offset", "size": 3, "total": "total_count" if total else ""}
    assert numbers(desk(tmp_path, web, page, **OFFSET).new()) == list(range(1, count + 1))


@pytest.mark.parametrize("total", ["total_count", ""])
def test_a_system_that_cuts_pages_to_its_own_size(tmp_path: Path, web: WebSystem, total: str) -> None:
    by_offset(web, cases(9), most=2, total=bool(total))
    page = {"kind": "offset", "size": 100, "total": total}
    assert numbers(desk(tmp_path, web, page, **OFFSET).new()) == list(range(1, 10))


@pytest.mark.parametrize("hidden", [{3}, {1, 2, 3, 4}, {4, 5, 6, 7, 8}, {9, 10}])
def test_rows_that_the_account_may_not_see_leave_short_pages_and_end_nothing(
    tmp_path: Path, web: WebSystem, hidden: set[int]
) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Reply:
        start = int(asked.query["offset"])
        seen = [row for row in cases(10)[start : start + 4] if row["no"] not in hidden]
        return Reply({"cases": seen}, headers={"X-Total-Count": "10"})

    page = {"kind": "offset", "size": 4, "total": "header:X-Total-Count"}
    assert set(numbers(desk(tmp_path, web, page, **OFFSET).new())) == set(range(1, 11)) - hidden


@pytest.mark.parametrize("leaving", [[1], [1, 2], [1, 2, 3, 4], [3], [4], [5]])
@pytest.mark.parametrize("total", ["total_count", ""])
def test_records_that_move_to_the_end_push_none_over_the_edge_of_a_page(
    tmp_path: Path, web: WebSystem, leaving: list[int], total: str
) -> None:
    rows = cases(10)
    by_offset(web, rows, total=bool(total))
    plain = web.answer

    def changing(asked: Asked) -> Reply:
        reply = plain(asked)
        if len(web.asked) == 1:  # after the first page the records are touched and stand at the end
            for no in leaving:
                moved = next(row for row in rows if row["no"] == no)
                rows.remove(moved)
                rows.append({**moved, "state": "touched"})
        return reply

    web.answer = changing  # type: ignore[method-assign]
    found = desk(tmp_path, web, {"kind": "offset", "size": 4, "total": total}, **OFFSET).new()
    assert set(numbers(found)) == set(range(1, 11))
    assert {row["state"] for row in found if row["no"] == str(leaving[0])} >= {"touched"}


@pytest.mark.parametrize(("page", "place"), [(1, 0), (2, 4), (3, 7), (29, 86), (30, 0)])
def test_a_record_deleted_between_two_numbered_pages_hides_no_other(
    tmp_path: Path, web: WebSystem, page: int, place: int
) -> None:
    rows = cases(99)
    after = page

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        page = int(asked.query["page"])
        given = rows[(page - 1) * 3 : page * 3]
        if len(web.asked) == after:
            del rows[place]
        return {"cases": given}

    found = desk(tmp_path, web, {"kind": "number", "size": 3}, parameters={"page": "{page}"}, rows="cases").new()
    assert sorted(numbers(found)) == list(range(1, 100))


def test_numbered_pages_end_where_the_system_says_that_there_is_none(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        page = int(asked.query["page"])
        return {"cases": cases(6)[page * 3 : page * 3 + 3]} if page < 2 else Reply({"detail": "Invalid page."}, 404)

    page = {"kind": "number", "size": 3, "first": 0}
    found = desk(tmp_path, web, page, parameters={"page": "{page}"}, rows="cases").new()
    assert numbers(found) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("where", ["header", "answer", "answer, without host"])
def test_links(tmp_path: Path, web: WebSystem, where: str) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query.get("from", 0))
        url = f"{'' if 'without' in where else web.url()}/cases?from={start + 3}" if start + 3 < 7 else ""
        link = {"Link": f'<{web.url()}/cases>; rel="first", <{url}>; rel="next"'} if url and where == "header" else {}
        return Reply({"cases": cases(7)[start : start + 3], "next": url or None}, headers=link)

    page = {"kind": "link", "next": "" if where == "header" else "next"}
    assert numbers(desk(tmp_path, web, page, rows="cases").new()) == list(range(1, 8))


def test_no_credentials_are_sent_to_another_host(tmp_path: Path, web: WebSystem) -> None:
    with WebSystem().running() as other:

        @web.route("GET", "/cases")
        def answer(asked: Asked) -> Any:
            return {"cases": cases(1), "next": f"{other.url()}/cases"}

        said = desk(tmp_path, web, {"kind": "link", "next": "next"}, rows="cases").said()
        assert "leads to another host, to which no credentials are sent" in said
        assert not other.asked


# --- pagings that do not end -----------------------------------------------------------------------------------------
def test_a_cursor_that_repeats_is_stopped(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return {"cases": cases(2), "meta": {"after": "b" if asked.query.get("after") == "a" else "a"}}

    said = desk(tmp_path, web, {"kind": "cursor", "next": "meta.after"}, **CURSOR).said()
    assert "the paging repeats itself: page 4 asks what page 2 asked" in said
    assert len(web.asked) == 3


def nothing_new(asked: Asked, nth: int) -> Rows:
    return cases(2)


def always_empty(asked: Asked, nth: int) -> Rows:
    return []


@pytest.mark.parametrize("rows", [nothing_new, always_empty])
def test_a_cursor_that_never_ends_is_stopped(
    tmp_path: Path, web: WebSystem, rows: Callable[[Asked, int], Rows]
) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return {"cases": rows(asked, len(web.asked)), "meta": {"after": f"c{len(web.asked)}"}}

    said = desk(tmp_path, web, {"kind": "cursor", "next": "meta.after"}, **CURSOR).said()
    assert "20 pages in a row brought nothing new, so the paging does not end" in said
    assert len(web.asked) <= 21


def test_an_offset_that_the_system_does_not_look_at_ends_by_itself(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return {"cases": cases(3)}

    found = desk(tmp_path, web, {"kind": "offset", "size": 3}, **OFFSET)
    assert "does not end" in found.said()
    assert len(web.asked) <= 25


def test_records_that_change_faster_than_they_can_be_read_are_said(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        page = int(asked.query["page"])
        return {"cases": [{"no": 100 * page + len(web.asked)}] if page < 4 else []}

    said = desk(tmp_path, web, {"kind": "number"}, parameters={"page": "{page}"}, rows="cases").said()
    assert "change faster than 6 passes can read them" in said


# --- asked anew from the last cursor value ---------------------------------------------------------------------------
def test_asked_anew_from_the_last_value_a_limit_of_rows_is_never_met(tmp_path: Path, web: WebSystem) -> None:
    rows = [{"no": no, "changed": f"2026-10-01T08:{no // 6:02}:00Z"} for no in range(60)]  # six in the same minute

    @web.route("POST", "/search")
    def answer(asked: Asked) -> Any:
        start = int(asked.body.get("after", 0))
        if start >= 10:  # as of systems that give no more rows for one question
            return Reply({"message": "too deep"}, 400)
        found = [row for row in rows if row["changed"] >= asked.body["since"]]
        more = {"paging": {"next": {"after": str(start + 4)}}} if start + 4 < len(found) else {}
        return {"results": found[start : start + 4], **more}

    table = {
        "table": "cases",
        "key": ["no"],
        "cursor": "changed",
        "request": {
            "path": "search",
            "method": "POST",
            "body": {"since": "{since}", "after": "{cursor}", "limit": "{size}"},
            "rows": "results",
            "since": {"form": "iso"},
            "page": {"kind": "cursor", "next": "paging.next.after", "size": 4, "anew": True},
        },
    }
    found = Desk(tmp_path, rest_source(table), web.url())
    assert sorted(numbers(found.new())) == list(range(60))
    assert web.asked[0].body == {"since": "1970-01-01T00:00:00Z", "limit": 4}
    assert found.new() == []


def test_asked_anew_a_system_that_gives_another_order_loses_nothing(tmp_path: Path, web: WebSystem) -> None:
    rows = [{"no": no, "changed": f"2026-10-{28 - no:02}T08:00:00Z"} for no in range(10)]  # the newest first

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query.get("after", 0))
        return {"cases": rows[start : start + 3], "next": str(start + 3) if start + 3 < len(rows) else None}

    parameters = {"after": "{cursor}", "since": "{since}"}
    page = {"kind": "cursor", "next": "next", "anew": True}
    request = {"path": "cases", "parameters": parameters, "rows": "cases", "page": page, "since": {}}
    table = {"table": "cases", "key": ["no"], "cursor": "changed", "request": request}
    assert numbers(Desk(tmp_path, rest_source(table), web.url()).new()) == list(range(10))


@pytest.mark.parametrize("together", [3, 4, 9])
def test_numbered_pages_asked_anew_lose_no_row_where_many_share_a_value(
    tmp_path: Path, web: WebSystem, together: int
) -> None:
    """As of a system that says no total, and leaves out of a page what the account may not see."""
    rows = [{"no": no, "changed": f"2026-10-01T08:{no // together:02}:00Z"} for no in range(45)]

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = 4 * (int(asked.query["page"]) - 1)
        page = [row for row in rows if row["changed"] >= asked.query["since"]][start : start + 4]
        return {"cases": [row for row in page if row["no"] % 7], "total": None}

    table = {
        "table": "cases",
        "key": ["no"],
        "cursor": "changed",
        "request": {
            "path": "cases",
            "parameters": {"since": "{since}", "page": "{page}"},
            "rows": "cases",
            "since": {"form": "iso"},
            "page": {"kind": "number", "total": "total", "anew": True},
        },
    }
    found = Desk(tmp_path, rest_source(table), web.url())
    assert sorted(numbers(found.new())) == [no for no in range(45) if no % 7]
    assert len(web.asked) < 80
    assert found.new() == []
