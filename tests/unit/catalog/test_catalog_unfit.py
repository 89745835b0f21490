"""A definition that cannot be computed is refused before it counts, whether it has examples or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qmsreports.catalog import approval
from qmsreports.cli import app
from qmsreports.errors import UserError
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.workspace import Workspace

Run = Callable[..., tuple[int, list[str]]]
AT = datetime(2026, 4, 2, 6, tzinfo=UTC)
HEAD = """kpi: {name}
title: Anything
question: How much is it?
unit: {unit}
better: neither
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
"""
CASES = "    population: {table: cases, period_by: opened_at}\n"
OPEN = "    population: {table: cases}\n"
SPAN = "{from: opened_at, to: replied_at, calendar: desk}"
PART = "numerator: {count: rows}, denominator: {count: rows}"
GAP = "    measure: {kind: formula, value: {subtract: [{highest: {kpi: on_time, over: OVER}}, {number: 1}]}}\n"

UNFIT = {
    "a mean of censored cases": (
        "hours",
        CASES + "    measure: {kind: duration, show: mean, unfinished: censor, "
        "of: {elapsed: {from: opened_at, to: replied_at}}}\n",
        "13: cases that are not finished have no mean; show the median, or count_until_period_end",
    ),
    "working time in days": (
        "days",
        CASES + f"    measure: {{kind: duration, unfinished: leave_out, of: {{working_time: {SPAN}}}}}\n",
        "13: a duration in days; write unit: minutes or hours",
    ),
    "a percentile of working time in days": (
        "days",
        CASES + f"    measure: {{kind: percentile, p: 90, unfinished: leave_out, of: {{working_time: {SPAN}}}}}\n",
        "13: a duration in days; write unit: minutes or hours",
    ),
    "a level with a window": (
        "count",
        OPEN + "    window: {last: 3, of: month}\n    measure: {kind: level, from: opened_at, to: replied_at}\n",
        "13: a level has no window; leave window out; it would add up what must not be",
    ),
    "two factors of one name": (
        "percent",
        CASES + f"    measure: {{kind: product, factors: [{{name: a, {PART}}}, {{name: a, {PART}}}]}}\n",
        "13: two factors have the same name; rename one",
    ),
    "the highest of a slice that is none": (
        "points",
        GAP.replace("OVER", "sites"),
        '12: on_time has no slice "sites"; did you mean "site"?',
    ),
}


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``qmsreports catalog ...`` on the small catalog; gives the exit code and what was said, findings last."""
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(folder))
    monkeypatch.setenv("QMSREPORTS_EXPECTATIONS", str(tmp_path / "expectations"))  # none: the catalog by itself

    def command(*words: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, ["catalog", *words])
        said = [line for line in result.output.splitlines() if "no review shows" not in line]
        if isinstance(result.exception, UserError):
            return int(result.exception.exit_code), said + [str(finding) for finding in result.exception.findings]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, said

    return command


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_computed_is_refused_by_check_plan_and_apply(name: str, run: Run, folder: Path) -> None:
    unit, rest, said = UNFIT[name]
    (folder / "kpis" / "fresh.yaml").write_text(HEAD.format(name="fresh", unit=unit) + rest)
    expected = f"catalog/kpis/fresh.yaml:{said}"
    assert run("check") == (1, [expected])
    for command in (("plan",), ("apply", "--by", "anna", "--dry-run"), ("apply", "--by", "anna")):
        code, lines = run(*command)
        assert (code, lines[-1]) == (1, expected)
    assert run("approve", "--all", "--by", "bert") == (0, ["catalog: nothing waits for approval"])


def test_a_gap_between_slices_with_slices_of_its_own_is_refused(run: Run, folder: Path) -> None:
    text = HEAD.format(name="fresh", unit="points").replace("versions:", "slices: [site]\nversions:")
    (folder / "kpis" / "fresh.yaml").write_text(text + GAP.replace("OVER", "site"))
    said = "catalog/kpis/fresh.yaml:13: the gap between slices has no slices itself; remove slices"
    assert run("check") == (1, [said])


def test_what_was_proposed_by_an_earlier_release_is_not_approved(run: Run, folder: Path) -> None:
    unit, rest, said = UNFIT["working time in days"]
    path = folder / "kpis" / "fresh.yaml"
    path.write_text(HEAD.format(name="fresh", unit=unit) + rest)
    with Workspace() as workspace:  # by the library, which plans nothing
        approval.apply(workspace.catalog, CatalogRecords(workspace.register), by="anna", at=AT)
    assert run("approve", "fresh", "--by", "bert") == (1, [f"catalog/kpis/fresh.yaml:{said}"])
    path.write_text(path.read_text().replace("unit: days", "unit: hours"))
    reason = said.partition(": ")[2]
    assert run("approve", "fresh", "--by", "bert") == (1, [f"kpi fresh version 1: {reason}"])  # as it was proposed
    assert run("apply", "--by", "anna", "--quiet") == (0, ["1 definition proposed by anna"])
    assert run("approve", "fresh", "--by", "bert", "--quiet") == (0, ["1 definition approved by bert"])


def test_a_new_version_that_a_formula_cannot_read_is_refused_with_it(run: Run, folder: Path) -> None:
    (folder / "kpis" / "fresh.yaml").write_text(HEAD.format(name="fresh", unit="points") + GAP.replace("OVER", "sites"))
    other = folder / "kpis" / "other.yaml"
    other.write_text(HEAD.format(name="other", unit="points") + "    measure: {kind: formula, value: {kpi: fresh}}\n")
    code, lines = run("check")
    assert (code, len(lines)) == (1, 1)
