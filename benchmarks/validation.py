"""Validation of a large delivery beside Great Expectations called by hand on the same batches.

Order lines are drawn with a few rows in a thousand broken, and checked with the rules of the shipped suite that the
library has itself. By hand means: one validator for each batch of 250,000 rows, every rule asked once, for the numbers
of the rows that break it; that is what setting rows aside needs. The product checks the same rules, judges shares over
the whole delivery, looks for keys that repeat in different batches, writes the file of the rows that passed, and gives
every row that did not a sentence.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import timing
from benchmarks.table import Row

AS_OF = datetime(2026, 11, 5, 6, tzinfo=UTC)
OWN = "benchmarks.validation"
BROKEN = 997
"""One row in so many is broken, for each of three ways to be."""


def run(*, work: Path, rows: int, runs: int) -> list[Row]:
    """Measure both sides by turns; ``RuntimeError`` when they find different rows."""
    work.mkdir(parents=True, exist_ok=True)
    _side("make", rows, work)
    ours, plain = timing.by_turns(runs, *(lambda side=side: _side(side, rows, work) for side in ("audit", "library")))
    if ours[0].said["failed"] != plain[0].said["failed"]:
        raise RuntimeError(f"rows that break a rule: {ours[0].said['failed']} and {plain[0].said['failed']}")
    said = ours[0].said
    size = f"{rows / 1e6:.1f} M rows, {said['rules']} rules, {said['broken']:,} rows set aside"
    return [
        Row("Audit, wall", [c.wall for c in ours], "s", [c.wall for c in plain], 1.1, True, size),
        Row("Audit, CPU", [c.cpu for c in ours], "s", [c.cpu for c in plain], 1.1, True),
        Row("Audit, peak memory", [c.peak for c in ours], "MB", [c.peak for c in plain], 1500),
    ]


def _side(side: str, rows: int, work: Path) -> timing.Cost:
    return timing.child(OWN, "--side", side, "--rows", str(rows), "--folder", str(work))


def make(path: Path, rows: int) -> None:
    """Write order lines in canonical shape; the same number of rows gives the same file."""
    import duckdb

    days = "DATE '2023-11-01' + CAST(i % 1090 AS INTEGER)"
    values = {
        "order_line_id": "CASE WHEN i % 5000 = 7 THEN 'L' || (i - 1) ELSE 'L' || i END",
        "order_id": "'O' || (i // 3)",
        "customer_id": "'A' || (i % 640)",
        "site": f"CASE WHEN i % {BROKEN} = 3 THEN 'nowhere' ELSE ['linz', 'lyon', 'porto'][1 + i % 3] END",
        "product": "'P' || (i % 40)",
        "product_family": "['circulation', 'drainage', 'dosing', 'booster'][1 + i % 4]",
        "channel": "['phone', 'email', 'chat', 'social', 'in_person'][1 + i % 5]",
        "ordered_on": days,
        "requested_on": f"{days} + 10",
        "first_promised_on": f"{days} + 12",
        "promised_on": f"{days} + 12",
        "trouble_on": "CAST(NULL AS DATE)",
        "told_first": "CAST(NULL AS BOOLEAN)",
        "late_notice_on": "CAST(NULL AS DATE)",
        "delivered_on": f"CASE WHEN i % {BROKEN} = 5 THEN {days} - 30 WHEN i % 20 > 0 THEN {days} + 9 END",
        "quantity_ordered": f"CAST(CASE WHEN i % {BROKEN} = 9 THEN -1 ELSE 1 + i % 30 END AS DOUBLE)",
        "quantity_delivered": "CASE WHEN i % 20 > 0 THEN CAST(1 + i % 30 AS DOUBLE) END",
        "net_value": "CAST(i % 9000 AS DOUBLE)",
        "status": "CASE WHEN i % 20 > 0 THEN 'delivered' ELSE 'open' END",
        "_source": "'crm'",
        "_load": "'1'",
        "_row": "md5(CAST(i AS VARCHAR))",
        "_month": f"strftime({days}, '%Y-%m')",
    }
    columns = ", ".join(f"{values.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in _names(values))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {columns} FROM range({rows}) r(i)) TO '{path}' (FORMAT parquet)")


def _names(values: dict[str, str]) -> list[str]:
    table = _table()
    return [*table.names, *(name for name in values if name.startswith("_"))]


def _table() -> Any:
    from qmsreports.catalog.document import read_document
    from qmsreports.catalog.table import Table

    path = timing.ROOT / "catalog" / "tables" / "order_lines.yaml"
    return Table.model_validate(read_document(path, "order_lines").data)


def suite(folder: Path) -> Path:
    """Write the rules of the shipped suite that look at single rows and are the library's own."""
    from qmsreports.validate.vocabulary import KINDS

    own = ("expect_column_values_to_exist_in_table", "expect_column_values_to_be_no_later_than_run")
    shipped = json.loads((timing.ROOT / "expectations" / "order_lines.json").read_text(encoding="utf-8"))
    kept = [
        rule
        for rule in shipped["expectations"]
        if KINDS[rule["type"]].scope in ("row", "unique") and rule["type"] not in own
    ]
    path = folder / "order_lines.json"
    path.write_text(json.dumps({"name": "order_lines", "expectations": kept}), encoding="utf-8")
    return path


