"""What all numbers rest on stands among the changed definitions: the organisation, and the mappings of its sources."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from qmsreports.catalog.approval import apply, approve, plan
from qmsreports.catalog.load import load_catalog
from qmsreports.pack.collect.ground_rules import ground_rules
from tests.unit.catalog.test_catalog_approval import Records

SMALL = Path(__file__).parents[1] / "catalog" / "small"
FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
JULY = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)  # in Vienna the first of August
READ_ON = date(2026, 8, 2)
MAPPING = "sources/shop/orders.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SMALL, tmp_path / "catalog"))


@pytest.fixture
def records(folder: Path) -> Records:
    records = Records()
    catalog = load_catalog(folder)
    apply(catalog, records, by="anna", at=FIRST)
    approve(records, catalog.organisation, by="bert", at=FIRST)
    return records


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def told(folder: Path, records: Records, first: date, as_of: datetime) -> list[tuple[str, ...]]:
    found = ground_rules(records.definitions(), load_catalog(folder), first, as_of, READ_ON)
    return [(str(one.effective_from), one.title, one.before, one.after, one.approved) for one in found]


def test_what_was_there_first_is_no_change(folder: Path, records: Records) -> None:
    assert told(folder, records, FIRST.date(), JULY) == []


def test_an_approved_time_zone_is_told_with_who_and_when(folder: Path, records: Records) -> None:
    edit(folder / "organisation.yaml", "Europe/Vienna", "Europe/London")
    catalog = load_catalog(folder)
    apply(catalog, records, by="anna", at=FIRST + timedelta(days=1))
    assert told(folder, records, FIRST.date(), JULY) == []  # nothing counts by it yet
    approve(records, catalog.organisation, by="bert", at=JULY)
    assert told(folder, records, FIRST.date(), JULY - timedelta(seconds=1)) == []
    what = ("Organisation", "time_zone Europe/Vienna", "time_zone Europe/London")
    assert told(folder, records, FIRST.date(), JULY) == [("2026-07-31", *what, "bert on 31\u00a0Jul\u00a02026")]


def test_a_mapping_is_told_from_the_day_it_was_put_on_record_approved_or_not(folder: Path, records: Records) -> None:
    with (folder / MAPPING).open("a") as sql:
        sql.write("\n-- WHERE TRUE\n")
    catalog = load_catalog(folder)
    (change,) = plan(catalog, records).changes
    assert change.sentence == "mapping of shop.orders: changed, counts from the next ingest on; needs approval"
    assert change.where == f"catalog/{MAPPING}"
    line = ("2026-08-02", "Mapping: Shop, Orders", "version 1", "as the file says, proposed by nobody", "")
    assert told(folder, records, date(2026, 7, 1), JULY) == [line]
    apply(catalog, records, by="anna", at=JULY)
    recorded = ("2026-08-01", "Mapping: Shop, Orders", "version 1", "version 2")
    assert told(folder, records, date(2026, 7, 1), JULY) == [(*recorded, "")]
    assert told(folder, records, date(2026, 8, 2), JULY) == []
    approve(records, catalog.organisation, by="bert", at=JULY, names=["shop.orders"])
    assert told(folder, records, date(2026, 7, 1), JULY) == [(*recorded, "bert on 1\u00a0Aug\u00a02026")]


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("time_zone: Europe/Vienna", "time_zone: UTC", True),
        ("key: [no], cursor: changed", "key: [no, line], cursor: changed", True),
        ("title: Shop", "title: The shop", False),
        ("cursor: changed}", "cursor: changed, may_be_empty: true}", False),
    ],
)
def test_what_is_declared_beside_the_select_belongs_to_it(
    old: str, new: str, counts: bool, folder: Path, records: Records
) -> None:
    edit(folder / "sources/shop/source.yaml", old, new)
    kinds = {change.kind for change in plan(load_catalog(folder), records).changes}
    assert kinds == ({"mapping"} if counts else set())
