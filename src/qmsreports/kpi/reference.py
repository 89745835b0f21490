"""The reference page of the definition language: every example on it is computed while the page is made.

The examples are a catalog of their own, ``docs/reference/examples``: one KPI each, with rows and what they must give.
A page with a number that the engine does not give cannot be made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qmsreports.catalog.canonical import plain
from qmsreports.catalog.condition import OPERATORS, ORDERED
from qmsreports.catalog.kpi import UNITS, Kpi
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.measure import MEASURE_KINDS
from qmsreports.catalog.rewrite import new_text
from qmsreports.catalog.schema import schemas
from qmsreports.errors import UserError
from qmsreports.kpi.examples import results_of, run_examples
from qmsreports.records import KpiResult

_WITH_INTERVALS = (
    ("`ratio` in percent of counts, csat, ces in percent", "Wilson", "Newcombe, method 10"),
    ("`ratio` per_1000 or ppm of counted events", "exact Poisson (Garwood)", "squares added"),
    ("`score` nps", "adjusted Wald, drawn out to the score of a single answer", "adjusted Wald, drawn out alike"),
    ("`mean`, mean `duration`, ces", "Student's t; with `interval: bootstrap` BCa", "Welch"),
    ("`percentile`, median `duration`", "order statistics, no shape assumed", "squares added"),
    (
        "the same with `unfinished: censor`",
        "Brookmeyer-Crowley: where Greenwood's bands of the curve, on the scale ln(-ln), cross the share; no upper end "
        "where the upper band does not fall so far",
        "squares added, where both have an upper end",
    ),
    (
        "`product`, `ratio` of amounts such as minutes",
        "delta method on the logarithm, from the rows behind all factors together, so that what the factors share is "
        "in it; none of fewer than ten rows, or where a part is 0 or a ratio the same in every row",
        "squares added",
    ),
    (
        "`formula`",
        "each KPI that it reads is moved to the ends of its interval, and what that moves the value by is added as "
        "squares; plainly among KPIs that read the same table, whose errors may go together, which rather makes the "
        "interval too wide than too narrow",
        "squares added",
    ),
    ("`formula` of a KPI that has none", "none", "none"),
    ("`formula` with `highest` or `lowest`", "none: which slice it is was decided by chance as well", "none"),
    (
        "`count`, `sum`, `level`, a `ratio` of one row",
        "none: all was counted, or its spread is not known",
        "none",
    ),
)
_INTERVALS = (
    "A value that is a sample of what could have happened is recorded with its 95 % interval, `low` and `high`; the "
    "difference to the period before has its own. Rows are taken as independent of each other.\n\n"
    "| value | interval | of the difference |\n|---|---|---|\n"
    + "".join(f"| {' | '.join(cells)} |\n" for cells in _WITH_INTERVALS)
    + '\n"Squares added" takes the intervals of both values (MOVER; Zou and Donner 2008). Two values of a `window` '
    "share most of their rows, so their difference has no interval, and neither has that of a formula that reads one. "
    "None of this says that something changed: a signal does."
)
SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Conditions",
        "A condition compares one column with a value, with several, or with another column of the same row: "
        "`{field: closed_on, at_most: {field: due_on}}`. Operators: "
        + ", ".join(f"`{operator}`" for operator in OPERATORS)
        + ". A comparison with something unknown is not met; `known` asks for exactly that.",
        ("conditions",),
    ),
    (
        "Conditions on lengths of time",
        "In place of `field` a condition may name the time between two columns and compare it with a length, such as "
        "`2 days`, `4 hours` or `30 minutes`: `calendar_days` counts midnights, between dates, instants or one of "
        "each; `elapsed` is plain time; `working_time` counts the opening hours of a calendar only, in minutes or "
        "hours, because a working day has no fixed length. A length is negative where the end comes first. Operators: "
        + ", ".join(f"`{operator}`" for operator in ORDERED)
        + ". As everywhere, what is not known meets nothing: a case without an end is not within any limit.",
        ("days_late", "answered_in_working_time", "solved_in_a_day"),
    ),
    (
        "Kinds of measure",
        "Exactly one kind per version: " + ", ".join(f"`{kind}`" for kind in MEASURE_KINDS) + ".",
        (
            "cases_urgent",
            "minutes_booked",
            "minutes_each",
            "on_time",
            "cases_per_thousand_pieces",
            "minutes_p90",
            "hours_to_close",
            "hours_of_each_site",
            "hours_without_waiting",
            "recommend",
            "satisfied",
            "easy",
            "oee",
            "backlog",
            "late",
        ),
    ),
    (
        "Cases without an end",
        "A duration must say what a case counts as that has not ended: nothing, its age at the end of the period, or "
        "at least that. The same three cases give three answers.",
        ("days_closed", "days_so_far", "days_censored"),
    ),
    (
        "One row of each",
        "`one_per` keeps the latest or the first row of each key in the period, so that who answers often does not "
        "count often.",
        ("recommend_by_customer",),
    ),
    (
        "Slices and combinations",
        "`slices` tell a value apart by a column, each column for itself; `combinations` ask for some of them "
        "together. Each part is computed from its own rows, and rows in which the column is empty stand under "
        "`(none)`, so that counts add up to the whole. A target may hold for a part (`slice: {site: linz, channel: "
        "phone}`); the pack tells combinations in its tables and draws none.",
        ("urgent_by_place", "on_time_by_site", "gap_of_sites"),
    ),
    ("Intervals", _INTERVALS, ()),
    (
        "Windows",
        "`window` lets a value cover more than its period: the last so many (`{last: 12, of: month}`), or from the "
        "start of the `year`, `half` or `quarter` on (`{to_date: year}`). That is the organisation's fiscal year where "
        "`catalog/organisation.yaml` declares one and the calendar year elsewhere; `calendar_year`, `calendar_half` "
        "and `calendar_quarter` are of the calendar always. A window never covers less than its period, and is "
        "computed from the rows of all of it, never from the values of its periods. See [periods](../periods.md) for "
        "months of weeks.",
        ("minutes_two_months", "minutes_this_year"),
    ),
)
_RULE = ("population", "measure", "window")
_CUTS = ("slices", "combinations")
_HEAD = f"""\
# The language of KPI definitions

