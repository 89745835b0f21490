"""A BottleCRM on a PostgreSQL 15, as an account that row-level security binds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.real.postgresql import BIN, Server
from tests.system.real.servers import environment_of, free_port, newer_python, started

DATABASE = "crm"


@dataclass
class Crm:
    """A running BottleCRM, and who is signed in to which organisation."""

    address: str
    server: Server
    django: list[str | Path]
    environment: dict[str, str]
    folder: Path
    token: str = field(default="", repr=False)

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}healthz/", timeout=10).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):  # a busy machine answers late
            return False
        return True

    def ask(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(f"{self.address}api/{path}", json.dumps(body).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()[:500]}") from None

    def create(self, path: str, **body: Any) -> str:
        return str(self.ask("POST", f"{path}/", **body)["id"])

    def found(self, organisation: str) -> str:
        """Found an organisation and go on in it; returns its id."""
        environment = {**os.environ, **self.environment, "DEBUG": "true"}
        command = [*self.django, "devlogin", "admin@arvella.example", "--create"]
        said = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=True, timeout=120
        ).stdout
        self.token = re.findall(r"access_token: +(\S+)", said)[0]
        id_ = str(self.ask("POST", "org/", name=organisation)["org"]["id"])
        self.token = self.ask("POST", "auth/switch-org/", org_id=id_)["access_token"]
        return id_

    def sql(self, *statements: str) -> None:
        self.server.run(*statements, database=DATABASE)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.server.rows(query, database=DATABASE)


@contextmanager
def bottlecrm(server: Server, folder: Path) -> Iterator[Crm]:
    """Start one on a database of its own. The migrated database is kept beside the software: it takes minutes."""
    bin_ = environment_of("bottlecrm", newer_python((3, 12)))
    environment = {
        "DBHOST": "127.0.0.1", "DBPORT": str(server.port), "DBNAME": DATABASE, "DBUSER": "postgres",
        "DJANGO_SETTINGS_MODULE": "crm.settings", "ENV_TYPE": "dev", "SECRET_KEY": "only-for-a-test-on-loopback-" * 2,
        "CELERY_BROKER_URL": "memory://", "CELERY_RESULT_BACKEND": "cache+memory://",
    }  # fmt: skip
    django: list[str | Path] = [bin_ / "python", "-W", "ignore", "-m", "django"]
    kept = bin_.parent / "migrated.dump"
    server.run(f"CREATE DATABASE {DATABASE}", "CREATE ROLE crm LOGIN", "CREATE ROLE reporting LOGIN")
    reach = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
    if kept.is_file():
        subprocess.run([BIN / "pg_restore", *reach, "-d", DATABASE, kept], check=True, timeout=300)
    else:
        subprocess.run(
            [*django, "migrate", "-v0"], env={**os.environ, **environment}, cwd=folder, check=True, timeout=1500
        )
        subprocess.run([BIN / "pg_dump", *reach, "-Fc", "-f", kept.with_suffix(".part"), DATABASE], check=True)
        kept.with_suffix(".part").replace(kept)
    server.run(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO crm",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO crm",
        """GRANT SELECT ON accounts, opportunity, opportunity_pipeline_stage, "case", comment, activity,
        django_content_type TO reporting""",
        database=DATABASE,
    )
    port = free_port()
    environment["DBUSER"] = "crm"
    crm = Crm(f"http://127.0.0.1:{port}/", server, django, environment, folder)
    command = [bin_ / "uvicorn", "crm.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    with started(command, env=environment, log=folder / "crm.log", answers=crm.answers, folder=folder):
        yield crm
