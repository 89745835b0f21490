"""From collected facts to the finished model: everything that follows from the facts by rule and not by reading.

Kept apart from the reading, so that each rule can be tried on facts made by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qmsreports.language import say, speaking
from qmsreports.pack import figures
from qmsreports.pack.annex import AgendaItem, Annex
from qmsreports.pack.changes import changes
from qmsreports.pack.customers import Customers
from qmsreports.pack.decisions import decisions
from qmsreports.pack.finding import ended_run, finding_of
from qmsreports.pack.minutes import Minutes
from qmsreports.pack.model import (
    Action,
    Change,
    Decided,
    Decision,
    DefinitionChange,
    EarlyRows,
    FailedRule,
    FormKind,
    Glance,
    Header,
    Ledger,
    LedgerRow,
    PackModel,
    Restatement,
    Section,
    SourceQuality,
    SqlEvidence,
    TableVersion,
    Trust,
)
from qmsreports.pack.objective import Objective, Point, Slice
from qmsreports.pack.proposals import proposals
from qmsreports.records import DERIVED

FALSE_SIGNALS = 0.022
"""Chance that the latest point of a stable, normal series carries a signal although nothing happened.

Beyond a limit 0.0027; seven on one side 2 x 0.5**7 = 0.0156; two of three between two and three sigma about 0.003; a
trend of seven 2 / 7! = 0.0004. Together 0.022: in 20 charts 0.4 signals are chance. Limits estimated from few points
give a little more.
"""

_HIGHLIGHTS = 4
_ENDED_WITHIN = 3  # points; a signal that ended this recently still deserves its chart
_ORDER = (
    *("met", "near", "missed", "accepted_deviation", "provisional"),
    *("not_valid", "not_reached", "no_data", "no_target"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read from the register, the lake and the catalog, before any rule was applied."""

    header: Header
    objectives: Sequence[Objective]
    actions: Sequence[Action]
    sections: Sequence[Section]
    ledgers: Sequence[Ledger]
    quality: Sequence[SourceQuality]
    failed_rules: Sequence[FailedRule]
    definition_changes: Sequence[DefinitionChange]
    restatements: Sequence[Restatement]
    form: Sequence[FormKind]
    sql: Sequence[SqlEvidence]
    tables: Sequence[TableVersion]
    quarantine_since: Sequence[tuple[str, int]] = ()  # month first seen, rows that wait since
    candidates: int = 0
    older_actions: int = 0
    decided: Sequence[Decided] = ()
    minutes: Minutes | None = None
    agenda: Sequence[AgendaItem] = ()
    annexes: Sequence[Annex] = ()
    unmeasured: Sequence[str] = ()
    customers: Customers | None = None
    planned: Mapping[str, str] = field(default_factory=dict)  # KPI -> action that stands for it
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # KPI -> clauses that ask for an action
    early: Sequence[EarlyRows] = ()
    then: Mapping[str, str] = field(default_factory=dict)  # KPI -> variation as of the last review
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)  # derived table -> the tables it is made of


def assemble(facts: Facts) -> PackModel:
    """Return the finished pack: findings, exceptions, decisions, changes, counts, trust."""
    objectives = tuple(judged(objective) for objective in facts.objectives)
    asked = decisions(
        objectives,
        facts.actions,
        uncovered(facts.ledgers),
        facts.quality,
        _readers(facts, [objective for objective in objectives if _stopped(objective)]),
        _readers(facts, [objective for objective in objectives if objective.latest.status != "not_valid"]),
        actions_of(facts.ledgers),
        facts.header.judged_on,
    )
    return PackModel(
        header=facts.header,
        decisions=asked,
        changes=changes(facts.header, objectives, facts.definition_changes, facts.restatements, facts.then),
        actions=tuple(facts.actions),
        older_actions=facts.older_actions,
        decided=tuple(facts.decided),
        glance=glance(objectives),
        highlights=highlights(objectives, asked),
        trust=trust(facts, objectives),
        objectives=objectives,
        sections=tuple(facts.sections),
        ledgers=tuple(facts.ledgers),
        quality=tuple(facts.quality),
        early=tuple(facts.early),
        failed_rules=tuple(facts.failed_rules),
        definition_changes=tuple(facts.definition_changes),
        restatements=tuple(facts.restatements),
        form=tuple(facts.form),
        sql=tuple(facts.sql),
        tables=tuple(facts.tables),
        minutes=facts.minutes,
        agenda=tuple(facts.agenda),
        annexes=tuple(facts.annexes),
        unmeasured=tuple(facts.unmeasured),
        customers=facts.customers,
        proposals=proposals(
            objectives,
            facts.header.period_end,
            facts.header.read_on,
            planned=facts.planned,
            required=facts.required,
        ),
    )