Generated by `qmsreports catalog reference`; do not edit. Every number below was computed by the engine while this page
was made, from the definitions and rows in [examples](examples). The fields are checked while typing with the schemas
in [../schema](../schema).

A definition is a closed vocabulary: no SQL, no formulas as text. It names columns of the canonical tables
(`catalog/tables/`), and everything it names is checked against them. `qmsreports catalog check` says all findings at
once, with file and line. Units are {", ".join(f"`{unit}`" for unit in UNITS)} or a currency such as `EUR`.

## A KPI and its versions

```yaml
{{example}}```

The version in force on the first day of a period applies to all of it. `effective_from` is the first day of a month.
An approved version is never edited where it counts: add the next one and say `why`. Titles, questions and owners may
change at any time.
"""


def reference_page(folder: Path) -> str:
    """Return the page; :class:`UserError` when an example does not come out as it says."""
    catalog = load_catalog(folder)
    findings = [finding for kpi in catalog.kpis.values() for finding in run_examples(catalog, kpi)]
    if findings:
        raise UserError(*findings)
    whole = (folder / "kpis" / "on_time.yaml").read_text(encoding="utf-8")
    parts = [_HEAD.replace("{example}", whole)]
    for title, text, names in SECTIONS:
        parts.append(f"\n## {title}\n\n{text}\n")
        parts += [_example(catalog, catalog.kpis[name]) for name in names]
    parts.append("\n## Fields\n\n" + "\n".join(_fields()))
    return "".join(parts)


def _example(catalog: Catalog, kpi: Kpi) -> str:
    version = kpi.versions[0]
    example = version.examples[0]
    written = plain(version)
    head = {"unit": kpi.unit, **{key: value for key, value in plain(kpi).items() if key in _CUTS}}
    rule = new_text({**head, **{key: written[key] for key in _RULE if key in written}})
    tables = example.tables(version.population.table if version.population is not None else "")
    rows = "\n".join(f"{f'{name}:' if len(tables) > 1 else ''}\n{text}".strip() + "\n" for name, text in tables.items())
    result, *parts = results_of(catalog, kpi, version, example)
    given = {"value": result.value, "numerator": result.numerator, "denominator": result.denominator, "n": result.n}
    kind = f" ({version.measure.kind})" if version.measure.kind not in kpi.title.lower() else ""
    came_out = ", ".join(f"{name} {_number(number)}" for name, number in given.items() if number is not None)
    return (
        f"\n### {kpi.title}{kind}\n\n{kpi.question}\n\n```yaml\n{rule}```\n\n```text\n{rows}```\n\n"
        f"{result.period}: {came_out} ({kpi.unit}).{_parts(parts)}\n\n{example.because}\n"
    )


def _parts(results: Sequence[KpiResult]) -> str:
    """Return the values of the slices as a list, the combinations last."""
    if not results:
        return ""
    lines = (
        f"- {', '.join(f'{name} {value}' for name, value in result.slice.items())}: {_number(result.value)}"
        for result in results
        if result.value is not None
    )
    return "\n\n" + "\n".join(lines)


def _number(number: float) -> str:
    return f"{number:.10g}"


def _fields() -> Iterator[str]:
    """Yield one table per model, from the published schema."""
    schema = schemas()["kpi"]
    for name, made in (("Kpi", schema), *schema["$defs"].items()):
        words = " ".join(str(made.get("description", "")).split())
        yield f"### {name}\n\n{words}\n\n| field | value | |\n|---|---|---|"
        for field, value in made.get("properties", {}).items():
            needed = "required" if field in made.get("required", ()) else _default(value)
            yield f"| `{field}` | {_type(value)} | {needed} |"
        yield ""


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    return "" if default in (None, [], "", {}) or isinstance(default, dict) else f"default {default}"


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in value or "const" in value:
        return ", ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in value:
            return " or ".join(dict.fromkeys(_type(kind) for kind in value[key]))
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    if value.get("type") == "object":
        return "mapping"
    if value.get("format") == "date":
        return "date"
    if "type" not in value and "pattern" in value:
        return "a currency code"
    words = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    kind = value.get("type", "text")
    return "text" if isinstance(kind, list) else words.get(str(kind), "nothing")
