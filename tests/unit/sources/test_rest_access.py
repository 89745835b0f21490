"""Getting in, staying in, waiting when asked to, and what is said when it does not work: never a secret."""

from __future__ import annotations

import json
import logging
import tempfile
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from rest_world import Desk, LandedDesk, numbers, rest_source
from web_system import Asked, Reply, WebSystem

SECRET = "s3cr3t/with ümläut+and:all@"
TABLE = {
    "table": "cases",
    "key": ["no"],
    "request": {
        "path": "cases",
        "parameters": {"after": "{cursor}"},
        "rows": "cases",
        "page": {"kind": "cursor", "next": "after"},
    },
}
THREE_PAGES = {None: "a", "a": "b", "b": None}


def serve(web: WebSystem, allowed: set[str], header: str = "Authorization") -> None:
    """Three pages for whoever shows what is allowed just now."""

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        if asked.headers.get(header) not in allowed:
            return Reply({"error": {"message": f"invalid token {asked.headers.get(header)}"}}, 401)
        after = asked.query.get("after")
        return {"cases": [{"no": len(after or "") + ord(after or "0")}], "after": THREE_PAGES[after]}


def desk(folder: Path, connection: str, **api: Any) -> Desk:
    return Desk(folder, rest_source(TABLE, **api), connection)


def secret_url(web: WebSystem, login: str = "ada", query: str = "") -> str:
    return web.url(quote(login, safe=""), quote(SECRET, safe="")) + query


# --- kinds of access -------------------------------------------------------------------------------------------------
def test_basic(tmp_path: Path, web: WebSystem) -> None:
    serve(web, {"Basic " + b64encode(f"ada:{SECRET}".encode()).decode()})
    assert len(desk(tmp_path, secret_url(web), authentication={"kind": "basic"}).new()) == 3


def test_a_token_in_any_header_and_form(tmp_path: Path, web: WebSystem) -> None:
    serve(web, {"token ada:abcdef"}, "X-Key")
    access = {"kind": "token", "header": "X-Key", "value": "token {login}:{password}"}
    assert len(desk(tmp_path, web.url("ada", "abcdef"), authentication=access).new()) == 3


def test_a_value_of_the_connections_query(tmp_path: Path, web: WebSystem) -> None:
    web.route("POST", "/cases")(lambda asked: [{"no": asked.body["database"]}])
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "method": "POST", "body": {"database": "{db}"}}}  # fmt: skip  # noqa: E501
    assert Desk(tmp_path, rest_source(table), web.url() + "/?db=live").new() == [{"no": "live"}]
    assert Desk(tmp_path, rest_source(table), web.url()).said() == (
        'the connection gives no "db"; add it to its end: ?db=… or &db=…'
    )


@pytest.mark.parametrize("form", ["url", "airflow url", "airflow json"])
def test_the_forms_of_a_connection(tmp_path: Path, web: WebSystem, form: str) -> None:
    serve(web, {"Basic " + b64encode(b"ada:pa/ss").decode()})
    host, port = web.host.split(":")
    connection = {
        "url": web.url("ada", "pa%2Fss"),
        "airflow url": f"http://ada:pa%2Fss@{web.host}/http",
        "airflow json": json.dumps(
            {
                "conn_type": "http",
                "schema": "http",
                "host": host,
                "port": int(port),
                "login": "ada",
                "password": "pa/ss",
            }
        ),
    }[form]
    assert len(desk(tmp_path, connection, authentication={"kind": "basic"}).new()) == 3


def test_signing_in_and_again_when_the_token_ran_out(tmp_path: Path, web: WebSystem) -> None:
    allowed: set[str] = set()
    serve(web, allowed)

    @web.route("POST", "/api/login")
    def login(asked: Asked) -> Any:
        assert asked.body == {"email": "ada", "password": SECRET}
        allowed.clear()
        allowed.add(f"Bearer jwt-{len(web.asked)}")
        return {"tokens": {"access": f"jwt-{len(web.asked)}"}}

    access = {
        "kind": "sign_in",
        "path": "api/login",
        "body": {"email": "{login}", "password": "{password}"},
        "token": "tokens.access",
    }
    found = desk(tmp_path, secret_url(web), authentication=access)
    web.next = [None, None, None]
    plain = web.answer

    def expiring(asked: Asked) -> Reply:
        if len(web.asked) == 2:  # between the first page and the second
            allowed.clear()
        return plain(asked)

    web.answer = expiring  # type: ignore[method-assign]
    assert len(found.new()) == 3
    assert [asked.path for asked in web.asked].count("/api/login") == 2


