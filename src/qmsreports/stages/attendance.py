"""Who was asked to come to a review and who came: by name or by role, in person or stood in for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding

if TYPE_CHECKING:
    from qmsreports.catalog.review import Participant, Review
    from qmsreports.register.reviews import Attendee


def invited(review: Review, present: Sequence[Attendee]) -> list[dict[str, Any]]:
    """Return each participant that the review declares with the attendee who came as or for him or her."""
    return [
        {"role": one.role, "name": one.name, "present": next((who.person for who in present if _stands(who, one)), "")}
        for one in review.participants
    ]


def absent(review: Review, present: Sequence[Attendee]) -> list[str]:
    """Return who was invited and neither came nor was stood in for, by name and role."""
    return [one.told for one in review.participants if not any(_stands(who, one) for who in present)]


def without_chair(review: Review, month: str, present: Sequence[Attendee]) -> list[Finding]:
    """Return a finding where the review declares a chair and nobody of those present was in it."""
    from qmsreports.catalog.review import Participant

    if not review.chair or not present:
        return []
    chair = [Participant(role=review.chair), *(one for one in review.participants if one.is_called(review.chair))]
    if any(who.chaired or _stands(who, one) for who in present for one in chair):
        return []
    todo = (
        f"run: qmsreports review attend {review.review} --period {month} --person ... --chaired --by ..., "
        f'or --role "{review.chair}"'
    )
    return [Finding(f"review {review.review} {month}", f"names nobody who was in the chair ({review.chair})", todo)]


def _stands(who: Attendee, one: Participant) -> bool:
    said = (who.person, who.role, who.stood_in_for, *who.stood_in_for.split(","))
    return any(one.is_called(text) for text in said)
