"""Where a web interface is and what it takes to get in: the connection, taken apart, and its secrets kept out of sight.

A connection is an address, ``https://user:password@host/path?database=live``, or what Airflow makes of its HTTP
connections: ``http://user:password@host/https`` or JSON with ``host``, ``login``, ``password``, ``schema``, ``extra``.
Everything in the query or in ``extra`` is a value for placeholders and a secret, too.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from qmsreports.sources.feed import Unreadable

_FORM = "write it like https://user:password@host/"
_LEFT_OUT = object()
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SHORTEST = 4  # a "secret" of three letters is a database name or a number, and its letters are everywhere


class Several(tuple[Any, ...]):
    """Values of many parents in one question: a list in the body holds its entry once for each, a text all of them."""

    __slots__ = ()

    def __str__(self) -> str:
        return ",".join(str(value) for value in self)


class Secrets:
    """Texts that must not be shown; tokens are added as they come."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, secret: str, *, always: bool = False) -> None:
        """Remember a secret in each way it may be written; short ones only ``always``."""
        if not secret or (len(secret) < _SHORTEST and not always):
            return
        written = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        self._known |= written | {b64encode(secret.encode()).decode()}

    def hide(self, text: str) -> str:
        """Return the text on one line with every secret replaced by ``***``."""
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return " ".join(text.split())


class Address:
    """A connection, taken apart: ``base`` without user, query and last slash; ``values`` for placeholders."""

    def __init__(self, connection: str) -> None:
        self.secrets = Secrets()
        said = connection.strip()
        self.base, values = _of_json(said) if said.startswith("{") else _of_url(said)
        self.values: dict[str, str] = {"login": "", "password": "", **values}
        self.secrets.add(self.values["password"], always=True)
        self.secrets.add(f"{self.values['login']}:{self.values['password']}")
        for name, value in self.values.items():
            if name not in ("login", "password"):
                self.secrets.add(value)

    @property
    def origin(self) -> tuple[str, str]:
        """Scheme and host, to which alone credentials are sent."""
        return origin_of(self.base)

    def url(self, path: str) -> str:
        """Return the whole address of a path below the base; a whole address stays as it is."""
        if re.match(r"https?://", path):
            return path
        return f"{self.base}/{path.lstrip('/')}"

    def fill(self, template: Any, values: Mapping[str, Any]) -> Any:
        """Return parameters or a body with placeholders filled in; entries without a value are left out.

        A text that is nothing but a placeholder becomes the value itself, so that a number stays one.
        """
        filled = self._filled(template, {**self.values, **values})
        return None if filled is _LEFT_OUT else filled

    def path(self, template: str, values: Mapping[str, Any]) -> str:
        """Return a path with placeholders filled in, each as one step: a slash in a value does not add one."""
        known = {name: quote(str(value), safe="") for name, value in {**self.values, **values}.items()}
        return str(self._filled(template, known))

    def _filled(self, template: Any, values: Mapping[str, Any]) -> Any:
        if isinstance(template, Mapping):
            pairs = {key: self._filled(value, values) for key, value in template.items()}
            return {key: value for key, value in pairs.items() if value is not _LEFT_OUT}
        if isinstance(template, list | tuple):
            entries = (self._filled(part, each) for part in template for each in _each(part, values))
            return [entry for entry in entries if entry is not _LEFT_OUT]
        if not isinstance(template, str):
            return template
        for name in _PLACEHOLDER.findall(template):
            if not values.get(name) and name not in values:
                raise Unreadable(
                    f'the connection gives no "{name}"', f"add it to its end: ?{name}=… or &{name}=…", shared=True
                )
            if values[name] is None:
                return _LEFT_OUT
        whole = _PLACEHOLDER.fullmatch(template)
        if whole and not isinstance(values[whole[1]], Several):
            return values[whole[1]]
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)


def _each(part: Any, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the values for each time that an entry of a list is written: once, or once for each parent it names."""
    named = {name: values[name] for name in _PLACEHOLDER.findall(repr(part)) if isinstance(values.get(name), Several)}
    if not named:
        return [values]
    return [{**values, **dict(zip(named, parent, strict=True))} for parent in zip(*named.values(), strict=True)]


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme and host with port of an address."""
    parts = urlsplit(url)
    port = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return parts.scheme, parts.netloc.rpartition("@")[2].lower().removesuffix(port)


def _of_url(connection: str) -> tuple[str, dict[str, str]]:
    try:
        parts = urlsplit(connection)
        login, password = unquote(parts.username or ""), unquote(parts.password or "")
        host = unquote(parts.netloc.rpartition("@")[2])
        _ = parts.port
    except ValueError:
        raise Unreadable("the connection is no web address", _FORM) from None
    if parts.scheme not in ("http", "https") or not host:
        raise Unreadable("the connection is no web address", _FORM)
    scheme, path = parts.scheme, parts.path.rstrip("/")
    if path in ("/http", "/https"):  # as Airflow writes it
        scheme, path = path[1:], ""
    base = host if re.match(r"https?://", host) else f"{scheme}://{host}"
    values = dict(parse_qsl(parts.query, keep_blank_values=True))
    return f"{base}{path}", {"login": login, "password": password, **values}


def _of_json(connection: str) -> tuple[str, dict[str, str]]:
    try:
        said = json.loads(connection)
        extra = said.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        host = str(said["host"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable("the connection is JSON, but not one of Airflow's HTTP connections", _FORM) from None
    if not re.match(r"https?://", host):
        port = f":{said['port']}" if said.get("port") else ""
        host = f"{said.get('schema') or 'https'}://{host}{port}"
    values = {name: str(value) for name, value in extra.items() if isinstance(value, str | int)}
    return host.rstrip("/"), {"login": said.get("login") or "", "password": said.get("password") or "", **values}
