"""Coverage-guided fuzzing of loader and compiler: ``make fuzz``, or ``python -m tests.fuzz.definitions -runs=5000``.

Whatever bytes stand in a definition's file, it is refused in sentences with their place, or its statement is one SELECT
over declared columns. Half of the inputs are texts, mutated as bytes; the other half are shipped definitions in which
the input says what to replace, because bytes alone seldom come past the reader. libFuzzer's options hold: ``-runs``,
``-max_total_time``, ``-seed``. What is found is written to ``crash-...``; run it again with that file as argument.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NASTY = (
    "'; DROP TABLE tickets; --",
    '"',
    "*/ SELECT 1; /*",
    "read_csv('/etc/passwd')",
    "a\nb",
    "\u2028",
    "{{ 7 }}",
    "",
)
WORDS = ("nothing", "select", "value", "windows", "kind", "count", "ratio", "rows", "2026-02-30", "desk", "percent")
OWN = {"month", "period", "value", "n", "sliced", "numerator", "denominator", "sum_squares", "promoters", "detractors"}
OWN |= {
    "amount",
    "began",
    "ended",
    "ended_at",
    "finished",
    "answer",
    "at_risk",
    "survival",
    "cases",
    "rows",
    "calendar",
}
OWN |= {"began_at", "until", "paused", "resumed", "waiting", "waited", "slot", "starts", "worked", "open", "ends_on"}
OWN |= {"ends_at", "ends_worked", "low", "high"}
"""Columns that statements make themselves; all others are declared, or hold a blank, which no declared name does."""
seen: Counter[str] = Counter()


@cache
def catalog() -> Any:
    """Return the catalog that the product ships."""
    from qmsreports.catalog.load import load_catalog

    return load_catalog(ROOT / "catalog")


@cache
def _connection() -> Any:
    from qmsreports.lake import open_duckdb

    return open_duckdb()


@cache
def _declared() -> frozenset[str]:
    return frozenset(name for table in catalog().tables.values() for name in table.names)


def check(content: bytes) -> str:
    """Read a file of this content as a KPI: ``refused`` with sentences, or ``compiled``; else ``AssertionError``."""
    from pydantic import ValidationError

    from qmsreports.catalog.document import parse_bytes
    from qmsreports.catalog.invalid import findings_of
    from qmsreports.catalog.kpi import Kpi
    from qmsreports.errors import UserError

    try:
        document = parse_bytes(content, "catalog/kpis/x.yaml")
    except UserError as error:
        return _refused(error.findings)
    try:
        kpi = Kpi.model_validate(document.data)
    except ValidationError as error:
        return _refused(findings_of(error, Kpi, document))
    return compiled(kpi)


def compiled(kpi: Any) -> str:
    """Plan and compile every version of a KPI beside the shipped catalog."""
    from dataclasses import replace

    from qmsreports.catalog.check import check_catalog
    from qmsreports.catalog.fingerprint import kpi_entry
    from qmsreports.catalog.restore import stored_version
    from qmsreports.errors import UserError
    from qmsreports.kpi.compute import statement_text
    from qmsreports.kpi.plan import Composed
    from qmsreports.kpi.selection import plan_in
    from qmsreports.kpi.words import rule_of

    beside = replace(catalog(), kpis={kpi.kpi: kpi}, reviews={}, clause_maps={}, customers=None)
    for finding in check_catalog(beside):
        assert str(finding).isprintable(), repr(str(finding))
    done = "compiled"
    for version in kpi.versions:
        entry = kpi_entry(kpi, version, beside.calendars)
        again = stored_version(entry)
        assert kpi_entry(again.kpi, again.version, again.calendars).fingerprint == entry.fingerprint
        try:
            plan = plan_in(beside, kpi, version)
        except UserError as error:
            done = _refused(error.findings)
            continue
        assert all(line.isprintable() for line in rule_of(plan)), rule_of(plan)
        if not isinstance(plan.body, Composed):
            _one_select_of_declared_columns(statement_text(plan))
    return done


def _refused(findings: Any) -> str:
    assert findings
    for finding in findings:
        assert finding.what
        assert str(finding).isprintable(), repr(str(finding))
        assert "pydantic" not in str(finding).lower()
    return "refused"


def _one_select_of_declared_columns(text: str) -> None:
    import duckdb
    import sqlglot
    from sqlglot import exp

    (parsed,) = _connection().extract_statements(text)
    assert parsed.type == duckdb.StatementType.SELECT
    (tree,) = sqlglot.parse(text, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    for column in tree.find_all(exp.Column):
        name = column.name
        assert name in OWN or name in _declared() or " " in name or name == "*" or _of_a_factor(name), name
    assert not list(tree.find_all(exp.Drop, exp.Insert, exp.Delete, exp.Update, exp.Create, exp.Command))


def _of_a_factor(name: str) -> bool:
    """Tell whether a name is a part of a product's factor, which are called after what people call the factor."""
    return name.endswith(("_numerator", "_denominator"))


