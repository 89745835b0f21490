"""What a change would do: worked by hand from a few stored values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qmsreports.catalog.approval import apply, approve
from qmsreports.catalog.load import load_catalog
from qmsreports.cli import app
from qmsreports.errors import UserError
from qmsreports.period import Period
from qmsreports.records import BuiltPack, KpiResult
from qmsreports.register import packs, results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.store import Register
from qmsreports.stages.impact import Impact, plan_catalog, spans

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
SMALL = Path(__file__).parent / "small"


THIRD = """
  - version: 3
    effective_from: 2025-03-01
    why: All.
    population: {table: orders, period_by: due_on}
    measure: {kind: ratio, numerator: {count: rows}, denominator: {count: rows}}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with the small catalog approved, four months of on_time by site, and a published pack."""
    var = tmp_path_factory.mktemp("measured")
    catalog = load_catalog(SMALL)
    with Register(f"sqlite:///{var / 'register.db'}") as register:
        register.migrate()
        records = CatalogRecords(register)
        apply(catalog, records, by="anna", at=AT)
        approve(records, catalog.organisation, by="bert", at=AT)
        with register.write() as session:
            for month, value, status in (
                ("2024-12", 91.0, "met"),
                ("2025-01", 94.0, "near"),
                ("2025-03", 85.0, "accepted_deviation"),
                ("2025-05", 94.0, "provisional"),
            ):
                for slice_ in ({}, {"site": "lyon"}):
                    result = _value("on_time", month, value, status, slice_)
                    results.add_result(session, result, run_id="r", supersedes=0, why="first value", at=AT)
            results.add_result(
                session, _value("reply_time", "2025-05", 3.0, "no_target"), run_id="r", supersedes=0, why="", at=AT
            )
            manifest = {"catalog": {"kpi/on_time/v2": "x", "kpi/doubled/v1": "y", "review/monthly": "z"}}
            for month, status in (("2025-01", "approved"), ("2025-05", "draft")):
                built = BuiltPack("monthly", Period.parse(month), 1, status, var, (), month, (), manifest)
                packs.record_pack(session, built, run_id="r", at=AT)
    return var


def _value(
    kpi: str, month: str, value: float, status: str, slice_: dict[str, str] | None = None, **more: object
) -> KpiResult:
    return KpiResult(
        kpi=kpi,
        version=2,
        period=Period.parse(month),
        slice=slice_ or {},
        unit="percent",
        value=value,
        numerator=value,
        denominator=100.0,
        n=100,
        low=None,
        high=None,
        target=None,
        near=None,
        status=status,
        provisional=month == "2025-05",
        fingerprint="f",
        sql="s",
        table_versions={},
        parts={},
    )


@pytest.fixture
def workspace(measured: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace over a copy of that register and of the catalog's files; gives the catalog's folder."""
    var = Path(shutil.copytree(measured, tmp_path / "var"))
    monkeypatch.setenv("QMSREPORTS_VAR", str(var))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(folder))
    yield folder


def planned() -> dict[tuple[str, str, int], Impact]:
    plan, impacts = plan_catalog()
    return {
        (change.kind, change.name, change.version): impact for change, impact in zip(plan.changes, impacts, strict=True)
    }


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_stricter_target_flips_what_it_flips(workspace: Path) -> None:
    edit(workspace / "targets/on_time.yaml", "meet: 95\n    near: 93", "meet: 97\n    near: 95")
    (impact,) = planned().values()
    assert impact.effect == "status"
    assert impact.periods == ("2025-01", "2025-03", "2025-05")  # 2024 has its own target
    # lyon has a target of its own, 92 from 2025 on: nothing of it differs
    assert [(flip.period, flip.slice, flip.before, flip.after) for flip in impact.flips] == [
        ("2025-01", "", "near", "missed"),  # 94 < 95; 2025-05 is provisional and not judged yet
    ]
    assert impact.packs == ("monthly 2025-01 edition 1",)


