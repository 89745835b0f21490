"""Questions about many parents at once, keys listed by a question of their own, and quotas that are used up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, numbers, rest_source
from web_system import Asked, Reply, WebSystem

from qmsreports.catalog.document import parse_document
from qmsreports.catalog.invalid import findings_of
from qmsreports.catalog.source import Source
from qmsreports.landing import KEYS

CASES = {
    "table": "cases",
    "key": ["no"],
    "cursor": "changed",
    "request": {"path": "cases", "parameters": {"since": "{since}"}, "since": {}},
}


def moves(at_once: int, **request: Any) -> dict[str, Any]:
    asked = {
        "path": "moves",
        "method": "POST",
        "body": {"with": ["state"], "inputs": [{"id": "{case_no}"}, {"kind": "case"}]},
        "rows": "results",
        "each": "history",
        "parent": {"table": "cases", "columns": {"case_no": "no"}, "at_once": at_once},
        "columns": {"case_no": "outer.id", "state": "state", "nth": "nth"},
    }
    return {"table": "moves", "key": ["case_no", "nth"], "request": asked | request}


def test_children_of_many_parents_are_asked_for_at_once(tmp_path: Path, web: WebSystem) -> None:
    cases = [{"no": no, "changed": f"2026-10-0{no}T08:00:00Z"} for no in range(1, 6)]
    states = {1: ["new", "done"], 2: [], 3: ["new"], 4: ["new"], 5: ["new"]}
    web.route("GET", "/cases")(lambda asked: [case for case in cases if case["changed"] >= asked.query["since"]])

    @web.route("POST", "/moves")
    def answer(asked: Asked) -> Any:
        ids = [int(entry["id"]) for entry in asked.body["inputs"] if "id" in entry]
        found = [{"id": no, "history": [{"state": state} for state in states[no]]} for no in ids if no in states]
        return Reply({"results": found}, 207 if len(found) < len(ids) else 200)

    desk = Desk(tmp_path, rest_source(CASES, moves(2)), web.url())
    rows = desk.new("moves")
    assert [(row["case_no"], row["nth"], row["state"]) for row in rows] == [
        ("1", "0", "new"), ("1", "1", "done"), ("3", "0", "new"), ("4", "0", "new"), ("5", "0", "new"),
    ]  # fmt: skip
    bodies = [asked.body for asked in web.asked if asked.method == "POST"]
    assert [[entry.get("id") for entry in body["inputs"]] for body in bodies] == [
        ["1", "2", None], ["3", "4", None], ["5", None],
    ]  # fmt: skip
    assert all(body["with"] == ["state"] and body["inputs"][-1] == {"kind": "case"} for body in bodies)

    states[5].append("done")
    del states[4]  # gone in the meantime: the answer leaves it out, the others stand
    cases[3]["changed"] = cases[4]["changed"] = "2026-10-06T08:00:00Z"
    assert [(row["case_no"], row["state"]) for row in desk.new("moves")] == [("5", "new"), ("5", "done")]


def test_in_a_parameter_parents_stand_with_commas_between(tmp_path: Path, web: WebSystem) -> None:
    web.route("GET", "/cases")(lambda asked: [{"no": no, "changed": "2026-10-01T08:00:00Z"} for no in (1, 2, 3)])
    web.route("GET", "/moves")(
        lambda asked: {"results": [{"id": no, "history": [{}]} for no in asked.query["ids"].split(",")]}
    )
    asked = {"method": "GET", "body": None, "parameters": {"ids": "{case_no}"}}
    desk = Desk(tmp_path, rest_source(CASES, moves(2, **asked)), web.url())
    assert [row["case_no"] for row in desk.new("moves")] == ["1", "2", "3"]
    assert [asked.query["ids"] for asked in web.asked if "ids" in asked.query] == ["1,2", "3"]


def test_a_whole_batch_that_is_not_there_is_said(tmp_path: Path, web: WebSystem) -> None:
    web.route("GET", "/cases")(lambda asked: [{"no": 1, "changed": "2026-10-01T08:00:00Z"}])
    desk = Desk(tmp_path, rest_source(CASES, moves(2)), web.url())
    assert desk.said("moves").startswith("there is no moves (404")


def test_keys_come_from_a_question_of_their_own(tmp_path: Path, web: WebSystem) -> None:
    rows = [{"id": no, "fields": {"changed": f"2026-10-0{no}T08:00:00Z"}} for no in (1, 2, 3)]
    web.route("POST", "/search")(
        lambda asked: {"hits": [row for row in rows if row["fields"]["changed"] >= asked.body["since"]]}
    )
    web.route("GET", "/all")(
        lambda asked: {"list": [{"id": row["id"]} for row in rows][int(asked.query["from"]) :][:2]}
    )
    feed = {
        "table": "cases",
        "key": ["no"],
        "cursor": "changed",
        "deletions": "keys",
        "request": {
            "path": "search",
            "method": "POST",
            "body": {"since": "{since}"},
            "rows": "hits",
            "since": {},
            "columns": {"no": "id", "changed": "fields.changed"},
            "key_list": {
                "path": "all",
                "parameters": {"from": "{offset}"},
                "rows": "list",
                "page": {"kind": "offset", "size": 2},
            },
        },
    }
    desk = Desk(tmp_path, rest_source(feed), web.url())
    assert numbers(desk.new()) == [1, 2, 3]
    assert [row["no"] for row in desk.landed["cases" + KEYS]] == ["1", "2", "3"]
    del rows[0]
    assert desk.new() == []
    assert [row["no"] for row in desk.landed["cases" + KEYS]] == ["2", "3"]

    web.route("GET", "/all")(lambda asked: Reply({"message": "no such list"}, 404))
    assert desk.said().startswith("there is no all (404: no such list)")


@pytest.mark.parametrize(("status", "text"), [(403, "REQUEST_LIMIT_EXCEEDED"), (429, "DAILY")])
def test_a_quota_that_is_used_up_is_no_matter_of_rights_or_waiting(
    tmp_path: Path, web: WebSystem, waited: list[float], status: int, text: str
) -> None:
    web.route("GET", "/cases")(
        lambda asked: Reply([{"message": "TotalRequests Limit exceeded.", "code": text}], status)
    )
    desk = Desk(tmp_path, rest_source(CASES, spent=[text]), web.url())
    said = (
        f"the quota of requests is used up ({status}: TotalRequests Limit exceeded.); nothing is lost: run again later"
    )
    assert desk.said() == f"{said}, or ask for a higher quota"
    assert waited == [] and len(web.asked) == 1


REQUEST = """\
source: desk
title: Desk
kind: rest
tables:
  - {table: cases, key: [id], request: {path: cases}}
  - table: moves
    key: [id]
    request:
      path: moves
      method: POST
      columns: {id: id}
WRITTEN
conform: {}
"""


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("      parent: {table: cases, columns: {case: id}, at_once: 10}", 'needs "case" under "columns"'),
        ("      parent: {table: cases, columns: {id: id}, at_once: 0}", '"at_once" is 0; it must be at least 1'),
        ("      key_list: {path: all}", 'table moves: "key_list" is for "deletions: keys"; write that as well'),
        ("      key_list: {path: all}\n      keys: {a: b}", 'lists all keys there are: without "keys"'),
        ("      key_list: {pth: all}", '"key_list"'),
    ],
)
def test_a_mistake_in_a_declaration_is_told_with_its_line(written: str, told: str) -> None:
    document = parse_document(REQUEST.replace("WRITTEN", written), "source.yaml")
    with pytest.raises(ValueError) as caught:
        Source.model_validate(document.data)
    (said, *_) = [str(finding) for finding in findings_of(caught.value, Source, document)]
    assert told.strip('"') in said or "pth" in said
    assert said.startswith("source.yaml:")