def edited(source: Any) -> bytes:
    """Return a shipped definition with one to three of its values replaced by what ``source`` gives."""
    from qmsreports.catalog.canonical import to_yaml

    names = sorted(catalog().kpis)
    data = copy.deepcopy(catalog().documents["kpis", source.PickValueInList(names)].data)
    for _ in range(source.ConsumeIntInRange(1, 3)):
        places = _places(data)
        path = places[source.ConsumeIntInRange(0, len(places) - 1)]
        parent = data
        for key in path[:-1]:
            parent = parent[key]
        action = source.ConsumeIntInRange(0, 4)
        if action == 0:
            del parent[path[-1]]
        elif action == 1 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[path[-1]]))
        elif action == 1:
            parent[source.PickValueInList([*WORDS, *NASTY])] = _value(source)
        else:
            parent[path[-1]] = _value(source)
        if not data:
            break
    return to_yaml(data).encode("utf-8", "surrogatepass")


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [*([at] if at else []), *(place for key in keys for place in _places(value[key], (*at, key)))]


def _value(source: Any) -> Any:
    kind = source.ConsumeIntInRange(0, 7)
    if kind == 0:
        return source.PickValueInList(list(NASTY))
    if kind == 1:
        return source.PickValueInList([*WORDS, *sorted(_declared())])
    if kind == 2:
        return source.PickValueInList([*catalog().tables, *catalog().calendars, *catalog().kpis])
    if kind == 3:
        return source.ConsumeInt(8)
    if kind == 4:
        return source.ConsumeFloat()
    if kind == 5:
        return source.ConsumeBool()
    if kind == 6:
        return source.ConsumeUnicodeNoSurrogates(8)
    whole = catalog().documents["kpis", source.PickValueInList(sorted(catalog().kpis))].data
    places = _places(whole)
    found = whole
    for key in places[source.ConsumeIntInRange(0, len(places) - 1)]:
        found = found[key]
    return copy.deepcopy(found)  # another definition's value, or a whole part of it


def one_input(data: bytes) -> None:
    """Check one input of the fuzzer; every 500 it says what became of them."""
    import atheris

    source = atheris.FuzzedDataProvider(data)
    whole = source.ConsumeBool()
    content = edited(source) if whole else source.ConsumeBytes(source.remaining_bytes())
    seen[f"{'definition' if whole else 'text'} {check(content)}"] += 1
    if not seen.total() % 500:
        sys.stderr.write(f"after {seen.total()} inputs: {dict(sorted(seen.items()))}\n")


def seeds(folder: Path) -> None:
    """Begin with every shipped definition as text, and with some bytes that edit one (the first byte says which)."""
    from random import Random

    chance = Random(1)
    for number, (_, document) in enumerate(sorted(catalog().documents.items())):
        if document.name.startswith("catalog/kpis/"):
            (folder / f"text-{number}").write_bytes(b"\x00" + (ROOT / document.name).read_bytes())
            (folder / f"edit-{number}").write_bytes(b"\x01" + chance.randbytes(chance.randint(40, 200)))


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["qmsreports.catalog", "qmsreports.kpi"]):
        check(b"kpi: x\n")
        compiled(catalog().kpis["first_response_p90"])
    with tempfile.TemporaryDirectory() as folder:
        seeds(Path(folder))
        given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        corpus = [] if given else [folder]
        atheris.Setup([sys.argv[0], "-max_len=4096", "-len_control=0", *sys.argv[1:], *corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
