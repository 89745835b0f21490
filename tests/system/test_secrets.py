"""Secrets of connections are written nowhere: not landed, not recorded, not logged, not printed, in no pack."""

from __future__ import annotations

import base64
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from tests.system.conftest import Line

pytestmark = pytest.mark.system

SOURCE, REGISTER, WRONG = "Ge$heim-4711", "Ge$heim-4712", "Ge$heim-4713"
SECRETS = [form for secret in (SOURCE, REGISTER, WRONG) for form in (secret, quote(secret, safe=""))]
JANUARY = ("--period", "2024-01")
BY = ("--by", "quality.manager")


def to_postgresql(database: Path, url: str) -> None:
    """Copy every table of an SQLite file into a new PostgreSQL database named after it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.stem)))
    with (
        closing(sqlite3.connect(database)) as old,
        psycopg.connect(url.replace("/postgres?", f"/{database.stem}?")) as new,
    ):
        for (table,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [(name, kind) for _, name, kind, *_ in old.execute(f"PRAGMA table_info({table})")]
            kinds = {"INTEGER": "bigint", "REAL": "double precision"}
            declared = ", ".join(f"{name} {kinds.get(kind, 'text')}" for name, kind in columns)
            new.execute(f"CREATE TABLE {table} ({declared})".encode())
            with new.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                for row in old.execute(f"SELECT * FROM {table}"):
                    copy.write_row(row)


def said_by(path: Path) -> Iterator[bytes]:
    """Everything that a file says, also what stands packed in it."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist()).encode()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from map(packed.read, packed.namelist())
    for stream in re.finditer(rb"stream\r?\n", content):
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[stream.end() :])
    for word in re.findall(rb"[A-Za-z0-9+/]{60,}={0,2}", content):
        with suppress(zlib.error, ValueError):
            yield zlib.decompress(base64.b64decode(word))


def found(what: str, said: bytes) -> list[str]:
    return [f"{secret} in {what}" for secret in SECRETS if secret.encode() in said]


def test_a_whole_line_with_marked_secrets_writes_them_nowhere(tmp_path: Path, postgresql_url: str) -> None:
    line = Line(tmp_path / "var", at="2024-02-05T06:00:00+00:00")
    line.folder.mkdir()
    line.run("demo", "--through", "2024-01", "--quiet")
    plain = postgresql_url.replace("+psycopg", "")
    to_postgresql(line.demo / "crm.db", plain)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE records")

    def url(database: str, secret: str) -> str:
        return postgresql_url.replace("/postgres?", f"/{database}?").replace(
            "postgres:@", f"postgres:{quote(secret, safe='')}@"
        )

    right = {"QMSREPORTS_CONNECTION_CRM": url("crm", SOURCE), "QMSREPORTS_REGISTER": url("records", REGISTER)}
    wrong = {
        "QMSREPORTS_CONNECTION_CRM": url("nowhere", WRONG),
        "QMSREPORTS_CONNECTION_HELPDESK": f"postgresql+psycopg://u:{quote(WRONG, safe='')}@127.0.0.1:9/x",
        "QMSREPORTS_CONNECTION_PRODUCTION_FILES": f"sftp://u:{quote(WRONG, safe='')}@127.0.0.1:9/in?host_key=SHA256:x",
    }
    told = []

    def run(*arguments: str, expect: int = 0) -> None:
        done = line.run(*arguments, expect=expect)
        told.append((" ".join(arguments), (done.stdout + done.stderr).encode()))

    line.extra = right | wrong
    run("run", "ingest", expect=1)  # three sources cannot be reached, each with a line
    line.extra = right
    run("run", "ingest")
    run("catalog", "apply", *BY)
    run("catalog", "approve", "--all", "--by", "managing.director")
    run("run", "measure", *JANUARY)
    run("run", "review", *JANUARY)
    run("quality", "report")
    run("pack", "list", "--json")
    line.extra = right | {"QMSREPORTS_REGISTER": url("no_such_records", WRONG)}
    run("pack", "list", expect=3)

    files = [path for path in line.folder.rglob("*") if path.is_file() and line.demo not in path.parents]
    suffixes = {path.suffix for path in files}
    assert {".parquet", ".pdf", ".html", ".jsonl", ".json"} <= suffixes
    leaks = [leak for what, said in told for leak in found(what, said)]
    leaks += [leak for path in files for said in said_by(path) for leak in found(str(path), said)]
    with psycopg.connect(plain.replace("/postgres?", "/records?")) as records:
        tables = records.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows = records.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))).fetchall()
            leaks += found(f"register {table}", str(rows).encode())
        assert records.execute("SELECT count(*) FROM packs").fetchone() == (1,)
        assert len(tables) > 20
    assert leaks == []
    assert found("itself", f"a {SOURCE} b".encode())  # the search finds what it looks for