def by_audit(path: Path, rows: int, folder: Path) -> dict[str, Any]:
    """What the validate stage calls."""
    from qmsreports.records import StagedTable
    from qmsreports.validate import audit

    staged = StagedTable("crm", "order_lines", str(path), rows, "", 0, rows, 0, 0, ("1",))
    result = audit(staged, _table(), suite=suite(folder), out=folder / "out", as_of=AS_OF, lookup=lambda _name: ())
    if result.status != "passed":
        raise RuntimeError(result.message)
    failed = {f"{rule.rule} {rule.column} {rule.severity}": rule.rows_failed for rule in result.rules}
    unique = "expect_column_values_to_be_unique"
    return {
        "failed": {name: count for name, count in failed.items() if not name.startswith(unique)},
        "rules": len(result.rules),
        "broken": len(result.quarantined),
    }


def by_library(path: Path, folder: Path) -> dict[str, Any]:
    """Great Expectations by hand: one validator for each batch; the tolerance is left out, as it is per delivery."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.validator.v1_validator import Validator

    from qmsreports.validate import load_suite
    from qmsreports.validate.frames import batches

    rules = load_suite(suite(folder), _table()).rules
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    batch = (
        context.data_sources.add_pandas("rows").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )
    configured = {
        rule.check: ExpectationConfiguration(type=rule.type, kwargs=dict(rule.kwargs), meta={"check": rule.check})
        for rule in rules
    }
    counted: dict[str, int] = dict.fromkeys(configured, 0)
    names = [column.name for column in _table().columns]
    for frame in batches(str(path), names):
        validator = Validator(batch, batch_parameters={"dataframe": frame})
        validator.result_format = {"result_format": "COMPLETE", "partial_unexpected_count": 0}
        wanted = gx.ExpectationSuite(name="rules", expectations=list(configured.values()))
        for result in validator.validate_expectation_suite(wanted).results:
            counted[result.expectation_config.meta["check"]] += len(result.result.get("unexpected_index_list") or ())
    unique = "expect_column_values_to_be_unique"
    return {
        "failed": {
            f"{rule.label} {', '.join(rule.columns)} {rule.severity}": counted[rule.check]
            for rule in rules
            if not rule.label.startswith(unique)
        }
    }


def main() -> None:
    """Run one side in this process and print what it cost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=("make", "audit", "library"), required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    path = asked.folder / f"order_lines_{asked.rows}.parquet"
    if asked.side == "make":
        if not path.exists():
            make(path, asked.rows)
        print("{}")
        return
    from qmsreports.validate import checker  # what importing costs is another figure

    assert checker
    if asked.side == "audit":
        print(json.dumps(timing.cost_of(lambda: by_audit(path, asked.rows, asked.folder))))
    else:
        print(json.dumps(timing.cost_of(lambda: by_library(path, asked.folder))))


if __name__ == "__main__":
    main()
