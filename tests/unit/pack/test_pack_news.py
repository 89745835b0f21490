"""What is told once and what is said of the data: new signals, definitions, trust, editions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pack_fixture import one, plain
from pack_fixture_review import facts, header, review, stopped

from qmsreports.pack.assemble import as_edition, assemble, trust_sentences
from qmsreports.pack.changes import changes
from qmsreports.pack.model import DefinitionChange, Feed, SourceQuality
from qmsreports.pack.view.records import quality


def test_a_new_signal_is_told_once() -> None:
    concern = one("first_pass_yield")  # since August
    assert changes(header(last_period="2026-07"), [concern], (), ())[0].kind == "signal_new"
    assert changes(header(last_period="2026-09"), [concern], (), ()) == ()
    assert changes(header(last_period=""), [concern], (), ()) == ()


def test_a_signal_whose_points_were_marked_afterwards_is_new() -> None:
    """A run marks its seven points once the seventh is there. September carries the mark today; the review of September
    saw six points and no signal.
    """
    concern = one("first_pass_yield")  # since August
    head = header(last_period="2026-09")
    (said,) = changes(head, [concern], (), (), {"first_pass_yield": "common_cause"})
    assert said.kind == "signal_new"
    assert changes(head, [concern], (), (), {"first_pass_yield": "concern_low"}) == ()


def test_a_signal_that_began_anew_since_the_last_review_is_new() -> None:
    """Both reviews see a concern; the first one ended in between."""
    concern = one("first_pass_yield")  # since August
    points = tuple(
        point.model_copy(update={"kind": "concern", "signal": "below_limit"}) if point.period == "2026-06" else point
        for point in concern.points
    )
    again = concern.model_copy(update={"points": points})
    (said,) = changes(header(last_period="2026-06"), [again], (), (), {"first_pass_yield": "concern_low"})
    assert said.kind == "signal_new"


def test_a_signal_that_came_and_went_between_two_reviews_is_told() -> None:
    (said,) = changes(header(last_period="2026-06"), [one("nps")], (), ())  # July and August
    assert said.kind == "signal_ended"


def test_a_signal_that_ended_since_the_last_review_is_told() -> None:
    ended = one("nps")  # July and August
    (said,) = changes(header(last_period="2026-08"), [ended], (), ())
    assert said.text == "Net promoter score: concern July 2026 to August 2026, no signal now."
    assert changes(header(last_period="2026-09"), [ended], (), ()) == ()


@pytest.mark.parametrize(("day", "told"), [(date(2026, 9, 30), 0), (date(2026, 10, 1), 1), (date(2026, 11, 1), 0)])
def test_a_definition_is_news_from_the_day_after_the_last_period_to_the_last_day(day: date, told: int) -> None:
    change = DefinitionChange(
        kpi="nps", title="NPS", kind="target", effective_from=day, before="40", after="45", why="Agreed."
    )
    found = changes(header(), [], [change], ())
    assert len(found) == told
    assert all(item.text == "NPS: target 40 \u2192 45: Agreed." for item in found)


def test_a_stopped_value_is_neither_signal_nor_last_months_value() -> None:
    pack = assemble(facts([stopped(one("oee"))]))
    (seen,) = pack.objectives
    assert seen.latest.value is None
    assert seen.exception == ("not_valid",)
    assert pack.trust.stopped == ("oee",)
    assert "Stopped by validation: Overall equipment effectiveness." in trust_sentences(pack)


def test_trust_is_said_with_its_sums() -> None:
    said = [plain(text) for text in trust_sentences(review())]
    assert said[0] == "All 5 sources read."
    assert said[1] == (
        "1,289,128 rows in: 1,286,865 conformed, 402 duplicates, 37 quarantined (0.003 %), 1,824 held back in stopped "
        "feeds; every row is accounted for."
    )  # 1,286,865 + 402 + 37 + 1,824 = 1,289,128
    assert "Restated after first publication: Complaints per 1,000 orders." in said  # its August, in the chart
    late = review().model_copy(update={"header": header(counted_from=date(2026, 10, 13))})
    since = "Counted is what came in since the pack of the last review was made, 13 Oct 2026."
    assert plain(trust_sentences(late)[2]) == since
    nothing = assemble(replace(facts([]), quality=(), failed_rules=(), quarantine_since=()))
    assert not any("Restated" in text for text in trust_sentences(nothing))
    assert [plain(text) for text in trust_sentences(nothing)][2:4] == [
        "0 rows in: 0 conformed, 0 duplicates, 0 quarantined (–); every row is accounted for.",  # noqa: RUF001
        "No rule failed.",
    ]


def test_rows_of_a_derived_table_are_no_rows_in() -> None:
    def feed(source: str, table: str, rows: int) -> Feed:
        return Feed(
            source=source,
            table=table,
            title=table,
            status="published",
            rows_in=rows,
            refreshed=0,
            conformed=rows,
            quarantined=0,
            duplicates=0,
        )

    sources = (
        SourceQuality(source="crm", title="CRM", feeds=(feed("crm", "order_lines", 90),)),
        SourceQuality(source="derived", title="Derived", feeds=(feed("derived", "customer_months", 23),)),
    )
    pack = assemble(replace(facts([one("nps")]), quality=sources, failed_rules=(), quarantine_since=()))
    assert [plain(text) for text in trust_sentences(pack)][:2] == [
        "1 source read.",
        "90 rows in: 90 conformed, 0 duplicates, 0 quarantined (0 %); every row is accounted for.",
    ]
    shown = quality(pack)
    assert shown["total"] == ["90", "0", "90", "0", "0", "0"]
    assert plain(shown["sources"][1]["feeds"][0]["title"]) == "customer_months, 23 rows"
    assert shown["sources"][1]["feeds"][0]["rows_in"] == "\u2013"


def test_an_edition_says_what_it_replaces_and_why() -> None:
    pack = as_edition(review(), 2, "monthly-2026-10-e1", "new data in tickets")
    assert pack.header.edition == 2
    assert pack.changes[0].text == "This edition replaces monthly-2026-10-e1: new data in tickets."
    assert as_edition(review(), 1).changes == review().changes
