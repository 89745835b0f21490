"""A PostgreSQL 15 of Debian in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.system.real.debian import installed
from tests.system.real.servers import free_port, started

BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Server:
    """A running server: reached over the socket in ``folder``, and at ``port`` on loopback."""

    folder: Path
    port: int

    def url(self, account: str, database: str) -> str:
        return f"postgresql://{account}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        with self.connected(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with self.connected(database) as connection:
            return connection.execute(query.encode()).fetchall()

    def connected(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True)

    def answers(self) -> bool:
        try:
            self.rows("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgresql_15(folder: Path) -> Iterator[Server]:
    """Start one; whoever reaches it over loopback is let in by name alone."""
    installed("postgresql-15", needs=BIN / "postgres")
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "data"
    data.mkdir()
    if user:
        shutil.chown(folder, user, user)
        shutil.chown(data, user, user)
    subprocess.run(
        [BIN / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, timeout=120, user=user, group=user, extra_groups=[] if user else None,
    )  # fmt: skip
    server = Server(folder, free_port())
    command = [
        BIN / "postgres", "-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(server.port),
        "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
    ]  # fmt: skip
    with started(command, env={}, log=folder / "log", answers=server.answers, user=user):
        yield server
