"""A MariaDB 10.11 of Debian in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.system.real.debian import installed
from tests.system.real.servers import free_port, started


@dataclass(frozen=True)
class MariaDb:
    """A running server with a database ``shop`` and an account ``reader`` that may read it alone."""

    port: int
    socket: Path

    def url(self, dialect: str = "mysql+pymysql") -> str:
        return f"{dialect}://reader:geheim-77@127.0.0.1:{self.port}/shop"

    def run(self, *statements: str) -> list[Any]:
        """Run statements as the owner; returns the rows of the last one."""
        with pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0


@contextmanager
def mariadb(folder: Path) -> Iterator[MariaDb]:
    """Start one. Its zone is Vienna's, so that a time of the session's zone and one of UTC are told apart."""
    server = Path("/usr/sbin/mariadbd")
    installed("mariadb-server", needs=server)
    user = "mysql" if os.geteuid() == 0 else None
    data = folder / "data"
    data.mkdir()
    if user:
        shutil.chown(folder, user, user)
        shutil.chown(data, user, user)
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True, timeout=120, user=user, group=user, extra_groups=[] if user else None,
    )  # fmt: skip
    running = MariaDb(free_port(), folder / "socket")
    command = [
        server, "--no-defaults", f"--datadir={data}", f"--socket={running.socket}", f"--port={running.port}",
        "--bind-address=127.0.0.1", f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0",
        "--default-time-zone=+02:00", "--skip-log-bin",
    ]  # fmt: skip
    with started(command, env={}, log=folder / "log", answers=running.answers, user=user):
        running.run(
            "CREATE DATABASE shop CHARACTER SET utf8mb4",
            "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'geheim-77'",
            "GRANT SELECT, SHOW VIEW ON shop.* TO reader@'127.0.0.1'",
        )
        yield running
