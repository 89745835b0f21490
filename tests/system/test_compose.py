"""The compose file is accepted by the oldest reader we support and refuses to start without its secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SERVICES = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
SECRETS = {"POSTGRES_PASSWORD": "not-a-secret", "AIRFLOW_FERNET_KEY": "f" * 44, "AIRFLOW_JWT_SECRET": "j" * 64}


def config(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    reader = shutil.which("docker-compose")
    if reader is None:
        pytest.skip("docker-compose is not installed here; CI installs it")
    clean = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [reader, *options, "-f", str(ROOT / "docker-compose.yml"), "config"],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_service_has_its_secret_its_health_check_and_waits_for_the_migration() -> None:
    done = config(SECRETS)
    assert done.returncode == 0, done.stderr
    services = YAML(typ="safe").load(done.stdout)["services"]
    assert set(services) - {"demo"} == SERVICES  # the oldest reader prints a service of a profile in any case
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        service = services[name]
        assert service["healthcheck"]["test"], name
        assert service["depends_on"]["init"]["condition"] == "service_completed_successfully"
        environment = service["environment"]
        assert environment["QMSREPORTS_REGISTER"] == "postgresql+psycopg://airflow:not-a-secret@postgres:5432/register"
        assert environment["AIRFLOW__API_AUTH__JWT_SECRET"] == "j" * 64
        assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"
    assert services["init"]["restart"] == "no"


def test_a_start_approves_nothing_and_makes_no_demo_unless_asked() -> None:
    done = config(SECRETS, "--profile", "demo")
    assert done.returncode == 0, done.stderr
    services = YAML(typ="safe").load(done.stdout)["services"]
    assert set(services) == SERVICES | {"demo"}
    assert services["demo"]["command"].split() == ["qmsreports", "demo", "--quiet", "--approve"]
    assert services["demo"]["profiles"] == ["demo"]
    for name in SERVICES:
        assert "profiles" not in services[name]
        command = services[name].get("command") or ""
        text = command if isinstance(command, str) else "\n".join(command)
        lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
        assert not any(word in line for line in lines for word in ("approve", "apply", "qmsreports demo")), name


def test_what_a_container_prints_is_rotated() -> None:
    done = config(SECRETS)
    assert done.returncode == 0, done.stderr
    for name, service in YAML(typ="safe").load(done.stdout)["services"].items():
        assert service["logging"] == {"driver": "json-file", "options": {"max-file": "3", "max-size": "10m"}}, name


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_a_missing_secret_stops_the_start_by_name(missing: str) -> None:
    done = config({name: value for name, value in SECRETS.items() if name != missing})
    assert done.returncode != 0
    assert f"set {missing}" in done.stderr


def test_no_secret_is_written_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        assert f"${{{name}:?" in text
