"""What thousands of tests would do anew, and do once in their process, as one long process of the product does."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from qmsreports.register.store import Register

_STATEMENTS: LRUCache[Hashable, Any] = LRUCache(2000)
"""Compiled statements of every register on SQLite, which all speak alike."""


@contextmanager
def statements_compiled() -> Iterator[None]:
    """Compile a statement once: SQLAlchemy forgets what it compiled with each engine, and each test opens some.

    The cache keeps to the statement and to the dialect, of which each engine has its own; those of SQLite are equal.
    """
    made = Register.__init__

    def sharing(register: Register, url: str) -> None:
        made(register, url)
        if isinstance(register.engine.dialect, SQLiteDialect_pysqlite):
            register.engine.update_execution_options(compiled_cache=_STATEMENTS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda one: hash(type(one)))
        patch.setattr(Register, "__init__", sharing)
        yield


migrated_step_by_step = Register.migrate
"""What the product does; tests of the migrations do it, too."""


class Copies:
    """Registers that were migrated once, revision by revision, and are copied where an empty one is to be migrated."""

    def __init__(self, template: Path) -> None:
        self.template = template  # of SQLite
        self.statements: list[tuple[str, Any]] = []  # of PostgreSQL, with their parameters

    def migrate(self, register: Register) -> None:
        if register.revision() is not None:
            migrated_step_by_step(register)
        elif register.engine.dialect.name == "sqlite":
            self._sqlite(register)
        else:
            self._postgresql(register)

    def _sqlite(self, register: Register) -> None:
        if not self.template.exists():
            with Register(f"sqlite:///{self.template}") as first:
                migrated_step_by_step(first)
        with closing(sqlite3.connect(self.template)) as source, closing(register.engine.raw_connection()) as own:
            source.backup(own.driver_connection)

    def _postgresql(self, register: Register) -> None:
        if not self.statements:
            event.listen(register.engine, "before_cursor_execute", self._note)
            migrated_step_by_step(register)
            event.remove(register.engine, "before_cursor_execute", self._note)
            return
        with closing(register.engine.raw_connection()) as own, closing(own.cursor()) as cursor:
            for statement, parameters in self.statements:
                cursor.execute(statement, parameters)
            own.commit()

    def _note(self, _connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            self.statements.append((statement, parameters))


@contextmanager
def commands_made() -> Iterator[None]:
    """Read the signatures of all commands once: typer does so each time that a test types one, in 30 ms or more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


def modules_are_no_garbage() -> None:
    """Let the collector pass over what the modules of all tests hold: it stays until the end, and there is much."""
    gc.collect()
    gc.freeze()
