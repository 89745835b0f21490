"""Where files lie: a folder of this machine, SFTP, S3, or whatever else fsspec knows the way to.

A host that SFTP speaks to must be known: its key stands in the known hosts of the account, or in the connection as
``?host_key=SHA256:…``. fsspec itself would trust any key it is shown.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from qmsreports.sources.database import without_secrets
from qmsreports.sources.feed import Unreadable

_KNOWN_HOSTS = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))


def open_place(connection: str) -> tuple[Any, str]:
    """Return the file system of a connection and the path in it; :class:`Unreadable` when nothing answers there."""
    from fsspec.core import url_to_fs

    url = unquote(connection) if connection.startswith("file:") else connection
    try:
        if url.startswith(("sftp:", "ssh:")):
            return _sftp(url)
        url, options = _s3(url) if url.startswith("s3:") else (url, {})
        fs, root = url_to_fs(url, use_listings_cache=False, **options)
        return fs, str(root)
    except ImportError:
        what = f"what reads {url.partition(':')[0]}:// is not installed"
        raise Unreadable(what, "install the fsspec package for it, or deliver to a folder, SFTP or S3") from None
    except ValueError:
        what = f"{shown(url)} is no place for files that is known here"
        raise Unreadable(what, "write a folder, sftp://…, s3://… or another address that fsspec knows") from None
    except OSError as error:
        raise Unreadable(f"{shown(url)} cannot be opened ({reason(error)})", "check the connection") from None


def close_place(fs: Any) -> None:
    """Give a connection back."""
    client = getattr(fs, "client", None)
    if client is not None and hasattr(client, "close"):
        client.close()


def clock_of(fs: Any, root: str) -> datetime | None:
    """Return the time of a store's own clock, ``None`` where it does not tell: an answer of S3 bears its date."""
    if "s3" not in (fs.protocol if isinstance(fs.protocol, tuple | list) else (fs.protocol,)):
        return None
    try:
        answer = fs.call_s3("list_objects_v2", Bucket=root.partition("/")[0], MaxKeys=1)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
    except Exception:  # what is behind a URL refuses in words of its own, and nothing depends on this answer
        return None


def shown(url: str) -> str:
    """Return a connection as messages name it: without account, password and options."""
    scheme, separator, rest = url.partition("://")  # the first one: a host key may hold another
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}" if separator else url


def under_way(name: str) -> bool:
    """Whether the name of a file says that it is hidden, locked or not whole yet."""
    return name.startswith((".", "~$")) or name.lower().endswith((".part", ".partial", ".tmp", ".filepart"))


def reason(error: Exception) -> str:
    """Return in words what the system said."""
    return getattr(error, "strerror", None) or type(error).__name__


def _s3(url: str) -> tuple[str, dict[str, Any]]:
    """Return the plain address of a bucket and the options to reach it: of the connection, else of the environment."""
    parts = urlsplit(url)
    options: dict[str, Any] = {"skip_instance_cache": True}
    if parts.username and parts.password:
        options |= {"key": unquote(parts.username), "secret": unquote(parts.password)}
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    odd = said.keys() - {"endpoint_url", "region_name"}
    bucket = parts.netloc.rpartition("@")[2]
    if odd or not bucket or ("@" in parts.netloc and "key" not in options):
        raise Unreadable(
            f"the connection says {min(odd)} of S3" if odd else "the connection names no bucket, or half of an account",
            "write it like s3://key:secret@bucket/folder?endpoint_url=https://…&region_name=…, signs such as / in the "
            "secret percent-encoded (%2F)",
        )
    if said:
        options["client_kwargs"] = said
    return f"s3://{bucket}{parts.path}", options


def _sftp(url: str) -> tuple[Any, str]:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    parts = urlsplit(url)
    if not parts.hostname:
        raise Unreadable("the connection names no host", "write it like sftp://account:password@host/folder")
    expected = parse_qs(parts.query).get("host_key", [""])[0].replace(" ", "+")
    options: dict[str, Any] = {"port": parts.port or 22, "timeout": 30, "host_key_policy": _only_known(expected)}
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options |= {"password": unquote(parts.password), "look_for_keys": False, "allow_agent": False}
    try:
        return SFTPFileSystem(parts.hostname, skip_instance_cache=True, **options), unquote(parts.path) or "/"
    except paramiko.AuthenticationException:
        what, todo = "the account is not let in", "check account, password and key"
    except paramiko.SSHException as error:
        what, todo = str(error) or type(error).__name__, "check the connection and the server"
    raise Unreadable(f"{shown(url)} cannot be opened ({without_secrets(what, url)})", todo)


def _only_known(expected: str) -> Any:
    """Return the policy for keys of hosts: this one, or one of the account's known hosts."""
    import paramiko

    class OnlyKnown(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
        """Refuses a host that nobody vouched for."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 - given by paramiko
            found = "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
            if expected:
                if expected.rstrip("=") != found:
                    raise paramiko.SSHException(f"the host shows another key than host_key says: {found}")
                return
            for path in _KNOWN_HOSTS:
                file = path.expanduser()
                if file.is_file() and paramiko.HostKeys(str(file)).check(hostname, key):
                    return
            raise paramiko.SSHException(f"the host is not known; vouch for it with ?host_key={found}")

    return OnlyKnown()
