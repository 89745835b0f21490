"""Every shipped KPI on DuckDB and on Spark, over the same lake: the same numbers, on this machine and over Connect."""

from __future__ import annotations

import math
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.errors import CouldNotRun
from qmsreports.kpi import measure, sql
from qmsreports.kpi.compute import Computation
from qmsreports.kpi.engine import Opener, engine_of
from qmsreports.kpi.plan import ColumnRef, Composed
from qmsreports.kpi.plan import Test as Condition
from qmsreports.kpi.selection import Task, select
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import KpiResult, Measured
from tests.system.conftest import Line

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    # of pyspark itself: of pandas 3, which is not used, and of sockets that it leaves to the garbage collector
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning"),
]
pytest.importorskip("pyspark", reason="the spark extra is not installed: make spark", exc_type=ImportError)

ROOT = Path(__file__).parents[2]
CATALOG = load_catalog(ROOT / "catalog")
AS_OF = datetime(2026, 11, 9, 12, tzinfo=UTC)
PERIODS = Period.parse("2026-10").back(3)
Place = tuple[str, int, str, tuple[tuple[str, str], ...]]
HARD = [
    "it's",
    "back\\slash",
    "\\' OR 1=1 --",
    "${spark.app.name}",
    "$\\{x}",
    "line\nbreak",
    "\x1f\t\0",
    '`"',
    "ü 漢 🙂",
]


@pytest.fixture(scope="module")
def lake(undisturbed: Line) -> Lake:
    return Lake(str(undisturbed.folder / "lake"))


