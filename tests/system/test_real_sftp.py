"""Files over a real OpenSSH server: accounts by password and by key, known hosts and others, files that change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from urllib.parse import quote

import pytest

from tests.system.real.debian import installed
from tests.system.real.servers import free_port, memory_folder, started
from tests.unit.sources.small_source import World, make_source

pytestmark = pytest.mark.system

ACCOUNT, PASSWORD = "qmsreports-sftp", "leise 12 tür"
FEED = {"table": "orders", "files": "*.csv", "key": ["no"]}


@dataclass(frozen=True)
class Sshd:
    """A running server with one account of its own; ``key`` is the private key that lets it in as well."""

    port: int
    folder: Path
    key: Path
    host_key: str

    @property
    def fingerprint(self) -> str:
        said = subprocess.run(["ssh-keygen", "-lf", self.host_key], check=True, capture_output=True, text=True).stdout
        return said.split()[1]

    def url(self, password: str = "", fingerprint: str = "") -> str:
        account = ACCOUNT + (f":{quote(password)}" if password else "")
        known = f"?host_key={fingerprint}" if fingerprint else ""
        return f"sftp://{account}@127.0.0.1:{self.port}{self.folder}{known}"

    def put(self, name: str, *rows: str) -> None:
        (self.folder / name).write_text("\n".join(("no,pieces", *rows, "")), encoding="utf-8")


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    assert os.geteuid() == 0, "an SFTP server with an account of its own needs root"
    installed("openssh-server", needs="/usr/sbin/sshd")
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["userdel", "--force", ACCOUNT], check=False, capture_output=True)  # of a run that was killed
    subprocess.run(["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT], check=True)
    try:
        with memory_folder() as folder:
            folder.chmod(0o755)
            subprocess.run(["chpasswd"], input=f"{ACCOUNT}:{PASSWORD}".encode(), check=True)
            for name in ("host", "client"):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
            port, delivered = free_port(), folder / "delivered"
            delivered.mkdir()
            settings = folder / "sshd_config"
            settings.write_text(
                f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
                f"AuthorizedKeysFile {folder}/client.pub\nStrictModes no\nPasswordAuthentication yes\n"
                f"AllowUsers {ACCOUNT}\nSubsystem sftp internal-sftp\nForceCommand internal-sftp\n"
            )
            server = Sshd(port, delivered, folder / "client", f"{folder}/host.pub")

            def answers() -> bool:
                try:
                    create_connection(("127.0.0.1", port), 1).close()
                except OSError:
                    return False
                return True

            command = ["/usr/sbin/sshd", "-D", "-e", "-f", settings]
            with started(command, env={}, log=folder / "log", answers=answers):
                yield server
    finally:
        subprocess.run(["userdel", "--force", ACCOUNT], check=False, capture_output=True)


@pytest.fixture
def world(tmp_path: Path, sshd: Sshd) -> World:
    for old in sshd.folder.iterdir():
        old.unlink()
    return World(tmp_path, make_source(FEED, kind="files"), sshd.url(PASSWORD, sshd.fingerprint))


def test_files_land_once_and_again_when_they_change(world: World, sshd: Sshd) -> None:
    sshd.put("september.csv", "1,5", "2,3")
    assert world.landed() == {"orders": 2}
    assert world.landed() == {}
    sshd.put("october.csv", "3,7")
    (sshd.folder / "september.csv").rename(sshd.folder / "2026-09.csv")
    assert world.landed() == {"orders": 1}
    sshd.put("october.csv", "3,8")
    assert world.landed() == {"orders": 1}
    assert [(row["no"], row["pieces"]) for row in world.rows()] == [("1", "5"), ("2", "3"), ("3", "7"), ("3", "8")]


def test_a_large_file_comes_whole(world: World, sshd: Sshd) -> None:
    sshd.put("many.csv", *(f"{no},{no % 97}" for no in range(300_000)))
    assert world.landed() == {"orders": 300_000}


def test_an_account_by_its_key_at_a_host_that_is_known(
    world: World, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sshd.put("september.csv", "1,5")
    keys = tmp_path / ".ssh"
    keys.mkdir(0o700)
    (keys / "id_ed25519").write_bytes(sshd.key.read_bytes())
    (keys / "id_ed25519").chmod(0o600)
    (keys / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {Path(sshd.host_key).read_text()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    world.connection = sshd.url()
    assert world.landed() == {"orders": 1}
    (keys / "known_hosts").write_text("")
    assert f"the host is not known; vouch for it with ?host_key={sshd.fingerprint}" in world.one_failure()


def test_what_is_refused(world: World, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    sshd.put("september.csv", "1,5")
    world.connection = sshd.url("wrong 13", sshd.fingerprint)
    said = world.one_failure()
    assert "the account is not let in" in said and "wrong" not in said
    world.connection = sshd.url(PASSWORD, "SHA256:" + "A" * 43)
    assert f"the host shows another key than host_key says: {sshd.fingerprint}" in world.one_failure()


def test_a_file_that_the_account_may_not_read(world: World, sshd: Sshd) -> None:
    sshd.put("september.csv", "1,5")
    (sshd.folder / "september.csv").chmod(0o600)
    said = world.one_failure()
    assert "the file cannot be opened" in said and "check its permissions" in said
