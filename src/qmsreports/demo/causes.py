"""The planted causes: what happened in the company, when and where. The management-review pack has to find them.

Everything that a cause changes asks this module, so the list in ``planted.json`` and the data cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LYON = 1
CARRIER_FROM = np.datetime64("2025-11-01")
FAILURE = (np.datetime64("2026-03-01"), np.datetime64("2026-07-01"))  # half-open: March to June
FELT = (np.datetime64("2026-04-01"), np.datetime64("2026-08-01"))  # customers feel it a month later
SHORT_DESK = (np.datetime64("2026-07-06"), np.datetime64("2026-08-17"))
RESOURCES_UNTIL = np.datetime64("2026-07-31")  # the last figures on staffing and training
FAILED_SUPPLIER, FAILED_MATERIAL = "Borel Fonderie", "castings"


def within(days: NDArray[np.datetime64], span: tuple[np.datetime64, np.datetime64]) -> NDArray[np.bool_]:
    """Return which days lie in a half-open span."""
    return (days >= span[0]) & (days < span[1])


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of ``planted.json``; the last day is inclusive and empty where the effect stays."""

    id: str
    what: str
    first: str
    last: str
    site: str
    channel: str
    effects: tuple[tuple[str, str], ...]  # KPI name, "up" | "down" | "none"
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the form that tests read."""
        return {
            "id": self.id,
            "what": self.what,
            "from": self.first,
            "to": self.last or None,
            "site": self.site or None,
            "channel": self.channel or None,
            "kpis": [name for name, _ in self.effects],
            "direction": dict(self.effects),
            "note": self.note,
        }


CAUSES = (
    Cause(
        "carrier_change",
        "A new carrier at all sites: more order lines arrive by the promised day, for good",
        "2025-11-01",
        "",
        "",
        "",
        (
            ("on_time_delivery", "up"),
            ("otif", "up"),
            ("on_time_first_promise", "up"),
        ),
        "from about 88 % to about 93 %; against a target of 95 % it still fails consistently after a rebase",
    ),
    Cause(
        "supplier_failure_receipts",
        f"{FAILED_SUPPLIER} delivers porous {FAILED_MATERIAL} to Lyon: rejected units at goods-in rise about sixfold",
        "2026-03-01",
        "2026-06-30",
        "lyon",
        "",
        (("supplier_ppm", "up"),),
    ),
    Cause(
        "supplier_failure_yield",
        "The porous castings reach the line: first pass yield at Lyon falls by two to three points",
        "2026-03-01",
        "2026-06-30",
        "lyon",
        "",
        (
            ("first_pass_yield", "down"),
            ("rolled_throughput_yield", "down"),
            ("scrap_rate", "up"),
            ("rework_share", "up"),
            ("cost_of_poor_quality", "up"),
            ("internal_failure_cost", "up"),
            ("cost_of_quality", "up"),
            ("nonconformities", "up"),
        ),
    ),
    Cause(
        "supplier_failure_complaints",
        "Customers of Lyon complain about quality, a month after the failure began",
        "2026-04-01",
        "2026-07-31",
        "lyon",
        "",
        (("complaints_per_1000_orders", "up"), ("complaints_open", "up")),
    ),
    Cause(
        "supplier_failure_nps",
        "Customers of Lyon recommend the company less",
        "2026-04-01",
        "2026-07-31",
        "lyon",
        "",
        (("nps", "down"), ("nps_repeat_customers", "down")),
    ),
    Cause(
        "understaffed_desk",
        "Six weeks with half the support desk missing: first replies take three times as long, cases miss their due "
        "time, fewer bot conversations reach a human",
        "2026-07-06",
        "2026-08-16",
        "",
        "",
        (
            ("first_response_median", "up"),
            ("first_response_p90", "up"),
            ("answered_within_promise", "down"),
            ("channel_gap_response", "up"),
            ("updates_on_time", "down"),
            ("second_channel_share", "up"),
            ("resolution_median", "up"),
            ("resolution_p90", "up"),
            ("resolved_within_target", "down"),
            ("ticket_backlog", "up"),
            ("tickets_overdue", "up"),
        ),
        "back to normal from 2026-08-17",
    ),
)

OBJECTIVES = {  # what a chart says in the last month about the target that the company set, by the process as it runs
    "otif": {"target": 94, "unit": "percent", "assurance": "fail", "note": "before the new carrier and after it"},
    "supplier_on_time": {"target": 92, "unit": "percent", "assurance": "pass", "note": ""},
    "first_pass_yield": {
        "target": 97,
        "unit": "percent",
        "assurance": "pass",
        "note": "apart from the supplier failure",
    },
    "survey_response_rate": {"target": 20, "unit": "percent", "assurance": "hit_or_miss", "note": ""},
    "oee": {"target": 70, "unit": "percent", "assurance": "hit_or_miss", "note": ""},
    "nps": {"target": 40, "unit": "points", "assurance": "hit_or_miss", "note": ""},
    "csat": {"target": 80, "unit": "percent", "assurance": "hit_or_miss", "note": ""},
    "resolved_within_target": {"target": 90, "unit": "percent", "assurance": "hit_or_miss", "note": ""},
}
