"""Tryton's JSON-RPC as its own clients speak it."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from datetime import date
from decimal import Decimal
from typing import Any


class Tryton:
    """One session of the administrator; ``context`` goes with every call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = ""
        self.user = 0
        self.context: dict[str, Any] = {}

    def answers(self) -> bool:
        """Whether the server lets us in; on yes, the session is open."""
        try:
            self.user, token = self._ask("common.db.login", "admin", {"password": "admin"}, "en")[:2]
        except (urllib.error.URLError, ConnectionError):
            return False
        self._session = base64.b64encode(f"admin:{self.user}:{token}".encode()).decode()
        return True

    def call(self, model: str, method: str, *arguments: Any) -> Any:
        return self._ask(f"model.{model}.{method}", *arguments, self.context)

    def create(self, model: str, **values: Any) -> int:
        return int(self.call(model, "create", [values])[0])

    def find(self, model: str, *domain: Any) -> int:
        return int(self.call(model, "search", list(domain), 0, 1, None)[0])

    def read(self, model: str, number: int, field: str) -> Any:
        return self.call(model, "read", [number], [field])[0][field]

    def steps(self, model: str, number: int, *names: str) -> None:
        """Press buttons one after the other."""
        for name in names:
            self.call(model, name, [number])

    def _ask(self, method: str, *parameters: Any) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": parameters}, default=_encoded).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        if self._session:
            request.add_header("Authorization", f"Session {self._session}")
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        if answer.get("error"):
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]


def _encoded(value: Any) -> Any:
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(type(value).__name__)
