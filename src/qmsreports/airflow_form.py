"""Connections as Airflow writes them, read as the URLs that sources and deliveries take.

Airflow keeps a connection in parts and writes it as JSON (``{"conn_type": "postgres", "host": …}``) or as a URI of its
own, in which the host may be ``https`` and everything else stands in ``__extra__``. Nothing here imports Airflow.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from qmsreports.errors import CouldNotRun, Finding

_SCHEMES = {"postgres": "postgresql", "mysql": "mysql+pymysql", "ssh": "sftp", "aws": "s3"}
_WEB = frozenset({"", "http", "https", "generic"})
_OWN_URIS = ("fs://", "ssh://", "aws://")


def from_airflow(said: str, *, name: str) -> str:
    """Return a connection as sources take it: a URL, a path, or (a web interface) JSON with its parts.

    What is not in one of Airflow's two forms comes back as it is. ``name`` is for the message of :class:`CouldNotRun`,
    which never repeats what was said.
    """
    said = said.strip()
    if said.startswith("{"):
        try:
            parts = json.loads(said)
            extra = parts.get("extra") or {}
            parts["extra"] = json.loads(extra) if isinstance(extra, str) else dict(extra)
        except (ValueError, TypeError, AttributeError):
            raise _unfit(name, "is no JSON of an Airflow connection") from None
        return _written(parts, name)
    if "__extra__=" in said or said.startswith(_OWN_URIS):
        try:
            return _written(_of_uri(said), name)
        except (ValueError, TypeError):
            raise _unfit(name, "is no URI of an Airflow connection") from None
    return said


def _of_uri(said: str) -> dict[str, Any]:
    parts = urlsplit(said)
    extra = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "__extra__" in extra:
        extra = dict(json.loads(extra["__extra__"]))
    host = parts.netloc.rpartition("@")[2]
    return {
        "conn_type": parts.scheme,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": unquote(host.rpartition(":")[0] if parts.port else host),
        "port": parts.port,
        "schema": unquote(parts.path.lstrip("/")),
        "extra": extra,
    }


def _written(parts: dict[str, Any], name: str) -> str:
    kind = str(parts.get("conn_type") or "").lower().replace("_", "-")
    login, password, host, schema = (str(parts.get(part) or "") for part in ("login", "password", "host", "schema"))
    extra: dict[str, Any] = parts["extra"]
    if kind in _WEB:
        return json.dumps(parts)
    if kind == "fs":
        return str(extra.get("path") or host or schema)
    if kind == "sqlite":
        return f"sqlite:///{host or schema}"
    scheme = _SCHEMES.get(kind, kind)
    if scheme == "sftp":
        schema, extra = str(extra.get("path") or schema).lstrip("/"), _vouched(extra)
    nested = next((key for key, value in extra.items() if not isinstance(value, str | int | float)), None)
    if nested is not None:
        raise _unfit(name, f'says more of "{nested}" than a URL can hold', "write it as one value, or as a URL")
    who = f"{quote(login, safe='')}:{quote(password, safe='')}@" if login or password else ""
    where = host
    if scheme == "s3" and "://" in host:  # old connections have the address of the store there
        where, extra = "", {"endpoint_url": host} | extra
    port = f":{parts['port']}" if parts.get("port") else ""
    values = urlencode({key: str(value).lower() if isinstance(value, bool) else value for key, value in extra.items()})
    return f"{scheme}://{who}{where}{port}/{schema}{'?' if values else ''}{values}"


def _vouched(extra: dict[str, Any]) -> dict[str, str]:
    """Return the host's key as its fingerprint; Airflow keeps the key itself. Its other options are its hook's."""
    said = str(extra.get("host_key") or "")
    key = next((word for word in said.split() if word.startswith("AAAA")), "")
    if key:
        digest = hashlib.sha256(base64.b64decode(key)).digest()
        said = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return {"host_key": said} if said else {}


def _unfit(name: str, what: str, todo: str = "write it as a URL") -> CouldNotRun:
    return CouldNotRun(Finding(f"connection {name}", what, todo))
