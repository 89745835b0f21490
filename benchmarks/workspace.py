"""Workspaces to measure in: a folder of their own, with the demo company and the environment that a command needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.timing import ROOT

QMSREPORTS = str(Path(sys.executable).with_name("qmsreports"))
_INHERITED = ("QMSREPORTS_", "PYTHON", "MAKE", "MFLAGS", "VIRTUAL_ENV", "AIRFLOW")


def bare() -> dict[str, str]:
    """Return this process's environment without anything that a checkout or a make sets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_INHERITED)}


def environment(var: Path) -> dict[str, str]:
    """Return the settings of a workspace in ``var`` with this checkout's catalog."""
    demo = var / "demo"
    return {
        "QMSREPORTS_VAR": str(var),
        "QMSREPORTS_CATALOG": str(ROOT / "catalog"),
        "QMSREPORTS_EXPECTATIONS": str(ROOT / "expectations"),
        "QMSREPORTS_TEMPLATES": str(ROOT / "report_templates"),
        **{
            f"QMSREPORTS_CONNECTION_{name.upper()}": f"sqlite:///{demo / name}.db"
            for name in ("crm", "helpdesk", "mes")
        },
        "QMSREPORTS_CONNECTION_PRODUCTION_FILES": str(demo / "production"),
        "QMSREPORTS_CONNECTION_QMS_REGISTERS": str(demo / "qms_registers.xlsx"),
    }


def command(var: Path, *arguments: str) -> None:
    """Run one command of the product in a workspace; it must succeed."""
    subprocess.run(
        [QMSREPORTS, *arguments], env={**os.environ, **environment(var)}, check=True, capture_output=True, cwd=ROOT
    )


def seeded(work: Path, scale: int = 1) -> Path:
    """Return a workspace with the demo company's systems."""
    var = work / f"workspace-{scale}"
    command(var, "demo", "--quiet", "--scale", str(scale))
    return var


def ingested(work: Path, scale: int = 1) -> Path:
    """Return a workspace with the demo company's lake."""
    var = seeded(work, scale)
    command(var, "run", "ingest")
    return var


def measured(work: Path, scale: int = 1) -> Path:
    """Return a workspace that went all the way to a pack."""
    var = ingested(work, scale)
    command(var, "catalog", "apply", "--by", "quality.manager", "--quiet")
    command(var, "catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    command(var, "run", "review", "--period", "2026-10")
    return var
