"""What is read for a pack depends on when: before the period is over, since the last review, with a table gone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pack_workspace import ACTIONS, BUILT, MEASURED, Workspace, filled

from qmsreports.analysis import analyse_series
from qmsreports.pack.collect import collect
from qmsreports.pack.view import front
from qmsreports.period import Period
from qmsreports.records import BuiltPack
from qmsreports.register import packs, reviews
from qmsreports.register.results import store_analysis
from tests.unit.pack.test_pack_collect import read


def test_a_period_that_was_not_over_is_shown_and_not_judged(tmp_path: Path) -> None:
    """October stands 30 points above all others, read on the 20th: it has a value, and no limit, signal or verdict."""
    early = datetime(2026, 10, 20, 6, tzinfo=UTC)
    made = Workspace.at(tmp_path)
    made.feed("crm", "order_lines", 9, at=early)
    made.series("otif", [*(58.0 + (index % 3) for index in range(23)), 90.0], target=95.0, at=early)
    pack = read(made, early + timedelta(hours=1))
    seen = pack.objective("otif")
    assert (seen.latest.value, seen.latest.unfinished, seen.latest.status) == (90.0, True, "provisional")
    assert (seen.latest.mean, seen.latest.signal) == (None, "none")
    assert (seen.variation, seen.assurance, seen.exception) == ("common_cause", "none", ())
    assert not seen.points[-2].unfinished
    assert (pack.header.period_over, pack.changes) == (False, ())
    assert [item.kind for item in pack.decisions] == ["missing_input"]
    # measured again when it was over, with nothing new: the sources had been asked
    made.series("otif", [*(58.0 + (index % 3) for index in range(23)), 90.0], target=95.0, at=MEASURED)
    later = read(made)
    assert (later.header.period_over, later.objective("otif").latest.unfinished) == (True, False)
    assert later.objective("otif").latest.signal == "above_limit"


def test_the_last_review_is_one_that_took_place(tmp_path: Path) -> None:
    """A draft of September is no review; one that was held in August is, and an approval of September overtakes it."""
    made = filled(tmp_path)

    def minutes(count: int) -> datetime:
        return MEASURED + timedelta(minutes=count)

    def drafted(period: str, at: datetime) -> None:
        draft = BuiltPack("monthly", Period.parse(period), 1, "draft", tmp_path / period, (), "inputs")
        with made.register.write() as session:
            packs.record_pack(session, draft, run_id="r0", at=at)

    drafted("2026-09", minutes(1))
    first = read(made, minutes(2))
    assert (first.header.last_period, first.header.last_start, first.changes) == ("", None, ())
    assert front.no_change(first) == (  # and yet there are actions: the workbook tells of reviews before these
        "No earlier review was held, closed or approved here, so no values are compared yet; "
        "actions of earlier reviews come from the register."
    )
    none = first.model_copy(update={"actions": (), "older_actions": 0})
    assert front.no_change(none) == "No earlier review is on record here: there is nothing to compare with yet."
    with made.register.write() as session:
        held = {"day": date(2026, 9, 10), "detail": {}, "who": "E. Novak", "at": minutes(3)}
        reviews.step(session, "monthly", "2026-08", "held", **held)
    assert read(made, minutes(4)).header.last_period == "2026-08"
    assert read(made, minutes(2)).header.last_period == ""  # as it was known then
    with made.register.write() as session:
        (row,) = packs.editions(session, "monthly", "2026-09")
        packs.approve_pack(session, row, by="M. Huber", at=minutes(5))
    assert read(made, minutes(6)).header.last_period == "2026-09"
    assert read(made, minutes(6)).header.counted_from == minutes(1).date()
    assert (read(made, minutes(4)).header.counted_from, first.header.counted_from) == (None, None)  # no pack of August
    assert read(made, minutes(4)).header.last_period == "2026-08"


def test_a_table_that_is_gone_from_the_lake_is_a_failed_feed(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.feed("crm", "audits", 3, lake_version=made.lake.versions(["audits"])["audits"], at=BUILT)
    made.feed("crm", "risks", 3, lake_version=2, at=BUILT)  # of which the lake has nothing
    pack = read(made, BUILT + timedelta(hours=1))
    (item,) = [one for one in pack.decisions if one.kind == "failed_feed"]
    assert "Risks and opportunities: the table is gone, but version 2 was published on" in item.evidence
    assert {feed.table for source in pack.quality for feed in source.feeds if feed.status == "failed"} == {"risks"}
    assert pack.trust.sources_read < pack.trust.sources


def test_a_run_that_is_complete_now_is_news_though_its_points_are_older(tmp_path: Path) -> None:
    """Six points over the mean were no signal for September's review; October is the seventh, and marks them all."""
    made = filled(tmp_path)
    values = [*(58.0 + (index % 3) for index in range(17)), *([61.0] * 7)]
    made.series("otif", values, target=50.0, at=MEASURED + timedelta(minutes=1))
    with made.register.write() as session:
        last = BuiltPack("monthly", Period.parse("2026-09"), 1, "draft", tmp_path, (), "inputs")
        at = MEASURED + timedelta(minutes=2)
        packs.approve_pack(session, packs.record_pack(session, last, run_id="r0", at=at), by="M. Huber", at=at)
        months = [period.start for period in Period.parse("2026-10").back(24)]
        then = analyse_series(list(zip(months, values, strict=True))[:-1], better="higher", target=50.0)
        assert then.variation == "common_cause"
        told = {"kpi": "otif", "period": "2026-09", "slice_key": "", "inputs": "then", "json": then.to_json()}
        store_analysis(session, run_id="r0", at=MEASURED, **told)
    pack = read(made)
    assert {point.period: point.signal for point in pack.objective("otif").points}["2026-09"] == "run_high"
    assert [change.text.replace("\u00a0", " ") for change in pack.changes if change.kind == "signal_new"] == [
        "On time and in full: better, 7 months in a row above its mean."
    ]