def actions_of(ledgers: Sequence[Ledger]) -> tuple[str, ...]:
    """Return the inputs of the leading standard that the actions of earlier reviews are; each standard numbers them in
    its own way.
    """
    return tuple(
        row.clause
        for ledger in ledgers[:1]
        for row in ledger.rows
        if row.clause == "9.3.2-a" or any(place == "actions" for _, place in row.evidence)
    )


def uncovered(ledgers: Sequence[Ledger]) -> tuple[LedgerRow, ...]:
    """Return the missing inputs of all standards, each that a statement of its own would cover, as closing names them.

    What equals an input of the leading edition is there once; an input of a later standard says whose it is.
    """
    found: dict[str, LedgerRow] = {}
    for place, ledger in enumerate(ledgers):
        for row in ledger.rows:
            if row.state == "missing":
                number = " ".join((ledger.standard.title, row.number)) if place else row.number
                found.setdefault(row.covers or row.clause, row.model_copy(update={"number": number}))
    return tuple(found.values())


def as_edition(pack: PackModel, number: int, predecessor: str = "", reason: str = "") -> PackModel:
    """Return the pack as an edition of its own, which says what it replaces and why among its changes."""
    head = pack.header
    header = head.model_copy(update={"edition": number, "predecessor": predecessor, "reason": reason})
    with speaking(head.language):
        text = (
            say("change.edition.because", predecessor=predecessor, reason=reason)
            if reason
            else say("change.edition.plain", predecessor=predecessor)
        )
    said = Change(kind="edition", text=text)
    return pack.model_copy(update={"header": header, "changes": (said, *pack.changes) if predecessor else pack.changes})


def judged(objective: Objective) -> Objective:
    """Return the objective with its finding and the reasons, if any, to show it in depth.

    A value that no rule may judge has no variation and promises nothing, here and in the parts: of too few cases, or of
    half a period; and neither does a period without a value. Earlier values of too few cases are no signals either.
    """
    calm = objective.model_copy(
        update={
            **_calm(objective, objective),
            "slices": tuple(part.model_copy(update=_calm(objective, part)) for part in objective.slices),
            "combined": tuple(part.model_copy(update=_calm(objective, part)) for part in objective.combined),
        }
    )
    return calm.model_copy(update={"exception": exception_reasons(calm)})


def _calm(objective: Objective, one: Objective | Slice) -> dict[str, Any]:
    """Return what is left to say of the whole or of a part once few cases are taken for what they are."""
    points = tuple(_calm_point(objective, point) for point in one.points)
    return {
        "points": points,
        "finding": finding_of(objective, one.model_copy(update={"points": points})),
        "variation": "common_cause" if objective.untested(one.latest) else one.variation,
        "assurance": _assurance(objective, one),
    }


def _calm_point(objective: Objective, point: Point) -> Point:
    if point.value is None or not objective.few(point):
        return point
    return point.model_copy(update={"few": True, "signal": "none", "kind": "common_cause"})


def _assurance(objective: Objective, one: Objective | Slice) -> str:
    """Return whether the process will meet its target, as far as the latest value lets the limits speak.

    Limits are those of the process as it was. Where the latest value misses a target that they promise, or is a signal
    that the process got worse, the promise is in doubt.
    """
    latest = one.latest
    if latest.value is None or objective.few(latest):
        return "none"
    denied = objective.misses(latest) or latest.kind == "concern"
    return "in_doubt" if one.assurance == "pass" and denied else one.assurance


