"""A restatement records what the approved definition gives today, and loses no value for want of an input."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from test_measure_changed import START, Line, made, order

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.errors import UserError
from qmsreports.register import results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.workspace import Workspace

LATER = START + timedelta(days=1)
DAY = date(2026, 3, 10)
WORDS = {"why": "late entry", "who": "Quality", "run_id": "restated", "at": LATER}


@dataclass
class Shop:
    """A line with four orders of March, three of them in time: 75 %, and so 150 twice."""

    line: Line

    def deliver(self, orders: int, in_time: int, site: str = "linz") -> None:
        from random import Random

        rows = {
            str(number): {
                **order(Random(1), str(number)),
                **{"due_on": DAY, "urgent": True, "site": site, "status": "done"},
                "done_on": DAY if number < in_time else DAY + timedelta(days=3),
            }
            for number in range(orders)
        }
        self.line.publish("orders", rows)

    def restate(self, kpi: str, first: str = "2026-03", last: str = "2026-03") -> tuple[stages.Restated, ...]:
        return stages.restate(kpi, first, last, **WORDS, settings=self.line.settings)  # type: ignore[arg-type]

    def value(self, kpi: str) -> float | None:
        with Workspace(self.line.settings) as workspace, workspace.register.read() as session:
            found = results.latest_results(session, kpis=[kpi], periods=["2026-03"])
            return next(row.value for row in found if not row.slice)

    def rows(self) -> int:
        return len(self.line.record())

    def propose(self, file: str, text: str, *, approve: bool = False) -> None:
        (self.line.settings.catalog / "kpis" / file).write_text(text)
        with Workspace(self.line.settings) as workspace:
            records = CatalogRecords(workspace.register)
            approval.apply(workspace.catalog, records, by="author", at=START)
            if approve:
                approval.approve(records, workspace.catalog.organisation, by="board", at=START)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(made(tmp_path))
    shop.deliver(4, 3)
    shop.line.measure(START)
    return shop


def test_a_formula_is_restated_from_what_it_reads(shop: Shop) -> None:
    """A fifth order that came late: 3 of 5 in time are 60 %, twice that is 120. Only the formula is recorded."""
    shop.deliver(5, 3)
    assert shop.value("doubled") == 150
    (restated,) = shop.restate("doubled")
    assert (restated.before, restated.after) == (150, 120)
    assert (shop.value("doubled"), shop.value("on_time")) == (120, 75)


def test_a_slice_that_has_no_row_any_more_is_restated_with_the_rest(shop: Shop) -> None:
    """All four orders turn out to be of Lyon: Linz waits with no value, and does not go on waiting for ever."""
    shop.deliver(4, 2, site="lyon")
    shop.line.measure(LATER)
    found = {one.slice_key: (one.before, one.after) for one in shop.restate("on_time")}
    assert found == {"": (75, 50), "site=linz": (75, None)}
    with Workspace(shop.line.settings) as workspace, workspace.register.read() as session:
        standing = {row.id for row in results.latest_results(session, kpis=["on_time"], periods=["2026-03"])}
        assert not standing & results.with_candidates(session), "nothing of it waits any more"


def test_the_interval_is_that_of_the_value_beside_it(shop: Shop) -> None:
    """Wilson by hand: 3 of 4 are 30.06 to 95.44 %, 3 of 8 are 13.68 to 69.43 %. What waits changes neither number."""

    def stands() -> tuple[float | None, ...]:
        with Workspace(shop.line.settings) as workspace, workspace.register.read() as session:
            (row,) = (
                row for row in results.latest_results(session, kpis=["on_time"], periods=["2026-03"]) if not row.slice
            )
            return row.value, row.low, row.high

    shop.deliver(8, 3)
    shop.line.measure(LATER)
    assert stands() == pytest.approx((75, 30.06, 95.44), abs=0.01)
    shop.restate("on_time")
    assert stands() == pytest.approx((37.5, 13.68, 69.43), abs=0.01)


def test_a_formula_whose_rows_are_the_same_is_left_alone(shop: Shop) -> None:
    before = shop.rows()
    assert shop.restate("doubled") == ()
    assert (shop.value("doubled"), shop.rows()) == (150, before)


@pytest.mark.parametrize("through", [False, True])
def test_a_value_is_not_lost_because_what_the_formula_reads_does_not_count_there(shop: Shop, through: bool) -> None:
    """The second version reads a KPI that begins a year later, itself or through another formula: it is refused."""
    path = shop.line.settings.catalog / "kpis"
    young = path.joinpath("on_time.yaml").read_text().partition("  - version: 2")[0]
    young = young.replace("kpi: on_time", "kpi: young").replace("2024-01-01", "2027-01-01")
    shop.propose("young.yaml", young, approve=True)
    second = "  - version: 2\n    effective_from: 2026-01-01\n    why: Of the young.\n"
    reads = "young"
    if through:
        between = path.joinpath("doubled.yaml").read_text().replace("on_time", "young")
        shop.propose("between.yaml", between.replace("kpi: doubled", "kpi: between"), approve=True)
        reads = "between"
    second += f"    measure: {{kind: formula, value: {{multiply: [{{kpi: {reads}}}, {{number: 2}}]}}}}\n"
    shop.propose("doubled.yaml", path.joinpath("doubled.yaml").read_text() + second, approve=True)
    before = shop.rows()
    with pytest.raises(UserError) as refused:
        shop.restate("doubled")
    assert str(refused.value.findings[0]) == (
        "kpi doubled, 2026-03: its value would be lost: no approved version of young is in force; nothing was written; "
        "approve what the formula reads first"
    )
    assert (shop.value("doubled"), shop.rows()) == (150, before)


def test_what_is_not_approved_or_not_in_force_is_said(shop: Shop) -> None:
    text = (shop.line.settings.catalog / "kpis" / "on_time.yaml").read_text()
    shop.propose("waiting.yaml", text.replace("kpi: on_time", "kpi: waiting"))
    with pytest.raises(UserError) as refused:
        shop.restate("waiting")
    assert str(refused.value.findings[0]) == (
        "kpi waiting: proposed, waits for approval; qmsreports catalog approve waiting --by NAME"
    )
    (shop.line.settings.catalog / "kpis" / "written.yaml").write_text(text.replace("kpi: on_time", "kpi: written"))
    with pytest.raises(UserError, match="written and not proposed, waits for approval; qmsreports catalog apply"):
        shop.restate("written")
    with pytest.raises(UserError, match="kpi on_time: no approved version is in force from 2020-01 to 2020-03"):
        shop.restate("on_time", "2020-01", "2020-03")


def test_a_period_that_has_not_begun_is_named(shop: Shop) -> None:
    with pytest.raises(UserError, match="2030-02 has not begun; there is nothing to restate"):
        shop.restate("on_time", "2026-03", "2030-02")


@pytest.mark.parametrize(
    ("first", "last", "todo"),
    [
        ("2026-03", "2026-02", "name the earlier period first"),
        ("2026-Q1", "2026-03", "name two months, quarters or years of one calendar"),
    ],
)
def test_what_is_no_range_is_told_why(shop: Shop, first: str, last: str, todo: str) -> None:
    with pytest.raises(UserError) as refused:
        shop.restate("on_time", first, last)
    assert str(refused.value.findings[0]) == f"{first} to {last} is no range; {todo}"
