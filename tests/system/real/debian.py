"""Software out of Debian's packages: installed where it is missing, and none of it started as a service."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")


def installed(*packages: str, needs: Path | str) -> None:
    """Install packages unless ``needs`` is there already; root alone can, and the message says what it would take."""
    if Path(needs).exists():
        return
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    assert os.geteuid() == 0, f"{needs} is missing and only root can install it: {command}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        _run("apt-get", "update", "-qq", env=environment)
        options = ("-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io")
        _run("apt-get", "install", *options, *packages, env=environment)
    assert Path(needs).exists(), f"{' '.join(packages)} were installed, and {needs} is still missing"


@contextmanager
def _no_services() -> Iterator[None]:
    """Tell Debian's packages to start nothing: what a test needs it starts itself, and ends."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _run(*command: str, env: dict[str, str]) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{' '.join(command)} failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
