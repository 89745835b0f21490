"""From KPI values to a pack that somebody answers for: build, approve, deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.period import Period
from qmsreports.records import PackFile, Tell, silent
from qmsreports.settings import Settings
from qmsreports.stages.analyse import analyse
from qmsreports.stages.audit import heads_of
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.review import Review
    from qmsreports.register.models import Pack


@dataclass(frozen=True, slots=True)
class PackReport:
    """A pack in the register; ``as_dict`` keeps the contract of ``pack build --json``."""

    pack_id: int
    pack: str
    period: str
    edition: int
    status: str
    folder: str
    files: tuple[PackFile, ...]
    headline: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON and XCom."""
        return asdict(self)


def review_names(settings: Settings | None = None) -> list[str]:
    """Names of the declared reviews, from the file names alone."""
    return sorted(path.stem for path in ((settings or Settings()).catalog / "reviews").glob("*.yaml"))


def check_review(name: str, period: str = "", *, settings: Settings | None = None) -> None:
    """Raise :class:`UserError` for a review that is not declared, or of which ``period`` is none (both exit 2), before
    anything is computed or recorded for it.
    """
    with Workspace(settings) as workspace:
        declared = known_review(workspace, name)
        if period:
            review_period(workspace, declared, period)


def build_pack(
    review: str,
    period: str,
    *,
    run_id: str,
    at: datetime,
    also: Sequence[str] = (),
    tell: Tell = silent,
    settings: Settings | None = None,
) -> PackReport:
    """Write the draft pack of a review for a period; with the inputs of an existing edition, return that one.

    Series that were not analysed up to this period, or not as they are now, are analysed first: the values of a month
    may be on record because a later one was measured. ``also`` are forms besides those the review asks for: ``pptx``.

    The files are written whole, beside, and moved into place before the register knows the edition: a kill leaves
    either no pack or a complete one that the next run takes up.
    """
    from qmsreports import pack as packing
    from qmsreports.pack.store import placed
    from qmsreports.register import packs

    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        reported = review_period(workspace, declared, period)
        refuse_unmeasured(workspace, review, reported)
    tell("pack: analyse", 0)
    analyse(period, run_id=run_id, at=at, settings=settings)
    with Workspace(settings) as workspace:
        built = packing.build(
            workspace.register,
            workspace.lake,
            workspace.catalog,
            declared,
            reported,
            templates=workspace.settings.templates,
            out=workspace.packs,
            as_of=at,
            also=also,
            tell=tell,
            kept=(workspace.settings.var / "cache" / "packs").absolute(),
        )
        with workspace.register.write() as session:
            known = next((row for row in packs.editions(session, review, period) if row.edition == built.edition), None)
            folder = placed(built.folder, workspace.packs)
            row = known or packs.record_pack(session, built, run_id=run_id, at=at, folder=folder)
            return pack_report(row, workspace.packs)


def refuse_unmeasured(workspace: Workspace, review: str, period: Period) -> None:
    """Raise :class:`UserError` where there are KPIs and nobody has measured the period: a pack of it would say of every
    objective and input that there is none. One that was measured and has nothing is built, and says so.
    """
    from qmsreports.register.results import is_measured

    with workspace.register.read() as session:
        if not workspace.catalog.kpis or is_measured(session, period):
            return
    what = f"nothing has been measured for {period}: its pack would have no value"
    todo = f"run: qmsreports run measure --period {period}, or qmsreports run review {review} --period {period}"
    raise UserError(Finding(f"pack {review} {period}", what, todo))


def pack_summary(period: str, review: str = "", *, settings: Settings | None = None) -> list[str]:
    """Return the paths of the newest PDF and HTML of a period and the three lines that say what they say."""
    from qmsreports.register import packs

    lines: list[str] = []
    with Workspace(settings) as workspace, workspace.register.read() as session:
        for name in [review] if review else sorted(workspace.catalog.reviews):
            editions = packs.editions(session, name, period)
            if not editions:
                continue
            newest = pack_report(editions[-1], workspace.packs)
            wanted = sorted((file.path for file in newest.files if file.path.endswith((".pdf", ".html"))), reverse=True)
            lines += [str(Path(newest.folder) / path) for path in wanted]
            lines += list(newest.headline)
    return lines


def newest_pack(
    review: str, period: str, *, edition: int = 0, approved: bool = False, settings: Settings | None = None
) -> PackReport:
    """Return the newest edition, or the one of this number; with ``approved`` the newest that was approved, where one
    was. :class:`UserError` when there is none.
    """
    with Workspace(settings) as workspace, workspace.register.read() as session:
        known_review(workspace, review)
        return pack_report(_edition(session, review, period, edition, approved=approved), workspace.packs)


def _edition(session: Session, review: str, period: str, edition: int, *, approved: bool = False) -> Pack:
    from qmsreports.register import packs

    known = packs.editions(session, review, period)
    if not known:
        what, todo = f"there is no pack {review} for {period}", f"run: qmsreports pack build {review} --period {period}"
        raise UserError(Finding("", what, todo))
    if not edition:
        wanted = [row for row in known if row.status == "approved"] if approved else []
        return (wanted or known)[-1]
    for row in known:
        if row.edition == edition:
            return row
    what = f"pack {review} {period} has no edition {edition}"
    there = ", ".join(str(row.edition) for row in known)
    raise UserError(Finding("", what, f"there is {there}"), exit_code=ExitCode.USAGE)