def exception_reasons(objective: Objective) -> tuple[str, ...]:
    """Return why this objective deserves a page: what cannot be met, a signal now or just ended, a stopped feed."""
    found = []
    if objective.latest.status == "not_valid":
        found.append("not_valid")
    if objective.assurance == "fail":
        found.append("cannot_meet")
    if objective.variation != "common_cause" and objective.latest.value is not None:
        found.append("signal")
    elif ended_run(objective.points, _ENDED_WITHIN + 1) is not None:
        found.append("signal_ended")
    return tuple(found)


def highlights(objectives: Sequence[Objective], asked: Sequence[Decision]) -> tuple[str, ...]:
    """Return the KPIs charted on page one: those to decide about, then good news, then signals that just ended,
    then what missed its target.
    """
    decided = [decision.kpi for decision in asked if decision.kpi]

    def weight(objective: Objective) -> tuple[int, int, str]:
        if objective.kpi in decided:
            return 0, decided.index(objective.kpi), objective.kpi
        improved = objective.variation.startswith("improvement")
        rest = 3 if objective.latest.status == "missed" else 4
        return (1 if improved else 2 if objective.exception else rest), 0, objective.kpi

    charted = [objective for objective in objectives if any(point.value is not None for point in objective.points)]
    return tuple(objective.kpi for objective in sorted(charted, key=weight)[:_HIGHLIGHTS])


def glance(objectives: Sequence[Objective]) -> Glance:
    """Count each objective once by status, and the answers of the statistics."""
    status = [objective.latest.standing for objective in objectives]
    tested = [one for one in objectives if one.latest.value is not None and not one.untested(one.latest)]
    counted = dict(zip(_ORDER, (status.count(word) for word in _ORDER), strict=True))
    return Glance(
        objectives=len(objectives),
        met=counted["met"],
        near=counted["near"],
        missed=counted["missed"],
        accepted=counted["accepted_deviation"],
        provisional=counted["provisional"],
        not_valid=counted["not_valid"],
        not_reached=counted["not_reached"],
        no_data=counted["no_data"],
        no_target=counted["no_target"],
        concerns=sum(objective.variation.startswith("concern") for objective in tested),
        improvements=sum(objective.variation.startswith("improvement") for objective in tested),
        changed=sum(objective.variation.startswith("neutral") for objective in tested),
        cannot_meet=sum(objective.assurance == "fail" for objective in objectives),
        tested=len(tested),
        expected_false_signals=round(FALSE_SIGNALS * len(tested), 1),
    )


def trust(facts: Facts, objectives: Sequence[Objective]) -> Trust:
    """Add up the feeds and name the values that carry a reservation."""
    systems = [source for source in facts.quality if source.source != DERIVED]
    feeds = [feed for source in systems for feed in source.feeds]  # no source delivers the rows of a derived table
    unread = {source.source for source in systems if any(feed.status == "failed" for feed in source.feeds)}
    return Trust(
        sources=len(systems),
        sources_read=len(systems) - len(unread),
        rows_in=sum(feed.rows_in for feed in feeds),
        refreshed=sum(feed.refreshed for feed in feeds),
        conformed=sum(feed.conformed for feed in feeds),
        duplicates=sum(feed.duplicates for feed in feeds),
        deleted_at_source=sum(feed.deleted_at_source for feed in feeds),
        deleted_with_parent=sum(feed.deleted_with_parent for feed in feeds),
        quarantined=sum(feed.quarantined for feed in feeds),
        held=sum(feed.held for feed in feeds),
        candidates=facts.candidates,
        quarantine_open=sum(rows for _, rows in facts.quarantine_since),
        quarantine_since=tuple(facts.quarantine_since),
        failed_rules=sum(not rule.broken for rule in facts.failed_rules),
        provisional=tuple(one.kpi for one in objectives if one.latest.provisional and one.latest.value is not None),
        stopped=tuple(objective.kpi for objective in objectives if _stopped(objective)),
        unfit=tuple(objective.kpi for objective in objectives if objective.latest.unfit),
        restated=tuple(objective.kpi for objective in objectives if any(point.restated for point in objective.points)),
        reconciles=all(feed.reconciles for source in facts.quality for feed in source.feeds),
    )


