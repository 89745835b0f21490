"""Delivery to real servers on this machine: SMTP with STARTTLS and a login, SMTP over TLS, a store that speaks S3."""

from __future__ import annotations

import hashlib
import ipaddress
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from qmsreports import stages
from qmsreports.errors import CouldNotRun
from qmsreports.pack import mail, seal
from qmsreports.register import journal
from qmsreports.register.models import Delivery
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.pack.pack_workspace import BUILT, ROOT, TEMPLATES, filled

pytestmark = pytest.mark.system

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
USER, PASSWORD = "quality", "geh@im/ß"
BOARD, PLANT = "board@example.org", "plant@example.org"


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1, and what a server needs of it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "ca.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, secret)
    return certificate, context


@dataclass
class Postbox:
    """Takes messages as a server would, and remembers how each came in. ``refuses`` are addresses it does not know."""

    got: list[tuple[EmailMessage, bool, bool]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        read = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.got.append((read, session.ssl is not None, bool(session.authenticated)))
        return "250 OK"


@dataclass
class MailServer:
    port: int
    postbox: Postbox
    authority: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    certificate, context = authority(tmp_path)
    postbox = Postbox()
    controller = Controller(
        postbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=known,
        auth_required=True,
    )
    controller.start()
    try:
        yield MailServer(controller.port, postbox, certificate)
    finally:
        controller.stop()


@pytest.fixture
def object_store() -> Iterator[str]:
    """A bucket on a server that speaks S3; gives its address."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    client.create_bucket(Bucket="reports")
    try:
        yield address
    finally:
        client.close()
        server.stop()


def approved(folder: Path, deliver: str) -> tuple[Settings, stages.PackReport]:
    """An approved pack of October in a workspace whose review says where it goes."""
    var = folder / "var"
    var.mkdir()
    shutil.copytree(ROOT / "catalog", folder / "catalog")
    monthly = folder / "catalog" / "reviews" / "monthly.yaml"
    text = monthly.read_text()
    monthly.write_text(text.replace("deliver: {folder: delivered}", f"deliver: {deliver}"))
    assert monthly.read_text() != text
    settings = Settings(var=var, catalog=folder / "catalog", templates=TEMPLATES)
    filled(var).register.close()
    built = stages.build_pack("monthly", "2026-10", run_id="r1", at=BUILT, settings=settings)
    return settings, stages.release(built.pack_id, approver="M. Huber", run_id="r2", at=NOON, settings=settings)


def recorded(settings: Settings) -> dict[str, datetime]:
    from sqlalchemy import select

    with Workspace(settings) as workspace, workspace.register.read() as session:
        assert journal.verify(session) == []
        return {row.recipient: row.at for row in session.scalars(select(Delivery).order_by(Delivery.id))}


MAILED = f"{{email: {{to: [{BOARD}, {PLANT}], connection: mail}}, folder: delivered}}"


def connection(server: MailServer, password: str = PASSWORD, more: str = "") -> str:
    from urllib.parse import quote

    at = f"127.0.0.1:{server.port}?from=quality@example.org&ca={server.authority}{more}"
    return f"smtp://{USER}:{quote(password, safe='')}@{at}"


def test_each_recipient_gets_one_message_with_page_one_and_the_sealed_pdf(
    tmp_path: Path, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, pack = approved(tmp_path, MAILED)
    monkeypatch.setenv("QMSREPORTS_CONNECTION_MAIL", connection(mail_server))
    mail_server.postbox.refuses = {PLANT}
    with pytest.raises(CouldNotRun, match=f"does not take the message to {PLANT}") as refused:
        stages.deliver(pack.pack_id, at=NOON, settings=settings)
    assert PASSWORD not in str(refused.value)
    assert list(recorded(settings)) == [str(settings.var / "delivered" / "monthly-2026-10-e1"), f"mailto:{BOARD}"]

    mail_server.postbox.refuses = set()  # mended: the board has it, the plant does not
    assert len(stages.deliver(pack.pack_id, at=LATER, settings=settings)) == 3
    assert len(stages.deliver(pack.pack_id, at=LATER, settings=settings)) == 3
    assert [message["To"] for message, _, _ in mail_server.postbox.got] == [BOARD, PLANT]
    assert all(encrypted and known for _, encrypted, known in mail_server.postbox.got)
    assert {to: at for to, at in recorded(settings).items() if to.startswith("mailto:")} == {
        f"mailto:{BOARD}": NOON,
        f"mailto:{PLANT}": LATER,
    }

    message = mail_server.postbox.got[0][0]
    assert message["From"] == "quality@example.org"
    assert "Approved by M. Huber" in message["Subject"].replace("\N{NO-BREAK SPACE}", " ")
    text, page, (attached,) = message.get_body(("plain",)), message.get_body(("html",)), message.iter_attachments()
    assert text is not None and page is not None
    assert "On time and in full cannot meet its objective" in text.get_content()
    assert "On time and in full cannot meet its objective" in page.get_content()
    seals = {file.path: file.sha256 for file in pack.files}
    assert hashlib.sha256(attached.get_content()).hexdigest() == seals[attached.get_filename()]


def test_what_the_mail_server_refuses_is_one_line_without_a_secret(
    tmp_path: Path, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, pack = approved(tmp_path, f"{{email: {{to: [{BOARD}]}}}}")
    asks = {
        connection(mail_server, "wrong"): "user or password is refused (code 535)",
        connection(mail_server).replace(f"&ca={mail_server.authority}", ""): "its certificate is not trusted",
        f"smtp://127.0.0.1:{free_port()}?from=q@example.org": "cannot be reached: nobody listens there",
        f"smtp://127.0.0.1:{mail_server.port}?from=q@example.org&starttls=no": "does not take the message",
    }
    for url, said in asks.items():
        monkeypatch.setenv("QMSREPORTS_CONNECTION_MAIL", url)
        with pytest.raises(CouldNotRun) as refused:
            stages.deliver(pack.pack_id, at=NOON, settings=settings)
        assert said in str(refused.value)
        assert "wrong" not in str(refused.value)
        assert PASSWORD not in str(refused.value)
    assert recorded(settings) == {}
    assert mail_server.postbox.got == []


def test_a_server_may_speak_tls_from_the_start(tmp_path: Path) -> None:
    from aiosmtpd.controller import Controller

    certificate, context = authority(tmp_path)
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port(), ssl_context=context)
    controller.start()
    try:
        address = f"smtps://127.0.0.1:{controller.port}?from=q@example.org&ca={certificate}"
        mailbox = mail.Mailbox.parse(address, name="mail")
        said = EmailMessage()
        said["To"], said["From"] = BOARD, "q@example.org"
        with mail.opened(mailbox) as server:
            mail.send(server, mailbox, said)
    finally:
        controller.stop()
    assert [message["To"] for message, _, _ in postbox.got] == [BOARD]


def test_a_store_gets_the_whole_pack_once_and_nothing_is_overwritten(
    tmp_path: Path, object_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    url = "s3://reports/reviews/monthly-2026-10-e1"
    settings, pack = approved(tmp_path, "{store: {url: s3://reports/reviews, connection: archive}}")
    named = f"s3://key:geheim@?endpoint_url={object_store}&region_name=us-east-1"
    monkeypatch.setenv("QMSREPORTS_CONNECTION_ARCHIVE", named.replace(object_store, f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(CouldNotRun, match=f"{url}: the pack cannot be delivered") as unreachable:
        stages.deliver(pack.pack_id, at=NOON, settings=settings)
    assert "geheim" not in str(unreachable.value)
    assert recorded(settings) == {}

    store = s3fs.S3FileSystem(
        key="k",
        secret="s",
        client_kwargs={"endpoint_url": object_store, "region_name": "us-east-1"},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    store.pipe_file(f"{url}/model.json", b"half of it")  # what a killed delivery left: no manifest, so no pack
    monkeypatch.setenv("QMSREPORTS_CONNECTION_ARCHIVE", named)
    assert stages.deliver(pack.pack_id, at=NOON, settings=settings) == [url]
    copied = {path.rpartition("/")[2]: seal.sha256(store.cat_file(path)) for path in store.ls(url, detail=False)}
    assert copied == {file.path: file.sha256 for file in pack.files}
    assert recorded(settings) == {url: NOON}

    store.pipe_file(f"{url}/model.json", b"theirs")
    assert stages.deliver(pack.pack_id, at=LATER, settings=settings) == [url]
    assert store.cat_file(f"{url}/model.json") == b"theirs"  # complete once: what lies there is not ours to change
    store.pipe_file(f"{url}/manifest.json", b"{}")
    with pytest.raises(CouldNotRun, match="another pack lies there already"):
        stages.deliver(pack.pack_id, at=LATER, settings=settings)
    monkeypatch.setenv("QMSREPORTS_CONNECTION_ARCHIVE", "s3://geheim@")
    with pytest.raises(CouldNotRun, match="it holds no key and secret") as nameless:
        stages.deliver(pack.pack_id, at=LATER, settings=settings)
    assert "geheim" not in str(nameless.value)
