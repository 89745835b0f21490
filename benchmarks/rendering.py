"""The demo company's pack: print with charts, and page, each in a new process with all its imports."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import timing
from benchmarks.table import Row
from benchmarks.workspace import environment

if TYPE_CHECKING:
    from qmsreports.pack.model import PackModel

REVIEW, PERIOD = "monthly", "2026-10"
FORMS = ("pdf", "html", "pdf-sixty", "html-sixty", "pdf-comment", "html-comment", "pdf-watched", "html-watched")


def run(var: Path, *, runs: int) -> list[Row]:
    """Measure both forms by turns on a workspace that has its results."""
    env = environment(var)
    sides = [lambda form=form: timing.child(__name__, form, env=env) for form in FORMS]
    timing.child(__name__, "html-before", env=env)  # the edition before: its charts and fonts are found
    pdf, html, sixty, page_of_sixty, comment, page_of_comment, watched, page_watched = timing.by_turns(runs, *sides)
    size = pdf[0].said
    note = f"{size['charts']} charts, {size['pages']} pages, {size['bytes'] / 1e6:.1f} MB"
    page = f"charts drawn once more, {html[0].said['bytes'] / 1e6:.1f} MB"
    return [
        Row("PDF of the demo pack, wall", [cost.wall for cost in pdf], "s", aim=5, note=note),
        Row("PDF of the demo pack, CPU", [cost.cpu for cost in pdf], "s", note=_parts(pdf[0])),
        Row("HTML of the demo pack, wall", [cost.wall for cost in html], "s", note=page),
        Row("HTML of the demo pack, CPU", [cost.cpu for cost in html], "s", note=_parts(html[0])),
        Row("pack, peak memory", [cost.peak for cost in pdf], "MB"),
        Row("PDF of 60 KPIs, CPU", [cost.cpu for cost in sixty], "s", aim=8, note=_made(sixty[0])),
        Row("HTML of 60 KPIs, CPU", [cost.cpu for cost in page_of_sixty], "s", aim=4, note=_made(page_of_sixty[0])),
        _again("PDF of 60 KPIs after one changed comment, watched, CPU", watched, sixty, 0.8),
        _again("HTML of 60 KPIs after one changed comment, watched, CPU", page_watched, page_of_sixty, 0.4),
        _again("PDF of 60 KPIs after one changed comment, new process, CPU", comment, sixty, 0.8),
        _again("HTML of 60 KPIs after one changed comment, new process, CPU", page_of_comment, page_of_sixty, 0.4),
    ]


def _again(what: str, again: Sequence[timing.Cost], first: Sequence[timing.Cost], aim: float) -> Row:
    """Beside the whole: what is left when charts and fonts were made for the edition before.

    The aim is a tenth of what the whole may take (8 s, 4 s), not of what it takes: a faster whole misses no aim.
    """
    return Row(
        what,
        [cost.cpu for cost in again],
        "s",
        reference=[cost.cpu for cost in first],
        aim=aim,
        note=_made(again[0]),
    )


def _made(cost: timing.Cost) -> str:
    size = cost.said
    return f"36 months, {size['charts']} charts, {size['bytes'] / 1e6:.1f} MB, {_parts(cost)}"


def _parts(cost: timing.Cost) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in cost.said["parts"].items())


def _render(form: str) -> dict[str, Any]:
    """Render one form; what it needs of the stores is collected before the clock starts."""
    from qmsreports.pack import seal
    from qmsreports.pack.assemble import as_edition
    from qmsreports.pack.collect import collect
    from qmsreports.pack.drawings import draw
    from qmsreports.pack.kept import Keep, Kept, make_anew
    from qmsreports.pack.press import Press
    from qmsreports.period import Period
    from qmsreports.workspace import Workspace

    at = datetime.now(UTC)  # the pack as it would be built now
    with Workspace() as workspace:
        review = workspace.catalog.reviews[REVIEW]
        collected = collect(
            workspace.register, workspace.lake, workspace.catalog, review, Period.parse(PERIOD), as_of=at
        )
        templates = workspace.settings.templates
    pack = as_edition(collected.pack, 1, "", "")
    form, _, kind = form.partition("-")
    if kind:
        pack = _of_sixty(pack)
    keep: Keep = make_anew
    if kind in ("before", "comment", "watched"):
        keep = Kept(Path(os.environ["QMSREPORTS_VAR"]) / "cache" / "bench", repr(seal.code()))
    parts: dict[str, float] = {}

    def work(pack: PackModel, press: Press | None = None) -> dict[str, Any]:
        import time

        from qmsreports.pack.attachments import attachments
        from qmsreports.pack.paper import render_pdf
        from qmsreports.pack.view import show
        from qmsreports.pack.web import render_html

        cpu = time.process_time()
        charts = draw(pack, keep=keep)
        parts["charts"] = time.process_time() - cpu
        view = show(pack)
        cpu = time.process_time()
        if form == "pdf":
            beside = attachments(pack, keep)
            stamp = pack.header.data_read_at
            done = render_pdf(view, charts, templates=templates, attachments=beside, stamp=stamp, press=press)
        else:
            done = render_html(view, charts, templates=templates, keep=keep).encode()
        parts["setting" if form == "pdf" else "page"] = time.process_time() - cpu
        return {"bytes": len(done), "charts": len(charts), "made": done}

    if kind == "watched":
        with Press() as press:
            work(pack, press)
            said = timing.cost_of(lambda: work(_with_comment(pack), press))
    else:
        said = timing.cost_of(lambda: work(_with_comment(pack) if kind == "comment" else pack))
    made = said.pop("made")
    said["pages"] = _pages(made) if form == "pdf" else 0
    return {**said, "parts": parts}


def _of_sixty(pack: PackModel) -> PackModel:
    """Return the pack with 60 of its objectives, each with a chart of 36 months, a sparkline and its parts."""
    kept = pack.objectives[:60]
    names = {one.kpi for one in kept}

    def of(kpis: Sequence[str]) -> tuple[str, ...]:
        return tuple(kpi for kpi in kpis if kpi in names)

    sections = (one.model_copy(update={"kpis": of(one.kpis), "also": of(one.also)}) for one in pack.sections)
    changed = {
        "header": pack.header.model_copy(update={"shown": 36}),
        "objectives": tuple(one.model_copy(update={"drivers": of(one.drivers)}) for one in kept),
        "sections": tuple(sections),
        "highlights": of(pack.highlights),
        "trust": pack.trust.model_copy(
            update={name: of(getattr(pack.trust, name)) for name in ("provisional", "stopped", "restated")}
        ),
        "customers": None,
        "annexes": (),
    }
    return pack.model_copy(update=changed)


def _with_comment(pack: PackModel) -> PackModel:
    from qmsreports.pack.objective import Comment

    first, *others = pack.objectives
    said = Comment(author="E. Novak", on=pack.header.data_read_at.date(), cause="The carrier changed its hub.")
    return pack.model_copy(update={"objectives": (first.model_copy(update={"comment": said}), *others)})


def _pages(pdf: bytes) -> int:
    import io

    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(pdf)).pages)


def main() -> None:
    """Render one form and print its cost as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=(*FORMS, "html-before"))
    os.environ.setdefault("MPLCONFIGDIR", str(Path(os.environ["QMSREPORTS_VAR"]) / "matplotlib"))
    json.dump(_render(parser.parse_args().form), sys.stdout)


if __name__ == "__main__":
    main()
