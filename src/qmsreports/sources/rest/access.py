"""Who we are to a web interface: fixed credentials, or tokens that are asked for and asked for again when refused.

A token is used until the system refuses it (401); then a new one is asked for and the request is repeated once. So no
clock of ours decides when a token has expired, and one that is withdrawn early is no different from one that ran out.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Protocol

from qmsreports.catalog.rest import Basic, OAuth2, SignedJwt, SignIn, Token
from qmsreports.sources.feed import Unreadable
from qmsreports.sources.rest.values import at_path

if TYPE_CHECKING:
    import requests

    from qmsreports.sources.rest.client import Client

_GOOD_FOR = 180  # seconds that a signed assertion is good for


class Access(Protocol):
    """What a request carries to be let in."""

    def headers(self) -> dict[str, str]:
        """Headers of the next request."""

    def renew(self) -> bool:
        """Ask for new credentials; ``False`` where there are none to be had."""


def access_of(declared: Basic | Token | SignIn | OAuth2 | SignedJwt | None, client: Client) -> Access | None:
    """Return the access that a source declares; ``None`` for an open one."""
    if declared is None:
        return None
    if isinstance(declared, Basic):
        values = client.address
        login, password = (str(values.fill(part, {})) for part in (declared.login, declared.password))
        client.address.secrets.add(f"{login}:{password}")
        return _Fixed("Authorization", f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}")
    if isinstance(declared, Token):
        return _Fixed(declared.header, str(client.address.fill(declared.value, {})))
    return _Asked(declared, client)


class _Fixed:
    def __init__(self, header: str, value: str) -> None:
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            raise Unreadable("the secret holds characters that no token has", "check the connection") from None
        self._headers = {header: value}

    def headers(self) -> dict[str, str]:
        return self._headers

    def renew(self) -> bool:
        return False


class _Asked:
    """A token that the system gives: by signing in, by OAuth 2, or for a signed assertion."""

    def __init__(self, declared: SignIn | OAuth2 | SignedJwt, client: Client) -> None:
        self._declared = declared
        self._client = client
        self._token = ""
        self._newest: dict[str, str] = {}  # a refresh token that replaced the connection's

    def headers(self) -> dict[str, str]:
        if not self._token:
            self.renew()
        if isinstance(self._declared, SignIn):
            value = self._client.address.fill(self._declared.value, {"token": self._token})
            return {self._declared.header: str(value)}
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        declared, address = self._declared, self._client.address
        if isinstance(declared, SignIn):
            data = self._given(
                self._client.send("POST", address.url(declared.path), {}, json_body=address.fill(declared.body, {}))
            )
            token = at_path(data, declared.token)[0]
        else:
            data = self._given(self._exchanged(declared))
            token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not token:
            raise Unreadable("the system signs us in but gives no token", "check api/authentication", shared=True)
        self._token = token
        address.secrets.add(token)
        return True

    def _exchanged(self, declared: OAuth2 | SignedJwt) -> requests.Response:
        address = self._client.address
        url = address.url(declared.token_at)
        headers: dict[str, str] = {}
        form = dict(address.fill(declared.form, {}))
        if isinstance(declared, SignedJwt):
            form["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            form["assertion"] = self._assertion(declared, url)
            return self._client.send("POST", url, headers, form=form)
        form["grant_type"] = declared.grant
        if declared.grant == "refresh_token":
            form["refresh_token"] = address.fill("{refresh_token}", self._newest)
        login, password = address.values["login"], address.values["password"]
        if declared.client == "basic":
            headers["Authorization"] = f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"
        else:
            form |= {"client_id": login, "client_secret": password}
        return self._client.send("POST", url, headers, form=form)

    def _assertion(self, declared: SignedJwt, url: str) -> str:
        """Sign who we are, by the clock of the server that checks it: ours may be minutes off."""
        import jwt

        from qmsreports.sources.rest.client import served_at

        address = self._client.address
        told = served_at(self._client.send("HEAD", url, {}))
        if told is None:
            raise Unreadable("the server that gives tokens does not tell its time", "check token_at", shared=True)
        now = int(told.timestamp())
        claims = {"iss": address.values["login"], "sub": address.fill(declared.subject, {})}
        claims |= {"aud": address.fill(declared.audience, {}), "iat": now, "exp": now + _GOOD_FOR}
        try:
            return jwt.encode(claims, address.values["password"], algorithm=declared.algorithm)
        except (ValueError, TypeError, jwt.PyJWTError):
            raise Unreadable(
                "the connection's password is no private key", "put the PEM text there, percent-encoded", shared=True
            ) from None

    def _given(self, response: requests.Response) -> Any:
        """Return what the token's address answered; a refusal stops every table of the source."""
        if not 200 <= response.status_code < 300:
            refreshing = isinstance(self._declared, OAuth2) and self._declared.grant == "refresh_token"
            raise Unreadable(
                f"the system does not sign us in ({self._client.refused(response)})",
                "check login and secret of the connection"
                + (", and put a new refresh_token there: the old one ran out or was used up" if refreshing else ""),
                shared=True,
            )
        try:
            data = response.json()
        except ValueError:
            data = None
        if isinstance(data, dict) and isinstance(data.get("refresh_token"), str):
            self._client.address.secrets.add(data["refresh_token"])
            self._client.new_refresh_token = data["refresh_token"] != self._client.address.values.get("refresh_token")
            self._newest = {"refresh_token": data["refresh_token"]}
        return data
