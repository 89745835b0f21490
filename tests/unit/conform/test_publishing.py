"""What passed is in the canonical table, what did not is not, and doing it again changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from landed_fixture import TABLE, Line, item, order

from qmsreports import conform


def landed(line: Line) -> None:
    line.land("1", so_item=[item("A"), item("A", 2), item("B")], sales_order=[order("A"), order("B", "2026-04-10")])


def test_publishing_again_changes_nothing_and_writes_no_version(line: Line) -> None:
    landed(line)
    staged = line.stage()
    assert staged is not None
    first = line.publish(staged)
    assert (first.inserted, first.version) == (3, 0)
    assert first.touched == {"ordered_on": ("2026-03", "2026-04")}
    again = line.publish(staged)
    assert (again.inserted, again.updated, again.deleted, again.unchanged, again.version) == (0, 0, 0, 3, 0)
    assert again.touched == {}


def test_a_kill_between_publishing_and_recording_repeats_the_same_counts(line: Line) -> None:
    landed(line)
    line.run()
    line.land("2", so_item=[item("A", qty=9.0, modified="2"), item("C")], sales_order=[order("C")])
    done = set(line.done)
    staged = line.stage()
    assert staged is not None
    line.publish(staged)
    rows = line.rows()
    line.done = done  # killed before the register took note
    repeated = line.stage()
    assert repeated == staged
    published = line.publish(repeated)
    assert (published.inserted, published.updated, published.unchanged) == (0, 0, 2)
    assert line.rows() == rows


def test_a_row_that_moves_to_another_month_is_not_doubled(line: Line) -> None:
    landed(line)
    line.run()
    line.land("2", sales_order=[order("B", "2026-05-02", modified="2")])
    published = line.run()
    assert published is not None and (published.updated, published.inserted) == (1, 0)
    assert published.touched == {"ordered_on": ("2026-04", "2026-05")}
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "A/2", "B/1"]


def test_a_quarantined_version_takes_the_row_out_until_it_is_mended(line: Line) -> None:
    line.verdict = lambda row: row["quantity"] > 0
    landed(line)
    line.run()
    line.land("2", so_item=[item("A", qty=-1.0, modified="2")])
    published = line.run()
    assert published is not None and published.deleted == 1
    assert [row["order_line_id"] for row in line.rows()] == ["A/2", "B/1"]
    line.land("3", so_item=[item("A", qty=4.0, modified="3")])
    line.run()
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "A/2", "B/1"]


def test_a_refused_version_takes_the_row_out(line: Line) -> None:
    landed(line)
    line.run()
    line.land("2", so_item=[item("A", state="??", modified="2")])
    published = line.run()
    assert published is not None and (published.deleted, published.touched) == (1, {"ordered_on": ("2026-03",)})


def test_rows_of_another_source_stay(line: Line) -> None:
    landed(line)
    line.run()
    other = line.source.model_copy(update={"source": "other"})
    first, line.source, line.done = line.source, other, set()
    line.land("1", so_item=[item("Z")], sales_order=[order("Z")])
    line.run()
    line.source, line.done = first, set()  # everything of the first source once more, complete
    published = line.run()
    assert published is not None and (published.deleted, published.unchanged) == (0, 3)
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "A/2", "B/1", "Z/1"]


@pytest.mark.parametrize("status", ["stopped", "broken"])
def test_what_did_not_pass_is_not_published(line: Line, status: str) -> None:
    landed(line)
    staged = line.stage()
    assert staged is not None
    with pytest.raises(ValueError, match=status):
        conform.publish(staged, replace(line.audit(staged), status=status), TABLE, lake=line.lake, zone="Europe/Vienna")
    assert not line.lake.exists("order_lines")


def test_keys_that_passed_are_found_in_the_staged_file(line: Line) -> None:
    landed(line)
    staged = line.stage()
    assert staged is not None
    assert conform.keys_present(staged.path, TABLE, ["A/1", "X/9"]) == {"A/1"}
    assert conform.keys_present(staged.path, TABLE, []) == frozenset()
