"""Which entries of an answer are rows of a table, and what lies in texts that are JSON themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, LandedDesk, numbers, rest_source
from web_system import Reply, WebSystem

NOTES = [
    {"no": 1, "note": {"text": "hello", "private": False}},
    {"no": 2, "note": {"text": "psst", "private": True}},
    {"no": 3, "note": {"text": "an older release does not say"}},
    {"no": 4, "note": {"text": "", "private": False}},
    {"no": 5},
]


def found(folder: Path, web: WebSystem, answer: Any, **request: Any) -> list[dict[str, Any]]:
    web.route("GET", "/cases")(lambda asked: answer)
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", **request}}
    return Desk(folder, rest_source(table, empty=[""]), web.url()).new()


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"unless": {"note.private": ["true"]}}, [1, 3, 4, 5]),
        ({"unless": {"note.private": ["true", "false"]}}, [3, 5]),
        ({"unless": {"note.private": []}}, [3, 5]),
        ({"only": {"note.text": []}, "unless": {"note.private": ["true"]}}, [1, 3]),
        ({"only": {"note.private": ["false"]}}, [1, 4]),
    ],
)
def test_what_a_row_says_decides_whether_it_is_one_of_the_table(
    tmp_path: Path, web: WebSystem, request_: dict[str, Any], left: list[int]
) -> None:
    assert numbers(found(tmp_path, web, NOTES, columns={"no": "no"}, **request_)) == left


def test_a_change_log_kept_as_text_becomes_rows(tmp_path: Path, web: WebSystem) -> None:
    answer = [
        {"name": "V1", "data": json.dumps({"changed": [["status", "Open", "Closed"], ["hours", 0.1, 0.3]]})},
        {"name": "V2", "data": json.dumps({"changed": []})},
        {"name": "V3", "data": "{broken"},
        {"name": "V4", "data": "no JSON at all"},
        {"name": "V5", "data": None},
    ]
    columns = {"no": "nth", "version": "outer.name", "field": "value.0", "from": "value.1", "to": "value.2"}
    assert found(tmp_path, web, answer, each="data.changed", columns=columns) == [
        {"no": "0", "version": "V1", "field": "status", "from": "Open", "to": "Closed"},
        {"no": "1", "version": "V1", "field": "hours", "from": "0.1", "to": "0.3"},
    ]


def test_lists_within_lists_become_rows(tmp_path: Path, web: WebSystem) -> None:
    answer = [
        {"no": 7, "log": [{"id": "a", "items": [{"to": "x"}, {"to": "y"}]}, {"id": "b", "items": []}]},
        {"no": 8, "log": [{"id": "c", "items": [{"to": "z"}]}, {"id": "d"}]},
        {"no": 9},
    ]
    columns = {"no": "outer.outer.no", "log": "outer.id", "nth": "nth", "to": "to"}
    assert found(tmp_path, web, answer, each=["log", "items"], columns=columns) == [
        {"no": "7", "log": "a", "nth": "0", "to": "x"},
        {"no": "7", "log": "a", "nth": "1", "to": "y"},
        {"no": "8", "log": "c", "nth": "0", "to": "z"},
    ]


# --- two tables of the same answers ----------------------------------------------------------------------------------
CASES = {
    "table": "cases",
    "key": ["no"],
    "cursor": "changed",
    "request": {"path": "cases", "parameters": {"since": "{since}"}, "since": {}},
}
JOURNAL = {"path": "cases/{no}", "rows": "log", "parent": {"table": "cases", "columns": {"no": "no"}}}
CHANGES = {"table": "changes", "key": ["no", "id"], "request": {**JOURNAL, "columns": {"id": "id", "to": "to"}}}
NOTES_OF = {
    "table": "notes",
    "key": ["no", "id"],
    "request": {**JOURNAL, "only": {"text": []}, "columns": {"id": "id"}},
}


@pytest.fixture
def journals(web: WebSystem) -> dict[str, Any]:
    """Two cases; the third was deleted after it was listed."""
    cases = [{"no": no, "changed": "2026-10-01T08:00:00Z"} for no in (1, 2, 3)]
    logs = {"1": [{"id": 11, "to": "open"}, {"id": 12, "text": "hello"}], "2": [{"id": 21, "text": "well"}]}

    @web.route("GET", "/cases")
    def listed(asked: Any) -> Any:
        return [case for case in cases if case["changed"] >= asked.query["since"]]

    @web.route("GET", "/cases/(.*)")
    def case(asked: Any, no: str) -> Any:
        return {"log": logs[no]} if no in logs else Reply({"message": "gone"}, 404)

    return {"cases": cases, "logs": logs}


def test_two_tables_of_the_same_answers_ask_once_in_a_visit(
    tmp_path: Path, web: WebSystem, journals: dict[str, Any]
) -> None:
    desk = LandedDesk(tmp_path, rest_source(CASES, CHANGES, NOTES_OF), web.url())
    warned = [warning.what for warning in desk.land().warnings]
    assert [(row["no"], row["id"]) for row in desk.rows("changes")] == [("1", "11"), ("1", "12"), ("2", "21")]
    assert [(row["no"], row["id"]) for row in desk.rows("notes")] == [("1", "12"), ("2", "21")]
    assert sorted(asked.path for asked in web.asked if asked.path != "/cases") == ["/cases/1", "/cases/2", "/cases/3"]
    assert sum("1 rows of cases were deleted while" in what for what in warned) == 2, "each table says so"
    journals["logs"]["2"].append({"id": 22, "text": "done"})
    journals["cases"][1]["changed"] = "2026-10-02T08:00:00Z"
    desk.land()
    assert [row["id"] for row in desk.rows("notes")] == ["12", "21", "21", "22"], "nothing is kept from visit to visit"


def test_a_parent_that_changes_within_a_visit_is_asked_again(
    tmp_path: Path, web: WebSystem, journals: dict[str, Any]
) -> None:
    plain = web.answer
    lists: list[str] = []

    def changing(asked: Any) -> Reply:
        lists.extend([asked.path] if asked.path == "/cases" else [])
        if len(lists) == 3 and asked.path == "/cases":  # when the parents of the second table are listed
            journals["logs"]["1"].append({"id": 13, "text": "just now"})
            journals["cases"][0]["changed"] = "2026-10-03T08:00:00Z"
        return plain(asked)

    web.answer = changing  # type: ignore[method-assign]
    desk = LandedDesk(tmp_path, rest_source(CASES, CHANGES, NOTES_OF), web.url())
    desk.land()
    assert [row["id"] for row in desk.rows("notes")] == ["12", "13", "21"]
    desk.land()
    assert {row["id"] for row in desk.rows("changes")} == {"11", "12", "13", "21"}


# --- keys compared when it is time -----------------------------------------------------------------------------------
def test_keys_are_compared_once_a_day_however_often_the_source_is_visited(tmp_path: Path, web: WebSystem) -> None:
    rows = [{"no": no, "changed": "2026-10-01T08:00:00Z"} for no in (1, 2, 3)]

    @web.route("GET", "/cases")
    def listed(asked: Any) -> Any:
        return [row for row in rows if row["changed"] >= asked.query["since"]]

    web.route("GET", "/keys")(lambda asked: [{"no": row["no"]} for row in rows])
    request = CASES["request"] | {"key_list": {"path": "keys", "columns": {"no": "no"}}}
    scheduled = {**CASES, "request": request, "deletions": "keys", "keys_every_hours": 20}
    desk = LandedDesk(tmp_path, rest_source(scheduled), web.url())
    began = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
    desk.land(at=began)
    del rows[0]
    rows[0]["changed"] = "2026-10-02T08:00:00Z"
    desk.land(at=began + timedelta(hours=19))
    assert [asked.path for asked in web.asked].count("/keys") == 1
    assert [row["no"] for row in desk.rows("cases__keys")] == ["1", "2", "3"]
    desk.land(at=began + timedelta(hours=21))
    assert [row["no"] for row in desk.rows("cases__keys")] == ["1", "2", "3", "2", "3"]
    for hours in (41, 50, 60):  # it was time at the first of them, and nothing was gone
        desk.land(at=began + timedelta(hours=hours))
    assert [asked.path for asked in web.asked].count("/keys") == 3
