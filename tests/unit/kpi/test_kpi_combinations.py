"""Combinations of slices: a cell is what the KPI says of its rows alone, and the cells add up to the whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import MONTHS, Row, by_place, cases, catalog, kpi, run

from qmsreports.analysis.intervals import percentile_ranks
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.target import KpiTargets
from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import explain
from qmsreports.period import Period
from qmsreports.records import KpiResult

few = settings(max_examples=6, deadline=None)
POPULATION = {"table": "cases", "period_by": "opened_on"}
LENGTH = {"elapsed": {"from": "opened_on", "to": "closed_on"}}
CUT = {"slices": ["site", "channel", "urgent"], "combinations": [["channel", "site"], ["site", "channel", "urgent"]]}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "count": ("count", {"kind": "count", "where": [{"field": "bad", "above": 2}]}),
    "sum": ("minutes", {"kind": "sum", "of": "minutes"}),
    "mean": ("minutes", {"kind": "mean", "of": "minutes"}),
    "ratio": ("percent", {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}),
    "percentile": ("minutes", {"kind": "percentile", "of": "minutes", "p": 80}),
    "median": ("days", {"kind": "duration", "of": LENGTH, "unfinished": "count_until_period_end"}),
    "censored": ("days", {"kind": "duration", "of": LENGTH, "unfinished": "censor"}),
    "nps": ("points", {"kind": "score", "type": "nps", "field": "score"}),
    "chosen": ("points", {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}),
    "product": (
        "percent",
        {
            "kind": "product",
            "factors": [
                {"name": "a", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}},
                {"name": "b", "numerator": {"count": "rows"}, "denominator": {"sum": "minutes"}},
            ],
        },
    ),
    "level": ("count", {"kind": "level", "from": "opened_on", "to": "closed_on"}),
    "formula": ("percent", {"kind": "formula", "value": {"subtract": [{"number": 100}, {"kpi": "ratio"}]}}),
}


def entries(**cut: Any) -> list[Kpi]:
    """One KPI of each kind, and one read together with the median that orders its slices otherwise."""
    found = []
    for name, (unit, measure) in KINDS.items():
        more = {"formula": {}, "level": {"population": {"table": "cases"}}}.get(name, {"population": POPULATION})
        found.append(kpi(measure, name=name, unit=unit, **more, **cut))
    other = {"slices": ["channel", "site"], "combinations": [["site", "channel"]]} if cut else {}
    share = {"kind": "percentile", "of": LENGTH, "p": 90, "unfinished": "count_until_period_end"}
    return [*found, kpi(share, name="together", unit="days", population=POPULATION, **other)]


def cell(row: Row, names: tuple[str, ...]) -> str:
    def label(value: Any) -> str:
        return "(none)" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return ",".join(f"{name}={label(row[name])}" for name in names)


def numbers(result: KpiResult | None) -> Any:
    if result is None:
        return None
    parts = {name: pytest.approx(value) for name, value in result.parts.items()}
    value = result.value if result.value is None else pytest.approx(result.value)
    return (value, result.numerator, result.denominator, result.n, parts)


@few
@given(cases())
def test_a_cell_is_the_kpi_over_its_rows_alone(rows: list[Row]) -> None:
    """Every kind: what stands under linz and phone is what the whole would be, were there only those rows."""
    measured = run(entries(**CUT), rows, ["2026-02"], ranks=percentile_ranks)
    for names in (("site", "channel"), ("site", "channel", "urgent")):
        for own in {cell(row, names) for row in rows}:
            inside = [row for row in rows if cell(row, names) == own]
            alone = run(entries(), inside, ["2026-02"], ranks=percentile_ranks)
            for name in (*KINDS, "together"):
                order = names if name != "together" else ("channel", "site")
                if name == "together" and len(names) > 2:
                    continue
                place = ",".join(sorted(own.split(","), key=lambda part: order.index(part.split("=")[0])))
                whole = by_place(alone, name)["2026-02", ""]
                found = by_place(measured, name).get(("2026-02", place))
                assert found is not None or whole.n == 0 or whole.value is None, (name, place)
                assert found is None or numbers(found) == numbers(whole), (name, place)


@few
@given(cases(), st.sampled_from(["count", "sum", "ratio", "nps", "level"]))
def test_cells_add_up_to_their_slices_and_to_the_whole(rows: list[Row], name: str) -> None:
    unit, measure = KINDS[name]
    population = {"table": "cases"} if name == "level" else POPULATION
    places = by_place(run(kpi(measure, unit=unit, population=population, **CUT), rows, MONTHS))
    for period in MONTHS:
        for part in ("numerator", "denominator", "n"):
            whole = getattr(places[period, ""], part) or 0
            for cut in ({"site", "channel"}, {"site", "channel", "urgent"}):
                cells = [
                    result for (month, _), result in places.items() if month == period and set(result.slice) == cut
                ]
                assert sum(getattr(result, part) or 0 for result in cells) == pytest.approx(whole)
                for value in {result.slice["site"] for result in cells}:
                    inside = sum(getattr(result, part) or 0 for result in cells if result.slice["site"] == value)
                    assert inside == pytest.approx(getattr(places[period, f"site={value}"], part) or 0)


ROWS = [
    {"opened_on": date(2026, 2, 3), "site": "linz", "channel": "phone", "bad": 3},
    {"opened_on": date(2026, 2, 4), "site": "linz", "channel": "email", "bad": 1},
    {"opened_on": date(2026, 2, 5), "site": "lyon", "channel": "phone", "bad": 5},
    {"opened_on": date(2026, 2, 6), "site": "linz", "channel": "phone", "bad": 9},
]


def test_only_what_was_asked_for_is_computed_and_a_target_may_be_its_own() -> None:
    asked = {"slices": ["site", "channel"], "combinations": [["site", "channel"]]}
    entry = kpi({"kind": "sum", "of": "bad"}, population=POPULATION, better="lower", **asked)
    agreed = {"by": "Board", "on": "2025-12-01", "record": "Review"}
    targets = KpiTargets.model_validate(
        {
            "kpi": "number",
            "unit": "count",
            "targets": [
                {"from": "2026-01-01", "meet": 10, "agreed": agreed},
                {"from": "2026-01-01", "slice": {"channel": "phone", "site": "linz"}, "meet": 12, "agreed": agreed},
            ],
        }
    )
    places = by_place(run(entry, ROWS, ["2026-02"], targets=[targets]))
    assert {cut: (result.value, result.status) for (_, cut), result in places.items()} == {
        "": (18, "missed"),
        "site=linz": (13, "no_target"),
        "site=lyon": (5, "no_target"),
        "channel=phone": (17, "no_target"),
        "channel=email": (1, "no_target"),
        "site=linz,channel=phone": (12, "met"),
        "site=linz,channel=email": (1, "no_target"),
        "site=lyon,channel=phone": (5, "no_target"),
    }


def test_a_cell_is_explained_in_whichever_order_it_is_named_and_another_is_refused() -> None:
    asked = {"slices": ["site", "channel", "urgent"], "combinations": [["site", "channel"]]}
    entry = kpi({"kind": "count", "where": [{"field": "bad", "above": 2}]}, population=POPULATION, **asked)
    lake = RowsInMemory({"cases": [{"case_id": number, **row} for number, row in enumerate(ROWS)]})
    moment = datetime(2026, 11, 1, tzinfo=UTC)

    def told(*cut: tuple[str, str]) -> Any:
        return explain(
            catalog(entry), "number", Period.parse("2026-02"), approved=[1], lake=lake, as_of=moment, cut=cut
        )

    for cut in ((("site", "linz"), ("channel", "phone")), (("channel", "phone"), ("site", "linz"))):
        found = told(*cut)
        assert found.figure.value == 2
        assert found.slice == (("site", "linz"), ("channel", "phone"))
        assert [count.rows for count in found.rows if count.meaning == "counted"] == [2]
    with pytest.raises(UserError, match="is not cut by site and urgent; its slices: site, channel, urgent, site and"):
        told(("urgent", "true"), ("site", "linz"))


def test_what_is_combined_must_be_a_slice() -> None:
    entry = kpi({"kind": "count"}, population=POPULATION, slices=["site"], combinations=[["site", "chanel"]])
    with pytest.raises(UserError, match='"chanel" is combined and is no slice of number'):
        run(entry, [], ["2026-02"])
