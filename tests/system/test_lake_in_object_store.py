"""The lake in a store that speaks S3: published, changed, pruned and read as in a folder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from qmsreports.lake import Lake
from qmsreports.lake_files import Asked
from tests.system.test_delivery import free_port
from tests.unit.test_lake import NOVEMBER, Store, counts, row

pytestmark = pytest.mark.system


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a server of its own: delta-rs waits without letting another thread of its process answer."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    named = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    for name, value in {**named, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    try:
        for _ in range(300):
            try:
                requests.put(f"{address}/lake", timeout=10).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield "s3://lake/tables"
    finally:
        server.kill()
        server.wait()


def test_a_lake_may_lie_in_an_object_store(bucket: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.lake = Lake(bucket)
    assert counts(store.merge(row("1"), row("2"), row("3", NOVEMBER))) == (3, 0, 0, 0)
    assert counts(store.merge(row("2", times=1), row("4"), gone=("1",))) == (1, 1, 0, 1)
    assert store.keys() == ["2", "3", "4"]
    assert store.keys(tickets=0) == ["1", "2", "3"]
    late = Lake(bucket, within={"tickets": [[Asked("opened_at", datetime(2026, 11, 1, tzinfo=UTC))]]})
    assert ["_month=2026-11" in uri for uri in late.uris("tickets")] == [True]
    assert counts(store.merge(row("2", times=1))) == (0, 0, 1, 0)
