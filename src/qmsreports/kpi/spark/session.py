"""Finds or starts the Spark that computes; whatever is missing is told in one line.

``QMSREPORTS_SPARK`` says which: empty for the session that this process already has, as in a Databricks job, or else
one on this machine; ``sc://host:port/;parameters`` for Spark Connect; any other master that Spark knows
(``local[4]``, ``spark://host:7077``, ``yarn``) for a driver in this process.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qmsreports.errors import CouldNotRun, Finding

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_WAIT = 5.0
_CONNECT_PORT = 15002
_OLDEST_JAVA = 17
_OLDEST_SPARK = 4  # functions written in SQL
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, never another number
    "spark.sql.parser.escapedStringLiterals": "false",  # texts are written with backslashes doubled
    "spark.sql.caseSensitive": "false",
}
"""What the answers rest on; a server that refuses one of them is refused."""
_OWN = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
    "spark.sql.adaptive.enabled": "false",  # plans anew after each stage: a fifth of the time of small statements
    # A short life: the second compiler costs 40 % more. It has the larger share of the room for code, which the first
    # one then needs. Java's own warnings would go to standard output, among the JSON of a command.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "
    "-Xlog:disable -Xlog:all=warning:stderr",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",  # a job to list 36 local files costs more
}
"""Settings of a Spark that this process starts on this machine and for itself."""


@contextmanager
def session(place: str) -> Iterator[SparkSession]:
    """Give a session of its own, with its own views, functions and settings, and close it.

    A Spark in this process stays up for the next one: it takes long to start. :class:`CouldNotRun` when the extra,
    Java or the server is missing.
    """
    if find_spec("pyspark") is None:
        raise CouldNotRun(
            Finding("engine spark", "pyspark is not installed", "pip install qmsreports[spark], or use engine duckdb")
        )
    remote = place.startswith("sc://")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pyspark about pandas, which is not used
        opened = _connected(place) if remote else _running_here(place).newSession()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of settings that a later Spark will not know
            _set(opened)
        yield opened
    finally:
        if remote:
            opened.stop()


def _set(opened: SparkSession) -> None:
    if int(opened.version.split(".")[0]) < _OLDEST_SPARK:
        what = f"Spark {opened.version} is too old"
        raise CouldNotRun(Finding("engine spark", what, f"use Spark {_OLDEST_SPARK}.0 or later"))
    for name, value in _SETTINGS.items():
        if opened.conf.get(name, None) != value:
            opened.conf.set(name, value)


# --- Spark Connect ---------------------------------------------------------------------------------------------------
def _connected(url: str) -> SparkSession:
    """Open a session on a Connect server. The URL may hold a token, so no message repeats more than host and port."""
    for module in ("grpc", "zstandard"):
        if find_spec(module) is None:
            raise CouldNotRun(Finding("engine spark", f"Spark Connect needs {module}", "pip install qmsreports[spark]"))
    address = urlsplit(url)
    try:
        host, port = address.hostname or "", address.port or _CONNECT_PORT
    except ValueError:
        host, port = "", 0
    if not host:
        raise CouldNotRun(Finding("QMSREPORTS_SPARK", "is not an address", "write sc://host:15002"))
    where = f"Spark Connect at {host}:{port}"
    try:  # the client itself would try again and again for many minutes
        socket.create_connection((host, port), timeout=_WAIT).close()
    except OSError as error:
        what = f"cannot be reached: {error.strerror or error}"
        raise CouldNotRun(Finding(where, what, "start the server or mend QMSREPORTS_SPARK")) from None
    from pyspark.sql import SparkSession

    try:
        opened = SparkSession.builder.remote(url).create()
        _ = opened.version  # the first call: an address without a server behind it or a wrong token fails here
    except Exception as error:
        said = str(error).strip().splitlines()
        what = f"gives no session: {said[0] if said else type(error).__name__}"
        raise CouldNotRun(Finding(where, what, "check the address, its token and the version of the server")) from None
    return opened


# --- Spark in this process -------------------------------------------------------------------------------------------
def _running_here(master: str) -> SparkSession:
    from pyspark.sql import SparkSession

    known = SparkSession.getActiveSession()
    if known is not None:
        return known
    _need_java()
    builder = SparkSession.builder.appName("qmsreports")
    here = not master or master.startswith("local")
    if here:
        for name, value in _OWN.items():
            builder = builder.config(name, value)
    if master or "SPARK_REMOTE" not in os.environ:
        builder = builder.master(master or "local[*]")
    try:
        return builder.getOrCreate()
    except Exception as error:
        said = str(error).strip().splitlines()
        what = f"does not start: {said[0] if said else type(error).__name__}"
        raise CouldNotRun(Finding("engine spark", what, "check QMSREPORTS_SPARK and Spark's own settings")) from None


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME", "")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java") or ""
    todo = f"install Java {_OLDEST_JAVA} or later, or use a Spark Connect server: QMSREPORTS_SPARK=sc://host:15002"
    if not java or not Path(java).exists():
        where = f" in JAVA_HOME ({home})" if home else ""
        raise CouldNotRun(Finding("engine spark", f"there is no Java{where}", todo))
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        what = f"Java {found[1]} is too old" if found else f"{java} does not run"
        raise CouldNotRun(Finding("engine spark", what, todo))