def test_an_accepted_deviation_taken_back(workspace: Path) -> None:
    path = workspace / "targets/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("accepted_deviations")], encoding="utf-8")
    (impact,) = planned().values()
    assert impact.periods == ("2025-03",)
    assert [(flip.slice, flip.after) for flip in impact.flips] == [("", "missed"), ("site=lyon", "missed")]
    assert impact.packs == ()
    assert impact.sentences() == [
        "no number changes; the target differs in 2025-03 (1 period)",
        "after the fact: 2 settled values are judged anew by the next measurement; the next pack names it, and kpi"
        " values --as-of tells what was believed before",
        "2 statuses change: 2025-03 accepted_deviation becomes missed, 2025-03 site=lyon accepted_deviation becomes"
        " missed",
        "shown in no published pack",
    ]


def test_a_new_version_changes_the_numbers_from_its_first_day(workspace: Path) -> None:
    path = workspace / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").rstrip() + THIRD, encoding="utf-8")
    (impact,) = planned().values()
    assert impact == Impact("numbers", ("2025-03", "2025-05"), 2, (), (), ("doubled",))
    assert impact.sentences() == [
        "numbers change in 2025-03, 2025-05 (2 periods)",
        "2 settled values stay as published until they are restated",
        "read by doubled",
        "shown in no published pack",
    ]


def test_wording_changes_nothing_that_is_measured(workspace: Path) -> None:
    edit(workspace / "kpis/on_time.yaml", "title: On time", "title: In time")
    assert set(planned().values()) == {Impact("wording")}


def test_opening_hours_touch_the_months_in_which_they_differ(workspace: Path) -> None:
    edit(workspace / "calendars/desk.yaml", 'friday: ["09:00-12:30"]', 'friday: ["09:00-16:00"]')
    found = planned()
    assert found["kpi", "reply_time", 1].periods == ("2025-05",)
    assert found["calendar", "desk", 2] == Impact("none")
    edit(workspace / "calendars/desk.yaml", 'friday: ["09:00-16:00"]', 'friday: ["09:00-12:30"]')
    edit(workspace / "calendars/desk.yaml", "{on: 2025-12-24", "{on: 2025-12-23")
    assert planned()["kpi", "reply_time", 1].sentences() == ["numbers change in no period that is measured"]


def test_periods_are_said_as_ranges() -> None:
    assert spans(["2025-03", "2025-01", "2025-02", "2025-05", "2026-01"]) == "2025-01 to 2025-03, 2025-05, 2026-01"


def test_the_command_says_it_and_gives_it_as_data(workspace: Path) -> None:
    edit(workspace / "targets/on_time.yaml", "meet: 95\n    near: 93", "meet: 97\n    near: 95")
    said = CliRunner().invoke(app, ["catalog", "plan"])
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "catalog/targets/on_time.yaml:1: targets of on_time: changed; needs approval",
        "    no number changes; the target differs in 2025-01, 2025-03, 2025-05 (3 periods)",
        "    after the fact: 2 settled values are judged anew by the next measurement; the next pack names it, and kpi"
        " values --as-of tells what was believed before",
        "    1 status changes: 2025-01 near becomes missed",
        "    shown in monthly 2025-01 edition 1",
    ]
    (change,) = json.loads(CliRunner().invoke(app, ["catalog", "plan", "--json"]).output)["changes"]
    assert (change["kind"], change["effect"], change["packs"]) == ("targets", "status", ["monthly 2025-01 edition 1"])
    assert change["flips"][0] == {
        "period": "2025-01",
        "slice": "",
        "value": 94.0,
        "before": "near",
        "after": "missed",
    }


def _without_reply_time(folder: Path) -> None:
    (folder / "kpis" / "reply_time.yaml").unlink()
    edit(folder / "reviews" / "monthly.yaml", "on_time, reply_time, doubled", "on_time, doubled")
    (folder / "customers.yaml").unlink()


