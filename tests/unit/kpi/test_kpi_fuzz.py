"""Definitions are data: whatever they say, nothing but a SELECT over declared columns comes out, or a sentence."""

from __future__ import annotations

from typing import Any

import duckdb
import sqlglot
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from kpi_fixture import CASES, CHANGES, ORDERS, catalog, database, run
from pydantic import ValidationError
from sqlglot import exp

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.table import Column
from qmsreports.errors import UserError
from qmsreports.kpi.compute import statement_text
from qmsreports.kpi.plan import Composed
from qmsreports.kpi.selection import select
from qmsreports.period import Period

HOSTILE = [
    "'; DROP TABLE cases; --",
    "*/ SELECT 1; /*",
    "site); DELETE FROM cases; --",
    '"',
    "\\'",
    "a\nb",
    "${jndi}",
    "{{ 7 }}",
    "\u202e\u2028 \ud7ff ünïcode",
    "FILTER(WHERE",
    "read_csv('/etc/passwd')",
    "NULL",
    "",
]
NAMES = st.sampled_from([*CASES.names, *ORDERS.names, "nothing", "select", "value", "windows", "order"])
VALUES = st.one_of(
    st.sampled_from(["linz", "phone", *HOSTILE]),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.text(max_size=12),
    st.builds(lambda field: {"field": field}, NAMES),
)
OPERATORS = st.sampled_from(["is", "is_not", "at_most", "at_least", "above", "below"])
CONDITION = st.one_of(
    st.builds(lambda field, operator, value: {"field": field, operator: value}, NAMES, OPERATORS, VALUES),
    st.builds(
        lambda field, operator, values: {"field": field, operator: values},
        NAMES,
        st.sampled_from(["in", "not_in"]),
        st.lists(VALUES, max_size=3),
    ),
    st.builds(lambda field, known: {"field": field, "known": known}, NAMES, st.booleans()),
    st.builds(
        lambda span, kind, operator, length: {kind: {**span, "calendar": "desk"}, operator: length},
        st.fixed_dictionaries({"from": NAMES, "to": NAMES}),
        st.sampled_from(["working_time", "elapsed", "calendar_days"]),
        OPERATORS,
        VALUES | st.sampled_from(["2 days", "1e9 hours", "-3 minutes"]),
    ),
)
FITTING = {
    "text": st.one_of(st.sampled_from([text for text in HOSTILE if text.isprintable()]), st.text(max_size=8)),
    "integer": st.integers(-(2**62), 2**62),
    "number": st.floats(-1e18, 1e18),
    "date": st.dates(),
    "instant": st.dates(),
    "boolean": st.booleans(),
}


