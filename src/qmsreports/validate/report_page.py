"""The data-quality report on screen: one HTML file that asks nothing of the network.

Every text is escaped by Jinja2, because rows come from people; the small drawings are made of numbers alone. Colour
never says anything that a shape does not say as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.validate.report_facts import STOPPED, Quality, RuleHistory, Run, TableQuality

if TYPE_CHECKING:
    from markupsafe import Markup

FOLDER = "quality"
_TEMPLATE, _STYLE = "quality.html.j2", "quality.css"
_SAID = {"stop": "stops the table", "quarantine": "keeps the row out", "keep": "counts the row"}


def render_quality(quality: Quality, *, templates: Path) -> str:
    """Return the page; the same facts give the same text. :class:`CouldNotRun` where a template is missing or wrong."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
    from markupsafe import Markup

    folder = templates / FOLDER
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}".replace(",", "\u202f")
    try:
        style = Markup((folder / _STYLE).read_text(encoding="utf-8").replace("<", ""))
        template = environment.get_template(_TEMPLATE)
        return template.render(
            quality=quality,
            style=style,
            stopped=[table for table in quality.tables if table.status in STOPPED],
            failed=_worst(quality),
            open_rows=sum(table.waits for table in quality.tables),
            ages=tuple(sum(table.ages[at] for table in quality.tables) for at in range(3)),
            oldest=min((row.since for table in quality.tables for row in table.waiting), default=None),
            volume=volume,
            history=history,
            age=lambda day: _age(day, quality.at.date()),
            does=_SAID,
            tone=_tone,
        )
    except OSError as error:
        raise CouldNotRun(Finding(str(folder), f"cannot be read ({error.strerror})", "restore the folder")) from error
    except TemplateSyntaxError as error:
        raise CouldNotRun(
            Finding(f"{error.filename}:{error.lineno}", str(error.message), "mend the template")
        ) from error
    except TemplateError as error:
        raise CouldNotRun(Finding(str(folder / _TEMPLATE), str(error), "mend the template")) from error


def _worst(quality: Quality) -> list[RuleHistory]:
    """Failing rules of all tables, the gravest first and then those that most rows break."""
    order = {"critical": 0, "warning": 1, "info": 2}
    failing = [rule for table in quality.tables for rule in table.failed]
    failing += [rule for source in quality.sources for feed in source.landed for rule in feed.failed]
    return sorted(failing, key=lambda rule: (order.get(rule.severity, 3), -rule.last.rows_failed, rule.table))


def _tone(table: TableQuality) -> str:
    if table.status in STOPPED or not table.reconciles:
        return "bad"
    return "warn" if any(rule.severity != "info" for rule in table.failed) else "good"


def _age(day: date | None, today: date) -> str:
    if day is None:
        return ""
    days = max((today - day).days, 0)
    return "today" if days == 0 else "1 day old" if days == 1 else f"{days} days old"


def volume(weekly: Sequence[int]) -> Markup:
    """Draw rows by week as bars, the last one marked; ``<svg>`` of 130 by 26 units, nothing for no rows.

    The last week of 5, 10, 0 is a bar without height: a lost week is a gap, not a guess.
    """
    from markupsafe import Markup

    if not any(weekly):
        return Markup("")
    top, step = max(weekly), 130 / len(weekly)
    bars = Markup("").join(
        Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            "now" if place == len(weekly) - 1 else "week",
            place * step,
            26 - 25 * count / top,
            step - 1,
            25 * count / top,
        )
        for place, count in enumerate(weekly)
    )
    said = f"{weekly[-1]:,} rows in the last week, {top:,} at most in {len(weekly)} weeks"
    return Markup(
        '<svg class="bars" viewBox="0 0 130 27" role="img" aria-label="{0}"><title>{0}</title>'
        '<path class="ground" d="M0 26.5H130"/>{1}</svg>'
    ).format(said, bars)


def history(runs: Sequence[Run]) -> Markup:
    """Draw a rule's outcomes, oldest first: a short tick where it held, a bar where not, a cross where it
    broke, a dash where there was nothing to check it against.
    """
    from markupsafe import Markup

    marks = Markup("").join(_mark(run, 3 + 7 * place) for place, run in enumerate(runs))
    held = sum(run.success and not run.unjudged for run in runs)
    width = 7 * len(runs)
    return Markup(
        '<svg class="runs" width="{2}" viewBox="0 0 {2} 16" role="img" aria-label="{0}"><title>{0}</title>{1}</svg>'
    ).format(f"held in {held} of {len(runs)} runs", marks, width)


def _said(run: Run) -> str:
    if run.unjudged or run.broken:
        return "not checked" if run.unjudged else "could not be checked"
    return "held" if run.success else f"{run.rows_failed:,} rows"


def _mark(run: Run, x: int) -> Markup:
    from markupsafe import Markup

    said = f"{run.at:%Y-%m-%d}: {_said(run)}"
    if run.unjudged:
        drawn = Markup('<path class="held" d="M{} 13h3"/>').format(x - 1)
    elif run.broken:
        drawn = Markup('<path class="broke" d="M{} 5l5 6m0 -6l-5 6"/>').format(x - 3)
    elif run.success:
        drawn = Markup('<path class="held" d="M{} 11v4"/>').format(x)
    else:
        drawn = Markup('<path class="failed" d="M{} 1v14"/>').format(x)
    return Markup("<g><title>{}</title>{}</g>").format(said, drawn)
