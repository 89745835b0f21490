"""Moving labels apart and stacking names, as pure arithmetic."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.pack.charts.placement import flag_rows, spread


def test_labels_with_room_stay_where_they_belong() -> None:
    assert spread([10, 30, 50], 8, 0, 100) == [10, 30, 50]


def test_two_that_touch_move_apart_by_the_same() -> None:
    assert spread([50, 54], 10, 0, 100) == [47, 57]


def test_a_block_stands_around_the_average_of_its_wishes() -> None:
    # three at 50, 10 high: 40 50 60; a fourth at 62 joins: offsets 0 10 20 30, mean of (50, 40, 30, 32) = 38
    assert spread([50, 50, 50], 10, 0, 100) == [40, 50, 60]
    assert spread([50, 50, 50, 62], 10, 0, 100) == [38, 48, 58, 68]


def test_floor_and_ceiling() -> None:
    assert spread([1, 2], 10, 0, 100) == [5, 15]
    assert spread([98, 99], 10, 0, 100) == [85, 95]
    assert spread([0, 50, 100], 10, 0, 30) == [5, 15, 25]


@given(st.lists(st.floats(-20, 120), min_size=1, max_size=8).map(sorted), st.floats(1, 12))
def test_labels_keep_order_distance_and_room(wanted: list[float], height: float) -> None:
    placed = spread(wanted, height, 0, 100)
    assert all(b - a >= height - 1e-6 for a, b in pairwise(placed))
    assert placed[0] >= height / 2 - 1e-6
    assert placed[-1] <= 100 - height / 2 + 1e-6


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(5, 200)), max_size=9, unique_by=lambda each: each[0]),
    st.integers(1, 4),
)
def test_names_of_breaks_do_not_meet_and_no_line_crosses_a_name(breaks: list[tuple[int, int]], rows: int) -> None:
    places, widths = [float(x) for x, _ in breaks], [float(width) for _, width in breaks]
    flags = flag_rows(places, widths, 320.0, gap=6.0, least=30.0, rows=rows)
    for flag in flags:
        assert flag.left >= 0
        assert flag.left + flag.room <= 320.0 + 1e-9
        assert flag.room >= min(30.0, widths[flag.index]) - 1e-9
    for one in flags:
        for other in flags:
            if one.index < other.index and one.row == other.row:
                first, second = sorted((one, other), key=lambda flag: flag.left)
                assert first.left + first.room <= second.left
            if one.row > other.row:  # the line of the higher name passes the lower row
                x = places[one.index]
                assert not other.left < x < other.left + other.room


def test_a_name_with_room_is_whole_and_in_the_lowest_row() -> None:
    flags = flag_rows([50.0, 200.0], [60.0, 60.0], 320.0, gap=6.0, least=30.0, rows=3)
    assert [(flag.left, flag.room, flag.row) for flag in flags] == [(53.0, 60.0, 0), (203.0, 60.0, 0)]


def test_a_name_that_would_meet_the_next_goes_up() -> None:
    flags = flag_rows([50.0, 80.0], [60.0, 60.0], 320.0, gap=6.0, least=30.0, rows=3)
    assert [flag.row for flag in flags] == [1, 0]


@pytest.mark.parametrize(("rows", "told"), [(1, 1), (3, 3)])
def test_names_without_a_row_are_left_out(rows: int, told: int) -> None:
    flags = flag_rows([300.0, 303.0, 306.0, 309.0], [120.0] * 4, 320.0, gap=6.0, least=60.0, rows=rows)
    assert len(flags) <= told
