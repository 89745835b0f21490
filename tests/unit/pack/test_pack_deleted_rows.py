"""Rows that are deleted at the source are told beside duplicates, and the rows of the pack still add up."""

from __future__ import annotations

from dataclasses import replace

from pack_fixture_review import facts, review

from qmsreports.pack.assemble import assemble, trust_sentences


def test_rows_deleted_at_the_source_are_accounted_for() -> None:
    (whole,) = [source for source in review().quality if source.source == "crm"]
    gone = [feed.model_copy(update={"rows_in": feed.rows_in + 4, "deleted_at_source": 4}) for feed in whole.feeds[:1]]
    some = assemble(replace(facts([]), quality=(whole.model_copy(update={"feeds": tuple(gone)}),)))
    assert some.trust.reconciles
    said = [sentence.replace("\u00a0", " ") for sentence in trust_sentences(some)]
    assert any(", 4 deleted at the source, " in sentence and "accounted for" in sentence for sentence in said)


def test_what_left_with_its_parent_is_told_among_them() -> None:
    (whole,) = [source for source in review().quality if source.source == "crm"]
    counts = {"rows_in": whole.feeds[0].rows_in + 4, "deleted_at_source": 4, "deleted_with_parent": 3}
    gone = whole.model_copy(update={"feeds": (whole.feeds[0].model_copy(update=counts),)})
    some = assemble(replace(facts([]), quality=(gone,)))
    assert some.trust.reconciles
    said = [sentence.replace("\u00a0", " ") for sentence in trust_sentences(some)]
    assert any(", 4 deleted at the source (3 of them with the row they belonged to), " in each for each in said)
