"""What a database is told at the start of a visit: to be read only, how long a statement may take, its own settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from qmsreports.sources.feed import Unreadable

_WORDS = {
    "postgresql": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET statement_timeout = {milliseconds}",
        "SELECT set_config(:name, :value, false)",
    ),
    "mysql": (
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION max_execution_time = {milliseconds}",
        "SET {name} = :value",
    ),
    "mariadb": (
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION max_statement_time = {seconds}",
        "SET {name} = :value",
    ),
    "mssql": ("", "", "EXEC sp_set_session_context :name, :value"),
}
"""How kinds of databases are told to read only, to stop a statement, and a setting."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Session:
    """Settings of the database's own, and seconds that one statement may take."""

    settings: Mapping[str, str] = field(default_factory=dict)
    timeout: int | None = None


def session_statements(dialect: str, session: Session) -> list[tuple[str, dict[str, str]]]:
    """Return what a database of a kind is told first, with the values to bind; names of settings are checked.

    :class:`Unreadable` for what cannot be told to this kind of database.
    """
    reads, limit, setting = _WORDS.get(dialect, ("", "", ""))
    statements: list[tuple[str, dict[str, str]]] = [(reads, {})] if reads else []
    if session.timeout:
        if not limit:
            raise Unreadable(f"a time-out cannot be set on {dialect}", "leave statement_timeout out of source.yaml")
        statements.append((limit.format(seconds=session.timeout, milliseconds=session.timeout * 1000), {}))
    for name, value in session.settings.items():
        if not setting or not _NAME.fullmatch(name):
            raise Unreadable(f'a session setting "{name}" cannot be given to {dialect}', "check session in source.yaml")
        values = {"value": value} | ({"name": name} if ":name" in setting else {})
        statements.append((setting.format(name=name), values))
    return statements