@pytest.mark.parametrize("client", ["form", "basic"])
@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_oauth2_and_a_token_that_runs_out_while_reading(
    tmp_path: Path, web: WebSystem, grant: str, client: str
) -> None:
    allowed: set[str] = set()
    serve(web, allowed)
    refresh = ["first-refresh"]

    @web.route("POST", "/oauth/token")
    def token(asked: Asked) -> Any:
        form = asked.form
        given = (form.get("client_id"), form.get("client_secret"))
        if client == "basic":
            assert asked.headers["Authorization"] == "Basic " + b64encode(f"ada:{SECRET}".encode()).decode()
        else:
            assert given == ("ada", SECRET)
        assert (form["grant_type"], form["scope"]) == (grant, "read")
        if grant == "refresh_token":
            assert form["refresh_token"] == refresh[-1]
            refresh.append(f"refresh-{len(refresh)}")
        allowed.add(f"Bearer access-{len(web.asked)}")
        return {"access_token": f"access-{len(web.asked)}", "refresh_token": refresh[-1], "expires_in": 60}

    access = {"kind": "oauth2", "grant": grant, "token_at": "oauth/token", "client": client, "form": {"scope": "read"}}
    found = desk(tmp_path, secret_url(web, query="/?refresh_token=first-refresh"), authentication=access)
    plain = web.answer

    def expiring(asked: Asked) -> Reply:
        if len(web.asked) == 3:
            allowed.clear()
        return plain(asked)

    web.answer = expiring  # type: ignore[method-assign]
    assert len(found.new()) == 3
    assert [asked.path for asked in web.asked].count("/oauth/token") == 2
    if grant == "refresh_token":
        assert "changes its refresh token" in found.warned[0]
        web.next = [Reply({}, status=401), Reply({"error": "invalid_grant"}, status=400)]
        assert "put a new refresh_token there: the old one ran out or was used up" in found.said()


def test_a_signed_assertion_by_the_clock_of_the_system(tmp_path: Path, web: WebSystem) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    web.now = datetime(2031, 1, 1, tzinfo=UTC)
    serve(web, {"Bearer given"})
    web.route("HEAD", "/oauth/token")(lambda asked: Reply({}, 405))

    @web.route("POST", "/oauth/token")
    def token(asked: Asked) -> Any:
        claims = jwt.decode(
            asked.form["assertion"],
            key.public_key(),
            ["ES256"],
            audience="https://login",
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims["iss"] == "ada" and claims["sub"] == "robot"
        assert claims["iat"] == int(web.now.timestamp()) and claims["exp"] == claims["iat"] + 180
        return {"access_token": "given"}

    access = {
        "kind": "jwt", "token_at": "oauth/token", "audience": "https://login", "subject": "{user}",
        "algorithm": "ES256",
    }  # fmt: skip
    connection = f"http://ada:{quote(pem, safe='')}@{web.host}/?user=robot"
    assert len(desk(tmp_path, connection, authentication=access).new()) == 3


# --- busy systems ----------------------------------------------------------------------------------------------------
OPEN = {"table": "cases", "key": ["no"], "request": {"path": "cases"}}


@pytest.fixture
def plain(tmp_path: Path, web: WebSystem) -> Desk:
    web.route("GET", "/cases")(lambda asked: [{"no": 1}])
    return Desk(tmp_path, rest_source(OPEN), web.url())


def test_a_busy_system_is_given_the_time_it_asks_for(plain: Desk, web: WebSystem, waited: list[float]) -> None:
    web.next = [
        Reply({}, 429, {"Retry-After": "7"}),
        Reply({}, 429, {"Retry-After": "Mon, 02 Nov 2026 12:01:30 GMT"}),
        Reply({}, 503),
        Reply({}, 429, {"Retry-After": "soon"}),
    ]
    assert numbers(plain.new()) == [1]
    assert waited == [7, 90, 4, 8]


def test_a_line_that_breaks_in_the_middle_of_an_answer_is_tried_again(
    plain: Desk, web: WebSystem, waited: list[float]
) -> None:
    web.next = [Reply([{"no": 1}], cut=True), Reply(b"upstream", 502)]
    assert numbers(plain.new()) == [1]
    assert waited == [1, 2]


def test_a_system_that_stays_busy_is_given_up(plain: Desk, web: WebSystem, waited: list[float]) -> None:
    web.next = [Reply({"message": "slow down"}, 429)] * 6
    assert (
        plain.said()
        == "the system does not answer (429, 6 attempts); check the connection and the system, then run again"
    )
    assert waited == [1, 2, 4, 8, 16]


def test_a_system_that_asks_for_an_hour_is_left_until_the_next_visit(
    plain: Desk, web: WebSystem, waited: list[float]
) -> None:
    web.next = [Reply({}, 429, {"Retry-After": "3600"})]
    assert "asks for more patience (429, 3600 s) than a visit has; nothing is lost" in plain.said()
    assert waited == []


def test_a_system_that_is_not_there_is_said_once_for_all_tables(tmp_path: Path, waited: list[float]) -> None:
    with WebSystem().running() as web:
        connection = web.url("ada", "hidden-word")
    desk = LandedDesk(tmp_path, rest_source(OPEN, OPEN | {"table": "notes"}), connection)
    lines = {str(failure.finding) for failure in desk.land().failures}
    assert len(lines) == 1 and "does not answer (ConnectionError, 6 attempts)" in lines.pop()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"message": "x"}, 403), "the account may not read this (403: x); give it the right to read"),
        (Reply({}, 404), "there is no cases (404); mend this line"),
        (Reply({"errors": [{"detail": "bad filter"}]}, 400), "the system refuses the request (400: bad filter)"),
        (Reply([{"errorCode": "X", "message": "bad SOQL"}], 400), "the system refuses the request (400: bad SOQL)"),
        (Reply({}, 301, {"Location": "https://elsewhere.test/"}), "the system points to another address (301)"),
        (
            Reply(b"<html>Sign in</html>", 200, {"Content-Type": "text/html; charset=utf-8"}),
            "the answer of cases is no JSON but text/html; check the base address and the account",
        ),
        (Reply({"cases": "none"}), '"cases" of the answer holds no rows but a str; mend this line'),
        (Reply(b'{"cases": [{"no": 1, "No": 2}]}'), 'columns "no" and "No" would both be landed as "no"'),
        (Reply(b'{"cases":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "the answer of cases is nested too deeply"),
        (Reply({"result": []}), 'the answer has no "cases" (it has result)'),
        (Reply({"error": {"message": "Session expired"}}), "the system refuses the request (Session expired)"),
    ],
)
def test_what_a_system_says_instead_of_rows(tmp_path: Path, web: WebSystem, reply: Reply, said: str) -> None:
    web.next = [reply]
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "rows": "cases"}}
    assert Desk(tmp_path, rest_source(table, error="error.message"), web.url()).said().startswith(said)


