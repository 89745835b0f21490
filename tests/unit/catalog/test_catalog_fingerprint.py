"""Wording keeps the fingerprint; anything that can change a number changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsreports.catalog.canonical import plain
from qmsreports.catalog.fingerprint import (
    counted_fingerprints,
    entries,
    kpi_entry,
    kpi_fingerprint,
    targets_entry,
)
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.restore import stored_targets, stored_version
from qmsreports.catalog.target import KpiTargets

Node = tuple[str | int, ...]
COUNTED = {"effective_from", "population", "measure", "window"}


def version_nodes(data: dict[str, Any], at: Node = ()) -> list[Node]:
    """Every path to a value in a definition as written."""
    below: Any = data
    for key in at:
        below = below[key]
    if isinstance(below, dict):
        return [path for key in below for path in version_nodes(data, (*at, key))]
    if isinstance(below, list | tuple):
        return [path for index in range(len(below)) for path in version_nodes(data, (*at, index))]
    return [at]


def thawed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: thawed(item) for key, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, list | tuple) else value


def edited(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return value.replace(year=value.year + 1) if isinstance(value, date) else f"{value}x"


def fingerprints(kpi: Kpi, catalog: Catalog) -> list[str]:
    return [kpi_fingerprint(kpi, version, catalog.calendars) for version in kpi.versions]


@settings(max_examples=150)
@given(data=st.data())
def test_an_edit_changes_the_fingerprint_exactly_when_it_is_counted(shipped: Catalog, data: st.DataObject) -> None:
    kpi = shipped.kpis[data.draw(st.sampled_from(sorted(shipped.kpis)))]
    written = thawed(plain(kpi))
    node = data.draw(st.sampled_from(version_nodes(written)))
    parent = written
    for key in node[:-1]:
        parent = parent[key]
    parent[node[-1]] = edited(parent[node[-1]])
    try:
        after = Kpi.model_validate(written)
    except ValueError:  # the edit made it unreadable; another example will do
        return
    counted = node in (("kpi",), ("unit",)) or (node[0] == "versions" and node[2] in COUNTED)
    touched = node[1] if node[0] == "versions" else None
    for index, (old, new) in enumerate(zip(fingerprints(kpi, shipped), fingerprints(after, shipped), strict=True)):
        affected = counted and touched in (None, index)
        if "calendar" in node and affected:
            continue  # an unknown calendar has no content; the name alone differs
        assert (old != new) == affected, node


def wording(text: str) -> str:
    return (
        text.replace("title: On time", "title: Delivered on time  # by the promised day")
        .replace("question: Of the orders due, how many", "question: How many of the orders due")
        .replace("why: First definition.", "why: The first definition that was agreed.")
        .replace("better: higher", "better: lower")
        .replace("owner: supply.manager", "owner: sales.manager")
        .replace("slices: [site]", "slices:\n  - site")
        .replace("{count: rows}", "{where: [], count: rows}")
    )


def test_wording_comments_order_and_spelled_out_defaults_keep_it(small: Catalog, folder: Path) -> None:
    path = folder / "kpis/on_time.yaml"
    path.write_text(wording(path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "targets/on_time.yaml").unlink()
    after = load_catalog(folder)
    assert fingerprints(after.kpis["on_time"], after) == fingerprints(small.kpis["on_time"], small)
    before = kpi_entry(small.kpis["on_time"], small.kpis["on_time"].versions[0], small.calendars)
    now = kpi_entry(after.kpis["on_time"], after.kpis["on_time"].versions[0], after.calendars)
    assert before.wording != now.wording


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ('friday: ["09:00-12:30"]', 'friday: ["09:00-12:00"]', True),
        ("country: AT", "country: DE", True),
        ("on: 2025-12-24", "on: 2025-12-31", True),
        ("time_zone: Europe/Vienna", "time_zone: Europe/Lisbon", True),
        ("  - from: 2025-01-01\n", "  - from: 2025-01-01\n    why: Lunch break.\n", False),
        ("title: Christmas Eve", "title: Closed at Christmas", False),
        ("title: Desk", "title: Service desk", False),
    ],
)
def test_a_kpi_depends_on_the_hours_of_its_calendar(
    small: Catalog, folder: Path, old: str, new: str, changes: bool
) -> None:
    path = folder / "calendars/desk.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    after = load_catalog(folder)
    moved = {
        name: fingerprints(after.kpis[name], after) != fingerprints(small.kpis[name], small) for name in small.kpis
    }
    assert moved == {"on_time": False, "doubled": False, "reply_time": changes}


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (lambda text: text.replace("meet: 95", "meet: 96"), True),
        (lambda text: text.replace("near: 93", "near: 92"), True),
        (lambda text: text.replace("to: 2025-04-30", "to: 2025-05-31"), True),
        (lambda text: text.replace("at_least: 80", "at_least: 79"), True),
        (lambda text: text.replace("site: lyon", "site: linz"), True),
        (lambda text: text.replace("by: Board", "by: The board"), True),
        (lambda text: text.replace("because: New plant.", "because: The plant moved."), True),
        (lambda text: text.replace("meet: 90", "meet: 90.0"), False),
    ],
)
def test_targets_change_by_what_judges(small: Catalog, folder: Path, edit: Callable[[str], str], changes: bool) -> None:
    path = folder / "targets/on_time.yaml"
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    after = load_catalog(folder).targets.files["on_time"]
    before = small.targets.files["on_time"]
    assert (targets_entry("on_time", after).fingerprint != targets_entry("on_time", before).fingerprint) == changes


def test_what_is_stored_can_be_restored(shipped: Catalog) -> None:
    for kpi in shipped.kpis.values():
        for version in kpi.versions:
            entry = kpi_entry(kpi, version, shipped.calendars)
            stored = stored_version(entry)
            assert stored.version == version
            assert stored.kpi == kpi.model_copy(update={"versions": (version,)})
            assert stored.calendars == {name: shipped.calendars[name] for name in version.calendars}
            assert kpi_entry(stored.kpi, stored.version, stored.calendars) == entry
    for name, targets in shipped.targets.files.items():
        restored: KpiTargets = stored_targets(targets_entry(name, targets))
        assert restored == targets


def test_values_of_conditions_keep_their_type_in_the_register(small: Catalog, folder: Path) -> None:
    path = folder / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    where = '[{field: due_on, above: 2025-01-01}, {field: site, is_not: "2025-01-01"}, {field: site, is: "7"}]'
    path.write_text(text.replace("[{field: urgent, is: true}]", where), encoding="utf-8")
    kpi = load_catalog(folder).kpis["on_time"]
    stored = stored_version(kpi_entry(kpi, kpi.versions[1], small.calendars))
    assert stored.version.population is not None
    assert [condition.right for condition in stored.version.population.where] == [date(2025, 1, 1), "2025-01-01", "7"]


def test_every_definition_is_one_entry(small: Catalog) -> None:
    named = sorted((entry.kind, entry.name, entry.version) for entry in entries(small))
    assert named == [
        ("calendar", "desk", 0),
        ("clause_map", "std-1", 0),
        ("clause_map", "std-2", 0),
        ("kpi", "doubled", 1),
        ("kpi", "on_time", 1),
        ("kpi", "on_time", 2),
        ("kpi", "reply_time", 1),
        ("mapping", "shop.orders", 0),
        ("organisation", "organisation", 0),
        ("review", "monthly", 0),
        ("targets", "on_time", 0),
    ]


def test_fingerprints_do_not_depend_on_where_the_catalog_lies(small: Catalog, tmp_path: Path) -> None:
    moved = load_catalog(Path(shutil.copytree(Path(__file__).parent / "small", tmp_path / "elsewhere")))
    assert [entry.fingerprint for entry in entries(moved)] == [entry.fingerprint for entry in entries(small)]


def test_a_pack_keeps_the_approved_fingerprints_and_of_targets_and_retirements_what_decides(shipped: Catalog) -> None:
    approved = {(entry.kind, entry.name, entry.version): entry.fingerprint for entry in entries(shipped)}
    kept = counted_fingerprints(shipped)
    assert kept.keys() == approved.keys()
    assert {key[0] for key in kept if kept[key] != approved[key]} <= {"targets", "retirement"}
    assert {key[0] for key in kept} >= {"organisation", "kpi", "calendar", "clause_map", "review", "mapping", "targets"}
