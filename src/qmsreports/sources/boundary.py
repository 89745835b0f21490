"""The rows from the boundary of a cursor on, as a condition of SQL: those that cannot be compared are among them."""

from __future__ import annotations

from typing import Any

from qmsreports.sources.cursor import Since

_LIKE = {"text": "____-__-__%", "digits": "________%"}
"""Texts that may be points in time, as SQL tells them; see :data:`qmsreports.sources.cursor.POINTS`."""


def from_boundary(column: Any, since: Since, type_: Any, *, kind: str) -> Any:
    """Return SQLAlchemy's condition for a column of a type; ``kind`` is that of the database.

    A boundary may be text although its column is none: one infinity among the times of PostgreSQL makes all of them
    texts. It compares a text with neither.
    """
    import sqlalchemy as sa

    if since.kind not in _LIKE:
        return sa.or_(column >= since.value, column.is_(None))
    is_text = isinstance(type_, sa.String)
    value = since.value
    if not is_text and kind == "postgresql":
        value = sa.cast(sa.literal(value, sa.Text()), type_)
    written = column if is_text else sa.cast(column, sa.Text)
    return sa.or_(column >= value, column.is_(None), sa.not_(written.like(_LIKE[since.kind])))
