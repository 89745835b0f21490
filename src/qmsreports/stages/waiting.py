"""What is said of a KPI of which nothing counts yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from qmsreports.errors import Finding

if TYPE_CHECKING:
    from qmsreports.catalog.approved import ApprovedView
    from qmsreports.catalog.kpi import Kpi
    from qmsreports.records import RegisteredDefinition


def waiting_for(kpi: Kpi, view: ApprovedView, definitions: Iterable[RegisteredDefinition]) -> Finding:
    """Return why no version of a KPI counts: it waits for approval itself, or what its formula reads does."""
    from qmsreports.kpi.selection import reads_of

    known = {row.entry.name for row in definitions if row.entry.kind == "kpi"}
    waits = [name for version in kpi.versions for name in reads_of(version) if name not in view]
    own = "proposed, waits for approval" if kpi.kpi in known else "written and not proposed, waits for approval"
    what = f"{own} (reads {', '.join(dict.fromkeys(waits))}, not approved either)" if waits else own
    names = " ".join(dict.fromkeys((kpi.kpi, *waits)))
    first = "" if known.issuperset((kpi.kpi, *waits)) else "qmsreports catalog apply --by NAME, then "
    return Finding(f"kpi {kpi.kpi}", what, f"{first}qmsreports catalog approve {names} --by NAME")