def test_a_file_that_is_gone_is_told_for_what_it_means(workspace: Path) -> None:
    _without_reply_time(workspace)
    lines = CliRunner().invoke(app, ["catalog", "plan"]).output.splitlines()
    assert lines[-2:] == [
        "KPI reply_time: no file any more; to end it on record, put the file back and write "
        "retired: {from: ..., because: ..., agreed: {...}}",
        "    no value is measured any more, and no record says since when or why; "
        "those on record in 2025-05 stay and kpi values shows them",
    ]
    change = json.loads(CliRunner().invoke(app, ["catalog", "plan", "--json"]).output)["changes"][-1]
    assert (change["name"], change["effect"], change["periods"]) == ("reply_time", "dropped", ["2025-05"])


def test_check_warns_of_a_file_that_is_gone_where_there_is_a_register(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_reply_time(workspace)
    said = CliRunner().invoke(app, ["catalog", "check"])
    assert said.exit_code == 0
    assert (
        "warning: KPI reply_time: no file any more, it is not measured; to end it on record, put the file back and "
        "write retired: {from: ..., because: ..., agreed: {...}}"
    ) in said.output.splitlines()
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "none"))
    assert "reply_time" not in CliRunner().invoke(app, ["catalog", "check"]).output
    assert not (tmp_path / "none").exists()


def test_values_on_record_are_shown_without_the_file(workspace: Path) -> None:
    _without_reply_time(workspace)
    said = CliRunner().invoke(app, ["kpi", "values", "reply_time"])
    assert said.exit_code == 0
    assert "2025-05" in said.output
    assert "reply_time has no file any more and is not measured" in said.output
    unknown = CliRunner().invoke(app, ["kpi", "values", "reply_tim"])
    assert isinstance(unknown.exception, UserError)


def test_a_mapping_moves_what_reads_its_rows(workspace: Path) -> None:
    with (workspace / "sources/shop/orders.sql").open("a") as sql:
        sql.write("\n-- another remark\n")
    impact = planned()["mapping", "shop.orders", 2]
    assert (impact.effect, impact.read_by) == ("rows", ("doubled", "on_time"))
    assert impact.sentences() == [
        "rows may become others from the next ingest on, and the numbers of doubled, on_time with them"
    ]


def test_days_move_every_period_and_the_number_of_approvals_moves_none(workspace: Path) -> None:
    edit(workspace / "organisation.yaml", "sites:", "approvals: 2\nsites:")
    assert planned()["organisation", "organisation", 2].effect == "none"
    edit(workspace / "organisation.yaml", "Europe/Vienna", "Europe/London")
    impact = planned()["organisation", "organisation", 2]
    assert impact.effect == "numbers"
    assert impact.periods == ("2024-12", "2025-01", "2025-03", "2025-05")
    assert impact.settled == 6  # on_time and its slice in three months; May is provisional
    assert impact.packs == ("monthly 2025-01 edition 1",)


def test_a_fiscal_year_moves_only_what_counts_from_its_start(workspace: Path) -> None:
    """on_time is of its month whenever the year begins; reply_time is, once it counts from the start of the year."""
    edit(workspace / "organisation.yaml", "sites:", "fiscal_year: {begins: july, named_by: ends}\nsites:")
    assert planned()["organisation", "organisation", 2].sentences() == ["no number and no status changes"]
    for window, periods in (("calendar_year", ()), ("year", ("2025-05",))):
        edit(workspace / "kpis/reply_time.yaml", "    why: ", f"    window: {{to_date: {window}}}\n    why: ")
        assert planned()["organisation", "organisation", 2].periods == periods
        edit(workspace / "kpis/reply_time.yaml", f"    window: {{to_date: {window}}}\n", "")


def test_a_file_that_is_gone_is_no_proposal(workspace: Path) -> None:
    _without_reply_time(workspace)
    CliRunner().invoke(app, ["catalog", "apply", "--by", "anna"])
    said = CliRunner().invoke(app, ["catalog", "apply", "--by", "anna"]).output.splitlines()
    assert said[0].startswith("KPI reply_time: no file any more")
    assert said[-1] == "catalog: nothing new to propose"
