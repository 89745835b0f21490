"""A definition counts when exactly what it counts was approved, by others than its author."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from qmsreports.catalog.approval import apply, approve, plan
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.check_target import agreed_on_a_day_to_come
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.errors import ExitCode, UserError
from qmsreports.records import DefinitionEntry, RegisteredDefinition
from qmsreports.stages.fingerprint import measurement_rules

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


@dataclass
class Records:
    """The register, as a list."""

    rows: list[RegisteredDefinition] = field(default_factory=list)

    def definitions(self) -> Sequence[RegisteredDefinition]:
        return tuple(self.rows)

    def propose(self, entries: Sequence[DefinitionEntry], *, by: str, at: datetime) -> None:
        for entry in entries:
            self.rows.append(RegisteredDefinition(len(self.rows) + 1, entry, by, at))

    def approve(self, definitions: Sequence[RegisteredDefinition], *, by: str, at: datetime, note: str = "") -> None:
        for definition in definitions:
            index = definition.id - 1
            self.rows[index] = replace(self.rows[index], approvals=(*self.rows[index].approvals, (by, at)))


@pytest.fixture
def approved(small: Catalog) -> Records:
    """A register in which the small catalog is approved."""
    records = Records()
    apply(small, records, by="anna", at=AT)
    approve(records, small.organisation, by="bert", at=AT)
    return records


Edit = Callable[[str, str, str], Catalog]


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Edit one file of a copy of the small catalog and read it."""

    def change(file: str, old: str, new: str) -> Catalog:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return load_catalog(folder)

    return change


def changes(catalog: Catalog, records: Records) -> list[tuple[str, str, int, str]]:
    return [(change.kind, change.name, change.version, change.change) for change in plan(catalog, records).changes]


THIRD = """
  - version: 3
    effective_from: 2026-01-01
    why: All orders again.
    population: {table: orders, period_by: due_on}
    measure: {kind: ratio, numerator: {count: rows}, denominator: {count: rows}}
"""


def test_nothing_counts_before_it_is_approved(small: Catalog) -> None:
    records = Records()
    assert not approved_view(small, records)
    apply(small, records, by="anna", at=AT)
    view = approved_view(small, records)
    assert not view
    assert view.catalog.targets.files == {}
    assert view.waiting[0] == "KPI doubled version 1 does not count as written: 1 person must approve it"


def test_what_is_approved_counts(small: Catalog, approved: Records) -> None:
    view = approved_view(small, approved)
    assert dict(view) == {"doubled": {1}, "on_time": {1, 2}, "reply_time": {1}}
    assert view.catalog.kpis == small.kpis
    assert view.catalog.targets == small.targets
    assert view.waiting == ()


def test_applying_twice_changes_nothing(small: Catalog, approved: Records) -> None:
    assert apply(small, approved, by="anna", at=AT) == ()
    assert approve(approved, small.organisation, by="bert", at=AT) == ()
    assert plan(small, approved).changes == ()


def test_nobody_approves_what_they_proposed(small: Catalog) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    with pytest.raises(UserError) as raised:
        approve(records, small.organisation, by="Anna", at=AT)
    assert "KPI on_time version 2 was proposed by anna; another person has to approve it" in str(raised.value)
    assert not approved_view(small, records)


BLANKS = ("anna ", " Anna", "anna\u00a0", "\u2003anna", "anna\u200b", "a\u00adnna", "\ufeffanna", "\uff41nna", "anna\t")


@pytest.mark.parametrize("again", BLANKS)
def test_a_blank_or_an_invisible_character_makes_nobody_another_person(again: str, small: Catalog) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    with pytest.raises(UserError, match="was proposed by anna; another person has to approve it"):
        approve(records, small.organisation, by=again, at=AT)
    with pytest.raises(UserError, match="was proposed by anna; another person has to approve it"):
        approve(records, small.organisation, by=again, at=AT, names=["on_time"])
    records.approve(records.rows, by=again, at=AT)  # as an earlier release recorded it
    assert not approved_view(small, records)


def test_one_person_is_not_two_by_the_blanks_between_names(small: Catalog) -> None:
    two = small.organisation.model_copy(update={"approvals": 2})
    records = Records()
    apply(replace(small, organisation=two), records, by="  anna ", at=AT)
    assert records.rows[0].proposed_by == "anna"
    approve(records, two, by="Bert  Berg", at=AT)
    assert records.rows[0].approvals == (("Bert Berg", AT),)
    with pytest.raises(UserError, match="has the approval of"):
        approve(records, two, by="bert\u00a0berg", at=AT, names=["on_time"])


