"""Page one as it is shown: decisions, changes, earlier actions, counts, trust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.assemble import running, trust_sentences
from qmsreports.pack.finding import noun
from qmsreports.pack.model import Action, Decided, Decision, Header, PackModel
from qmsreports.pack.view import words

_TONE = {"done": "good", "done_late": "plain", "on_track": "plain", "dropped": "mute", "overdue": "bad"}


def header(head: Header) -> dict[str, Any]:
    """Return the lines of the masthead and of every page's head and foot."""
    state = say(f"state.{head.status}") if head.status in ("draft", "preview") else say("state.superseded")
    if head.status == "approved":
        on = figures.day(head.approved_on)
        state = say("state.approved", by=head.approved_by)
        if head.approved_on:
            state = say("state.approved_on", by=head.approved_by, day=on)
    read = figures.instant(head.data_read_at, head.time_zone)
    data = say("header.period_running", read=read)
    if not running(head):
        data = say("header.data_to", day=figures.day(head.period_end), read=read)
    days = ""
    if noun(head.period) != "month":  # "third quarter" and FY2027 say less of when than a month's name
        days = say("header.days", first=figures.day(head.period_start), last=figures.day(head.period_end))
    return {
        "organisation": head.organisation,
        "scope": head.scope,
        "title": head.title,
        "period": _as_title(figures.period(head.period)),
        "document": ", ".join((head.title, figures.period(head.period))),
        "last_period": figures.period(head.last_period) if head.last_period else "",
        "since_last": figures.period(head.last_period, "since") if head.last_period else "",
        "state": state,
        "approved": head.status == "approved",
        "edition": say("header.edition", number=head.edition) if head.edition else say("header.preview"),
        "predecessor": say("header.replaces", predecessor=head.predecessor) if head.predecessor else "",
        "classification": head.classification,
        "data": data,
        "days": days,
        "standards": [name.title for name in head.standards],
        "unverified": [name.title for name in head.standards if name.unverified],
        "rules": head.rules.replace("_", " "),
        "language": head.language,
        "pack": head.name,
        "code_version": head.code_version,
    }


def _as_title(period: str) -> str:
    """Return a period as it stands beside a title: ``Third quarter 2026``; small where months are, ``mai 2026``."""
    return period[:1].upper() + period[1:] if spoken().months[0][:1].isupper() else period


_FIRST = 5  # decisions on single objectives on page one


def in_order(pack: PackModel) -> tuple[list[Decision], list[Decision]]:
    """Return the decisions of page one and the others, in the order by which every form numbers them.

    On page one stand five on single objectives, then those that collect (overdue actions, missing inputs, failed
    feeds), which would be lost behind many objectives. The others follow under a heading of their own.
    """
    single = [item for item in pack.decisions if item.kpi]
    return [*single[:_FIRST], *(item for item in pack.decisions if not item.kpi)], single[_FIRST:]


def decisions(pack: PackModel) -> list[dict[str, Any]]:
    """Return the decisions with the numbers that every form gives them; ``first`` are those of page one."""
    names = words.standards(pack)
    first, later = in_order(pack)
    return [
        {
            "number": number,
            "kind": words.decision_kind(item.kind),
            "code": item.kind,
            "title": item.title,
            "evidence": item.evidence,
            "asks": item.asks,
            "clauses": words.clauses(item.clauses, names),
            "link": item.link,
            "own": bool(item.kpi),
            "first": number <= len(first),
        }
        for number, item in enumerate([*first, *later], start=1)
    ]


def changes(pack: PackModel) -> list[dict[str, str]]:
    """Return the changes since the last review."""
    return [{"kind": words.change_kind(item.kind), "text": item.text, "link": item.link} for item in pack.changes]


def no_change(pack: PackModel) -> str:
    """Return what stands where there is no change to tell."""
    if not pack.header.last_period:
        known = bool(pack.actions or pack.older_actions)  # the register tells of reviews that nobody recorded here
        return say("changes.first_held" if known else "changes.first_review")
    return say("changes.none")


def actions(pack: PackModel) -> list[dict[str, Any]]:
    """Return the earlier actions, what is owed first, then what is open, then what is done.

    An action that the last review decided says by which decision, where that has words of its own.
    """
    said = {
        item.action.action: say("part.finding", part=item.number, finding=item.text)
        for item in pack.decided
        if item.action and item.action.title != item.text
    }
    return [
        {**_action(item), "decision": said[item.action]} if item.action in said else _action(item)
        for item in _ordered(pack.actions)
    ]


def _ordered(items: Sequence[Action]) -> list[Action]:
    rank = {"overdue": 0, "on_track": 1, "done_late": 2, "done": 3, "dropped": 4}
    return sorted(items, key=lambda item: (rank.get(item.state, 1), -item.overdue_days, item.action))


def decided(pack: PackModel) -> list[dict[str, Any]]:
    """Return what was decided last time with the state of its actions, then the other actions of earlier reviews.

    Where the last review is on record its decisions stand first, in its own words; where only the register workbook
    tells of it, the actions that it decided.
    """
    first = [_decided(item) for item in pack.decided]
    told = {item.action.action for item in pack.decided if item.action}
    others = [item for item in _ordered(pack.actions) if item.action not in told]
    if not first:
        others.sort(key=lambda item: item.review != pack.header.last_period)
    return [*first, *map(_action, others)]


