"""Airflow's execution API, which the task runner of ``dags/run_line.py`` asks: in its newest version and no other."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest


@pytest.fixture
def versions(dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The versions that Airflow has, put back afterwards with the routes of old versions."""
    assert dags
    from airflow.api_fastapi.execution_api import versions
    from airflow.api_fastapi.execution_api.routes import execution_api_router as router

    routes = list(router.routes)
    monkeypatch.setattr(versions, "bundle", versions.bundle)
    yield versions
    router.routes[:] = routes


def made() -> list[date]:
    """Make the API as a first request makes it; returns its versions, newest first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI

        app = InProcessExecutionAPI().app
        app._cadwyn_initialize()
    return sorted((date.fromisoformat(str(one)) for one in app.router.versioned_routers), reverse=True)


def test_only_the_version_that_the_task_runner_speaks_is_made(versions: Any) -> None:
    from airflow.sdk.api.datamodels._generated import API_VERSION

    importlib.import_module("run_line")._newest_api_only()
    assert made() == [date.fromisoformat(API_VERSION)]


def test_a_task_runner_that_speaks_another_version_gets_them_all(
    versions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [one.value for one in versions.bundle.versions]
    monkeypatch.setattr("airflow.sdk.api.datamodels._generated.API_VERSION", "2025-04-11")
    importlib.import_module("run_line")._newest_api_only()
    assert [one.value for one in versions.bundle.versions] == before
    assert len(before) > 1