@pytest.mark.parametrize("nobody", ["", "  ", "\u00a0", "\u200b"])
def test_what_shows_nothing_is_nobody(nobody: str, small: Catalog) -> None:
    with pytest.raises(UserError, match="nobody is named"):
        apply(small, Records(), by=nobody, at=AT)


def test_two_people_where_the_organisation_says_so(edit: Edit) -> None:
    catalog = edit("organisation.yaml", "sites:", "approvals: 2\nsites:")
    records = Records()
    apply(catalog, records, by="anna", at=AT)
    assert len(approve(records, catalog.organisation, by="bert", at=AT)) == 7  # with the organisation and the mapping
    assert not approved_view(catalog, records)
    with pytest.raises(UserError, match="has the approval of bert already; one more person has to approve it"):
        approve(records, catalog.organisation, by="bert", at=AT, names=["on_time"])
    approve(records, catalog.organisation, by="cleo", at=AT)
    assert len(approved_view(catalog, records)) == 3


def test_one_kpi_by_name_with_its_targets(small: Catalog) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    done = approve(records, small.organisation, by="bert", at=AT, names=["on_time"])
    assert [(row.entry.kind, row.entry.version) for row in done] == [("kpi", 1), ("kpi", 2), ("targets", 1)]
    assert list(approved_view(small, records)) == ["on_time"]


def test_a_name_that_does_not_wait(small: Catalog, approved: Records) -> None:
    with pytest.raises(UserError, match='nothing of "on_tme" waits for approval; apply it first'):
        approve(approved, small.organisation, by="cleo", at=AT, names=["on_tme"])


def test_nobody_is_nobody(small: Catalog) -> None:
    with pytest.raises(UserError, match="nobody is named") as raised:
        apply(small, Records(), by=" ", at=AT)
    assert raised.value.exit_code is ExitCode.USAGE


def test_wording_keeps_the_approval(approved: Records, edit: Edit) -> None:
    catalog = edit("kpis/on_time.yaml", "question: Of the orders due", "question: Of all orders due")
    assert changes(catalog, approved) == [("kpi", "on_time", 1, "wording"), ("kpi", "on_time", 2, "wording")]
    assert approved_view(catalog, approved).waiting == ()
    apply(catalog, approved, by="bert", at=AT)
    view = approved_view(catalog, approved)
    assert view["on_time"] == {1, 2}
    assert view.catalog.kpis["on_time"].question.startswith("Of all orders due")


def test_a_new_version_waits_while_the_old_ones_count(approved: Records, folder: Path) -> None:
    path = folder / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").rstrip() + THIRD, encoding="utf-8")
    catalog = load_catalog(folder)
    (change,) = apply(catalog, approved, by="anna", at=AT)
    assert change.sentence == "KPI on_time version 3: new, in force from 2026-01-01; needs approval"
    assert change.where == "catalog/kpis/on_time.yaml:32"
    view = approved_view(catalog, approved)
    assert view["on_time"] == {1, 2}
    assert view.waiting == ("KPI on_time version 3 does not count as written: 1 person must approve it",)
    approve(approved, catalog.organisation, by="bert", at=AT)
    assert approved_view(catalog, approved)["on_time"] == {1, 2, 3}


def test_an_edit_of_what_an_approved_version_counts_is_refused(small: Catalog, approved: Records, edit: Edit) -> None:
    catalog = edit("kpis/on_time.yaml", "{field: urgent, is: true}", "{field: urgent, is: false}")
    before = list(approved.rows)
    with pytest.raises(UserError) as raised:
        apply(catalog, approved, by="anna", at=AT)
    assert str(raised.value) == (
        "catalog/kpis/on_time.yaml:24: version 2 was approved and what it counts was edited; "
        "put it back as it was and add version 3"
    )
    assert approved.rows == before
    view = approved_view(catalog, approved)
    assert view.catalog.kpis["on_time"].versions == small.kpis["on_time"].versions
    assert view.waiting == ("KPI on_time version 2 does not count as written: 1 person must approve it",)


def test_an_edit_of_the_unit_is_an_edit_of_every_version(approved: Records, folder: Path, edit: Edit) -> None:
    path = folder / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("unit: percent", "unit: per_1000"), encoding="utf-8")
    catalog = edit("targets/on_time.yaml", "unit: percent", "unit: per_1000")
    assert [finding.where for finding in plan(catalog, approved).refused] == [
        "catalog/kpis/on_time.yaml:10",
        "catalog/kpis/on_time.yaml:24",
    ]
    view = approved_view(catalog, approved)
    assert view.catalog.kpis["on_time"].unit == "percent"
    assert view.catalog.targets.files["on_time"].unit == "percent"


