"""A made-up review of a made-up company, rich enough to show every part of a pack. Deterministic: own seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from qmsreports.analysis import analyse_series
from qmsreports.findings import describe
from qmsreports.pack.model import StandardName
from qmsreports.pack.objective import Comment, DefinitionVersion, Objective, Point, Segment, Slice
from qmsreports.period import Period

OCTOBER = Period(date(2026, 10, 1))
ISO_2015 = StandardName(standard="ISO 9001", edition="2015 + Amd 1:2024", title="ISO 9001:2015 with Amendment 1:2024")
ISO_2026 = StandardName(standard="ISO 9001", edition="2026", title="ISO 9001:2026", unverified=True)

CLAUSES = [
    ("9.3.2-a", "9.3.2 a", "Status of actions from earlier reviews"),
    ("9.3.2-b", "9.3.2 b", "Changes in external and internal issues"),
    ("9.3.2-c1", "9.3.2 c1", "Customer satisfaction and feedback"),
    ("9.3.2-c2", "9.3.2 c2", "Extent to which quality objectives are met"),
    ("9.3.2-c3", "9.3.2 c3", "Process performance and conformity"),
    ("9.3.2-c4", "9.3.2 c4", "Nonconformities and corrective actions"),
    ("9.3.2-c5", "9.3.2 c5", "Monitoring and measurement results"),
    ("9.3.2-c6", "9.3.2 c6", "Audit results"),
    ("9.3.2-c7", "9.3.2 c7", "Performance of external providers"),
    ("9.3.2-d", "9.3.2 d", "Adequacy of resources"),
    ("9.3.2-e", "9.3.2 e", "Effectiveness of actions on risks and opportunities"),
    ("9.3.2-f", "9.3.2 f", "Opportunities for improvement"),
]


@dataclass(frozen=True)
class Plan:
    """How to make up one series: a level, a spread, and changes from an index on."""

    kpi: str
    title: str
    unit: str
    better: str
    level: float
    spread: float
    n: int
    target: float | None
    near: float | None
    clause: str
    owner: str = "quality.manager"
    shifts: dict[int, float] = field(default_factory=dict)  # index from the end (-1 latest) -> added to the level
    since: dict[int, float] = field(default_factory=dict)  # from this index on
    rebase: int | None = None
    slices: tuple[tuple[str, str, str], ...] = ()
    hurt: str = ""  # the slice in which shifts happen, twice as strong
    small: int = 0
    provisional: bool = False
    margin: float | None = None
    comment: Comment | None = None
    reason: str = ""


SITES = (("site", "linz", "Linz"), ("site", "lyon", "Lyon"), ("site", "porto", "Porto"))
CHANNELS = tuple(
    ("channel", name.lower().replace(" ", "_"), name) for name in ("Phone", "Email", "Chat", "Social", "In person")
)

_TABLE = """
kpi|title|unit|better|level|spread|n|target|near|clause|owner|more
nps|Net promoter score|points|higher|41|2.4|612|45|40|c1|sales|hurt=lyon -4:-13 -3:-11 margin=6 site
csat|Satisfied customers|percent|higher|84.6|0.9|1904|85|83|c1|sales|from=-7:2.4 margin=1.6
ces|Customer effort (made it easy)|score|higher|5.61|0.03|1904|5.5|5.3|c1|support|
survey_response_rate|Survey response rate|percent|higher|23.4|1.1|8120|25|20|c1|sales|
first_response_p90|First response, 90th percentile|hours|lower|6.1|0.5|3118|6|7|c1|support|hurt=email -3:3.6 -4:3.1 channel
complaints_per_1000_orders|Complaints per 1,000 orders|per_1000|lower|2.2|0.22|21044|2.0|2.4|c1|quality|hurt=lyon -5:1.4 -4:1.6 site
on_time_delivery|On-time delivery|percent|higher|90.7|0.6|18730|95|93|c3|supply|from=-13:2.1 rebase=-13 margin=0.4 site
otif|On time and in full|percent|higher|88.1|1.0|18730|90|88|c3|supply|from=-10:1.5 rebase=-10 margin=0.5 provisional
first_pass_yield|First pass yield|percent|higher|98.0|0.22|41208|98|97.5|c3|production|hurt=lyon -3:-1.5 -2:-1.9 -1:-1.2 margin=0.15 site
scrap_rate|Scrap rate, by quantity|percent|lower|1.32|0.05|402310|1.5|1.8|c3|production|
oee|Overall equipment effectiveness|percent|higher|71.8|1.3|126|72|68|c3|production|site
resolved_within_target|Tickets resolved within target|percent|higher|91.5|1.2|3320|90|85|c2|support|-3:-8 margin=1.0
ticket_backlog|Open tickets at month end|count|lower|212|14|212|||c2|support|
reopened_share|Reopened tickets|percent|lower|4.4|0.5|3320|5|6|c2|support|margin=0.7
win_rate|Opportunities won|percent|higher|31|4.2|41|30|25|c2|sales|small=50 margin=13
defects_ppm|Defects found at final inspection|ppm|lower|402|38|96400|500|600|c5|quality|
capa_on_time|Corrective actions closed by original date|percent|higher|76|2.6|23|90|80|c4|quality|small=30 margin=17 comment
cost_of_poor_quality|Cost of poor quality, of net sales|percent|lower|2.9|0.2|412|2.5|3.0|c4|finance|
audit_programme_done|Audit programme done|percent|higher|96|5|4|100|90|c6|quality|
audit_findings_on_time|Audit findings closed on time|percent|higher|88|5|17|90|80|c6|quality|small=20 margin=14
supplier_ppm|Supplier receipts rejected|ppm|lower|1150|90|38200|1500|2000|c7|purchasing|hurt=lyon -5:4900 -4:5200 site
supplier_on_time|Supplier deliveries to commitment|percent|higher|91|1.4|402|93|90|c7|purchasing|margin=2.8
"""  # noqa: E501

_OWNERS = {
    "sales": "head.of.sales",
    "support": "support.manager",
    "quality": "quality.manager",
    "supply": "supply.manager",
    "production": "production.manager",
    "finance": "finance.controller",
    "purchasing": "purchasing.manager",
}

COMMENT = Comment(
    author="M. Huber",
    on=date(2026, 11, 2),
    cause="Root-cause analysis waits for the external laboratory in 9 of 14 late cases.",
    action="Second laboratory under contract.",
    expected="Back above 85 % for the cases due in January.",
    by=date(2026, 12, 15),
)


def _plan(line: str) -> Plan:
    cells = line.split("|")
    plain: dict[str, str] = dict(part.split("=") for part in cells[11].split() if "=" in part)
    flags = [part for part in cells[11].split() if "=" not in part]
    since = dict([plain["from"].split(":")]) if "from" in plain else {}
    return Plan(
        kpi=cells[0],
        title=cells[1],
        unit=cells[2],
        better=cells[3],
        level=float(cells[4]),
        spread=float(cells[5]),
        n=int(cells[6]),
        target=float(cells[7]) if cells[7] else None,
        near=float(cells[8]) if cells[8] else None,
        clause=f"9.3.2-{cells[9]}",
        owner=_OWNERS[cells[10]],
        shifts={int(part.split(":")[0]): float(part.split(":")[1]) for part in flags if ":" in part},
        since={int(index): float(add) for index, add in since.items()},
        rebase=int(plain["rebase"]) if "rebase" in plain else None,
        slices=SITES if "site" in flags else CHANNELS if "channel" in flags else (),
        hurt=plain.get("hurt", ""),
        small=int(plain.get("small", 0)),
        provisional="provisional" in flags,
        margin=float(plain["margin"]) if "margin" in plain else None,
        comment=COMMENT if "comment" in flags else None,
        reason="definition version 2" if "rebase" in plain else "",
    )


PLANS = [_plan(line) for line in _TABLE.strip().splitlines()[1:]]


def _series(plan: Plan, months: int, salt: str = "", factor: float = 1.0) -> dict[str, object]:
    """Make up values, judge them as the product does, and return what an objective and a slice have in common."""
    rng = random.Random(f"{plan.kpi}{salt}")
    periods = OCTOBER.back(months)
    values = []
    for index in range(-months, 0):
        level = plan.level + sum(add for start, add in plan.since.items() if index >= start)
        value = level + rng.gauss(0, plan.spread) + factor * plan.shifts.get(index, 0.0)
        values.append(round(min(value, 100.0) if plan.unit == "percent" else max(value, 0.0), 3))
    cut = months + plan.rebase if plan.rebase is not None and -plan.rebase < months else 0
    breaks = [periods[cut].start] if cut else []
    spc = analyse_series(
        [(period.start, value) for period, value in zip(periods, values, strict=True)],
        better=plan.better,
        target=plan.target,
        version_breaks=breaks,
    )
    said = describe(spc, better=plan.better, unit=plan.unit, target=plan.target, version_breaks=breaks)
    points = tuple(
        Point(
            period=str(period),
            start=period.start,
            value=judged.value,
            low=None if plan.margin is None else round(max(value - plan.margin, -100), 2),
            high=None if plan.margin is None else round(min(value + plan.margin, 100), 2),
            n=max(1, round(plan.n * (1 + 0.05 * rng.gauss(0, 1)))),
            target=plan.target,
            near=plan.near,
            status=_status(plan, value),
            provisional=plan.provisional and period == OCTOBER,
            restated=plan.kpi == "complaints_per_1000_orders" and period == OCTOBER.shift(-2),
            version=2 if cut and at >= cut else 1,
            mean=judged.mean,
            lower=judged.lower,
            upper=judged.upper,
            signal=judged.signal,
            kind=judged.kind,
        )
        for at, (period, value, judged) in enumerate(zip(periods, values, spc.points, strict=True))
    )
    segments = tuple(
        Segment(
            start=segment.start,
            end=segment.end,
            mean=segment.mean,
            lower=segment.lower,
            upper=segment.upper,
            trial=segment.trial,
            reason=plan.reason if number else "",
        )
        for number, segment in enumerate(spc.segments)
    )
    return {
        "points": points,
        "segments": segments,
        "variation": spc.variation,
        "assurance": spc.assurance,
        "finding": said.title,
    }


def _status(plan: Plan, value: float) -> str:
    if plan.target is None or plan.near is None:
        return "no_target"
    sign = 1 if plan.better == "higher" else -1
    return "met" if sign * (value - plan.target) >= 0 else "near" if sign * (value - plan.near) >= 0 else "missed"


def objective(plan: Plan, months: int = 36) -> Objective:
    """One objective made up from its plan."""
    slices = []
    for dimension, key, title in plan.slices:
        own = _series(plan, months, key, 2.0 if key == plan.hurt else 0.0)
        slices.append(Slice.model_validate({"dimension": dimension, "key": key, "title": title, **own}))
    versions = [
        DefinitionVersion(
            version=1,
            effective_from=date(2024, 1, 1),
            why="First definition.",
            rule=RULE,
            fingerprint="a3f1" * 16,
            approved=("E. Novak on 12 Dec 2023",),
        )
    ]
    if plan.rebase is not None:
        versions.append(
            DefinitionVersion(
                version=2,
                effective_from=date(2026, 1, 1),
                why="Lines still undelivered after the promised day were invisible in version 1.",
                rule=RULE,
                fingerprint="77c0" * 16,
                approved=("E. Novak on 18 Dec 2025", "M. Huber on 19 Dec 2025"),
                in_force=True,
            )
        )
    else:
        versions[0] = versions[0].model_copy(update={"in_force": True})
    whole = _series(plan, months)
    return Objective.model_validate(
        {
            "kpi": plan.kpi,
            "title": plan.title,
            "question": f"How do we do on: {plan.title.lower()}?",
            "unit": plan.unit,
            "better": plan.better,
            "owner": plan.owner,
            "feeds": (plan.clause,),
            "version": 2 if plan.rebase is not None and -plan.rebase < months else 1,
            "small_sample": plan.small,
            "settles_after": "until 5 Nov 2026" if plan.provisional else "",
            "rules": "making_data_count",
            "slices": tuple(slices),
            "comment": plan.comment,
            "definitions": tuple(versions),
            "reads": ("order_lines",) if plan.clause == "9.3.2-c3" else ("tickets",),
            "sql": ("5e1f" * 16,) if plan.clause == "9.3.2-c3" else ("0ab9" * 16,),
            **whole,
        }
    )


RULE = """population:
  table: order_lines
  period_by: promised_on
  where:
    - {field: status, not_in: [cancelled]}
measure:
  kind: ratio
  numerator: {count: rows, where: [{field: delivered_on, at_most: {field: promised_on}}]}
  denominator: {count: rows}
"""
SQL = """SELECT
  period,
  site,
  COUNT(*) FILTER (WHERE delivered_on <= promised_on) AS on_time_delivery__numerator,
  COUNT(*) AS on_time_delivery__denominator,
  COUNT(*) FILTER (
    WHERE delivered_on <= promised_on AND quantity_delivered >= quantity_ordered
  ) AS otif__numerator  -- one line is on time and in full, or it is not
FROM order_lines
JOIN periods ON promised_on >= periods.first_day AND promised_on < periods.next_day
WHERE status NOT IN ('cancelled')
GROUP BY GROUPING SETS ((period), (period, site))
ORDER BY period, site
"""


_BY_KPI = {plan.kpi: plan for plan in PLANS}


def one(name: str, **changed: object) -> Objective:
    """The objective of a plan, changed in some fields."""
    return objective(_BY_KPI[name]).model_copy(update=changed)


def plain(text: str) -> str:
    """A sentence with ordinary blanks."""
    return text.replace("\u00a0", " ")
