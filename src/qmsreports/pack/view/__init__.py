"""The model as it is shown: every number as text, every state with word and tone, for print and web alike.

The templates place and style; they neither compute nor round nor compose a sentence.
"""

from __future__ import annotations

from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import noun
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import annexes, board, front, meeting, records, words

__all__ = ["show"]


def show(pack: PackModel) -> dict[str, Any]:
    """Return the whole pack as plain data for the templates."""
    tables, standards = words.tables(pack), words.standards(pack)
    return {
        "header": front.header(pack.header),
        "front": front.front(pack),
        "scoreboard": [
            {
                "number": section.number,
                "title": section.title,
                "anchor": section.anchor,
                "rows": [board.row(pack.objective(kpi)) for kpi in section.kpis],
            }
            for section in pack.sections
            if section.kpis
        ],
        "sections": [records.section(section, pack) for section in pack.sections],
        "ledgers": records.ledgers(pack),
        "quality": records.quality(pack),
        "definition_changes": records.definition_changes(pack),
        "restatements": records.restatements(pack),
        "form": [{"clause": words.clause(kind.clause, standards), "label": kind.label} for kind in pack.form],
        "minutes": meeting.minutes(pack),
        "invited": meeting.invited(pack),
        "proposals": meeting.proposals(pack),
        "definitions": records.definitions(pack),
        "sql": records.sql(pack),
        "tables": [
            {
                "table": tables.get(item.table, item.table.replace("_", " ")),
                "version": str(item.version),
                "kpis": str(item.kpis),
            }
            for item in pack.tables
        ],
        "agenda": annexes.agenda(pack),
        "annexes": annexes.annexes(pack),
        "shown_column": _shown(pack),
        "period_column": figures.short_period(pack.header.period),
    }


def _shown(pack: PackModel) -> str:
    """Return how far back the charts reach: ``24 months``, or as many as there are."""
    what, most = noun(pack.header.period), pack.header.shown
    most = min(most, max((len(one.points) for one in pack.objectives), default=most))
    return say(f"count.{what}", n=most)
