"""Where everything lives. Read once from ``QMSREPORTS_*`` environment variables; nothing else configures paths."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from qmsreports.airflow_form import from_airflow
from qmsreports.errors import CouldNotRun, Finding


class Settings(BaseSettings):
    """Settings of one workspace; every default lies inside the current folder, so nothing else is needed to start."""

    model_config = SettingsConfigDict(env_prefix="QMSREPORTS_", frozen=True, extra="ignore")

    var: Path = Path("var")
    catalog: Path = Path("catalog")
    expectations: Path = Path("expectations")
    templates: Path = Path("report_templates")
    landing: str = ""  # folder or fsspec URL; default <var>/landing
    lake: str = ""  # folder or object-store URL; default <var>/lake
    # SQLAlchemy URL; default sqlite:///<var>/register.db. A field "register" would hide a method of the base class.
    register_at: str = Field(default="", validation_alias=AliasChoices("QMSREPORTS_REGISTER", "register_at"))
    engine: Literal["duckdb", "spark"] = "duckdb"
    spark: str = ""  # Spark Connect URL sc://host:port or a master; default one on this machine
    spark_lake: str = ""  # the lake's address as the Spark server sees it, where that differs
    reports_url: str = ""  # address at which browsers reach the folder var, for links from Airflow; none: paths
    signing_certificate: Path | None = None  # PKCS#12 file that approved prints are signed with; none: not signed
    signing_passphrase: SecretStr = SecretStr("")

    def __init__(self, **values: Any) -> None:
        """Read the environment; :class:`CouldNotRun` names every variable that holds something else than it may."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            findings = []
            for entry in error.errors():
                setting = str(entry["loc"][0]).upper()
                name = setting if setting.startswith("QMSREPORTS_") else f"QMSREPORTS_{setting}"
                findings.append(Finding(name, f'"{entry["input"]}" is not possible', entry["msg"]))
            raise CouldNotRun(*findings) from None

    @property
    def landing_url(self) -> str:
        """Landing zone: what sources delivered, as received."""
        return self.landing or str((self.var / "landing").absolute())

    @property
    def lake_url(self) -> str:
        """Lake: canonical Delta tables."""
        return self.lake or str((self.var / "lake").absolute())

    @property
    def register_url(self) -> str:
        """Register: SQLAlchemy URL of the records."""
        return self.register_at or f"sqlite:///{(self.var / 'register.db').absolute()}"


_ASKED: dict[str, Callable[[str], str | None]] = {}


def look_up_connections(keeper: str, find: Callable[[str], str | None]) -> None:
    """Let connections that the environment does not name be asked for elsewhere: ``find`` takes a name.

    ``keeper`` is how messages call the place. For DAGs, which alone may ask Airflow for what it keeps.
    """
    _ASKED[keeper] = find


def connection_of(source: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the connection URL or path of a source.

    Looked up in this order, the first that is set wins: ``QMSREPORTS_CONNECTION_<SOURCE>``,
    ``AIRFLOW_CONN_<SOURCE>``, and in a task of Airflow the connection ``<source>`` that Airflow keeps, in its database
    or its secrets backend. Secrets are therefore never in a file of the catalog. Raises :class:`CouldNotRun` that names
    every place looked at.
    """
    values = os.environ if environment is None else environment
    names = [f"QMSREPORTS_CONNECTION_{source.upper()}", f"AIRFLOW_CONN_{source.upper()}"]
    for name in names:
        if values.get(name):
            return from_airflow(values[name], name=name)
    if environment is None:
        for keeper, find in _ASKED.items():
            names.append(f"{source} among the connections of {keeper}")
            if kept := find(source):
                return from_airflow(kept, name=names[-1])
    raise CouldNotRun(
        Finding(
            f"source {source}",
            "no connection is set",
            f"set one of: {', '.join(names)} (looked at in this order)",
        )
    )


def without_account(url: str) -> str:
    """Return a URL as it may be shown and logged: without user, password and options.

    ``s3://key:secret@bucket/lake?token=t`` is ``s3://bucket/lake``; a path stays as it is.
    """
    return re.sub(r"://[^/@]*@", "://", url).partition("?")[0] if "://" in url else url
