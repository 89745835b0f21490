"""A value that somebody restated stays a restated one, whatever replaces its row later, and editions name it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pack_workspace import BUILT, MEASURED, OCTOBER, Workspace, filled

from qmsreports.language import speaking
from qmsreports.pack import seal
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.register.packs import approve_pack, record_pack
from qmsreports.register.restated import reason, reasons, restated

PUBLISHED = [88.0 + (index % 3) for index in range(24)]  # September is 89
RESTATED = [*PUBLISHED[:-2], 93.0, PUBLISHED[-1]]
BY = reason("E. Novak", "two delivery notes were entered late.")
SEPTEMBER = ("otif", "", "2026-09")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def restate(made: Workspace, *, hours: int = 2) -> None:
    """What one row of September says; the fixture writes the others anew as well, with the numbers they had."""
    with made.register.write() as session:
        from qmsreports.register.results import add_result, as_record, latest_results

        (row,) = latest_results(session, kpis=["otif"], periods=["2026-09"])
        fresh = {name: getattr(as_record(row), name) for name in as_record(row).__slots__} | {
            "value": 93.0,
            "numerator": 93.0,
        }
        at = BUILT + timedelta(hours=hours)
        add_result(session, type(as_record(row))(**fresh), run_id="r2", supersedes=row.id, why=BY, at=at)


def seen(made: Workspace, hours: int) -> PackModel:
    review = made.catalog.reviews["monthly"]
    return collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT + timedelta(hours=hours)).pack


def september(pack: PackModel) -> Any:
    return next(point for point in pack.objective("otif").points if point.period == "2026-09")


def test_an_edition_names_what_was_restated_by_whom_and_why(tmp_path: Path) -> None:
    made = filled(tmp_path)
    assert made.build().manifest["restated"] == {}
    restate(made)
    found = made.build(BUILT + timedelta(hours=3))
    mark = {"unit": "percent", "values": [89.0, 93.0], "by": "E. Novak"}
    assert found.manifest["restated"] == {"otif/2026-09": {**mark, "why": "two delivery notes were entered late."}}
    told = "restated: On time and in full in September 2026, 89.0 % → 93.0 %, by E. Novak (two delivery notes were"
    assert plain(found.manifest["reason"]) == f"{told} entered late)"
    assert made.verified(found, BUILT + timedelta(hours=3)) == []
    again = made.build(BUILT + timedelta(hours=4), record=False)
    assert again.edition == found.edition == 2


def test_an_edition_of_before_the_marks_is_not_argued_with() -> None:
    """A manifest without marks does not say that nothing was restated."""
    mark = {"unit": "percent", "values": [89.0, 93.0], "by": "E. Novak", "why": "late notes"}
    after = {"tables": {}, "restated": {"otif/2026-09": mark}}
    assert seal.restatement_words({"tables": {}}, after) == []
    assert len(seal.restatement_words({"restated": {}}, after)) == 1
    assert seal.restatement_words(after, after) == []


def test_a_value_restated_twice_tells_the_number_of_the_edition_before() -> None:
    mark = {"unit": "percent", "by": "E. Novak", "why": "late notes."}
    names = ("otif/2026-09", "otif/site=linz/2026-09", "nps/site=linz/2026-08", "nps/site=lyon/2026-08", "oee/2026-09")
    after = {"restated": {name: {**mark, "values": [89.0, 93.0, 92.0]} for name in names}}
    before = {"restated": {"otif/2026-09": {**mark, "values": [89.0, 93.0]}}}
    titles = {"otif": "On time and in full", "nps/site=linz": "Net promoter score (Linz)"}
    assert [plain(text) for text in seal.restatement_words(before, after, titles)] == [
        "restated: oee in September 2026, 89.0 % → 92.0 %, by E. Novak (late notes)",
        "restated: On time and in full in September 2026, 93.0 % → 92.0 %, by E. Novak (late notes)",
        "restated: Net promoter score (Linz) in August 2026, 89.0 % → 92.0 %, by E. Novak (late notes)",
        "1 more restated value",
    ]  # that of Linz follows from the whole of otif


def test_it_stays_restated_when_a_target_is_approved_later(tmp_path: Path) -> None:
    """The newest row of September then says "target changed", which is why its row is another one, not its number."""
    made = filled(tmp_path)
    with made.register.write() as session:
        from qmsreports.period import Period
        from qmsreports.records import BuiltPack

        last = BuiltPack("monthly", Period.parse("2026-09"), 1, "draft", tmp_path, (), "inputs")
        approve_pack(session, record_pack(session, last, run_id="r0", at=BUILT), by="M. Huber", at=BUILT)
    restate(made)
    assert september(seen(made, 3)).restated
    made.series("otif", RESTATED, target=92.0, at=BUILT + timedelta(hours=4), why="target changed")
    pack = seen(made, 5)
    assert (september(pack).restated, pack.trust.restated) == (True, ("otif",))
    (said,) = [change for change in pack.changes if change.kind == "restated"]
    assert plain(said.text) == (
        "On time and in full, September 2026: 89.0 % → 93.0 % (restatement by E. Novak: two delivery notes were "
        "entered late.)."
    )
    with made.register.read() as session:
        both = reasons(session, [SEPTEMBER], since=BUILT, until=BUILT + timedelta(hours=5))
        later = reasons(session, [SEPTEMBER], since=BUILT + timedelta(hours=3), until=BUILT + timedelta(hours=5))
        assert (both, later) == ({SEPTEMBER: BY}, {SEPTEMBER: "target changed"})
        found = restated(session, kpis=["otif"], periods=["2026-09"], as_of=BUILT + timedelta(hours=1))
    assert found == {}, "nobody had restated it yet"


def test_a_feed_that_failed_and_came_back_takes_no_restatement_away(tmp_path: Path) -> None:
    made = filled(tmp_path)
    restate(made)
    failed: list[float | None] = [None] * 24
    told: dict[str, Any] = {"status": "not_valid", "n": 0}
    made.series("otif", failed, at=BUILT + timedelta(hours=4), why="feed not valid", target=95.0, **told)
    assert not september(seen(made, 5)).restated, "there is no value"
    made.series("otif", RESTATED, at=BUILT + timedelta(hours=6), why="feed valid again", target=95.0)
    assert september(seen(made, 7)).restated
    with made.register.read() as session:
        assert reasons(session, [SEPTEMBER], since=BUILT, until=BUILT + timedelta(hours=7)) == {SEPTEMBER: BY}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Berichtigung durch E. Novak: two delivery notes were entered late."),
        ("fr", "rectification par E. Novak : two delivery notes were entered late."),
        ("es", "rectificación de E. Novak: two delivery notes were entered late."),
    ],
)
def test_why_a_value_changed_is_said_in_the_language_of_the_pack(language: str, said: str) -> None:
    from qmsreports.language.recorded import again

    with speaking(language):
        assert plain(again(BY)) == said
        for why in ("late data within the settling time", "target changed", "feed valid again", "first rows of costs"):
            assert again(why) != why


def test_what_was_provisional_is_not_called_restated(tmp_path: Path) -> None:
    """Nobody restated September: late data of its settling time came, and the target was edited after that."""
    made = filled(tmp_path)
    with made.register.write() as session:
        from qmsreports.period import Period
        from qmsreports.records import BuiltPack

        last = BuiltPack("monthly", Period.parse("2026-09"), 1, "draft", tmp_path, (), "inputs")
        approve_pack(session, record_pack(session, last, run_id="r0", at=MEASURED), by="M. Huber", at=MEASURED)
    late = "late data within the settling time"
    made.series("otif", RESTATED, at=BUILT + timedelta(hours=2), why=late, target=95.0)
    made.series("otif", RESTATED, at=BUILT + timedelta(hours=4), why="settled", target=95.0)
    pack = seen(made, 5)
    (said,) = [change for change in pack.changes if change.kind in ("restated", "revised")]
    assert said.kind == "revised"
    assert plain(said.text) == f"On time and in full, September 2026: 89.0 % → 93.0 % ({late})."