def test_a_proposal_nobody_approved_may_be_edited(small: Catalog, edit: Edit) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    catalog = edit("kpis/on_time.yaml", "{field: urgent, is: true}", "{field: urgent, is: false}")
    assert changes(catalog, records) == [("kpi", "on_time", 2, "numbers")]
    apply(catalog, records, by="anna", at=AT)
    approve(records, catalog.organisation, by="bert", at=AT)
    assert approved_view(catalog, records)["on_time"] == {1, 2}
    assert approved_view(small, records).waiting == (
        "KPI on_time version 2 does not count as written: 1 person must approve it",
    )


def test_approved_versions_stay_in_the_file(small: Catalog, approved: Records, folder: Path) -> None:
    path = folder / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("  - version: 2")], encoding="utf-8")
    catalog = load_catalog(folder)
    (finding,) = plan(catalog, approved).refused
    assert str(finding) == (
        "catalog/kpis/on_time.yaml:9: version 2 was approved and is no longer in the file; "
        "put it back; old versions stay"
    )
    assert approved_view(catalog, approved).catalog.kpis["on_time"].versions == small.kpis["on_time"].versions


def test_a_kpi_without_its_file_is_retired(approved: Records, folder: Path) -> None:
    (folder / "kpis/doubled.yaml").unlink()
    catalog = load_catalog(folder, check=False)  # the review still names it
    assert changes(catalog, approved) == [("kpi", "doubled", 1, "retired")]
    assert list(approved_view(catalog, approved)) == ["on_time", "reply_time"]


def test_a_calendar_is_approved_with_the_kpis_that_use_it(small: Catalog, approved: Records, edit: Edit) -> None:
    catalog = edit("calendars/desk.yaml", 'friday: ["09:00-12:30"]', 'friday: ["09:00-16:00"]')
    assert changes(catalog, approved) == [("kpi", "reply_time", 1, "calendar"), ("calendar", "desk", 2, "numbers")]
    apply(catalog, approved, by="anna", at=AT)
    view = approved_view(catalog, approved)
    assert view["reply_time"] == {1}
    assert view.catalog.calendars == small.calendars  # the hours of before, until somebody agrees
    approve(approved, catalog.organisation, by="bert", at=AT)
    view = approved_view(catalog, approved)
    assert view.catalog.calendars == catalog.calendars
    assert view.waiting == ()


def test_unapproved_targets_judge_nothing(small: Catalog, approved: Records, edit: Edit) -> None:
    catalog = edit("targets/on_time.yaml", "meet: 95", "meet: 94")
    assert changes(catalog, approved) == [("targets", "on_time", 2, "numbers")]
    assert approved_view(catalog, approved).catalog.targets == small.targets
    apply(catalog, approved, by="anna", at=AT)
    approve(approved, catalog.organisation, by="bert", at=AT)
    assert approved_view(catalog, approved).catalog.targets == catalog.targets


def test_a_formula_waits_for_what_it_reads(small: Catalog) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    approve(records, small.organisation, by="bert", at=AT, names=["doubled"])
    assert not approved_view(small, records)
    approve(records, small.organisation, by="bert", at=AT, names=["on_time"])
    assert list(approved_view(small, records)) == ["doubled", "on_time"]


def test_clause_maps_and_reviews_are_recorded_without_approval(approved: Records, edit: Edit) -> None:
    catalog = edit("clauses/std-2.yaml", "label: New", "label: Newer")
    (change,) = apply(catalog, approved, by="anna", at=AT)
    assert (change.kind, change.version, change.sentence) == ("clause_map", 2, "clause map std-2: changed")
    assert plan(catalog, approved).waiting == ()


def test_going_back_to_earlier_targets_needs_approval_again(small: Catalog, approved: Records, edit: Edit) -> None:
    other = edit("targets/on_time.yaml", "meet: 95", "meet: 94")
    apply(other, approved, by="anna", at=AT)
    approve(approved, other.organisation, by="bert", at=AT)
    assert approved_view(small, approved).catalog.targets == other.targets
    assert changes(small, approved) == [("targets", "on_time", 3, "numbers")]
    apply(small, approved, by="anna", at=AT)
    assert approved_view(small, approved).catalog.targets == other.targets
    approve(approved, small.organisation, by="bert", at=AT)
    assert approved_view(small, approved).catalog.targets == small.targets


