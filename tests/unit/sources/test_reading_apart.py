"""A visit leaves nothing behind but what it landed: no file, no setting, no word, no secret, no half of its inputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_source import ORDERS, World, all_files, make_source

from qmsreports import landing, sources
from qmsreports.errors import ExitCode, UserError

SETTINGS = """
[runtime]
log_level = "INFO"
dlthub_telemetry = true
[data_writer]
disable_compression = true
[destination.filesystem]
layout = "elsewhere/{table_name}/{load_id}.{file_id}.{ext}"
"""


def test_the_settings_of_others_and_the_home_folder_are_left_alone(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home / ".dlt", here / ".dlt"):
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(SETTINGS)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    settings, before = dict(os.environ), all_files(home) | all_files(here)
    assert shop.landed() == {"orders": 3}
    assert dict(os.environ) == settings
    assert all_files(home) | all_files(here) == before
    assert len(landing.completed(shop.landing, "shop", "orders")) == 1
    assert capfd.readouterr() == ("", "")
    assert {path.name for path in shop.folder.iterdir()} == {"shop.db", "landing", "state", "home", "here"}
    assert [path.name for path in shop.state.rglob("*")] == ["shop.lock"]


def test_dlt_has_its_own_settings_again_afterwards(shop: World) -> None:
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    def contexts() -> object:
        return Container().thread_contexts[Container._MAIN_THREAD_ID][0].get(PluggableRunContext)

    before = contexts()
    shop.land()
    assert contexts() is before


def test_reading_is_imported_without_dlt_and_a_visit_without_news_needs_none(shop: World) -> None:
    shop.land()
    program = f"""
import sys
from pathlib import Path
from qmsreports import sources
from qmsreports.catalog.source import Source
light = {{"dlt", "pyarrow", "sqlalchemy", "fsspec", "openpyxl"}} & set(sys.modules)
source = Source.model_validate_json({shop.source.model_dump_json(by_alias=True)!r})
result = sources.land(source, connection={f"sqlite:///{shop.database}"!r}, landing={str(shop.landing)!r},
    state=Path({str(shop.state)!r}))
heavy = {{"dlt", "sqlalchemy", "airflow"}} & set(sys.modules)
print(sorted(light), [table.rows for table in result.tables], sorted(heavy))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "[] [0] []\n"
    assert told.stderr == ""


def test_progress_is_told_table_by_table_with_the_rows_so_far(shop: World) -> None:
    shop.land()
    assert shop.said == [("shop: orders", 0), ("shop: orders", 3)]


def test_an_unknown_table_is_refused_with_a_suggestion(shop: World) -> None:
    with pytest.raises(UserError) as caught:
        shop.land(only=("order",))
    assert str(caught.value) == 'source shop: no table "order" is landed; did you mean "orders"?'
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_run_that_a_person_ends_can_be_repeated(shop: World) -> None:
    def stop(_: str, rows: int) -> None:
        if rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        sources.land(
            shop.source, connection=f"sqlite:///{shop.database}", landing=shop.landing, state=shop.state, tell=stop
        )
    assert caught.value.__suppress_context__
    assert shop.rows() == []
    assert shop.landed() == {"orders": 3}


def test_the_landing_zone_may_be_any_url(shop: World) -> None:
    import fsspec
    import pyarrow.parquet as pq

    zone = "memory://zone"
    memory = fsspec.filesystem("memory")

    def land() -> int:
        result = sources.land(shop.source, connection=f"sqlite:///{shop.database}", landing=zone, state=shop.state)
        return sum(table.rows for table in result.tables)

    try:
        assert [land(), land()] == [3, 0]
        shop.insert("orders", ("A4", 1, 1.0, "2026-10-03 00:00:00"))
        assert [land(), land()] == [1, 0]
        files = landing.completed(zone, "shop", "orders")
        assert [pq.read_table(memory.open(file.path)).num_rows for file in files] == [3, 1]
    finally:
        memory.rm("/zone", recursive=True)


def test_the_password_of_a_source_is_written_nowhere(tmp_path: Path, postgresql_url: str) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        for statement in (
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            "CREATE TABLE orders (no text, changed text)",
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO orders VALUES ('A1', '2026-10-01')")
    feed = {**ORDERS, "needs": []}
    secret = "Zeichen$7-folge"
    world = World(tmp_path, make_source(feed), postgresql_url.replace("postgres:@", f"postgres:{secret}@"))
    assert world.landed() == {"orders": 1}
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE orders RENAME COLUMN changed TO altered")
    line = world.one_failure()
    written = b"".join(all_files(tmp_path).values()) + "".join(all_files(tmp_path)).encode()
    assert secret not in line + repr(world.said)
    assert secret.encode() not in written
    engine.dispose()


def test_two_feeds_of_which_one_breaks_while_it_is_read(shop: World) -> None:
    """The other is read again from its start and landed once."""
    shop.sql("CREATE TABLE broken (no TEXT, changed TEXT)")
    shop.insert("broken", ("B1", "no date"))
    shop.source = make_source({"table": "broken", "key": ["no"], "cursor": "changed"}, ORDERS)
    result = shop.land()
    assert [failure.table for failure in result.failures] == ["broken"]
    assert shop.landed(result) == {"orders": 3}
    assert len(shop.rows()) == 3
    assert shop.rows("broken") == []
    assert shop.said[-1] == ("shop: orders", 3)
