"""Connections in the forms that Airflow writes, as the URLs that sources take."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import make_url

from qmsreports.airflow_form import from_airflow
from qmsreports.errors import CouldNotRun
from qmsreports.settings import connection_of, look_up_connections


def written(**parts: Any) -> str:
    return from_airflow(json.dumps(parts), name="X")


@pytest.mark.parametrize(
    "said", ["postgresql://a:b@h/d", "sqlite:////f.db", "/in/files", "https://a:b@h/p?x=1", "sftp://a:b@h/in"]
)
def test_what_is_a_url_or_a_path_stays_as_it_is(said: str) -> None:
    assert from_airflow(said, name="X") == said


def test_a_database_in_parts_becomes_a_url_that_reads_back_the_same() -> None:
    url = make_url(
        written(conn_type="postgres", host="db", login="re@der", password="p@ss/w:o#r?d", schema="live", port=5433,
                extra=json.dumps({"sslmode": "require", "keepalives": 1}))
    )  # fmt: skip
    assert (url.drivername, url.username, url.password) == ("postgresql", "re@der", "p@ss/w:o#r?d")
    assert (url.host, url.port, url.database) == ("db", 5433, "live")
    assert dict(url.query) == {"sslmode": "require", "keepalives": "1"}
    assert written(conn_type="mysql", host="db", login="a", password="b", schema="s") == "mysql+pymysql://a:b@db/s"
    assert written(conn_type="sqlite", host="/folder/file.db") == "sqlite:////folder/file.db"


def test_a_uri_with_its_extra_is_taken_apart() -> None:
    said = "postgres://re%40der:p%40ss@db:5433/live?__extra__=%7B%22sslmode%22%3A+%22require%22%7D"
    assert from_airflow(said, name="X") == "postgresql://re%40der:p%40ss@db:5433/live?sslmode=require"
    assert from_airflow("fs://?path=%2Fin%2Ffiles", name="X") == "/in/files"
    said = "http://a:b@desk.example.com/https?__extra__=%7B%22tenant%22%3A+%221%22%7D"
    web = json.loads(from_airflow(said, name="X"))
    assert (web["host"], web["schema"], web["extra"]) == ("desk.example.com", "https", {"tenant": "1"})


def test_folders_and_hosts() -> None:
    assert written(conn_type="fs", extra='{"path": "/in/files"}') == "/in/files"
    key = base64.b64encode(b"\x00\x00\x00\x07ssh-rsa and the rest").decode()
    print_ = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode().rstrip("=")
    found = written(conn_type="ssh", host="h", login="a", password="b", extra={"host_key": f"ssh-rsa {key}",
                                                                              "path": "/in", "timeout": 3})  # fmt: skip
    assert found.partition("?")[0] == "sftp://a:b@h/in"
    assert found.partition("host_key=")[2] == print_.replace("+", "%2B").replace("/", "%2F").join(("SHA256%3A", ""))


def test_a_store() -> None:
    extra = {"region_name": "eu-central-1", "endpoint_url": "https://store.example.org"}
    options = "region_name=eu-central-1&endpoint_url=https%3A%2F%2Fstore.example.org"
    assert written(conn_type="aws", login="k", password="s/1", extra=extra) == f"s3://k:s%2F1@/?{options}"
    found = written(conn_type="aws", host="deliveries", schema="in", login="k", password="s", extra=extra)
    assert found == f"s3://k:s@deliveries/in?{options}"
    old = written(conn_type="aws", host="https://store.example.org", login="k", password="s")
    assert old == "s3://k:s@/?endpoint_url=https%3A%2F%2Fstore.example.org"


@pytest.mark.parametrize(
    "said", ['{"conn_type": ', '{"extra": "{Geheim"}', '{"conn_type": "mysql", "extra": {"ssl": {"ca": "Geheim"}}}']
)
def test_what_cannot_be_passed_on_is_said_without_repeating_it(said: str) -> None:
    with pytest.raises(CouldNotRun) as caught:
        from_airflow(said, name="AIRFLOW_CONN_CRM")
    assert str(caught.value).startswith("connection AIRFLOW_CONN_CRM: ")
    assert "Geheim" not in str(caught.value)


def test_another_keeper_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsreports.settings._ASKED", {})
    for name in ("QMSREPORTS_CONNECTION_CRM", "AIRFLOW_CONN_CRM"):
        monkeypatch.delenv(name, raising=False)
    kept = {"crm": '{"conn_type": "fs", "extra": {"path": "/kept"}}'}
    look_up_connections("Airflow", kept.get)
    assert connection_of("crm") == "/kept"
    with pytest.raises(CouldNotRun, match="AIRFLOW_CONN_MES, mes among the connections of Airflow"):
        connection_of("mes")
    monkeypatch.setenv("AIRFLOW_CONN_CRM", "/set")
    assert connection_of("crm") == "/set"
