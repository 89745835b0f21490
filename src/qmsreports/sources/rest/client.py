"""Sends requests and gives answers: waits when a system is busy, signs in again when it forgot us, and never leaks.

Credentials go to the connection's own host and nowhere else: redirects are not followed, and a next page on another
host is refused. What a message repeats of an answer has every secret taken out. A system's clock is read from its
``Date`` header, never from ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.rest import Api
from qmsreports.sources.feed import Unreadable
from qmsreports.sources.rest.address import Address, origin_of
from qmsreports.sources.rest.values import at_path

if TYPE_CHECKING:
    import requests

    from qmsreports.sources.rest.access import Access
    from qmsreports.sources.rest.kept import Kept

_BUSY = frozenset({408, 423, 425, 429, 477, 500, 502, 503, 504, 524})  # 423 locked, 477 being moved, 524 took too long
_LONGEST_WAIT = 900.0  # seconds; a system that wants more is left until the next visit
_PATIENCE = 3600.0  # seconds of waiting in one visit
_TIMEOUT = (10, 120)  # seconds to connect, and between two parts of an answer
_SHOWN = 200  # characters of a system's own message


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    data: Any
    headers: Mapping[str, str]
    url: str


class Client:
    """One system, asked one request after the other; ``served_at`` is its time, ``sleep`` takes seconds."""

    def __init__(self, api: Api, address: Address, *, sleep: Callable[[float], None]) -> None:
        import requests

        from qmsreports.sources.rest.access import access_of

        self.address = address
        self._api = api
        self._sleep = sleep
        self._waited = 0.0
        self.served_at: datetime | None = None
        self._answered = 0.0
        self.new_refresh_token = False
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "qmsreports"
        self._session.headers["Accept"] = "application/json"
        self._access: Access | None = access_of(api.authentication, self)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def clock(self) -> datetime | None:
        """Return the system's time now: that of its last answer, and what has passed since; in whole seconds."""
        if self.served_at is None:
            return None
        return self.served_at + timedelta(seconds=int(time.monotonic() - self._answered))

    def ask(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        may_be_gone: bool = False,
        kept: Kept | None = None,
    ) -> Answer | None:
        """Return the answer; ``None`` for 404 and 410 where that may be, :class:`Unreadable` for other refusals.

        One that is ``kept`` is asked for once in a visit.
        """
        asked = json.dumps([method, url, parameters, body], default=str)
        known = kept.find(asked) if kept is not None else None
        if known is not None:
            content, said_with = known
            return None if content is None else Answer(self._data(content, said_with, url), said_with, url)
        response = self._asked(method, url, parameters, body)
        gone = may_be_gone and response.status_code in (404, 410)
        if not gone:
            self._refuse(response, url)
            self.served_at = served_at(response)
            self._answered = time.monotonic()
        content = b"null" if response.status_code == 204 else response.content  # no content is no row
        answer = None if gone else Answer(self._data(content, response.headers, url), response.headers, url)
        if answer is not None:
            self._refuse_error(answer)
        if kept is not None:
            kept.keep(asked, None if gone else content, response.headers)
        return answer

    def _asked(self, method: str, url: str, parameters: Mapping[str, Any] | None, body: Any) -> requests.Response:
        """Send a request with our credentials, and once more with new ones where they are refused."""
        if origin_of(url) != self.address.origin:
            raise Unreadable(
                "the answer leads to another host, to which no credentials are sent",
                "check the base address of the connection",
                place=("request", "page"),
            )
        fixed = self.address.fill(self._api.parameters, {})
        headers = self.address.fill(self._api.headers, {})
        parameters = {**fixed, **(parameters or {})}
        response = self.send(method, url, self._signed(headers), parameters, json_body=body)
        if response.status_code == 401 and self._access is not None and self._access.renew():
            response = self.send(method, url, self._signed(headers), parameters, json_body=body)
        return response

    def _refuse_error(self, answer: Answer) -> None:
        """Raise for an error that comes as a success."""
        said = at_path(answer.data, self._api.error)[0] if self._api.error else None
        if said:
            raise Unreadable(
                f"the system refuses the request ({self._shown(said)})", "check the request", place=("request",)
            )

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        parameters: Mapping[str, Any] | None = None,
        *,
        json_body: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, again while the system is busy or the line breaks; every other answer is returned."""
        import requests

        problem, answered = "", 0
        for attempt in range(self._api.attempts):
            if attempt:
                self._wait(answered or min(60.0, 2.0 ** (attempt - 1)), problem)
            try:
                response = self._session.request(
                    method,
                    url,
                    params={name: _plain(value) for name, value in (parameters or {}).items()},
                    headers=dict(headers),
                    json=json_body,
                    data=form,
                    auth=_nobody,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError:
                raise Unreadable(
                    "its certificate is not trusted", "check the address, or name your authority in REQUESTS_CA_BUNDLE",
                    shared=True,
                ) from None  # fmt: skip
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                problem, answered = type(error).__name__, 0
            except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
                raise Unreadable(
                    f"the request cannot be made ({type(error).__name__})", "check the connection", shared=True
                ) from None
            else:
                if response.status_code not in _BUSY or self._is_spent(response):
                    return response
                problem, answered = str(response.status_code), _retry_after(response)
        raise Unreadable(
            f"the system does not answer ({problem}, {self._api.attempts} attempts)",
            "check the connection and the system, then run again",
            shared=True,
        )

    def refused(self, response: requests.Response) -> str:
        """Return what a refusal says for itself, without secrets: status and message."""
        try:
            said = _message(json.loads(response.content))
        except ValueError:
            said = ""
        return f"{response.status_code}{': ' + self._shown(said) if said else ''}"

    def _signed(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, **(self._access.headers() if self._access is not None else {})}

    def _refuse(self, response: requests.Response, url: str) -> None:
        """Raise for every status that is no success."""
        status = response.status_code
        if 200 <= status < 300:
            return
        said = self.refused(response)
        if self._is_spent(response):
            raise Unreadable(
                f"the quota of requests is used up ({said})",
                "nothing is lost: run again later, or ask for a higher quota",
                shared=True,
            )
        if status == 401:
            raise Unreadable(
                f"the system does not accept our account ({said})", "check login and secret of the connection",
                shared=True,
            )  # fmt: skip
        if status == 403:
            raise Unreadable(
                f"the account may not read this ({said})", "give it the right to read", place=("request", "path")
            )
        if status == 404:
            raise Unreadable(f"there is no {_path(url)} ({said})", "mend this line", place=("request", "path"))
        if 300 <= status < 400:
            raise Unreadable(
                f"the system points to another address ({status})", "put the final address into the connection",
                shared=True,
            )  # fmt: skip
        raise Unreadable(f"the system refuses the request ({said})", "check the request", place=("request",))

    def _is_spent(self, response: requests.Response) -> bool:
        """Whether a refusal says that no more is granted today."""
        return response.status_code >= 400 and any(text in response.text for text in self._api.spent)

    def _data(self, content: bytes, headers: Mapping[str, str], url: str) -> Any:
        try:
            return json.loads(content, parse_float=Decimal, parse_constant=str)
        except RecursionError:
            raise Unreadable(f"the answer of {_path(url)} is nested too deeply", "check the base address") from None
        except ValueError:
            kind = headers.get("Content-Type", "").partition(";")[0] or "unknown"
            raise Unreadable(
                f"the answer of {_path(url)} is no JSON but {kind}",
                "check the base address and the account: a sign-in page looks like this",
            ) from None

    def _wait(self, seconds: float, problem: str) -> None:
        self._waited += seconds
        if seconds > _LONGEST_WAIT or self._waited > _PATIENCE:
            raise Unreadable(
                f"the system asks for more patience ({problem}, {seconds:.0f} s) than a visit has",
                "nothing is lost: run again later, or ask for a higher limit",
                shared=True,
            )
        self._sleep(seconds)

    def _shown(self, said: Any) -> str:
        return self.address.secrets.hide(str(said))[:_SHOWN]


def _nobody(request: Any) -> Any:
    """Leave a request as it is: without this, a password for the host in ~/.netrc would be sent."""
    return request


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _path(url: str) -> str:
    return url.partition("?")[0].partition("://")[2].partition("/")[2] or "/"


def served_at(response: requests.Response) -> datetime | None:
    """Return when an answer was given, by the clock of the system."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _retry_after(response: requests.Response) -> int:
    """Return the seconds that the system asks to wait, 0 for none; a date is held against its own clock."""
    said = response.headers.get("Retry-After", "").strip()
    if said.replace(".", "", 1).isdigit():
        return max(1, ceil(float(said)))
    now = served_at(response)
    try:
        return max(1, round((parsedate_to_datetime(said).astimezone(UTC) - now).total_seconds())) if now else 0
    except (ValueError, TypeError):
        return 0


def _message(data: Any) -> str:
    """Return the message of an error, wherever the system puts it."""
    if isinstance(data, list):
        return _message(data[0]) if data else ""
    if not isinstance(data, dict):
        return str(data) if isinstance(data, str) else ""
    for name in ("message", "error_description", "detail", "title", "errorMessages", "errors", "error", "exception"):
        found = data.get(name)
        if found:
            return found if isinstance(found, str) else _message(found)
    return ""
