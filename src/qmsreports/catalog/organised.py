"""What of the organisation moves numbers, and so is approved like a KPI: time zone, sites, fiscal year, approvals.

``catalog/organisation.yaml`` is a definition of its own in the register. While an edit of one of these waits, the
approved ones count, in every stage; name, titles, language and scope are read from the file at once.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from qmsreports.catalog.canonical import digest, plain, to_yaml
from qmsreports.catalog.document import parse_document
from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.organisation import Organisation
from qmsreports.records import DefinitionEntry

KIND = "organisation"


def counted(organisation: Organisation) -> dict[str, Any]:
    """Return what decides numbers or who approves them; the order of sites and their titles decide nothing."""
    fiscal = plain(organisation.fiscal_year) if organisation.fiscal_year is not None else "none"
    return {
        "time_zone": organisation.time_zone,
        "sites": sorted(site.site for site in organisation.sites),
        "fiscal_year": fiscal,
        "approvals": organisation.approvals,
    }


def organisation_entry(organisation: Organisation) -> DefinitionEntry:
    """Return the organisation as it would be proposed."""
    text = to_yaml(plain(organisation))
    fingerprint = digest(to_yaml(counted(organisation), sort=True))
    return DefinitionEntry(KIND, KIND, 0, None, fingerprint, digest(text), text)


def stored_organisation(entry: DefinitionEntry) -> Organisation:
    """Return the organisation from its stored text; :class:`CouldNotRun` when this release cannot read it."""
    where = f"register: {KIND} version {entry.version}"
    try:
        return Organisation.model_validate(parse_document(entry.text, where).data)
    except (UserError, ValidationError) as error:
        raise CouldNotRun(
            Finding(where, "the approved text cannot be read by this release", "see the changelog")
        ) from error


def as_approved(written: Organisation, approved: Organisation) -> Organisation:
    """Return what is written with what counts as it was approved; a site keeps the title that the file gives it."""
    titles = {site.site: site for site in written.sites}
    sites = tuple(titles.get(site.site, site) for site in approved.sites)
    fields = {"time_zone": approved.time_zone, "fiscal_year": approved.fiscal_year, "approvals": approved.approvals}
    return written.model_copy(update={**fields, "sites": sites})


def differing(before: Organisation, after: Organisation) -> tuple[tuple[str, str, str], ...]:
    """Return what counts otherwise, by field: ``("time_zone", "Europe/Vienna", "UTC")``."""
    then, now = counted(before), counted(after)
    return tuple((name, _said(then[name]), _said(now[name])) for name in now if now[name] != then[name])


def differences(before: Organisation, after: Organisation) -> tuple[str, ...]:
    """Return in words what counts otherwise: ``time_zone is UTC, was Europe/Vienna``."""
    return tuple(f"{name} is {now}, was {then}" for name, then, now in differing(before, after))


def moves_numbers(before: Organisation, after: Organisation) -> bool:
    """Tell whether more than the number of approvals differs."""
    return any(name != "approvals" for name, *_ in differing(before, after))


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return _on_one_line(value) if isinstance(value, dict) else str(value)


def _on_one_line(value: Any) -> str:
    """Return it as it may be written in the file: ``{begins: july, named_by: ends}``."""
    if not isinstance(value, dict):
        return str(value)
    return "{" + ", ".join(f"{name}: {_on_one_line(one)}" for name, one in value.items()) + "}"
