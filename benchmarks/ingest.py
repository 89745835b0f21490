"""Ingest of the demo company: the first load, a run with nothing new, and where the time of the first goes.

Beside the audit, Great Expectations alone: the same rows as one frame, the same rules of the library's own, every
failing row asked for. The audit does more (rules of our own, tolerances over the delivery, quarantine) and less work.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import timing
from benchmarks.table import Row
from benchmarks.workspace import QMSREPORTS, environment, seeded

AT = datetime(2026, 11, 2, 6, tzinfo=UTC)
_OWN = ("exist_in_table", "later_than_run", "newest_to_be", "volume_to_match", "not_to_shrink", "rejects_to_be")


def run(*, work: Path, scale: int, runs: int) -> list[Row]:
    """Measure both runs as a command, and the stages in one process."""
    firsts, nexts, stages = [], [], []
    for _ in range(runs):
        shutil.rmtree(work / f"workspace-{scale}", ignore_errors=True)
        var = seeded(work, scale)
        env = environment(var)
        firsts.append(timing.measured([QMSREPORTS, "run", "ingest"], env=env))
        nexts.append(timing.measured([QMSREPORTS, "run", "ingest"], env=env))
        shutil.rmtree(var)
        stages.append(timing.child(__name__, "stages", env=environment(seeded(work, scale))))
    rows = stages[0].said["rows"]
    spent = stages[0].said["cpu_of"]
    where = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    return [
        Row("ingest, first load, wall", _of(firsts, "wall"), "s", note=f"{rows:,} rows in"),
        Row("ingest, first load, CPU", _of(firsts, "cpu"), "s", note=where),
        Row("ingest, first load, peak memory", _of(firsts, "peak"), "MB"),
        Row("ingest, nothing new, wall", _of(nexts, "wall"), "s"),
        Row("ingest, nothing new, CPU", _of(nexts, "cpu"), "s"),
        Row(
            "audit of all tables, CPU",
            [cost.said["cpu_of"]["validate"] for cost in stages],
            "s",
            [cost.said["raw"] for cost in stages],
            note=f"reference: Great Expectations alone; {stages[0].said['rules']} rules; without the library's import, "
            f"{stages[0].said['import']:.1f} s",
        ),
    ]


def _of(costs: list[timing.Cost], what: str) -> list[float]:
    return [getattr(cost, what) for cost in costs]


def _stages() -> dict[str, Any]:
    from qmsreports import stages
    from qmsreports.settings import Settings

    began = time.process_time()
    import qmsreports.validate.checker  # noqa: F401

    imported = time.process_time() - began
    import deltalake  # noqa: F401
    import duckdb  # noqa: F401

    spent = dict.fromkeys(("land", "conform", "validate", "publish"), 0.0)
    suites, rules, rows, raw = Settings().expectations, 0, 0, 0.0
    for source in stages.source_names():
        landed = _timed(spent, "land", lambda: stages.land(source, run_id="bench", at=AT))  # noqa: B023
        staged = _timed(
            spent,
            "conform",
            lambda: stages.conform(source, run_id="bench", at=AT, failures=landed.failures),  # noqa: B023
        )
        rows += sum(table.rows_in for table in staged)
        for table in staged:
            count, seconds = _alone(table.path, suites / f"{table.table}.json")
            rules, raw = rules + count, raw + seconds
        audited = _timed(spent, "validate", lambda: stages.validate(staged, run_id="bench", at=AT))  # noqa: B023
        _timed(spent, "publish", lambda: stages.publish(audited, run_id="bench", at=AT))  # noqa: B023
    return {"cpu_of": spent, "raw": raw, "rules": rules, "import": imported, "rows": rows}


def _timed(spent: dict[str, float], stage: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    done = work()
    spent[stage] += time.process_time() - began
    return done


def _alone(rows: str, suite: Path) -> tuple[int, float]:
    """Check a staged file with the library as its documentation shows it; rules and CPU seconds."""
    import warnings

    import great_expectations as gx
    import pandas as pd

    entries = [entry for entry in json.loads(suite.read_text())["expectations"] if not _own(entry["type"])]
    began = time.process_time()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("files").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )
    expectations = gx.ExpectationSuite(name="suite", expectations=entries)
    context.suites.add(expectations)
    definition = gx.ValidationDefinition(name="check", data=batch, suite=expectations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        definition.run(batch_parameters={"dataframe": pd.read_parquet(rows)}, result_format="COMPLETE")
    return len(entries), time.process_time() - began


def _own(kind: str) -> bool:
    return any(part in kind for part in _OWN)


def main() -> None:
    """Run the stages and print what each cost as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["stages"])
    parser.parse_args()
    began = time.perf_counter()
    said = _stages()
    json.dump({"wall": time.perf_counter() - began, **said}, sys.stdout)


if __name__ == "__main__":
    main()