def fitting(column: Column) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on a column that are as they should be, with values as hostile as their type allows."""
    ordered = column.type not in ("text", "boolean")
    single = st.sampled_from(["is", "is_not", *(("at_most", "at_least", "above", "below") if ordered else ())])
    several = st.sampled_from(["in", "not_in"])
    value = FITTING[column.type]
    values = st.lists(value, min_size=1, max_size=3)
    others = st.sampled_from([{"field": other.name} for other in CASES.columns if other.type == column.type])
    return st.one_of(
        st.builds(lambda operator, right: {"field": column.name, operator: right}, single, value | others),
        st.builds(lambda operator, right: {"field": column.name, operator: right}, several, values),
    )


PAUSED = {"table": "changes", "by": "case_id", "at": "changed_at", "status": "status"}
LENGTH = st.builds(
    lambda kind, length, operator, calendar, text: {
        kind: {
            "from": "opened_at",
            "to": "closed_at",
            **({"calendar": calendar} if kind == "working_time" else {}),
            **({"pause": {**PAUSED, "in": [text or "x"]}} if operator == "at_most" else {}),
        },
        operator: length,
    },
    st.sampled_from(["working_time", "elapsed"]),
    st.sampled_from(["2 hours", "-30 minutes", "9999999.999999 hours"]),
    st.sampled_from(["at_most", "at_least", "above", "below"]),
    st.sampled_from(["desk", "office", {"by": "site", "of": {"linz": "desk"}, "otherwise": "office"}]),
    FITTING["text"].map(str.strip),
)
WHERE = st.one_of(
    st.lists(st.one_of(LENGTH, *(fitting(column) for column in CASES.columns)), max_size=3),
    st.lists(CONDITION, max_size=2),
)
MOMENTS = st.sampled_from(["opened_on", "opened_at", "due_on", "closed_at"])
AMOUNTS = st.sampled_from(["pieces", "bad", "minutes", "score"])
POPULATION = st.fixed_dictionaries(
    {"table": st.sampled_from([*["cases"] * 8, "orders", "windows"]), "period_by": MOMENTS | MOMENTS | NAMES},
    optional={"where": WHERE},
)
PART = st.one_of(
    st.fixed_dictionaries({"count": st.just("rows")}, optional={"where": WHERE, "population": POPULATION}),
    st.fixed_dictionaries({"sum": AMOUNTS | NAMES}, optional={"where": WHERE, "population": POPULATION}),
)
PAUSE = st.fixed_dictionaries(
    {
        "table": st.sampled_from(["changes", "changes", "changes", "orders", "windows", "nothing"]),
        "by": st.sampled_from(["case_id", "case_id", "site", "change_id"]),
        "at": st.just("changed_at") | NAMES,
        "status": st.just("status") | NAMES,
        "in": st.lists(FITTING["text"] | st.sampled_from(HOSTILE), min_size=1, max_size=2),
    }
)
SPAN = st.fixed_dictionaries({"from": MOMENTS | NAMES, "to": MOMENTS | NAMES}, optional={"pause": PAUSE})
CALENDAR = st.one_of(
    st.sampled_from(["desk", "no"]),
    st.fixed_dictionaries(
        {
            "by": st.just("site") | NAMES,
            "of": st.dictionaries(FITTING["text"], st.just("desk"), min_size=1, max_size=2),
        },
        optional={"otherwise": st.just("office")},
    ),
    st.builds(lambda by, names: {"by": by, "among": names}, NAMES, st.lists(st.sampled_from(["desk", "office", "no"]))),
)
DURATION = st.one_of(
    st.builds(lambda span: {"elapsed": span}, SPAN),
    st.builds(lambda span, whose: {"working_time": {**span, "calendar": whose}}, SPAN, CALENDAR),
)
UNFINISHED = st.sampled_from(["leave_out", "count_until_period_end", "censor"])
FACTOR = st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "n"]), "numerator": PART, "denominator": PART})


def of_kind(kind: str, required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), **required}, optional={"where": WHERE, **optional})


FACTORS = st.lists(FACTOR, min_size=2, max_size=3)
PRODUCT = st.fixed_dictionaries({"kind": st.just("product"), "factors": FACTORS})
UNITS = st.sampled_from(["percent", "hours", "points", "count", "score", "ppm"])
MEASURE = st.one_of(  # with a unit in which it may be told
    st.tuples(of_kind("count", {}), UNITS),
    st.tuples(of_kind("sum", {"of": AMOUNTS | NAMES}), UNITS),
    st.tuples(of_kind("mean", {"of": AMOUNTS | NAMES}), UNITS),
    st.tuples(st.fixed_dictionaries({"kind": st.just("ratio"), "numerator": PART, "denominator": PART}), UNITS),
    st.tuples(of_kind("percentile", {"of": AMOUNTS | NAMES, "p": st.floats(1, 99)}), UNITS),
    st.tuples(
        of_kind("percentile", {"of": DURATION, "p": st.floats(1, 99), "unfinished": UNFINISHED}),
        st.sampled_from(["hours", "minutes"]) | UNITS,
    ),
    st.tuples(
        of_kind("duration", {"of": DURATION, "unfinished": UNFINISHED}, show=st.sampled_from(["median", "mean"])),
        st.sampled_from(["hours", "minutes"]) | UNITS,
    ),
    *(
        st.tuples(
            of_kind(
                "score",
                {"type": st.just(kind), "field": st.just("score") | NAMES},
                one_per=st.fixed_dictionaries({"key": NAMES}),
            ),
            st.just(unit) | UNITS,
        )
        for kind, unit in (("nps", "points"), ("csat", "percent"), ("ces", "score"))
    ),
    st.tuples(PRODUCT, UNITS),
    st.tuples(of_kind("level", {"from": MOMENTS | NAMES, "to": MOMENTS | NAMES}), UNITS),
    st.tuples(st.fixed_dictionaries({"kind": st.just("formula"), "value": st.just({"kpi": "number"})}), UNITS),
)


def definition(
    measure: tuple[dict[str, Any], str], population: dict[str, Any], slices: list[str], title: str, window: Any
) -> dict[str, Any]:
    kind = measure[0]["kind"]
    if kind == "level":
        population = {name: entry for name, entry in population.items() if name != "period_by"}
    version = {"version": 1, "effective_from": "2020-01-01", "why": "w", "measure": measure[0]}
    version |= {"window": window} if window else {}
    version |= {"population": population} if kind != "formula" else {}
    named = {"kpi": "number", "title": title, "question": title, "unit": measure[1], "better": "higher", "owner": "o"}
    together = {"combinations": [slices]} if len(slices) > 1 else {}
    return {**named, "feeds": ["9.1.2"], "slices": slices, **together, "versions": [version]}


DEFINITION = st.builds(
    definition,
    MEASURE,
    POPULATION,
    st.lists(st.sampled_from(["site", "channel", "urgent"]) | NAMES, max_size=2),
    st.sampled_from(["Plain", *(text for text in HOSTILE if text)]),
    st.sampled_from([None, None, {"last": 3, "of": "month"}, {"to_date": "year"}]),
)
OWN = {"month", "period", "value", "n", "sliced", "numerator", "denominator", "sum_squares", "promoters", "detractors"}
OWN |= {"amount", "began", "ended", "ended_at", "finished", "answer", "at_risk", "survival", "cases", "rows"}
OWN |= {"began_at", "until", "paused", "resumed", "waiting", "waited"}
OWN |= {"slot", "starts", "calendar", "worked", "open", "ends_on", "ends_at", "ends_worked"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(DEFINITION)
def test_no_definition_makes_anything_but_a_select_over_declared_columns(definition: dict[str, Any]) -> None:
    try:
        kpi = Kpi.model_validate(definition)
        (task,) = select(catalog(kpi), {"number": [1]}, [Period.parse("2026-03")])
    except (ValidationError, UserError) as refused:
        assert str(refused)
        event("refused")
        return
    event(f"ran: {task.plan.body.__class__.__name__}")
    assert not isinstance(task.plan.body, Composed)
    text = statement_text(task.plan)
    with database().cursor() as cursor:
        (parsed,) = cursor.extract_statements(text)
        assert parsed.type == duckdb.StatementType.SELECT
    (tree,) = sqlglot.parse(text, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    declared = {*CASES.names, *ORDERS.names, *CHANGES.names}
    factors = {f"{name}_{part}" for name in "abn" for part in ("numerator", "denominator")}
    for column in tree.find_all(exp.Column):
        known = declared | OWN | factors | {"*"}  # every column of a declared table, where lengths are added to them
        assert column.name in known or " " in column.name, column.name
    run(kpi, ROWS, ["2026-03"])  # and it runs


ROWS = [{"site": "linz", "score": 9, "pieces": 5.0, "bad": 1}, {}]
