"""A settled value is judged by the target that holds for its period now, also while another value waits for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period
    from qmsreports.register.models import Result


def judged_anew(
    session: Session, catalog: Catalog, settled: Result, period: Period, *, run_id: str, at: datetime
) -> Result:
    """Return the row that stands for a settled value whose numbers stay: itself, or one that says the new judgement.

    Late data holds up the value until somebody restates it. It does not hold up a target that was approved since.
    """
    from qmsreports import kpi
    from qmsreports.register import results

    stands = results.as_record(settled, period)
    judged = kpi.judged(catalog, stands)
    verdict, why = kpi.compare(stands, judged)
    if verdict != "supersede":
        return settled
    row = results.add_result(session, judged, run_id=run_id, supersedes=settled.id, why=why, at=at)
    session.flush()
    return row