def test_a_proposal_is_withdrawn_by_putting_back_what_was_approved(
    small: Catalog, approved: Records, edit: Edit
) -> None:
    other = edit("targets/on_time.yaml", "meet: 95", "meet: 94")
    apply(other, approved, by="anna", at=AT)
    assert len(plan(other, approved).waiting) == 1
    (change,) = apply(small, approved, by="anna", at=AT)
    assert change.sentence == "targets of on_time: changed"
    assert plan(small, approved).waiting == ()
    assert plan(small, approved).changes == ()
    assert approved_view(small, approved).waiting == ()


def test_going_back_to_earlier_words_is_recorded(small: Catalog, approved: Records, edit: Edit) -> None:
    other = edit("kpis/on_time.yaml", "question: Of the orders due", "question: Of all orders due")
    apply(other, approved, by="anna", at=AT)
    assert changes(small, approved) == [("kpi", "on_time", 1, "wording"), ("kpi", "on_time", 2, "wording")]
    apply(small, approved, by="anna", at=AT)
    assert approved.rows[-1].entry.text.count("Of the orders due") == 1
    assert changes(small, approved) == []


def test_whoever_only_changed_the_wording_may_approve_what_is_counted(small: Catalog, edit: Edit) -> None:
    records = Records()
    apply(small, records, by="anna", at=AT)
    reworded = edit("kpis/on_time.yaml", "question: Of the orders due", "question: Of all orders due")
    apply(reworded, records, by="bert", at=AT)
    with pytest.raises(UserError, match="KPI on_time version 1 was proposed by anna; another person has to approve it"):
        approve(records, small.organisation, by="anna", at=AT, names=["on_time"])
    approve(records, small.organisation, by="bert", at=AT, names=["on_time"])
    assert approved_view(reworded, records)["on_time"] == {1, 2}


def _told_otherwise(folder: Path, old: str, new: str) -> Catalog:
    path = folder / "targets/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_catalog(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("by: Board, on: 2024-12-01", "by: Nobody, on: 2024-12-01"),
        ("by: Board, on: 2024-12-01", "by: Board, on: 2020-01-01"),
        ("record: Review 2024-11", "record: Review 1999-01"),
        ("because: New plant.", "because: Other reason."),
        ("action: A-1", "action: A-2"),
    ],
)
def test_who_agreed_and_why_is_a_fact_that_one_person_does_not_rewrite(
    small: Catalog, folder: Path, approved: Records, old: str, new: str
) -> None:
    edited = _told_otherwise(folder, old, new)
    (change,) = plan(edited, approved).changes
    assert change.sentence == (
        "targets of on_time: who agreed to them, or why a deviation was accepted, is told otherwise; needs approval"
    )
    apply(edited, approved, by="anna", at=AT)
    assert approved_view(edited, approved).catalog.targets.files["on_time"] == small.targets.files["on_time"]
    with pytest.raises(UserError, match="was proposed by anna"):
        approve(approved, small.organisation, by="anna", at=AT)
    approve(approved, small.organisation, by="bert", at=AT)
    assert approved_view(edited, approved).catalog.targets.files["on_time"] == edited.targets.files["on_time"]
    assert measurement_rules(edited, engine="duckdb") == measurement_rules(
        small, engine="duckdb"
    )  # no number is computed anew


def test_targets_approved_under_an_earlier_release_stay_approved(small: Catalog, approved: Records) -> None:
    """Earlier releases recorded as fingerprint what judges only; the text that was approved said who agreed, too."""
    approved.rows = [
        replace(row, entry=replace(row.entry, fingerprint="of another release")) if row.entry.kind == "targets" else row
        for row in approved.rows
    ]
    assert plan(small, approved).changes == ()
    assert approved_view(small, approved).waiting == ()


def test_a_target_that_was_agreed_on_a_day_to_come_is_warned_of(small: Catalog) -> None:
    warning, *_ = agreed_on_a_day_to_come(small, {"on_time"}, date(2024, 11, 30))
    assert warning.warning
    assert warning.what == "the target of 2025-01-01 says it was agreed on 2024-12-01, a day to come"
    assert not list(agreed_on_a_day_to_come(small, {"on_time"}, date(2024, 12, 1)))
    assert not list(agreed_on_a_day_to_come(small, {"another"}, date(2024, 11, 30)))
