"""A PostgreSQL of old days, whose texts have no declared encoding."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
from small_source import World, make_source


def test_a_database_that_does_not_say_how_its_texts_are_encoded(tmp_path: Path, postgresql_url: str) -> None:
    """SQL_ASCII: the connection says it, for the stream of plain types and for rows read one by one."""
    plain = postgresql_url.replace("+psycopg", "")
    old = plain.replace("/postgres?", "/old?")
    with closing(psycopg.connect(plain, autocommit=True)) as connection:
        connection.execute("DROP DATABASE IF EXISTS old")
        connection.execute("CREATE DATABASE old ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    with closing(psycopg.connect(old, autocommit=True)) as connection:
        for table, more in (("plain", "integer"), ("mixed", "jsonb")):
            connection.execute(f"CREATE TABLE {table} (id integer PRIMARY KEY, name text, more {more})".encode())
            connection.execute(f"INSERT INTO {table} VALUES (1, E'M\\xfcller')".encode())
    source = make_source({"table": "plain", "key": ["id"]}, {"table": "mixed", "key": ["id"]})
    world = World(tmp_path, source, postgresql_url.replace("/postgres?", "/old?"))
    (said,) = {failure.finding.todo for failure in world.land().failures}
    assert "client_encoding=latin1 says it there" in said
    world.connection += "&client_encoding=latin1"
    assert world.landed() == {"plain": 1, "mixed": 1}
    assert [world.rows(table)[0]["name"] for table in ("plain", "mixed")] == ["Müller", "Müller"]
