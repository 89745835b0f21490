"""Values of answers as they are landed: objects that stand for one value, and fields that come in any order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_world import Desk, rest_source
from web_system import Asked, WebSystem

from qmsreports.sources.rest.values import written

TABLE = {"table": "cases", "key": ["no"], "request": {"path": "cases"}}


@pytest.mark.parametrize(
    ("answered", "landed"),
    [
        ({"__class__": "date", "year": 2026, "month": 3, "day": 1}, "2026-03-01"),
        (
            {"__class__": "datetime", "year": 2026, "month": 10, "day": 25, "hour": 2, "minute": 30, "second": 5},
            "2026-10-25 02:30:05",
        ),
        (
            {"__class__": "datetime", "year": 2026, "month": 10, "day": 25, "hour": 0, "microsecond": 70},
            "2026-10-25 00:00:00.000070",
        ),
        ({"__class__": "time", "hour": 8, "minute": 5}, "08:05:00"),
        ({"__class__": "timedelta", "seconds": 5400.5}, "5400.5"),
        ({"__class__": "Decimal", "decimal": "1234567890.1234567890"}, "1234567890.1234567890"),
        ({"__class__": "bytes", "base64": "UHVtcGU="}, "UHVtcGU="),
        ({"__class__": "Colour", "name": "red"}, '{"__class__": "Colour", "name": "red"}'),
    ],
)
def test_an_object_that_stands_for_one_value_lands_as_that_value(
    tmp_path: Path, web: WebSystem, answered: Any, landed: str
) -> None:
    web.route("GET", "/cases")(lambda asked: [{"no": 1, "value": answered}])
    (row,) = Desk(tmp_path, rest_source(TABLE), web.url()).new()
    assert row == {"no": "1", "value": landed}


def test_fields_that_come_in_another_order_are_no_change(tmp_path: Path, web: WebSystem) -> None:
    """As of systems in Perl, whose objects have an order of their own at each answer."""

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        who = [{"id": "anna", "type": "user"}, {"id": "berta", "type": "user"}]
        if len(web.asked) > 1:
            who = [dict(reversed(person.items())) for person in who]
        return [{"no": 1, "changed": "2026-10-02T08:00:00Z", "who": who}]

    request = {"path": "cases", "parameters": {"since": "{since}"}, "since": {"form": "iso"}}
    desk = Desk(tmp_path, rest_source({**TABLE, "cursor": "changed", "request": request}), web.url())
    assert [row["who"] for row in desk.new()] == [
        '[{"id": "anna", "type": "user"}, {"id": "berta", "type": "user"}]',
    ]
    assert desk.new() == []


def test_half_of_a_sign_is_written_out() -> None:
    assert written("cut off \ud83d", ()) == "cut off \\ud83d"
    assert written({"a": "\ud83d"}, ()) == '{"a": "\\ud83d"}'
