"""A system with a web interface on loopback: tests say what it answers, and see what it was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came. ``query`` holds one value per name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.content.decode()))


@dataclass(frozen=True)
class Reply:
    """What is answered; ``data`` as JSON, bytes as they are. ``cut``: the line breaks in the middle of the answer."""

    data: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Handler = Callable[..., Any]


class WebSystem:
    """Routes by method and pattern; the groups of the pattern become arguments. ``next`` are replies that come first.

    ``now`` is the clock of the system; the test's own clock plays no part.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.next: list[Reply | None] = []
        self.now = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._server: ThreadingHTTPServer | None = None

    def route(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self._routes.insert(0, (method, re.compile(pattern), handler))
            return handler

        return add

    @property
    def host(self) -> str:
        assert self._server is not None
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, login: str = "", password: str = "", path: str = "") -> str:
        user = f"{login}:{password}@" if login or password else ""
        return f"http://{user}{self.host}{path}"

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.next and (reply := self.next.pop(0)) is not None:
            return reply
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(asked.path)
            if method == asked.method and found:
                given = handler(asked, *found.groups())
                return given if isinstance(given, Reply) else Reply(given)
        return Reply({"message": f"no {asked.method} {asked.path}"}, 404)

    @contextmanager
    def running(self) -> Iterator[WebSystem]:
        system = self

        class Handling(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for a receipt

            def _handle(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                asked = Asked(self.command, unquote(parts.path), query, dict(self.headers), self.rfile.read(length))
                try:
                    reply = system.answer(asked)
                except Exception as error:
                    reply = Reply({"message": f"the test's system broke: {error!r}"}, 400)
                content = reply.data if isinstance(reply.data, bytes) else json.dumps(reply.data).encode()
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(content) + (100 if reply.cut else 0)))
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                if reply.cut:
                    self.close_connection = True

            do_GET = do_POST = do_HEAD = _handle  # noqa: N815

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(system.now, usegmt=True)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
        self._server.daemon_threads = True
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
