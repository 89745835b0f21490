"""Whatever stands in a file: it is read, or the person is told; never a traceback, never SQL out of a definition."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qmsreports.catalog.canonical import to_yaml
from qmsreports.catalog.document import parse_document, read_document
from qmsreports.catalog.invalid import findings_of
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.measure import Score
from qmsreports.errors import Finding, UserError

SMALL = Path(__file__).parent / "small"
FILES = sorted(path.relative_to(SMALL).as_posix() for path in SMALL.rglob("*.yaml"))
PLACE = re.compile(r"catalog/[\w./-]+(:\d+)?")
FUZZED = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

NAMES = [
    "kpi",
    "orders",
    "on_time",
    "site",
    "kind",
    "ratio",
    "percent",
    "field",
    "is",
    "9.3.2-c3",
    "desk",
    "09:00-17:00",
]
NASTY = ["x'; DROP TABLE orders; --", '"', "🙂", "\u2028", "{{ 1 }}", "../../etc/passwd"]
words = st.sampled_from([*NAMES, *NASTY])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.dates()
    | words
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [at, *(path for key in keys for path in paths(value[key], (*at, key)))]


def mutated(data: Any, draw: st.DataObject) -> Any:
    """One to three values of a definition replaced, removed, doubled or joined by an unknown one."""
    data = copy.deepcopy(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        path = draw.draw(st.sampled_from(paths(data)))
        if not path:
            continue
        parent = data
        for key in path[:-1]:
            parent = parent[key]
        action = draw.draw(st.sampled_from(["replace", "replace", "remove", "add", "double"]))
        if action == "replace":
            parent[path[-1]] = draw.draw(values)
        elif action == "remove":
            del parent[path[-1]]
        elif isinstance(parent, list):
            parent.append(parent[path[-1]] if action == "double" else draw.draw(values))
        else:
            parent[draw.draw(words)] = draw.draw(values)
    return data


def assert_clean(findings: tuple[Finding, ...]) -> None:
    assert findings
    for finding in findings:
        assert PLACE.fullmatch(finding.where), finding
        assert finding.what
        assert str(finding).isprintable()
        assert "pydantic" not in str(finding).lower()
        assert "Input should" not in str(finding), finding


@FUZZED
@given(draw=st.data())
def test_a_damaged_definition_is_read_or_explained(folder: Path, draw: st.DataObject) -> None:
    file = draw.draw(st.sampled_from(FILES))
    original = read_document(SMALL / file, file).data
    path = folder / file
    path.write_text(to_yaml(mutated(original, draw)), encoding="utf-8")
    try:
        catalog = load_catalog(folder)
    except UserError as error:
        assert_clean(error.findings)
    else:
        assert_identifiers_are_declared(catalog)
    finally:
        path.write_bytes((SMALL / file).read_bytes())


def assert_identifiers_are_declared(catalog: Catalog) -> None:
    """What could reach SQL as a name is a declared table or column."""
    for kpi in catalog.kpis.values():
        for version in kpi.versions:
            for population in version.populations():
                table = catalog.tables[population.table]
                assert population.period_by is None or table.column(population.period_by)
                assert all(table.column(name) for condition in population.where for name in condition.columns)
            if version.population is not None and isinstance(version.measure, Score):
                assert catalog.tables[version.population.table].column(version.measure.field)
    for table in catalog.tables.values():
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in (table.table, *table.names))


@FUZZED
@given(draw=st.data())
def test_every_kind_of_measure_is_read_or_explained(shipped: Catalog, draw: st.DataObject) -> None:
    kpi = draw.draw(st.sampled_from(["oee", "nps", "ticket_backlog", "first_response_p90", "survey_response_rate"]))
    document = parse_document(to_yaml(mutated(shipped.documents["kpis", kpi].data, draw)), f"catalog/kpis/{kpi}.yaml")
    try:
        Kpi.model_validate(document.data)
    except ValidationError as error:
        assert_clean(tuple(findings_of(error, Kpi, document)))


@FUZZED
@given(draw=st.data())
def test_damaged_text_is_read_or_explained(folder: Path, draw: st.DataObject) -> None:
    file = draw.draw(st.sampled_from(FILES))
    text = (SMALL / file).read_text(encoding="utf-8")
    start = draw.draw(st.integers(0, len(text)))
    end = draw.draw(st.integers(start, min(len(text), start + 40)))
    junk = draw.draw(st.text(st.sampled_from("{}[]:,-#&*!|>'\"%@`\t \n?~ab0") | st.characters(), max_size=12))
    path = folder / file
    path.write_bytes((text[:start] + junk + text[end:]).encode("utf-8", "surrogatepass"))
    try:
        load_catalog(folder)
    except UserError as error:
        assert_clean(error.findings)
    finally:
        path.write_bytes((SMALL / file).read_bytes())


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_document_or_refused(text: str) -> None:
    try:
        parse_document(text, "catalog/kpis/x.yaml")
    except UserError as error:
        assert_clean(error.findings)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "a:\n" + " "])
def test_endless_nesting_is_refused(opening: str) -> None:
    with pytest.raises(UserError):
        parse_document("a: " + opening * 3000, "file")
