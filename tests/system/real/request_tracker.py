"""A Request Tracker of Debian in a folder of its own: settings, database, accounts, and the ways in."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.system.real.debian import installed
from tests.system.real.servers import free_port, started

_SETTINGS = """
Set($rtname, 'desk.example'); Set($Organization, 'desk.example');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($Timezone, 'Europe/Vienna');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rt.db');
Set($DatabaseUser, ''); Set($DatabasePassword, '');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'error');
Set($SendmailPath, '/bin/true'); Set($MasonSessionDir, '{folder}/session');
1;
"""
_ACCOUNTS = """
@Users = (
    {{ Name => 'reporting', Password => '{password}', Privileged => 1, Timezone => 'America/New_York' }},
    {{ Name => 'anna', Password => '{password}', Privileged => 1, EmailAddress => 'anna@arvella.example' }},
    {{ Name => 'berta', Password => '{password}', Privileged => 1, EmailAddress => 'berta@arvella.example' }},
    {{ Name => 'einkauf@nordwerk.example', EmailAddress => 'einkauf@nordwerk.example', Organization => 'K-100' }},
);
my @agent = qw(SeeQueue ShowTicket ReplyToTicket CommentOnTicket ModifyTicket OwnTicket CreateTicket DeleteTicket);
my @mail = qw(CreateTicket ReplyToTicket);
@ACL = (
    (map {{ {{ UserId => 'reporting', Right => $_ }} }} qw(SeeQueue ShowTicket)),
    (map {{ my $who = $_; map {{ {{ UserId => $who, Right => $_ }} }} @agent, 'ReassignTicket' }} qw(anna berta)),
    (map {{ {{ GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => $_ }} }} @mail),
);
1;
"""
PASSWORD = "Stiller-Fluss-7"


@dataclass(frozen=True)
class Desk:
    """A running Request Tracker. Whoever acts is named; ``reporting`` is the account that the product reads with."""

    address: str
    database: Path

    @property
    def connection(self) -> str:
        return self.address.replace("http://", f"http://reporting:{PASSWORD}@")

    def ask(self, method: str, path: str, body: Any = None, *, by: str = "anna", **query: str) -> Any:
        url = f"{self.address}REST/2.0/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "Basic " + b64encode(f"{by}:{PASSWORD}".encode()).decode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def answers(self) -> bool:
        try:
            return bool(self.ask("GET", "rt"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def create(self, subject: str, requestor: str, *, by: str = "anna", **fields: Any) -> int:
        ticket = {"Queue": "General", "Subject": subject, "Requestor": requestor, "Content": subject, **fields}
        return int(self.ask("POST", "ticket", ticket, by=by)["id"])

    def change(self, ticket: int, *, by: str = "anna", **fields: Any) -> None:
        said = self.ask("PUT", f"ticket/{ticket}", fields, by=by)
        assert len(said) == len(fields) and "ermission" not in str(said), said

    def reply(self, ticket: int, *, by: str = "anna") -> None:
        self.ask("POST", f"ticket/{ticket}/correspond", {"Content": "We look.", "ContentType": "text/plain"}, by=by)

    def mail(self, sender: str, subject: str, ticket: int | None = None) -> int:
        """Send a mail to the gateway as the mail server would; returns the ticket it went into."""
        message = EmailMessage()
        message["From"], message["To"] = sender, "service@arvella.example"
        message["Subject"] = f"[desk.example #{ticket}] {subject}" if ticket else subject
        message.set_content("The pump leaks.")
        form = {"queue": "General", "action": "correspond", "message": message.as_string()}
        url = f"{self.address}REST/1.0/NoAuth/mail-gateway"
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
            said = answer.read().decode()
        assert said == "ok\n", said
        return ticket or int(self.rows("SELECT max(id) FROM Tickets")[0][0])

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def history(self, ticket: int) -> list[tuple[int, str]]:
        """Transactions of a ticket that people make, in order: number and kind."""
        query = """SELECT id, Type FROM Transactions WHERE ObjectType = 'RT::Ticket' AND ObjectId = ?
            AND Type IN ('Create', 'Correspond', 'Comment', 'Status', 'Set', 'AddLink') ORDER BY id"""
        return self.rows(query, ticket)

    def backdate(self, ticket: int, *moments: tuple[str, str]) -> None:
        """Put a ticket's transactions, each named by its kind, where they belong: the program knows now alone."""
        history = self.history(ticket)
        assert [kind for _, kind in history] == [kind for kind, _ in moments], history
        for (number, _), (_, moment) in zip(history, moments, strict=True):
            self.date(number, moment)
        times = [moment for kind, moment in moments if kind != "AddLink"]
        self._change("UPDATE Tickets SET Created = ?, LastUpdated = ? WHERE id = ?", times[0], times[-1], ticket)

    def date(self, transaction: int, moment: str) -> None:
        self._change("UPDATE Transactions SET Created = ? WHERE id = ?", moment, transaction)

    def _change(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            connection.execute(statement, values)


@contextmanager
def request_tracker(folder: Path) -> Iterator[Desk]:
    """Start a Request Tracker whose database lies in the folder."""
    server = Path("/usr/share/request-tracker5/libexec/rt-server")
    installed("request-tracker5", "rt5-standalone", "rt5-db-sqlite", needs=server)
    port = free_port()
    (folder / "session").mkdir()
    (folder / "more").mkdir()
    settings, accounts = folder / "site.pm", folder / "accounts.pl"
    settings.write_text(_SETTINGS.format(port=port, folder=folder))
    accounts.write_text(_ACCOUNTS.format(password=PASSWORD))
    environment = {"RT_SITE_CONFIG": str(settings), "RT_SITE_CONFIG_DIR": str(folder / "more")}
    for action in (["init", "--skip-create"], ["insert", "--datafile", str(accounts)]):
        subprocess.run(
            ["rt-setup-database-5", "--action", *action, "--dba", "", "--dba-password", ""],
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
            timeout=300,
        )
    desk = Desk(f"http://127.0.0.1:{port}/", folder / "rt.db")
    command = [server, "--host", "127.0.0.1", "--port", str(port)]
    with started(command, env=environment, log=folder / "log", answers=desk.answers):
        yield desk