def _stopped(objective: Objective) -> bool:
    """Tell whether a feed is why there is no valid value; a definition's own fault is another matter."""
    return objective.latest.status == "not_valid" and not objective.latest.unfit


def trust_sentences(pack: PackModel) -> tuple[str, ...]:
    """Return how far the pack can be trusted, in sentences that fit a box on page one."""
    trust_, titles = pack.trust, {objective.kpi: objective.title for objective in pack.objectives}
    read = say("trust.all_read", n=trust_.sources)
    if trust_.sources != trust_.sources_read:
        read = say("trust.some_read", n=trust_.sources, read=figures.count(trust_.sources_read))
    stopped = say("trust.none_stopped")
    if trust_.stopped:
        stopped = say("trust.stopped", kpis=figures.listed([titles[kpi] for kpi in trust_.stopped], 4))
    said = (
        *period_sentences(pack),
        read,
        _rows(trust_),
        say("trust.since", day=figures.day(pack.header.counted_from)) if pack.header.counted_from else "",
        say("trust.rules_failed", n=trust_.failed_rules) if trust_.failed_rules else say("trust.no_rule_failed"),
        say("trust.waiting", n=trust_.quarantine_open) if trust_.quarantine_open else "",
        say("trust.would_change", n=trust_.candidates) if trust_.candidates else "",
        _provisional(trust_.provisional, titles),
        say("trust.restated", kpis=figures.listed([titles[kpi] for kpi in trust_.restated], 4))
        if trust_.restated
        else "",
        stopped,
        say("trust.unfit", kpis=figures.listed([titles[kpi] for kpi in trust_.unfit], 4)) if trust_.unfit else "",
    )
    return tuple(sentence for sentence in said if sentence)


def _rows(found: Trust) -> str:
    """Return how the rows that came in add up."""
    whole = found.rows_in + found.refreshed
    left = say("count.duplicate", n=found.duplicates)
    if found.deleted_at_source:
        over = found.deleted_with_parent
        left = say(
            "trust.rows_deleted_with" if over else "trust.rows_deleted",
            said=left,
            deleted=figures.count(found.deleted_at_source),
            **({"over": figures.count(over)} if over else {}),
        )
    rows = say(
        "trust.rows_held" if found.held else "trust.rows",
        n=whole,
        conformed=figures.count(found.conformed),
        duplicates=left,
        quarantined=figures.count(found.quarantined),
        share=figures.share(found.quarantined, whole),
        **({"held": figures.count(found.held)} if found.held else {}),
    )
    return say("trust.accounted" if found.reconciles else "trust.lost", said=rows)


def period_sentences(pack: PackModel) -> tuple[str, ...]:
    """Return what to know of the period itself: that it is not over, or that the record does not reach back to it."""
    head, found = pack.header, []
    name = figures.period(head.period, "for")
    if running(head):
        found.append(say("trust.period_running", day=figures.day(head.period_end)))
    if not pack.objectives:
        found.append(say("trust.nothing_measured", for_period=name))
    elif pack.unmeasured:
        found.append(say("trust.not_measured", for_period=name, kpis=figures.listed(pack.unmeasured, 4)))
    return tuple(found)


def running(head: Header) -> bool:
    """Tell whether the data was read before the period was over, on the organisation's clock."""
    return not head.period_over


def _provisional(kpis: Sequence[str], titles: dict[str, str]) -> str:
    if not kpis:
        return say("trust.none_provisional")
    return say("trust.provisional", n=len(kpis), kpis=figures.listed([titles[kpi] for kpi in kpis], 3))


def _readers(facts: Facts, objectives: Sequence[Objective]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Map each stopped feed to those of these KPIs that read its table, or a table that is made of it."""
    found = {}
    for feed in (feed for source in facts.quality for feed in source.feeds):
        if feed.status in ("stopped", "broken", "failed"):
            hit = {feed.table, *(table for table, inputs in facts.made_of.items() if feed.table in inputs)}
            readers = tuple(objective.title for objective in objectives if hit.intersection(objective.reads))
            found[feed.source, feed.table] = readers
    return found
