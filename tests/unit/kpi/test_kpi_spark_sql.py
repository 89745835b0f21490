"""Statements as Spark SQL, without a Spark: every statement of every shipped definition, and each construct by hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from qmsreports.catalog.load import load_catalog
from qmsreports.kpi import sql
from qmsreports.kpi.clock import OpenTime, open_time
from qmsreports.kpi.compute import statement_text
from qmsreports.kpi.plan import Additive, ColumnRef, Composed, Level
from qmsreports.kpi.plan import Test as Condition
from qmsreports.kpi.rollup import rollup
from qmsreports.kpi.scan import scan
from qmsreports.kpi.selection import select
from qmsreports.kpi.spark import dialect
from qmsreports.kpi.spark.engine import _stretches
from qmsreports.kpi.within import reaches
from qmsreports.period import Period

ROOT = Path(__file__).parents[3]
CATALOG = load_catalog(ROOT / "catalog")
TASKS = [
    task
    for task in select(
        CATALOG,
        {name: [version.version for version in kpi.versions] for name, kpi in CATALOG.kpis.items()},
        Period.parse("2026-10").back(36),
    )
    if not isinstance(task.plan.body, Composed)
]
ONLY_DUCKDB = re.compile(
    r"QUANTILE_CONT|ARG_M(AX|IN)|\bROW\(|GROUPING\([^)]*,|\d\.\d+(?!\d*D)(?![\d.])|TIMESTAMPTZ", re.I
)


def texts() -> list[tuple[str, str]]:
    found = [(task.plan.label, statement_text(task.plan, "spark")) for task in TASKS]
    found += [
        (f"roll-up of {task.plan.label}", sql.text_of(rollup(task.plan), dialect="spark"))
        for task in TASKS
        if isinstance(task.plan.body, Additive | Level)
    ]
    tables = sorted(set(chain.from_iterable(task.plan.tables for task in TASKS)))
    for table in tables:
        plans = [task.plan for task in TASKS if isinstance(task.plan.body, Additive | Level)]
        if any(table in plan.tables for plan in plans):
            within = [reach for task in TASKS for reach in reaches(task.periods, task.plan, "Europe/Vienna")]
            statement = scan(table, plans, within).statement()
            found.append((f"scan of {table}", sql.text_of(statement, dialect="spark")))
    return found


@pytest.mark.parametrize(("name", "text"), [pytest.param(*entry, id=entry[0]) for entry in texts()])
def test_a_shipped_statement_is_one_select_without_what_only_duckdb_knows(name: str, text: str) -> None:
    assert dialect.is_one_select(text)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert not ONLY_DUCKDB.search(code), ONLY_DUCKDB.search(code)
    assert '"' not in code  # names are quoted with backticks; texts in double quotes would be names of DuckDB


def written(statement: exp.Expr) -> str:
    return " ".join(dialect.text(statement).split())


def of_duckdb(text: str) -> str:
    """Text of a query of DuckDB, its own functions kept under their names as the compiler writes them."""
    return written(parse_one(text, read="duckdb"))


def test_a_number_with_a_point_is_a_double_and_not_a_decimal() -> None:
    assert written(exp.select(sql.literal(100.0), sql.literal(-0.25), sql.literal(7))) == "SELECT 100.0D, -0.25D, 7"
    assert written(exp.select(sql.literal(1e-12))) == "SELECT 1e-12D"


def test_a_percentile_is_the_exact_one() -> None:
    asked = exp.select(sql.call("QUANTILE_CONT", sql.name("amount"), sql.literal(0.9)))
    assert written(asked) == "SELECT PERCENTILE(amount, 0.9D)"


@pytest.mark.parametrize(("ours", "theirs"), [("ARG_MAX", "MAX_BY"), ("ARG_MIN", "MIN_BY")])
def test_choosing_an_answer_passes_over_empty_ones(ours: str, theirs: str) -> None:
    order = sql.call("ROW", sql.name("day"), sql.name("id"))
    asked = exp.select(sql.call(ours, sql.name("score"), order))
    assert written(asked) == f"SELECT {theirs}(score, STRUCT(day, id)) FILTER(WHERE NOT score IS NULL)"


@pytest.mark.parametrize(
    ("slices", "bits"),
    [
        (["a"], "GROUPING(a)"),
        (["a", "b"], "GROUPING(a) * 2 + GROUPING(b)"),
        (["a", "b", "c"], "GROUPING(a) * 4 + GROUPING(b) * 2 + GROUPING(c)"),
    ],
)
def test_the_slice_of_a_row_is_told_by_the_same_bits(slices: list[str], bits: str) -> None:
    assert written(exp.select(*sql.which_slice([sql.name(name) for name in slices]))) == f"SELECT {bits} AS sliced"


def test_what_spark_knows_stays_as_it_is() -> None:
    text = (
        "SELECT site, COUNT(*) FILTER(WHERE done) AS n, SUM(n) OVER (PARTITION BY site ORDER BY n NULLS LAST ROWS "
        "BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS rest FROM cases GROUP BY GROUPING SETS ((site), (site, n))"
    )
    assert " ".join(of_duckdb(text).replace("( ", "(").replace(" )", ")").split()) == text


def test_an_instant_is_a_timestamp_and_group_by_all_stays() -> None:
    assert "CAST('2026-01-01 00:00:00+00:00' AS TIMESTAMP)" in of_duckdb(
        "SELECT a FROM t WHERE b < CAST('2026-01-01 00:00:00+00:00' AS TIMESTAMPTZ) GROUP BY ALL"
    )
    assert of_duckdb("SELECT a FROM t GROUP BY ALL").endswith("GROUP BY ALL")


@pytest.mark.parametrize("word", ["left", "user", "Full", "current_date", "using"])
def test_a_reserved_word_is_quoted(word: str) -> None:
    assert written(exp.select(sql.name(word))) == f"SELECT `{word}`"


def test_names_of_our_own_are_quoted_with_backticks() -> None:
    assert written(exp.select(sql.name("otif v1 numerator"))) == "SELECT `otif v1 numerator`"


@given(st.text())
@example("\x0000")
@example("\\0\x00")
def test_no_text_gets_out_of_its_literal(value: str) -> None:
    condition = sql.predicate(Condition(ColumnRef("site", "text"), "is", (value,)))
    text = dialect.text(exp.select("1").from_("cases").where(condition))
    assert "${" not in text
    assert unescaped(text[text.index("site = ") + 7 :].strip()) == value


def unescaped(literal: str) -> str:
    """Read a literal as Spark's grammar does: ends at the first quote that no backslash stands before."""
    assert literal[0] == literal[-1] == "'"
    inner = literal[1:-1]
    assert re.fullmatch(r"(\\.|[^\\'])*", inner, re.DOTALL), inner
    known = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}

    def one(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return chr(int(match[1], 16) if match[1] else int(match[2], 8))
        assert match[3] not in "%_"  # Spark keeps the backslash before these
        return known.get(match[3], match[3])

    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|([0-3][0-7]{2})|(.))", one, inner, flags=re.DOTALL)


