"""What changed since the last visit: cursors that repeat, are empty, lie, or run back, and what was deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, LandedDesk, numbers, rest_source
from web_system import Asked, Reply, WebSystem

ISO = "%Y-%m-%dT%H:%M:%SZ"


def case(no: int, changed: Any, **more: Any) -> dict[str, Any]:
    return {"no": no, "changed": changed, **more}


def serve(web: WebSystem, rows: list[dict[str, Any]], at_least: Callable[[Any, str], bool] | None = None) -> None:
    """Answer rows changed since what is asked, as the system compares them; empty cursors always."""

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        since = asked.query.get("since", "")
        compare = at_least or (lambda value, since: str(value) >= since)
        return [row for row in rows if row["changed"] is None or compare(row["changed"], since)]


def desk(folder: Path, web: WebSystem, *, zone: str = "UTC", form: str = "iso", **table: Any) -> Desk:
    request = {"path": "cases", "parameters": {"since": "{since}"}, "since": {"form": form}}
    full = {"table": "cases", "key": ["no"], "cursor": "changed", "request": request} | table
    return Desk(folder, rest_source(full, zone=zone), web.url())


def test_only_what_changed_is_asked_for_and_landed(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-01T08:00:00Z"), case(2, "2026-10-02T08:00:00Z")]
    serve(web, rows)
    source = desk(tmp_path, web)
    assert numbers(source.new()) == [1, 2]
    assert source.new() == [] and len(web.asked) == 2
    rows[0]["changed"] = "2026-10-03T08:00:00Z"
    assert numbers(source.new()) == [1]
    assert [asked.query["since"] for asked in web.asked] == [
        "1970-01-01T00:00:00Z",
        "2026-10-02T08:00:00Z",
        "2026-10-02T08:00:00Z",
    ]


def test_the_first_visit_may_begin_at_a_day(tmp_path: Path, web: WebSystem) -> None:
    serve(web, [case(1, "2020-01-01T00:00:00Z"), case(2, "2026-10-02T08:00:00Z")])
    request = {"path": "cases", "parameters": {"since": "{since}"}, "since": {"start": "2024-01-01"}}
    assert numbers(desk(tmp_path, web, request=request).new()) == [2]


def test_a_second_change_within_the_same_second_is_not_lost(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-02T08:00:00Z", state="open"), case(2, "2026-10-02T08:00:00Z", state="open")]
    serve(web, rows)
    source = desk(tmp_path, web)
    source.new()
    rows[0]["state"] = "closed"
    rows.append(case(3, "2026-10-02T08:00:00Z", state="open"))
    assert numbers(source.new()) == [1, 3]
    assert source.new() == []


def test_a_part_of_a_second_in_the_cursor_leaves_nothing_out(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-02T08:00:00.900Z")]
    serve(web, rows, lambda value, since: value[:19] >= since[:19])
    source = desk(tmp_path, web)
    source.new()
    rows += [case(2, "2026-10-02T08:00:00.950Z"), case(3, "2026-10-02T08:00:00.100Z")]
    assert numbers(source.new()) == [2, 3]
    assert source.new() == []
    assert web.asked[-1].query["since"] == "2026-10-02T08:00:00Z"


def test_empty_cursors_are_landed_and_hide_no_later_change(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, None, state="open"), case(2, "2026-10-02T08:00:00Z", state="open")]
    serve(web, rows)
    source = desk(tmp_path, web)
    assert numbers(source.new()) == [1, 2]
    rows[0]["state"] = "closed"
    assert numbers(source.new()) == [1]
    rows[0]["changed"] = "2026-10-03T08:00:00Z"
    assert numbers(source.new()) == [1]
    assert source.new() == []


def test_the_first_of_several_columns_that_holds_something_is_the_cursor(tmp_path: Path, web: WebSystem) -> None:
    """As with systems whose time of change is empty until the first change."""

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        created = {"__class__": "datetime", "year": 2026, "month": 10, "day": 2, "hour": 8, "minute": 5, "second": 7}
        return [{"no": 1, "write_date": None, "create_date": {**created, "microsecond": 20}}]

    request = {
        "path": "cases",
        "parameters": {"since": "{since}"},
        "since": {"form": "%Y-%m-%d %H:%M:%S"},
        "columns": {"no": "no", "changed": ["write_date", "create_date"]},
    }
    source = desk(tmp_path, web, request=request)
    assert source.new() == [{"no": "1", "changed": "2026-10-02 08:05:07.000020"}]
    source.new()
    assert web.asked[-1].query["since"] == "2026-10-02 08:05:07"


def test_a_time_that_lies_in_the_future_of_the_system_is_no_boundary(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2031-01-01T00:00:00Z"), case(2, "2026-10-02T08:00:00Z")]
    serve(web, rows)
    source = desk(tmp_path, web)
    assert numbers(source.new()) == [1, 2]
    rows.append(case(3, "2026-11-02T11:00:00Z"))
    assert numbers(source.new()) == [3], "the change is seen, and the wrong one is not landed again"


def test_a_system_whose_clock_is_ahead_of_ours_is_believed(tmp_path: Path, web: WebSystem) -> None:
    web.now = datetime(2099, 5, 1, 12, tzinfo=UTC)
    rows = [case(1, "2099-05-01T11:59:59Z")]
    serve(web, rows)
    source = desk(tmp_path, web)
    source.new()
    rows.append(case(2, "2099-05-01T12:00:30Z"))
    assert numbers(source.new()) == [2]
    assert web.asked[-1].query["since"] == "2099-05-01T11:59:59Z"


def test_what_was_committed_late_is_found_within_the_overlap(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-02T08:00:00Z")]
    serve(web, rows)
    source = desk(tmp_path, web, overlap_minutes=10)
    source.new()
    rows.append(case(2, "2026-10-02T07:55:00Z"))
    assert numbers(source.new()) == [2]
    assert web.asked[-1].query["since"] == "2026-10-02T07:50:00Z"


def test_seconds_since_1970(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, 1790000000)]
    serve(web, rows, lambda value, since: value >= int(since))
    source = desk(tmp_path, web, form="epoch_seconds")
    source.new()
    rows.append(case(2, 1790000001))
    assert numbers(source.new()) == [2]
    assert [asked.query["since"] for asked in web.asked] == ["0", "1790000000"]


def test_offsets_of_summer_and_winter_are_compared_as_moments(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-25T02:50:00.000+0200")]
    serve(web, rows, lambda value, since: datetime.fromisoformat(value) >= datetime.fromisoformat(since))
    source = desk(tmp_path, web)
    source.new()
    rows.append(case(2, "2026-10-25T02:10:00.000+0100"))  # later, though its text is less
    assert numbers(source.new()) == [2]
    source.new()
    assert web.asked[-1].query["since"] == "2026-10-25T01:10:00Z"


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        ("2026-10-25 02:50:00", "2026-10-25 02:10:00", "2026-10-25 00:50:00"),  # ten past two came twice
        ("2026-03-29 01:59:59", "2026-03-29 03:00:01", "2026-03-28 23:59:59"),  # there was no half past two
    ],
)
def test_times_without_a_zone_around_both_changes_of_the_clock(
    tmp_path: Path, web: WebSystem, first: str, second: str, asked: str
) -> None:
    rows = [case(1, first)]
    serve(web, rows)
    source = desk(tmp_path, web, zone="Europe/Vienna", form="%Y-%m-%d %H:%M:%S", overlap_minutes=120)
    source.new()
    rows.append(case(2, second))
    assert numbers(source.new()) == [2]
    assert web.asked[-1].query["since"] == asked
    assert source.new() == []


def test_a_cursor_column_without_any_point_in_time_is_said(tmp_path: Path, web: WebSystem) -> None:
    serve(web, [case(1, "yesterday")])
    said = desk(tmp_path, web, request={"path": "cases", "parameters": {"from": "{since}"}, "since": {}}).said()
    assert 'cursor column "changed" holds no value that can be compared ("yesterday")' in said


def test_other_columns_make_everything_be_read_again(tmp_path: Path, web: WebSystem) -> None:
    serve(web, [case(1, "2026-10-02T08:00:00Z", state="open")])
    source = desk(tmp_path, web)
    source.new()
    request = {"path": "cases", "parameters": {"since": "{since}"}, "since": {}, "columns": {"no": "no", "changed": "changed", "wie": "state"}}  # fmt: skip  # noqa: E501
    source.source = desk(tmp_path, web, request=request).source
    assert source.new() == [{"no": "1", "changed": "2026-10-02T08:00:00Z", "wie": "open"}]
    assert source.new() == []


# --- whole tables, deletions, emptiness ------------------------------------------------------------------------------
WHOLE = {"table": "cases", "key": ["no"], "deletions": "keys", "request": {"path": "cases", "keys": {"fields": "no"}}}


def test_a_table_without_a_cursor_is_landed_when_it_changed(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "x"), case(2, "y")]
    serve(web, rows)
    source = Desk(tmp_path, rest_source(WHOLE | {"deletions": "none"}), web.url())
    assert numbers(source.new()) == [1, 2]
    assert source.new() == []
    rows[1]["changed"] = "z"
    assert numbers(source.new()) == [1, 2]


def test_a_deleted_record_is_missing_from_the_keys(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "x"), case(2, "y")]
    serve(web, rows)
    source = Desk(tmp_path, rest_source(WHOLE), web.url())
    source.new()
    assert numbers(source.landed["cases__keys"]) == [1, 2]
    assert web.asked[-1].query == {"fields": "no"}
    del rows[0]
    source.new()
    assert numbers(source.landed["cases__keys"]) == [2]
    source.new()
    assert source.landed == {}


@pytest.mark.parametrize("table", [WHOLE, {**WHOLE, "deletions": "none"}])
def test_a_table_that_is_suddenly_empty_is_not_believed(tmp_path: Path, web: WebSystem, table: dict[str, Any]) -> None:
    rows = [case(1, "x")]
    serve(web, rows)
    source = Desk(tmp_path, rest_source(table), web.url())
    source.new()
    rows.clear()
    assert '"cases" is suddenly empty (1 rows landed so far); check what the account may see' in source.said()


def test_a_table_that_may_be_empty_is_believed(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "x")]
    serve(web, rows)
    source = Desk(tmp_path, rest_source({**WHOLE, "may_be_empty": True}), web.url())
    source.new()
    rows.clear()
    source.new()
    assert numbers(source.landed["cases__keys"]) == []
    rows.append(case(2, "y"))
    assert numbers(source.new()) == [2]


def test_nothing_changed_is_no_emptiness_but_nothing_at_all_is(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-01T08:00:00Z"), case(2, "2026-10-02T08:00:00Z")]
    serve(web, rows)
    source = desk(tmp_path, web)
    source.new()
    del rows[1]  # the newest was deleted: no row since then, and yet the system is not empty
    assert source.new() == []
    del rows[0]
    assert "suddenly empty" in source.said()


# --- children --------------------------------------------------------------------------------------------------------
CASES = {
    "table": "cases",
    "key": ["no"],
    "cursor": "changed",
    "request": {"path": "cases", "parameters": {"since": "{since}"}, "since": {}},
}
NOTES = {
    "table": "notes",
    "key": ["case_no", "id"],
    "request": {
        "path": "cases/{case_no}/notes",
        "rows": "notes",
        "parent": {"table": "cases", "columns": {"case_no": "no"}},
        "columns": {"id": "id", "text": "text"},
    },
}


def test_children_are_read_of_what_changed(tmp_path: Path, web: WebSystem) -> None:
    rows = [case(1, "2026-10-01T08:00:00Z"), case("2/b", "2026-10-02T08:00:00Z"), case(3, "2026-10-01T08:00:00Z")]
    serve(web, rows)

    @web.route("GET", "/cases/(.*)/notes")
    def notes(asked: Asked, no: str) -> Any:
        if no == "3":  # deleted since the list was read
            return Reply({"message": "gone"}, 404)
        return {"notes": [{"id": 7, "text": f"note of {no}"}]}

    source = Desk(tmp_path, rest_source(CASES, NOTES), web.url())
    assert source.new("notes") == [
        {"case_no": "1", "id": "7", "text": "note of 1"},
        {"case_no": "2/b", "id": "7", "text": "note of 2/b"},
    ]
    assert source.warned == ["1 rows of cases were deleted while notes were read; they are left out"]
    asked = len(web.asked)
    assert source.new("notes") == [] and len(web.asked) == asked + 1, "one question for the list, none for children"
    rows[0]["changed"] = "2026-10-04T08:00:00Z"
    assert [row["case_no"] for row in source.new("notes")] == ["1"]


def test_children_that_could_not_be_read_are_read_next_time_though_their_parents_were_landed(
    tmp_path: Path, web: WebSystem
) -> None:
    serve(web, [case(1, "2026-10-01T08:00:00Z")])
    allowed = []

    @web.route("GET", "/cases/1/notes")
    def notes(asked: Asked) -> Any:
        return {"notes": [{"id": 7, "text": "x"}]} if allowed else Reply({"message": "no"}, 403)

    desk = LandedDesk(tmp_path, rest_source(CASES, NOTES), web.url())
    (failure,) = desk.land().failures
    assert failure.table == "notes" and "the account may not read this (403: no)" in failure.finding.what
    assert len(desk.rows()) == 1
    allowed.append(True)
    assert not desk.land().failures
    assert len(desk.rows()) == 1 and len(desk.rows("notes")) == 1


# --- columns ---------------------------------------------------------------------------------------------------------
def test_nested_answers_become_columns(tmp_path: Path, web: WebSystem) -> None:
    answer = [
        {
            "id": 1,
            "fields": {"created": "2026-10-01T08:00:00Z", "status": {"name": "Open"}, "assignee": None},
            "custom": [{"id": 5, "value": "linz"}, {"id": 6, "value": 0.1}],
            "log": [
                {"field": "status", "from": None, "to": "Open"},
                {"field": "priority", "from": "Low", "to": "High"},
            ],
            "partner": False,
            "open": False,
            "labels": ["a", "b"],
        }
    ]
    web.route("GET", "/cases")(lambda asked: answer)
    columns = {
        "no": "id", "created": "fields.created", "status": "fields.status.name", "who": "fields.assignee.name",
        "site": "custom[id=5].value", "weight": "custom[id=6].value", "missing": "custom[id=7].value",
        "label": "labels.1", "labels": "labels", "partner": "partner.1", "open": "open",
    }  # fmt: skip
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "columns": columns}}
    (row,) = Desk(tmp_path, rest_source(table, empty=[""]), web.url()).new()
    assert row == {
        "no": "1", "created": "2026-10-01T08:00:00Z", "status": "Open", "who": None, "site": "linz", "weight": "0.1",
        "missing": None, "label": "b", "labels": '["a", "b"]', "partner": None, "open": "false",
    }  # fmt: skip
    request = {
        "path": "cases",
        "each": "log",
        "columns": {"no": "outer.id", "nth": "nth", "field": "field", "to": "to"},
    }
    table = {"table": "cases", "key": ["no", "nth"], "request": request}
    rows = Desk(tmp_path, rest_source(table), web.url()).new()
    assert rows == [
        {"no": "1", "nth": "0", "field": "status", "to": "Open"},
        {"no": "1", "nth": "1", "field": "priority", "to": "High"},
    ]


def test_a_column_that_mappings_need_and_no_answer_has_stops_its_table(tmp_path: Path, web: WebSystem) -> None:
    web.route("GET", "/cases")(lambda asked: [{"no": 1, "fields": {"state": "open"}}])
    columns = {"no": "no", "status": "fields.status"}
    table = {"table": "cases", "key": ["no"], "needs": ["status"], "request": {"path": "cases", "columns": columns}}
    said = Desk(tmp_path, rest_source(table), web.url()).said()
    assert said.startswith('no answer has "fields.status", of which column "status" is made')


def test_a_false_where_nothing_is_stays_no_text(tmp_path: Path, web: WebSystem) -> None:
    web.route("GET", "/cases")(lambda asked: [{"no": 1, "ref": False, "nothing": "", "zero": 0}])
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases"}}
    (row,) = Desk(tmp_path, rest_source(table, empty=[False, ""]), web.url()).new()
    assert row == {"no": "1", "ref": None, "nothing": None, "zero": "0"}