def verify_pack(review: str, period: str, *, edition: int = 0, settings: Settings | None = None) -> list[Finding]:
    """Compare every file of an edition, by default the newest, with its seal and rebuild it from its pinned inputs.

    Of an approved edition the approved print is rebuilt, and the draft that was approved must lie there untouched. The
    audit log must still hold what it held when the edition was sealed.
    """
    from qmsreports import pack as packing
    from qmsreports.pack.store import located, touched
    from qmsreports.register import journal, packs

    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        with workspace.register.read() as session:
            row = _edition(session, review, period, edition)
            found = pack_report(row, workspace.packs)
            (_, _, manifest), built_at = packs.files_that_count(row), row.built_at
            draft = touched(located(row.folder, workspace.packs), packs.draft_files(row)) if row.approved_print else []
            log = journal.against(session, heads_of([row.manifest, manifest]))
        again = packing.verify(
            workspace.register,
            workspace.lake,
            workspace.catalog,
            declared,
            kept_period(workspace, declared, period),
            folder=Path(found.folder),
            files=found.files,
            manifest=manifest,
            templates=workspace.settings.templates,
            as_of=built_at,
        )
        return [*draft, *log, *again]


def review_period(workspace: Workspace, review: Review, text: str) -> Period:
    """Return the period of a review; :class:`UserError` (exit 2) for one of another kind."""
    period, of = workspace.catalog.period(text), review.year(workspace.catalog.organisation.fiscal)
    if of is None:
        kind = review.period.replace("_", " ")
        what = f"review {review.review} looks back on a {kind}, and no fiscal year is approved"
        where = workspace.catalog.line_of("organisation", "organisation", "fiscal_year")
        raise UserError(Finding(where, what, "qmsreports catalog apply, then catalog approve organisation"))
    if (period.kind, period.of) != (review.kind, of):
        example = Period.containing(period.last_day, review.kind, of)
        kind = review.period.replace("_", " ")
        raise UserError(
            Finding(
                "", f"review {review.review} looks back on a {kind}, and {text} is none", f"name one, as {example}"
            ),
            exit_code=ExitCode.USAGE,
        )
    return period


def kept_period(workspace: Workspace, review: Review, text: str) -> Period:
    """Return the period of a review that is on record, also where by now it looks back on others, or the fiscal year
    is another one or none; where nothing is on record as :func:`review_period` does.
    """
    from qmsreports.register import packs, reviews

    period = workspace.catalog.recorded(text)
    of = (review.review, str(period))
    with workspace.register.read() as session:
        kept = packs.editions(session, *of) or reviews.life(session, *of).state
    return period if kept else review_period(workspace, review, text)


def due_reviews(month: str, *, settings: Settings | None = None) -> list[dict[str, str]]:
    """Return which reviews a month closes a period of, with that period: in September the quarterly review, too.

    Of months of four weeks two can end in one calendar month: then both are due, the earlier one first.
    """
    with Workspace(settings) as workspace:
        catalog = workspace.catalog
        reported = catalog.period(month)
        found: list[dict[str, str]] = []
        for name, review in sorted(catalog.reviews.items()):
            of = review.year(catalog.organisation.fiscal)
            if of is None:
                continue  # its fiscal year waits for approval
            last, closed = Period.last_closed(reported.end, review.kind, of), []
            while last.end > reported.start:
                closed.append({"review": name, "of": str(last)})
                last = last.shift(-1)
            found += reversed(closed)
        return found


def known_review(workspace: Workspace, name: str) -> Review:
    """Return a declared review; :class:`UserError` (exit 2) with a suggestion for an unknown name."""
    reviews = workspace.catalog.reviews
    if name not in reviews:
        raise UserError(
            Finding("", f'there is no review "{name}"', did_you_mean(name, reviews)), exit_code=ExitCode.USAGE
        )
    return reviews[name]


def pack_report(row: Pack, there: Path) -> PackReport:
    """Return an edition as it counts: the approved print where there is one, else the draft. ``there`` is where the
    workspace has its packs.
    """
    from qmsreports.pack.store import located
    from qmsreports.register import packs

    recorded, files, _ = packs.files_that_count(row)
    folder = str(located(recorded, there))
    return PackReport(
        row.id, row.review, row.period, row.edition, row.status, folder, tuple(files), tuple(row.headline)
    )


def ledger(review: str, period: str, *, at: datetime, settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return the input-coverage ledger of a review: one entry per standard and clause item, as ``review ledger``.

    ``covers`` is the key under which ``review consider`` covers the item. A closed review keeps the ledger it had.
    """
    from qmsreports.pack.collect import collect
    from qmsreports.register import reviews

    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        month = kept_period(workspace, declared, period)
        with workspace.register.read() as session:
            closed = reviews.life(session, review, str(month)).closed
        if closed is not None:
            return list(closed.detail["ledger"])
        model = collect(workspace.register, workspace.lake, workspace.catalog, declared, month, as_of=at).pack
    return [
        {
            "standard": book.standard.standard,
            "edition": book.standard.edition,
            "clause": row.clause,
            "label": row.label,
            "state": row.state,
            "evidence": [what.replace("\N{NO-BREAK SPACE}", " ") for what, _ in row.evidence],
            "considered_by": row.considered_by or None,
            "last_considered": (row.considered_on.isoformat() if row.considered_on else row.last_considered or None),
            "statement": row.statement or None,
            "covers": row.covers,
        }
        for book in model.ledgers
        for row in book.rows
    ]