@pytest.fixture(scope="module")
def on_duckdb(lake: Lake) -> Measured:
    return measured(lake, engine_of("duckdb"))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Spark on this machine, which starts once and stays up for the module."""
    from pyspark.sql import SparkSession

    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("spark"))  # for what it leaves behind
    try:
        yield engine_of("spark", spark="local[2]")
    finally:
        os.chdir(before)
        running = SparkSession.getActiveSession()
        if running is not None:
            running.stop()


def every_version(catalog: Catalog) -> Mapping[str, list[int]]:
    return {name: [version.version for version in kpi.versions] for name, kpi in catalog.kpis.items()}


def measured(lake: Lake, engine: Opener, catalog: Catalog = CATALOG) -> Measured:
    return measure(catalog, versions=every_version(catalog), periods=PERIODS, lake=lake, as_of=AS_OF, engine=engine)


def place_of(result: KpiResult) -> Place:
    return result.kpi, result.version, str(result.period), tuple(sorted(result.slice.items()))


def numbers_of(result: KpiResult) -> dict[str, float | None]:
    own = {"value": result.value, "numerator": result.numerator, "denominator": result.denominator}
    return {**own, "n": float(result.n), **{f"part {name}": number for name, number in result.parts.items()}}


def differences(one: Measured, other: Measured) -> list[str]:
    left, right = ({place_of(result): result for result in measured.results} for measured in (one, other))
    found = [f"{place} is there once" for place in left.keys() ^ right.keys()]
    for place in sorted(left.keys() & right.keys()):
        ours, theirs = numbers_of(left[place]), numbers_of(right[place])
        if ours.keys() != theirs.keys():
            found.append(f"{place}: {sorted(ours.keys() ^ theirs.keys())}")
            continue
        found += [f"{place} {name}: {ours[name]} {theirs[name]}" for name in ours if not same(ours[name], theirs[name])]
        if (left[place].status, left[place].provisional) != (right[place].status, right[place].provisional):
            found.append(f"{place}: {left[place].status} {right[place].status}")
    return found


def same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def test_every_shipped_kpi_has_the_same_numbers_in_every_slice(lake: Lake, on_duckdb: Measured, spark: Opener) -> None:
    on_spark = measured(lake, spark)
    assert differences(on_duckdb, on_spark) == []
    assert {result.kpi for result in on_spark.results} == set(CATALOG.kpis)
    assert sum(result.value is not None for result in on_spark.results) > 500
    assert any(result.slice for result in on_spark.results)


def test_conditions_on_lengths_of_every_kind_have_the_same_numbers(lake: Lake, spark: Opener) -> None:
    """In the numerator beside each other, with pauses, and by a combination of slices."""
    span = {"from": "opened_at", "to": "resolved_at"}
    pause = {
        "table": "ticket_status_changes",
        "by": "ticket_id",
        "at": "changed_at",
        "status": "to_status",
        "in": ["pending"],
    }
    written = CATALOG.kpis["answered_in_four_hours"].model_dump(by_alias=True, exclude_defaults=True)
    written |= {"slices": ["channel", "category"], "combinations": [["channel", "category"]]}
    written["versions"][0]["measure"]["numerator"]["where"] = [
        {"working_time": {**span, "calendar": "support_desk", "pause": pause}, "at_most": "8 hours"},
        {"calendar_days": span, "at_most": "3 days"},
        {"elapsed": {**span, "pause": pause}, "above": "30 minutes"},
        {"field": "opened_at", "above": date(2020, 1, 1)},
    ]
    kpi = Kpi.model_validate(written)
    catalog = replace(CATALOG, kpis={kpi.kpi: kpi})
    on_duckdb, on_spark = (measured(lake, engine, catalog) for engine in (engine_of("duckdb"), spark))
    assert differences(on_duckdb, on_spark) == []
    assert any(len(result.slice) == 2 and result.numerator for result in on_spark.results)


def test_the_hours_of_each_row_have_the_same_numbers(lake: Lake, spark: Opener) -> None:
    """Two calendars by channel, one of them in another zone: finished, cut off and censored cases, and pauses."""
    desk = CATALOG.calendars["support_desk"]
    abroad = desk.model_copy(update={"calendar": "abroad", "time_zone": "Europe/Lisbon"})
    written = CATALOG.kpis["resolution_without_waiting"].model_dump(by_alias=True, exclude_defaults=True)
    (version,) = written["versions"]
    span = version["measure"]["of"]["working_time"]
    by_channel = {"by": "channel", "of": {"phone": "support_desk", "chat": "abroad"}}
    kpis = {}
    for unfinished, show, calendar in (
        ("censor", "median", by_channel),
        ("count_until_period_end", "mean", {**by_channel, "otherwise": "abroad"}),
        ("leave_out", "mean", by_channel),
    ):
        own = {**version["measure"], "of": {"working_time": {**span, "calendar": calendar}}}
        own |= {"unfinished": unfinished, "show": show}
        one = {**version, "measure": own, "examples": []}
        kpis[unfinished] = Kpi.model_validate({**written, "kpi": unfinished, "versions": [one]})
    catalog = replace(CATALOG, kpis=kpis, calendars={**CATALOG.calendars, "abroad": abroad})
    on_duckdb, on_spark = (measured(lake, engine, catalog) for engine in (engine_of("duckdb"), spark))
    assert differences(on_duckdb, on_spark) == []
    assert {result.kpi for result in on_spark.results if result.n > 20} == kpis.keys()


def test_the_statement_kept_as_evidence_gives_the_published_number(
    lake: Lake, on_duckdb: Measured, spark: Opener
) -> None:
    """One KPI of each body, its stored statement run alone: without the scan that it shares with others."""
    tasks: dict[str, Task] = {}
    for task in select(CATALOG, every_version(CATALOG), PERIODS):
        if not isinstance(task.plan.body, Composed):
            tasks.setdefault(type(task.plan.body).__name__, task)
    assert len(tasks) == 4
    published = {place_of(result): result for result in on_duckdb.results}
    tables = sorted({table for task in tasks.values() for table in task.plan.tables})
    with spark(lake, [CATALOG.tables[table] for table in tables], lake.versions(tables)) as engine:
        for task in tasks.values():
            figures = Computation(CATALOG, engine, as_of=AS_OF).alone(task)
            for period, slices in figures.items():
                if period not in {str(entry) for entry in task.periods}:
                    continue
                for cut, figure in slices.items():
                    expected = published[task.kpi.kpi, task.version.version, period, tuple(sorted(cut))]
                    assert same(expected.value, figure.value), (task.plan.label, period, cut)


def test_texts_arrive_as_they_are(lake: Lake, spark: Opener) -> None:
    from sqlglot import exp

    with spark(lake, [], {}) as engine:
        for value in HARD:
            literal = exp.alias_(sql.literal(value), "site")
            condition = sql.predicate(Condition(ColumnRef("site", "text"), "is", (value,)))
            asked = exp.select("site", condition).from_(exp.select(literal).subquery("rows"))
            assert engine.select(sql.text_of(asked, dialect="spark", header=[value])) == [(value, True)]


def test_an_old_version_of_a_table_is_read_when_it_is_pinned(lake: Lake, spark: Opener) -> None:
    table = CATALOG.tables["order_lines"]
    newest = lake.version("order_lines")
    assert newest is not None
    count = "SELECT COUNT(*) AS n FROM order_lines"
    for version in {0, newest}:
        with lake.connect([table], {"order_lines": version}) as connection:
            expected = connection.execute(count).fetchall()
        with spark(lake, [table], {"order_lines": version}) as engine:
            assert engine.select(count) == expected


def test_a_table_that_holds_nothing_is_empty(tmp_path: Path, spark: Opener) -> None:
    with spark(Lake(str(tmp_path)), [CATALOG.tables["audits"]], {}) as engine:
        assert engine.select("SELECT COUNT(*) AS n FROM audits") == [(0,)]
        assert engine.keep("kept rows", "SELECT site, planned_on FROM audits") == 0
        assert engine.select("SELECT * FROM `kept rows`") == []


def test_nothing_but_a_select_runs(lake: Lake, spark: Opener) -> None:
    with spark(lake, [], {}) as engine, pytest.raises(ValueError, match="one SELECT"):
        engine.select("DROP TABLE order_lines")


def test_the_measure_command_computes_on_spark_and_finds_what_duckdb_published(reviewed: Line, tmp_path: Path) -> None:
    """Every value is as it is in the register, so nothing is written; the SQL is kept under the engine's name."""
    line = Line(tmp_path / "var", {"QMSREPORTS_ENGINE": "spark", "QMSREPORTS_SPARK": "local[2]"})
    shutil.copytree(reviewed.folder, line.folder)
    values = line.register("SELECT COUNT(*) FROM results")
    summary = line.json("run", "measure", "--period", "2026-10")
    assert (summary["inserted"], summary["superseded"], summary["candidates"]) == (0, 0, 0)
    assert line.register("SELECT COUNT(*) FROM results") == values
    texts = dict(line.register("SELECT engine, COUNT(*) FROM sql_texts GROUP BY engine"))
    assert texts["spark"] > 40


