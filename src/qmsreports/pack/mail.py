"""Mail over SMTP: one message to one recipient, encrypted unless the server is this machine or says it is not."""

from __future__ import annotations

import base64
import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack.letter import Letter

_FORM = "write smtp://user:password@host:587?from=quality@example.org (smtps:// for TLS from the start)"
LOGO = "logo"
"""By which name the HTML of a message refers to the logo that travels in it: ``cid:logo``."""
_TIMEOUT = 60  # seconds for each answer of the server


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server and the sender: where, as whom, and how the way there is protected.

    ``starttls``: a plain connection is encrypted before anything is said. It may only be switched off where no password
    is sent.
    """

    host: str
    port: int
    sender: str
    tls: bool = False
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    authority: str = ""  # file with the certificates that are trusted besides those of the machine

    @classmethod
    def parse(cls, connection: str, *, name: str) -> Mailbox:
        """Read ``smtp://user:password@host:587?from=…``; :class:`CouldNotRun` that never shows the connection."""
        try:
            parts = urlsplit(connection)
            port = parts.port
        except ValueError:
            raise _wrong(name, "the connection cannot be read") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise _wrong(name, "the connection names no mail server")
        said = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        sender = said.get("from") or said.get("from_email") or (user if "@" in user else "")
        if "@" not in sender:
            raise _wrong(name, "the connection names no sender")
        tls = parts.scheme == "smtps"
        starttls = not tls and said.get("starttls", "yes") not in ("no", "false", "0")
        if password and not tls and not starttls:
            raise _wrong(name, "the connection would send its password in the clear")
        default = 465 if tls else 587
        return cls(parts.hostname, port or default, sender, tls, starttls, user, password, said.get("ca", ""))

    @property
    def place(self) -> str:
        """Where the server is, for people; without user and password."""
        return f"mail server {self.host}:{self.port}"


def _wrong(name: str, what: str) -> CouldNotRun:
    return CouldNotRun(Finding(f"connection {name}", what, _FORM))


def message(
    text: Letter, *, sender: str, to: str, pack: str, attachment: tuple[str, bytes], at: datetime
) -> EmailMessage:
    """Return the message to one recipient. Its id follows from pack and recipient: who gets it twice sees it once."""
    made = EmailMessage(policy=SMTP)
    mark = hashlib.sha256(f"{pack} {to}".encode()).hexdigest()[:24]
    domain = sender.rpartition("@")[2]
    made["Subject"], made["From"], made["To"] = text.subject, sender, to
    made["Date"], made["Message-ID"] = format_datetime(at), f"<{pack}.{mark}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text.text)
    made.add_alternative(text.html, subtype="html")
    if text.logo:
        html = made.get_body(("html",))
        assert isinstance(html, EmailMessage)
        html.add_related(text.logo, maintype="image", subtype="png", cid=f"<{LOGO}>", filename="logo.png")
    name, content = attachment
    made.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    for part in made.walk():
        if part.is_multipart():
            part.set_boundary(hashlib.sha256(f"{mark}{part.get_content_type()}".encode()).hexdigest()[:32])
    return made


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    """Open the way to the server, encrypted and logged in; :class:`CouldNotRun` without a secret in it."""
    try:
        context = ssl.create_default_context(cafile=mailbox.authority or None)
        server: smtplib.SMTP
        if mailbox.tls:
            server = smtplib.SMTP_SSL(mailbox.host, mailbox.port, timeout=_TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(mailbox.host, mailbox.port, timeout=_TIMEOUT)
    except (OSError, smtplib.SMTPException) as error:
        raise _failed(mailbox, "cannot be reached", error) from None
    with server:
        try:
            if mailbox.starttls:
                server.starttls(context=context)
            if mailbox.user:
                _log_in(server, mailbox)
        except (OSError, smtplib.SMTPException) as error:
            raise _failed(mailbox, "cannot be used", error) from None
        yield server


def _log_in(server: smtplib.SMTP, mailbox: Mailbox) -> None:
    """Log in; where the password has other letters than those of ASCII, as RFC 4616 writes it, which smtplib cannot."""
    if f"{mailbox.user}{mailbox.password}".isascii():
        server.login(mailbox.user, mailbox.password)
        return
    server.ehlo_or_helo_if_needed()
    secret = base64.b64encode(f"\0{mailbox.user}\0{mailbox.password}".encode()).decode()
    code, said = server.docmd("AUTH", f"PLAIN {secret}")
    if code not in (235, 503):  # 503: already logged in
        raise smtplib.SMTPAuthenticationError(code, said)


def send(server: smtplib.SMTP, mailbox: Mailbox, said: EmailMessage) -> None:
    """Hand one message over; :class:`CouldNotRun` where the server does not take it."""
    try:
        server.send_message(said)
    except (OSError, smtplib.SMTPException) as error:
        raise _failed(mailbox, f"does not take the message to {said['To']}", error) from None


def _failed(mailbox: Mailbox, what: str, error: Exception) -> CouldNotRun:
    """Say what failed by its kind and code: the words of a server may repeat what it was told."""
    why = {
        smtplib.SMTPAuthenticationError: "user or password is refused",
        smtplib.SMTPNotSupportedError: "it does not offer STARTTLS or a login",
        ssl.SSLCertVerificationError: "its certificate is not trusted; name the authority with ca=/path/to/ca.pem",
        ConnectionRefusedError: "nobody listens there",
        TimeoutError: "it does not answer",
    }.get(type(error), type(error).__name__)
    code = getattr(error, "smtp_code", 0)
    todo = "check the connection and run again; who got the pack already does not get it twice"
    return CouldNotRun(Finding(mailbox.place, f"{what}: {why}" + (f" (code {code})" if code else ""), todo))