def _decided(item: Decided) -> dict[str, Any]:
    if item.action is None:
        mute = {"word": figures.NONE, "tone": "mute", "chip": False}
        return {"action": item.number, "title": item.text, "owner": "", "due": figures.NONE, "state": mute}
    return {**_action(item.action), "action": f"{item.number}, {item.action.action}", "title": item.text}


def _action(item: Action) -> dict[str, Any]:
    word, tone = say(f"action.{item.state}"), _TONE.get(item.state, "plain")
    if item.state == "overdue":
        word = say("action.overdue_by", days=say("count.day", n=item.overdue_days))
    return {
        "action": item.action,
        "title": item.title,
        "owner": figures.role(item.owner),
        "review": figures.short_period(item.review) if item.review else "",
        "decided": figures.day(item.decided_on),
        "original_due": figures.day(item.original_due),
        "due": figures.day(item.due),
        "moved": _moved(item),
        "done": figures.day(item.done_on),
        "state": {"word": word, "tone": tone, "chip": True},
        "decision": "",
        "progress": item.progress,
        "evidence": item.evidence,
        "effect": item.effect,
    }


def _moved(item: Action) -> str:
    """Return by how much a due date was moved, and how often where that was more than once."""
    if item.moved_days <= 0:
        return ""
    days = say("count.day", n=item.moved_days)
    if item.moved_times > 1:
        return say("action.moved_times", times=figures.count(item.moved_times), days=days)
    return say("action.moved_by", days=days)


def actions_summary(pack: PackModel) -> str:
    """Return how many earlier actions are done, open and overdue."""
    older = say("actions.older", n=pack.older_actions) if pack.older_actions else ""
    if not pack.actions:
        return " ".join((say("actions.none_open"), older)) if older else say("actions.none_recorded")
    states = [item.state for item in pack.actions]
    dropped = states.count("dropped")
    counts = say(
        "actions.counts",
        n=len(states),
        done=figures.count(states.count("done") + states.count("done_late")),
        on_track=figures.count(states.count("on_track")),
        overdue=figures.count(states.count("overdue")),
    )
    moved = sum(item.moved_days > 0 for item in pack.actions)
    text = say("actions.counts_dropped", n=dropped, counts=counts) if dropped else counts
    on = say("decision.overdue.on", day=figures.day(pack.header.judged_on))
    return " ".join(part for part in (say("actions.moved", n=moved, counts=text), on, older) if part)


def objectives_summary(pack: PackModel) -> str:
    """Return how many objectives are met, as a sentence for the input that asks exactly this."""
    if not pack.objectives:
        return say("objectives.none")
    counts = [" ".join((str(item["count"]), item["label"])) for item in tiles(pack)]
    return say("objectives.counts", n=len(pack.objectives), counts=", ".join(counts))


def tiles(pack: PackModel) -> list[dict[str, Any]]:
    """Return the counts on page one; what is nought and needs no mention is left out."""
    seen = pack.glance
    counts = [
        (seen.met, "met", "good", True),
        (seen.near, "near", "plain", True),
        (seen.missed, "missed", "bad" if seen.missed else "plain", True),
        (seen.accepted, "accepted", "plain", False),
        (seen.provisional, "provisional", "plain", False),
        (seen.not_valid, "not_valid", "solid", False),
        (seen.not_reached, "not_reached", "plain", False),
        (seen.no_data, "no_data", "mute", False),
        (seen.no_target, "no_target", "mute", False),
    ]
    return [
        {"count": count, "label": say(f"tile.{name}", n=count), "tone": tone}
        for count, name, tone, keep in counts
        if count or keep
    ]


def verdicts(pack: PackModel) -> list[dict[str, Any]]:
    """Return the answers of the statistics, counted."""
    seen = pack.glance
    return [
        {
            "count": count,
            "label": say(f"verdict.{name}", n=count),
            "tone": tone if count else "plain",
        }
        for count, name, tone in (
            (seen.concerns, "concern", "bad"),
            (seen.improvements, "improving", "good"),
            *(((seen.changed, "changed", "plain"),) if seen.changed else ()),
            (seen.cannot_meet, "cannot_meet", "bad"),
        )
    ]


def chance(pack: PackModel) -> str:
    """Return how many signals chance alone would give, so that one signal is not taken for more than it is."""
    seen = pack.glance
    if not seen.objectives:
        return say("chance.none")
    if not seen.tested:
        return say("chance.untested", objectives=say("count.objective", n=seen.objectives))
    found = seen.concerns + seen.improvements + seen.changed
    return say(
        "chance.signals",
        objectives=say("count.objective", n=seen.objectives),
        tested=figures.count(seen.tested),
        n=found,
        expected=figures.plain_number(f"{seen.expected_false_signals:g}"),
    )


def front(pack: PackModel) -> dict[str, Any]:
    """Return everything on page one."""
    findings = {objective.kpi: objective for objective in pack.objectives}
    return {
        "decisions": decisions(pack),
        "no_decision": say("decisions.none"),
        "changes": changes(pack),
        "no_change": no_change(pack),
        "decided": decided(pack),
        "actions": actions(pack),
        "actions_summary": actions_summary(pack),
        "tiles": tiles(pack),
        "verdicts": verdicts(pack),
        "chance": chance(pack),
        "highlights": [
            {
                "title": findings[kpi].title,
                "finding": findings[kpi].finding,
                "chart": f"half-{kpi}",
                "low_chart": f"low-{kpi}",
                "link": f"kpi-{kpi}",
            }
            for kpi in pack.highlights
        ],
        "trust": list(trust_sentences(pack)),
        "trusted": pack.trust.reconciles and not pack.trust.stopped,
    }
