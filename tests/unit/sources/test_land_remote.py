"""Files behind a server: a real SFTP server of paramiko, an S3 of moto, both on loopback."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from small_source import World, make_source

from qmsreports.sources import check

pytestmark = pytest.mark.system  # real servers

FEED = {"table": "orders", "files": "*.csv", "key": ["no"]}


def csv(folder: Path, name: str, *rows: str) -> None:
    (folder / name).write_text("\n".join(("no,pieces", *rows, "")), encoding="utf-8")


@dataclass
class Sftp:
    """A server that lets in one account, into one folder."""

    folder: Path
    port: int
    fingerprint: str

    def url(self, account: str = "reader:p%40ss", host_key: str | None = None) -> str:
        return f"sftp://{account}@127.0.0.1:{self.port}/in?host_key={host_key or self.fingerprint}"


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Sftp]:
    import paramiko

    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    (tmp_path / "served" / "in").mkdir(parents=True)
    key = paramiko.ECDSAKey.generate()
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[Any] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _folder(tmp_path / "served"))
            try:
                transport.start_server(server=_Door())
            except (paramiko.SSHException, EOFError):  # a client that did not like our key
                transport.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Sftp(tmp_path / "served" / "in", listener.getsockname()[1], f"SHA256:{digest}")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    for transport in transports:
        transport.close()


def _Door() -> Any:  # noqa: N802 - makes an object of a class of paramiko, which is imported late
    import paramiko

    class Door(paramiko.ServerInterface):
        def check_auth_password(self, username: str, password: str) -> int:
            right = (username, password) == ("reader", "p@ss")
            return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

    return Door()


def _folder(root: Path) -> Any:
    import paramiko

    class Folder(paramiko.SFTPServerInterface):
        def _real(self, path: str) -> str:
            return str(root) + self.canonicalize(path)

        def list_folder(self, path: str) -> Any:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in os.scandir(self._real(path))
            ]

        def stat(self, path: str) -> Any:
            try:
                return paramiko.SFTPAttributes.from_stat(Path(self._real(path)).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        lstat = stat

        def open(self, path: str, flags: int, attr: Any) -> Any:
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = Path(self._real(path)).open("rb")  # noqa: SIM115 - the handle closes it
            return handle

    return Folder


def test_files_over_sftp_land_once_and_again_when_they_change(tmp_path: Path, sftp: Sftp) -> None:
    csv(sftp.folder, "a.csv", "A1,5", "A2,6")
    world = World(tmp_path, make_source(FEED, kind="files"), sftp.url())
    assert world.landed() == {"orders": 2}
    assert world.rows()[0] == {"no": "A1", "pieces": "5", "_file": "a.csv", "_line": 2}
    assert world.landed() == {}
    (sftp.folder / "a.csv").rename(sftp.folder / "b.csv")
    csv(sftp.folder, "c.csv", "A3,7")
    assert world.landed() == {"orders": 1}
    assert world.rows()[2]["no"] == "A3"


def test_an_account_that_is_not_let_in(tmp_path: Path, sftp: Sftp) -> None:
    world = World(tmp_path, make_source(FEED, kind="files"), sftp.url("reader:wrong-secret"))
    assert world.one_failure() == (
        f"source shop: sftp://127.0.0.1:{sftp.port}/in cannot be opened (the account is not let in) "
        "(never landed so far); check account, password and key"
    )


@pytest.mark.parametrize("said", ["SHA256:AAAA", "SHA256://AA", ""])
def test_a_host_that_nobody_vouched_for(tmp_path: Path, sftp: Sftp, said: str) -> None:
    url = sftp.url(host_key=said) if said else sftp.url().partition("?")[0]
    failure = World(tmp_path, make_source(FEED, kind="files"), url).one_failure()
    expected = "the host shows another key than host_key says: " if said else "vouch for it with ?host_key="
    assert f"{expected}{sftp.fingerprint}" in failure


def test_a_folder_that_is_not_there_and_a_server_that_is_not(tmp_path: Path, sftp: Sftp) -> None:
    there = sftp.url().replace("/in?", "/out?")
    assert f"sftp://127.0.0.1:{sftp.port}/out does not exist" in _failure(tmp_path, there)
    assert "cannot be opened" in _failure(tmp_path, "sftp://reader:x@127.0.0.1:1/in")
    assert "the connection names no host" in _failure(tmp_path, "sftp:///in")


def _failure(folder: Path, url: str) -> str:
    return World(folder, make_source(FEED, kind="files"), url).one_failure()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket ``deliveries`` of an S3 on loopback."""
    import boto3
    import requests
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)  # its buckets outlive a server
    client = boto3.client("s3")
    client.create_bucket(Bucket="deliveries", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    client.close()
    server.stop()


def test_a_bucket_with_an_account_of_its_own(tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, secret and address come with the connection, and two sources may have two accounts."""
    bucket.put_object(Bucket="deliveries", Key="in/a.csv", Body=b"no,pieces\nA1,5\n")
    at = quote(bucket.meta.endpoint_url, safe="")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    url = f"s3://reader:se%2Fcret@deliveries/in?endpoint_url={at}&region_name=eu-central-1"
    assert World(tmp_path, make_source(FEED, kind="files"), url).landed() == {"orders": 1}
    gone = _failure(tmp_path / "other", url.replace("/in?", "/out?"))
    assert "s3://deliveries/out does not exist" in gone
    for wrong in ("s3://reader@deliveries/in", "s3://reader:geheim@/in", "s3://a:geheim@deliveries/in?bogus=geheim"):
        said = _failure(tmp_path / "other", wrong)
        assert "write it like s3://key:secret@bucket/folder" in said
        assert "geheim" not in said


def test_files_in_a_bucket(tmp_path: Path, bucket: Any) -> None:
    bucket.put_object(Bucket="deliveries", Key="in/a.csv", Body=b"no,pieces\nA1,5\nA2,6\n")
    world = World(tmp_path, make_source(FEED, kind="files"), "s3://deliveries/in")
    assert world.landed() == {"orders": 2}
    assert world.landed() == {}
    bucket.copy_object(Bucket="deliveries", Key="in/b.csv", CopySource="deliveries/in/a.csv")
    bucket.put_object(Bucket="deliveries", Key="in/c.csv", Body=b"no,pieces\nA3,7\n")
    assert world.landed() == {"orders": 1}
    looked = check(world.source, connection=world.connection, landing=world.landing, now=lambda: datetime.now(UTC))
    assert [entry.outcome for entry in looked.checks if entry.check == "clock"] == ["ok"]
    assert any(entry.what.startswith("3 rows at the source; 3 landed") for entry in looked.checks)
    then = datetime(2020, 1, 1, tzinfo=UTC)
    early = check(world.source, connection=world.connection, landing=world.landing, now=lambda: then)
    assert {entry.outcome for entry in early.checks if entry.check == "clock"} == {"warning"}
    assert "s3://none/in" in _failure(tmp_path / "other", "s3://none/in")
