"""Where a pack goes, as a review says it: at least one place, real addresses, and never a secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from qmsreports.catalog.delivery import Delivery


@pytest.mark.parametrize(
    "written",
    [
        {"folder": "var/delivered"},
        {"email": {"to": ["board@example.org", "o'neill+qms@example.org"]}},
        {"store": {"url": "s3://reports/reviews"}},
        {"store": {"url": "s3://reports/reviews", "connection": "archive"}, "folder": "x"},
    ],
)
def test_a_place_is_enough(written: dict[str, Any]) -> None:
    Delivery.model_validate(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "deliver names no recipient"),
        ({"email": {"to": []}}, "at least 1 item"),
        ({"email": {"to": ["board"]}}, '"board" is no mail address'),
        ({"email": {"to": ["a@example.org, b@example.org"]}}, "is no mail address"),
        ({"email": {"to": ["a@example.org\r\nBcc: b@example.org"]}}, "is no mail address"),
        ({"store": {"url": "reports/reviews"}}, "url is written as s3://bucket/prefix"),
        ({"store": {"url": "s3://key:secret@host/reports"}}, "without credentials"),
    ],
)
def test_what_is_no_place_is_said(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Delivery.model_validate(written)
