"""Opening the register: one engine per process, short write transactions, migrations to the newest schema."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from qmsreports.errors import CouldNotRun, Finding

_MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST_REVISION_TABLE = "alembic_version"


class Register:
    """The records of one workspace, on SQLite (WAL) or PostgreSQL by URL.

    ``read()`` and ``write()`` give a session in one transaction; a write commits when its block ends and leaves nothing
    behind when it fails. On SQLite a write takes the lock at once, so two writers wait instead of failing
    half-way. A file that may only be read is read, as an auditor does whom the records are shown to; a write says so.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self._sqlite = parsed.get_backend_name() == "sqlite"
            on_disk = Path(parsed.database) if self._sqlite and parsed.database not in (None, "", ":memory:") else None
            only_read = on_disk is not None and _may_only_be_read(on_disk)
            self.engine: Engine = create_engine(_only_reading(parsed, on_disk) if only_read and on_disk else parsed)
        except (ArgumentError, DBAPIError, NoSuchModuleError, ValueError, ImportError) as error:
            what = "it is no URL" if isinstance(error, ArgumentError) else error  # which would repeat a password
            raise CouldNotRun(
                Finding(
                    "register",
                    f"the URL cannot be used ({what})",
                    "write QMSREPORTS_REGISTER like sqlite:////folder/register.db or postgresql://user@host/database",
                )
            ) from None
        self.url = parsed.set(query={}).render_as_string(hide_password=True)  # options may hold a password, too
        if self._sqlite:
            if on_disk is not None:
                self._make_folder(on_disk.parent)
            event.listen(self.engine, "connect", _prepare_reading if only_read else _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def __enter__(self) -> Register:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing, cheaply, when it is there already."""
        revision = self.revision()
        if revision == newest_revision():
            return
        from alembic.script import ScriptDirectory

        known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
        if revision is not None and revision not in known:
            raise CouldNotRun(
                Finding(
                    f"register {self.url}",
                    f"a newer version of qmsreports wrote it (schema {revision})",
                    "run that version, or restore the register from before",
                )
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["engine"] = self.engine
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with self._guarded("cannot be brought to this version"):
            command.upgrade(config, "head")

    def revision(self) -> str | None:
        """Return the schema's revision; ``None`` where nothing was made yet."""
        with self._connected() as connection:
            if not inspect(connection).has_table(_FIRST_REVISION_TABLE):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def newest_entry(self) -> datetime | None:
        """Return when the newest load, run or entry of the journal was recorded; ``None`` before the first."""
        from sqlalchemy import func, select

        from qmsreports.register.models import JournalEntry, Load, Run

        with self.read() as session:
            newest = [session.scalar(select(func.max(column))) for column in (Load.at, Run.started_at, JournalEntry.at)]
        return max((at for at in newest if at is not None), default=None)

    def how_far(self) -> dict[str, int]:
        """Return the newest row of each table by its number; what was recorded since is what makes it another.

        Runs take no part: one that begins or ends says nothing of the company.
        """
        from sqlalchemy import func, select

        from qmsreports.register.models import Base

        tables = [table for name, table in Base.metadata.tables.items() if "id" in table.c and name != "runs"]
        with self.read() as session:
            return {table.name: session.scalar(select(func.max(table.c.id))) or 0 for table in tables}

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CouldNotRun(
                Finding(f"register {self.url}", f"its folder cannot be made ({error.strerror})", "check QMSREPORTS_VAR")
            ) from None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self._guarded("cannot be opened"):
            connection = self.engine.connect()
        with self._guarded("cannot be read or written"), connection:
            yield connection

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Turn what the disk or the server refuses into one line; what we ask wrongly stays an error of ours."""
        try:
            yield
        except DBAPIError as error:
            if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
                raise
            reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
            raise CouldNotRun(Finding(f"register {self.url}", f"{what} ({reason})", _remedy(reason))) from None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Session for reading one consistent state."""
        with self._connected() as connection, Session(connection, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Session whose changes are committed together when the block ends, with the entry that covers their rows."""
        from qmsreports.register.written import Written

        with self._connected() as plain:
            connection = plain.execution_options(qms_write=True)
            with connection.begin(), Session(connection, expire_on_commit=False) as session:
                written = Written(session)
                yield session
                written.record()


def _remedy(reason: str) -> str:
    """Return what to do about what SQLite says; a server explains itself."""
    remedies = {
        "is full": "free some disk, then run again; what was begun is undone",
        "I/O error": "check that the disk has room and works, then run again; what was begun is undone",
        "malformed": "restore it from a backup: nothing else holds approvals and results",
        "not a database": "restore it from a backup: nothing else holds approvals and results",
        "readonly": "mend its permissions, then run again; what was begun is undone",
        "locked": "another process writes for long; run again",
    }
    found = (remedy for part, remedy in remedies.items() if part in reason)
    return next(found, "check QMSREPORTS_REGISTER and that it runs")


def newest_revision() -> str:
    """Return the revision that the migrations lead to, from their file names: loading Alembic costs half a second."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py")).split("_", 1)[0]


def _may_only_be_read(path: Path) -> bool:
    """Whether there is a file that this account may not write, or that lies where it may write nothing beside it."""
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


def _only_reading(url: URL, path: Path) -> URL:
    """Return the URL that opens a file for reading alone.

    In WAL mode SQLite needs two files beside it. While another account has the register open they are there. Where
    they are not, nobody writes and they cannot be made: the file is then taken as one that does not change.
    """
    query = {"mode": "ro", "uri": "true"}
    if not path.with_name(f"{path.name}-wal").exists():
        query["immutable"] = "1"
    return url.set(database=f"file:{quote(str(path.absolute()))}", query=query)


def _prepare_sqlite(dbapi_connection: Any, record: object) -> None:
    _prepare_reading(dbapi_connection, record)
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_reading(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    cursor = dbapi_connection.cursor()
    for pragma in ("busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("qms_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