@pytest.mark.parametrize("title", ["ends in \\", "costs ${env:HOME}", "a '; DROP TABLE x"])
def test_a_comment_stays_a_comment(title: str) -> None:
    text = sql.text_of(exp.select(sql.literal(1)), dialect="spark", header=[title])
    first, rest = text.split("\n", 1)
    assert first.startswith("-- ")
    assert not first.endswith("\\")
    assert "${" not in first
    assert rest.split() == ["SELECT", "1"]


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("SELECT 1", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("SELECT 1; SELECT 2", False),
        ("DROP TABLE cases", False),
        ("CREATE TABLE a AS SELECT 1", False),
        ("SET spark.sql.ansi.enabled = false", False),
        ("SELECT 'open", False),
        ("", False),
    ],
)
def test_only_one_select_is_let_through(text: str, one: bool) -> None:
    assert dialect.is_one_select(text) is one


def test_stretches_tell_every_open_second() -> None:
    """Open 08:00-12:00 and 13:00-17:00 on one day, in slots of an hour from 06:00 to 18:00 and one beyond."""
    day = date(2026, 3, 2)
    hours = open_time(
        "desk",
        [(at(day, 8), at(day, 12)), (at(day, 13), at(day, 17))],
        at(day, 6),
        at(day, 18),
    )
    first = hours.first
    found = [(begin - first, end - first, opened, before) for begin, end, opened, before in _stretches(hours)]
    assert found == [(0, 2, 0, 0), (2, 6, 1, 0), (6, 7, 0, 4), (7, 11, 1, 4), (11, 13, 0, 8)]


def test_stretches_are_cut_to_the_slots_that_are_known() -> None:
    hours = OpenTime("desk", 3600, first=10, after=20, begins=(0, 8, 18), ends=(5, 12, 25))
    assert list(_stretches(hours)) == [(10, 12, 1, 0), (12, 18, 0, 2), (18, 20, 1, 2)]


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