@pytest.mark.parametrize(
    "connection", ["postgresql://host/db", "not a url", "https://", '{"login": "ada"}', "http://[::1"]
)
def test_what_is_no_connection_is_said_without_repeating_it(tmp_path: Path, connection: str) -> None:
    desk = LandedDesk(tmp_path, rest_source(OPEN), connection)
    (failure,) = desk.land().failures
    assert "write it like https://user:password@host/" in failure.finding.todo
    assert "ada" not in str(failure.finding)


# --- secrets ---------------------------------------------------------------------------------------------------------
def test_no_secret_is_in_anything_that_is_said_or_written(
    tmp_path: Path, web: WebSystem, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    waited: list[float],
) -> None:  # fmt: skip
    """The system repeats our credentials in its errors; everything written and said is searched for them."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    caplog.set_level(logging.DEBUG)
    given = "given-t0ken-of-the-system"
    serve(web, {f"Bearer {given}"})

    @web.route("POST", "/oauth/token")
    def token(asked: Asked) -> Any:
        return {"access_token": given} if allowed else Reply({"error_description": f"bad {asked.content!r}"}, 400)

    @web.route("GET", "/notes")
    def notes(asked: Asked) -> Any:
        return Reply({"message": f"no {asked.headers['Authorization']} and {SECRET}"}, 403)

    allowed = []
    access = {"kind": "oauth2", "grant": "refresh_token", "token_at": "oauth/token"}
    notes_table = {"table": "notes", "key": ["no"], "request": {"path": "notes"}}
    connection = secret_url(web, query="/?refresh_token=r3fresh-secret")
    desk = LandedDesk(tmp_path, rest_source(TABLE, notes_table, authentication=access), connection)
    said = [str(failure.finding) for failure in desk.land().failures]
    allowed.append(True)
    said += [str(failure.finding) for failure in desk.land().failures]
    assert len(desk.rows()) == 3
    assert len(said) == 3 and "***" in said[0] and "403: no Bearer *** and ***" in said[2]
    b64 = b64encode(f"ada:{SECRET}".encode()).decode()
    hidden = [SECRET, quote(SECRET, safe=""), quote(SECRET), given, "r3fresh-secret", b64, "s3cr3t"]
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 3
    for secret in hidden:
        assert not any(secret in line for line in (*said, *(record.getMessage() for record in caplog.records))), secret
        assert not any(secret.encode() in content for content in written), secret


def test_an_address_that_cannot_be_one(tmp_path: Path, waited: list[float]) -> None:
    table = {"table": "cases", "key": ["no"], "request": {"path": "cases", "rows": "cases"}}
    said = Desk(tmp_path, rest_source(table), f"https://ada:geheim77@{'a' * 300}.example.com/").said()
    assert said.startswith("the request cannot be made (")
    assert "geheim77" not in said
