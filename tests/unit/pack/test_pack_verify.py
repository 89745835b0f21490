"""What an edited catalog, other templates or other code excuse when a pack is verified, and what they never excuse."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pack_workspace import BUILT, OCTOBER, TEMPLATES, Workspace, filled

from qmsreports import pack
from qmsreports.errors import Finding
from qmsreports.pack import seal
from qmsreports.pack.explained import CODE, Place, explained, places
from qmsreports.records import BuiltPack


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuiltPack]:
    folder = tmp_path_factory.mktemp("workspace")
    made = filled(folder)
    built = made.build()
    made.register.close()
    return folder, built


@pytest.fixture
def made(sealed: tuple[Path, BuiltPack], tmp_path: Path) -> Workspace:
    """A copy of the workspace with the pack in it."""
    shutil.copytree(sealed[0], tmp_path / "copy")
    return Workspace.at(tmp_path / "copy")


def edited(made: Workspace, **fields: Any) -> Workspace:
    """Return the workspace with other words in the definition of a KPI."""
    version = {name: fields.pop(name) for name in ("small_sample",) if name in fields}
    kpi = made.catalog.kpis["otif"].model_copy(update=fields)
    if version:
        kpi = kpi.model_copy(update={"versions": tuple(one.model_copy(update=version) for one in kpi.versions)})
    catalog = replace(made.catalog, kpis={**made.catalog.kpis, "otif": kpi})
    return replace(made, catalog=catalog)


def tampered(made: Workspace, statement: str) -> None:
    """Change the register as somebody would who may do anything with its file."""
    made.register.close()
    with closing(sqlite3.connect(made.folder / "register.db")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        assert database.execute(statement).rowcount


def verified(made: Workspace, built: BuiltPack, templates: Path = TEMPLATES, **manifest: Any) -> list[Finding]:
    return pack.verify(
        made.register,
        made.lake,
        made.catalog,
        made.catalog.reviews["monthly"],
        OCTOBER,
        folder=built.folder,
        files=built.files,
        manifest={**built.manifest, **manifest},
        templates=templates,
        as_of=BUILT,
    )


VALUE = "UPDATE results SET value = 97 WHERE kpi = 'otif' AND period = '2026-10'"


@pytest.mark.parametrize("field", ["title", "question", "owner", "small_sample"])
def test_other_words_are_a_notice_and_not_a_fraud(made: Workspace, sealed: Any, field: str) -> None:
    (notice,) = verified(edited(made, **{field: 1000 if field == "small_sample" else "other.words"}), sealed[1])
    assert notice.warning
    name = "wording/kpi/otif/shown" if field == "small_sample" else "wording/kpi/otif"
    assert f"the catalog was edited since ({name}), so these parts would read differently:" in notice.what
    assert "objectives" in notice.what


def test_a_site_and_the_organisation_by_another_name_are_a_notice(made: Workspace, sealed: Any) -> None:
    renamed = made.catalog.organisation.model_copy(update={"name": "Arvella Pumps and Valves"})
    (notice,) = verified(replace(made, catalog=replace(made.catalog, organisation=renamed)), sealed[1])
    assert notice.warning
    assert "(wording/organisation), so these parts would read differently: header" in notice.what


@pytest.mark.parametrize("by", ["nothing", "title", "templates", "code", "all"])
def test_a_changed_value_is_found_whatever_was_edited_since(
    made: Workspace, sealed: Any, tmp_path: Path, by: str
) -> None:
    tampered(made, VALUE)
    templates, manifest = TEMPLATES, {}
    if by in ("title", "all"):
        made = edited(made, title="Delivered as promised")
    if by in ("templates", "all"):
        templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
        (templates / "pack.css").write_text("body { color: red }")
    if by in ("code", "all"):
        manifest = {"code": {"sources": "of another version"}}
    errors = [str(one) for one in verified(made, sealed[1], templates, **manifest) if not one.warning]
    assert len(errors) == 1
    assert "objectives (otif points 2026-10" in errors[0]
    assert "value 90.0 became 97.0" in errors[0]
    assert errors[0].endswith("find out who changed the register or the lake")


def test_an_earlier_pack_knows_no_wording_but_its_values(made: Workspace, sealed: Any) -> None:
    _, built = sealed
    old = {name: said for name, said in built.manifest.items() if name != "wording"}
    before = BuiltPack(**{slot: getattr(built, slot) for slot in built.__slots__} | {"manifest": old})
    assert verified(made, before) == []
    (notice,) = verified(edited(made, title="Delivered as promised"), before)
    assert notice.warning
    assert "the catalog may have been edited since (the pack is older than the record of its wording)" in notice.what
    tampered(made, VALUE)
    (finding,) = verified(edited(made, title="Delivered as promised"), before)
    assert not finding.warning


def test_other_templates_are_a_notice_where_the_records_stand(made: Workspace, sealed: Any, tmp_path: Path) -> None:
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (templates / "pack.css").write_text("body { color: red }")
    (notice,) = verified(made, sealed[1], templates)
    assert notice.warning
    assert "not made again: the templates were changed since" in notice.what


def test_a_file_of_the_lake_that_is_gone_is_named_and_the_files_are_intact(made: Workspace, sealed: Any) -> None:
    (lost,) = (made.folder / "lake" / "audits").rglob("*.parquet")
    lost.unlink()
    (finding,) = made.verified(sealed[1])
    assert not finding.warning
    assert finding.where == "pack monthly-2026-10-e1"
    assert finding.what.startswith("the sealed files are intact, but what they were made from is not all there")
    assert lost.name in finding.what
    assert finding.todo == "restore that file of the lake from a backup, then verify again"


def test_the_next_edition_says_that_the_wording_changed(made: Workspace) -> None:
    said = {}
    for field, value in (("title", "Delivered as promised"), ("small_sample", 1000)):
        built = edited(made, **{field: value}).build(BUILT, record=False)
        said[field] = built.manifest["reason"]
    assert said == {
        "title": "changed wording: Delivered as promised",
        "small_sample": "changed wording: On time and in full (how it is shown)",
    }


def test_what_counts_in_another_way_is_a_definition_and_no_wording() -> None:
    before = {"catalog": {"kpi/nps/v1": "a"}, "wording": {"kpi/nps": "a", "table/tickets": "t"}}
    after = {"catalog": {"kpi/nps/v1": "b"}, "wording": {"kpi/nps": "b", "table/tickets": "u"}}
    assert seal.reworded(before, after) == ["table/tickets"]
    assert seal.reworded({"catalog": {}}, after) == []


@pytest.mark.parametrize(
    ("path", "by", "holds"),
    [
        ("objectives otif title", "wording/kpi/otif", True),
        ("objectives otif title", "wording/kpi/otif_weekly", False),
        ("objectives otif title", CODE, True),
        ("objectives otif points 2026-10 value", "kpi/otif/v1", False),
        ("objectives otif points 2026-10 value", CODE, False),
        ("objectives otif comment", CODE, False),
        ("objectives otif", "wording/kpi/otif", False),
        ("objectives otif", "review/monthly", True),
        ("objectives otif slices site\tlinz", "wording/kpi/otif", False),
        ("objectives otif slices site\tlinz", "wording/kpi/otif/shown", True),
        ("objectives otif segments 1 reason", "wording/kpi/otif", True),
        ("objectives otif segments 1 mean", "wording/kpi/otif", False),
        ("actions A-1 owner", CODE, False),
        ("actions A-1 state", CODE, True),
        ("objectives otif points 2026-10 field_of_tomorrow", CODE, True),
        ("objectives otif points 2026-10", CODE, False),
        ("objectives otif variation", CODE, False),
        ("objectives otif", CODE, False),
        ("minutes resolutions D-1 text", CODE, False),
        ("minutes resolutions D-1 text", "review/monthly", False),
        ("sql abc text", CODE, False),
        ("sql abc kpis", "wording/kpi/otif", False),
        ("sql abc kpis", "kpi/otif/v1", True),
        ("ledgers 1 rows 1 statement", "clause_map/iso9001", False),
        ("ledgers 1 rows 1 evidence", "wording/kpi/otif", True),
        ("sections s registers audits rows 1 1", "wording/kpi/otif", False),
        ("sections s registers audits rows 1 1", "wording/table/audits", True),
        ("quality crm feeds order_lines rows_in", "wording/source/crm", False),
        ("quality crm title", "wording/source/crm", True),
        ("decisions 1 title", "wording/kpi/otif", True),
    ],
)
def test_what_explains_a_difference(path: str, by: str, holds: bool) -> None:
    assert explained(Place(tuple(path.split(" ")), "A", "B"), [by]) is holds


@pytest.mark.parametrize(
    ("path", "before", "after", "holds"),
    [
        ("points 2026-10 kind", "concern", "common_cause", True),  # of too few cases
        ("points 2026-10 kind", "concern", "improvement", False),
        ("points 2026-10 signal", "none", "run_high", True),
        ("points 2026-10 signal", "run_low", "run_high", False),
        ("points 2026-10 few", True, None, True),
        ("slices site\tlinz points 2026-10 kind", "concern", "common_cause", True),
        ("assurance", "pass", "in_doubt", True),
        ("assurance", "fail", "none", True),
        ("assurance", "pass", "fail", False),
        ("variation", "concern_low", "common_cause", True),
        ("points 2026-10 status", "none", "met", False),
        ("points 2026-10 value", "none", 3.0, False),
    ],
)
def test_a_verdict_that_a_rule_of_the_pack_gives_or_takes_is_no_other_record(
    path: str, before: Any, after: Any, holds: bool
) -> None:
    place = Place(("objectives", "otif", *path.split(" ")), before, after)
    for edit in (CODE, "wording/kpi/otif/shown"):
        assert explained(place, [edit]) is holds
    assert not explained(place, ["wording/kpi/otif", "wording/kpi/nps/shown"])


def test_places_are_named_by_what_stands_there_and_not_by_number() -> None:
    before: dict[str, Any] = {
        "objectives": [{"kpi": "a", "points": [{"period": "2026-09", "value": 1.0}]}, {"kpi": "b"}]
    }
    after = {"objectives": [{"kpi": "b"}, {"kpi": "a", "points": [{"period": "2026-10", "value": 1.0}]}], "new": 1}
    assert [place.path for place in places(before, after)] == [
        ("new",),
        ("objectives", "a", "points", "2026-09"),
        ("objectives", "a", "points", "2026-10"),
        ("objectives", "order"),
    ]


@pytest.mark.parametrize(("before", "after", "holds"), [("Said.", "Other.", False), ("Said.", "", True)])
def test_a_statement_may_go_where_data_came_and_is_never_another_one(before: str, after: str, holds: bool) -> None:
    place = Place(("ledgers", "1", "rows", "1", "statement"), before, after)
    assert explained(place, ["wording/kpi/otif/shown", CODE]) is holds
    assert explained(place, ["wording/kpi/otif", "page/translations"]) is False
