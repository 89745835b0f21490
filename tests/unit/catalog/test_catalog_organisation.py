"""What of the organisation counts is approved as a KPI is, by as many people as were asked for before the edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from qmsreports.catalog.approval import apply, approve, plan, unapproved
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.export import exported
from qmsreports.catalog.load import Catalog
from qmsreports.errors import UserError
from tests.unit.catalog.test_catalog_approval import AT, THIRD, Edit, Records, approved, edit

__all__ = ["approved", "edit"]
ZONE = ("organisation.yaml", "time_zone: Europe/Vienna", "time_zone: UTC")


def said(catalog: Catalog, records: Records) -> list[str]:
    return [change.sentence for change in plan(catalog, records).changes]


def test_the_first_one_counts_as_it_is_written_until_it_is_approved(small: Catalog) -> None:
    records = Records()
    assert approved_view(small, records).catalog.organisation == small.organisation
    assert said(small, records)[0] == "organisation: new; needs approval"
    apply(small, records, by="anna", at=AT)
    assert approved_view(small, records).catalog.organisation == small.organisation
    taken = approve(records, small.organisation, by="bert", at=AT, names=["organisation"])
    assert [(row.entry.kind, row.entry.name) for row in taken] == [("organisation", "organisation")]


def test_another_time_zone_counts_when_it_is_approved(approved: Records, edit: Edit) -> None:
    edited = edit(*ZONE)
    view = approved_view(edited, approved)
    assert view.catalog.organisation.time_zone == "Europe/Vienna"
    assert view.waiting == ("organisation does not count as written: 1 person must approve it",)
    (change,) = plan(edited, approved).changes
    assert change.sentence == "organisation: time_zone is UTC, was Europe/Vienna; needs approval"
    assert change.where == "catalog/organisation.yaml:1"
    (warned,) = unapproved(edited, approved)
    assert str(warned).startswith(
        "catalog/organisation.yaml:2: time_zone is UTC, was Europe/Vienna, and is not approved"
    )
    apply(edited, approved, by="anna", at=AT)
    with pytest.raises(UserError, match="organisation was proposed by anna; another person has to approve it"):
        approve(approved, edited.organisation, by="anna", at=AT)
    assert approved_view(edited, approved).catalog.organisation.time_zone == "Europe/Vienna"
    approve(approved, edited.organisation, by="bert", at=AT)
    assert approved_view(edited, approved).catalog.organisation.time_zone == "UTC"
    assert unapproved(edited, approved) == ()


def test_names_and_titles_count_for_nothing_and_hold_at_once(approved: Records, edit: Edit) -> None:
    edited = edit("organisation.yaml", "title: Linz", "title: Linz on the Danube")
    assert said(edited, approved) == ["organisation: other wording, same content"]
    view = approved_view(edited, approved)
    assert view.waiting == ()
    assert view.catalog.organisation.site_title("linz") == "Linz on the Danube"


def test_a_fiscal_year_of_weeks_is_told_on_one_line(approved: Records, edit: Edit) -> None:
    year = "{begins: february, named_by: begins, weeks: {pattern: 4-4-5, ends_on: saturday, ends: nearest}}"
    edited = edit("organisation.yaml", "sites:", f"fiscal_year: {year}\nsites:")
    assert said(edited, approved) == [f"organisation: fiscal_year is {year}, was none; needs approval"]


def test_a_site_and_a_fiscal_year_wait_and_titles_of_known_sites_do_not(approved: Records, edit: Edit) -> None:
    edit(
        "organisation.yaml",
        "  - {site: lyon, title: Lyon}",
        "  - {site: lyon, title: Lyons}\n  - {site: graz, title: Graz}",
    )
    edited = edit("organisation.yaml", "sites:", "fiscal_year: {begins: july, named_by: ends}\nsites:")
    assert said(edited, approved) == [
        "organisation: sites is graz, linz, lyon, was linz, lyon; "
        "fiscal_year is {begins: july, named_by: ends}, was none; needs approval"
    ]
    organisation = approved_view(edited, approved).catalog.organisation
    assert [(site.site, site.title) for site in organisation.sites] == [("linz", "Linz"), ("lyon", "Lyons")]
    assert organisation.fiscal is None


def test_whoever_lowers_the_approvals_from_two_to_one_needs_two(approved: Records, edit: Edit) -> None:
    two = edit("organisation.yaml", "sites:", "approvals: 2\nsites:")
    apply(two, approved, by="anna", at=AT)
    approve(approved, two.organisation, by="bert", at=AT)  # the rule so far: one other person
    assert approved_view(two, approved).catalog.organisation.approvals == 2
    assert dict(approved_view(two, approved)) == {"doubled": {1}, "on_time": {1, 2}, "reply_time": {1}}

    edit("organisation.yaml", "approvals: 2", "approvals: 1")
    one = edit("kpis/on_time.yaml", "versions:", "versions:")
    path = one.folder / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8") + THIRD, encoding="utf-8")
    one = edit("kpis/on_time.yaml", "versions:", "versions:")
    later = AT + timedelta(days=1)
    assert one.organisation.approvals == 1
    assert "organisation: approvals is 1, was 2; needs approval" in said(one, approved)
    apply(one, approved, by="anna", at=later)
    approve(approved, one.organisation, by="bert", at=later)
    view = approved_view(one, approved)
    assert view.catalog.organisation.approvals == 2
    assert view["on_time"] == {1, 2}
    assert "organisation does not count as written: 1 person must approve it" in view.waiting
    with pytest.raises(UserError, match="has the approval of bert already; one more person"):
        approve(approved, one.organisation, by="bert", at=later, names=["organisation"])
    approve(approved, one.organisation, by="cleo", at=later, names=["organisation"])
    view = approved_view(one, approved)
    assert view.catalog.organisation.approvals == 1
    assert view["on_time"] == {1, 2, 3}  # bert's approval is enough from now on


def test_what_was_approved_by_one_stays_approved_when_two_are_asked_for(approved: Records, edit: Edit) -> None:
    two = edit("organisation.yaml", "sites:", "approvals: 2\nsites:")
    later = AT + timedelta(days=1)
    apply(two, approved, by="anna", at=later)
    approve(approved, two.organisation, by="bert", at=later)
    view = approved_view(two, approved)
    assert view.catalog.organisation.approvals == 2
    assert (dict(view), view.waiting) == ({"doubled": {1}, "on_time": {1, 2}, "reply_time": {1}}, ())
    path = two.folder / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8") + THIRD, encoding="utf-8")
    more = edit("kpis/on_time.yaml", "versions:", "versions:")
    apply(more, approved, by="anna", at=later + timedelta(days=1))
    approve(approved, more.organisation, by="bert", at=later + timedelta(days=1))
    assert approved_view(more, approved)["on_time"] == {1, 2}  # what is new needs two


def test_going_back_before_it_was_approved_withdraws_the_proposal(
    small: Catalog, approved: Records, edit: Edit
) -> None:
    edited = edit(*ZONE)
    apply(edited, approved, by="anna", at=AT)
    assert said(small, approved) == ["organisation: as it was approved"]
    apply(small, approved, by="anna", at=AT)
    assert approve(approved, small.organisation, by="bert", at=AT) == ()
    assert approved_view(small, approved).waiting == ()


def test_the_export_writes_the_organisation_that_was_approved(approved: Records, edit: Edit) -> None:
    edited = edit(*ZONE)
    apply(edited, approved, by="anna", at=AT)
    files = {file.path: file for file in exported(edited, approved)}
    assert files["organisation.yaml"].changed
    assert b"time_zone: Europe/Vienna" in files["organisation.yaml"].content
    proposed = {file.path: file for file in exported(edited, approved, proposed=True)}
    assert not proposed["organisation.yaml"].changed


def test_an_organisation_of_another_spelling_is_the_same(small: Catalog, approved: Records) -> None:
    turned = small.organisation.model_copy(update={"sites": tuple(reversed(small.organisation.sites))})
    assert approved_view(replace(small, organisation=turned), approved).waiting == ()