# --- Spark Connect ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real Spark Connect server in a process of its own; gives its port."""
    import pyspark

    home = Path(str(pyspark.__file__)).parent
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.port": str(port),
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "spark-internal"],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "SPARK_HOME": str(home)},
        )
        try:
            answers(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the server does not answer")


CONNECTED = """
import pickle, sys
from tests.system.test_spark import Lake, engine_of, measured
lake, url, there, out = sys.argv[1:]
with open(out, "wb") as file:
    pickle.dump(measured(Lake(lake), engine_of("spark", spark=url, spark_lake=there)), file)
"""


def test_a_connect_server_gives_the_same_numbers_where_it_sees_the_lake_elsewhere(
    lake: Lake, on_duckdb: Measured, server: int, tmp_path: Path
) -> None:
    """A process of its own, because one process is either a client of Connect or a driver."""
    import pickle

    there = tmp_path / "seen from the server"
    there.symlink_to(lake.url)
    out = tmp_path / "measured"
    url = f"sc://127.0.0.1:{server}"
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED, lake.url, url, str(there), str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert differences(on_duckdb, pickle.loads(out.read_bytes())) == []


def test_a_lake_that_the_server_does_not_see_is_told_in_one_line(lake: Lake, spark: Opener) -> None:
    elsewhere = engine_of("spark", spark="local[2]", spark_lake="/nowhere")
    with (
        pytest.raises(CouldNotRun, match=r"does not see .*set QMSREPORTS_SPARK_LAKE"),
        elsewhere(lake, [CATALOG.tables["audits"]], {}),
    ):
        pass
