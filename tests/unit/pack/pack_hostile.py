"""The made-up review with the worst text that rows and people can hold."""

# ruff: noqa: RUF001
from __future__ import annotations

from typing import Any

from qmsreports.pack.model import PackModel

HOSTILE = (
    "<script>alert('x')</script> & \"quoted\"",
    '#import "@preview/evil:1.0.0": *; #panic() $x^2$ *bold* _it_ @ref <label> \\ [a](b)',
    "Pump \U0001f600\U0001f468‍\U0001f469‍\U0001f467 heart ❤️ flag \U0001f1e6\U0001f1f9",
    "עברית שלום و العربية مرحبا",
    "x̄ Zoë é ñ Ǫ̣̀ ﬃ ℌ 中文 ไทย",
    "null\x00bell\x07 bom\ufeff bidi\u202eabc\u202c private\ue000 tag\U000e0041 line\u2028end",
    "{{ 7 * 7 }} {% include 'x' %} {# c #} =1+1",
    "A" * 90,
    "Ninety characters of a name that somebody typed into a field without any thought for a table",
)


def hostile(pack: PackModel) -> PackModel:
    """Return the pack with hostile text wherever text comes from a row or a person."""
    counter = iter(range(10**6))

    def bad() -> str:
        return HOSTILE[next(counter) % len(HOSTILE)]

    free = set(
        [
            "title",
            "text",
            "evidence",
            "asks",
            "owner",
            "progress",
            "summary",
            "note",
            "statement",
            "message",
            "why",
            "author",
            "cause",
            "expected",
            "label",
            "question",
            "considered_by",
            "approved_by",
            "organisation",
            "finding",
            "alt",
            "reason",
        ]
    )

    def is_text(cell: object) -> bool:
        return isinstance(cell, str) and not cell[:4].isdigit()

    def changed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: changed(item, name) for name, item in value.items()}
        if isinstance(value, list):
            if key == "rows" and value and isinstance(value[0], list):
                return [
                    [bad() if isinstance(cell, str) and not cell[:4].isdigit() else cell for cell in row]
                    for row in value
                ]
            if key == "columns":  # titles of columns are the product's own
                return value
            if key in ("sample", "reservations"):
                return [bad() for _ in value] or value
            return [changed(item, key) for item in value]
        return bad() if isinstance(value, str) and key in free and value else value

    return PackModel.model_validate(changed(pack.model_dump(mode="json")))
