"""Paging where fields read differently each time, where rows vanish behind it, and where links say more than needed."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, numbers, rest_source
from web_system import Asked, Reply, WebSystem

Rows = list[dict[str, Any]]
OFFSET = {"parameters": {"offset": "{offset}", "limit": "{size}"}, "rows": "cases"}
NUMBER = {"parameters": {"page": "{page}"}, "rows": "cases"}


def desk(folder: Path, web: WebSystem, page: dict[str, Any], **request: Any) -> Desk:
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "page": page, **request}}
    return Desk(folder, rest_source(table), web.url())


def cases(most: int) -> Rows:
    return [{"no": no, "state": "open"} for no in range(1, most + 1)]


@pytest.mark.parametrize("columns", [{}, {"no": "no", "picture": "picture"}], ids=["all fields", "declared"])
@pytest.mark.parametrize("kind", ["offset", "number"])
def test_fields_that_read_differently_each_time_end_the_paging_all_the_same(
    tmp_path: Path, web: WebSystem, kind: str, columns: dict[str, str]
) -> None:
    signature = count()

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query["offset"]) if kind == "offset" else 10 * (int(asked.query["page"]) - 1)
        rows = [{**row, "picture": f"/7.png?signed={next(signature)}"} for row in cases(25)[start : start + 10]]
        return {"cases": rows}

    request = {**(OFFSET if kind == "offset" else NUMBER), "columns": columns}
    found = desk(tmp_path, web, {"kind": kind, "size": 10}, **request).new()
    assert set(numbers(found)) == set(range(1, 26))
    # 25 rows in pages of 10: three pages that overlap and one of the last row; or twice three pages and an empty one
    assert len(web.asked) <= 8


def test_rows_that_nothing_tells_apart_are_stopped(tmp_path: Path, web: WebSystem) -> None:
    signature = count()

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query["offset"])
        return {"cases": [{"no": next(signature), "state": row["state"]} for row in cases(25)[start : start + 10]]}

    said = desk(tmp_path, web, {"kind": "offset", "size": 10}, **OFFSET).said()
    assert said == (
        "no page begins with the last row of the one before, 50 times in a row; "
        "ask in an order that does not change, or page by number"
    )
    assert len(web.asked) < 150


@pytest.mark.parametrize("total", [True, False])
def test_rows_that_vanish_before_the_offset_hide_none_behind_it(tmp_path: Path, web: WebSystem, total: bool) -> None:
    rows = cases(40)

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        start = int(asked.query["offset"])
        if start >= 25 and len(rows) == 40:
            del rows[:20]  # 21 to 40 stand at 0 to 19 now, and behind the offset there is nothing
        return {"cases": rows[start : start + 10], **({"total": len(rows)} if total else {})}

    page = {"kind": "offset", "size": 10, **({"total": "total"} if total else {})}
    found = desk(tmp_path, web, page, **OFFSET).new()
    assert set(numbers(found)) >= set(range(21, 41))


@pytest.mark.parametrize(
    "link",
    ['<cases?page=2>; rel="next"', "</cases?page=2>; rel=next", '<?page=2>; rel="last next"', '<?page=2>; REL="Next"'],
)
def test_every_way_to_write_a_link_is_followed(tmp_path: Path, web: WebSystem, link: str) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        if asked.query.get("page") == "2":
            return [{"no": 2}]
        return Reply([{"no": 1}], headers={"Link": f'<cases?page=1>; rel="self", {link}'})

    assert numbers(desk(tmp_path, web, {"kind": "link"}).new()) == [1, 2]


def test_no_content_is_no_row(tmp_path: Path, web: WebSystem) -> None:
    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return Reply(b"", status=204)

    assert desk(tmp_path, web, {"kind": "one"}, rows="cases", columns={"no": "no"}).new() == []
