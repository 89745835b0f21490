"""Airflow, set up in a folder of its own before its first import."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environment of an Airflow without examples; its modules must not have been imported before."""
    assert "airflow" not in sys.modules, "Airflow was imported before its settings"
    home = tmp_path_factory.mktemp("airflow")
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    )
    return home


@pytest.fixture(scope="session")
def dags(airflow_home: Path) -> Iterator[dict[str, Any]]:
    """All DAGs of the folder, parsed as Airflow parses them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own dependencies warn while they are imported
        from airflow.utils import db

        db.initdb()
        sys.path.insert(0, str(DAGS))
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(DAGS))
        assert bag.import_errors == {}
        yield dict(bag.dags)
    sys.path.remove(str(DAGS))