def test_nothing_is_overdue_before_its_day(tmp_path: Path) -> None:
    """November, read on the 3rd: what was due on 11 October is 23 days over, what is due on the 10th is on track."""
    made = filled(tmp_path)
    due = date(2026, 11, 10)
    soon = {"action_id": "A-4", "title": "Due soon", "original_due_on": due, "due_on": due}
    made.rows("review_actions", [*ACTIONS, ACTIONS[0] | soon])
    review = made.catalog.reviews["monthly"]
    november = Period.parse("2026-11")
    pack = collect(made.register, made.lake, made.catalog, review, november, as_of=BUILT + timedelta(days=2)).pack
    assert {item.action: (item.state, item.overdue_days) for item in pack.actions} == {
        "A-1": ("on_track", 0),
        "A-2": ("overdue", 23),
        "A-4": ("on_track", 0),
    }
    (said,) = [item for item in pack.decisions if item.kind == "overdue"]
    assert said.evidence.replace("\u00a0", " ").startswith("A-2 Open and late (c d, 23 days). As of 3 Nov 2026.")
    october = read(made)
    (said,) = [item for item in october.decisions if item.kind == "overdue"]
    assert said.evidence.replace("\u00a0", " ").startswith("A-2 Open and late (c d, 20 days). As of 31 Oct 2026.")
    assert " As of 31 Oct 2026." in front.actions_summary(october).replace("\u00a0", " ")


def test_an_accepted_miss_says_until_when_and_why(tmp_path: Path) -> None:
    """The shipped target of the demo accepts 70 % in July and August 2026."""
    made = filled(tmp_path)
    status = {"status": "accepted_deviation", "provisional": False}
    made.series("resolved_within_target", [90.0] * 20 + [71.0, 71.0, 90.0, 90.0], target=90.0, **status)
    review = made.catalog.reviews["monthly"]
    told = {}
    for period in ("2026-08", "2026-09"):
        pack = collect(made.register, made.lake, made.catalog, review, Period.parse(period), as_of=BUILT).pack
        told[period] = [
            text.replace("\u00a0", " ")
            for text in pack.objective("resolved_within_target").reservations
            if text.startswith("Accepted")
        ]
    assert told["2026-08"] == [
        "Accepted until 31 Aug 2026: Two of four people left the support desk on 3 July; their replacements start in "
        "September (A-153)."
    ]
    assert told["2026-09"] == []  # no deviation covers it
