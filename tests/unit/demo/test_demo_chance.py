"""Chance that behaves: what the draws promise holds for any seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.demo.chance import Noise, Turns, even, mark, pick, spread_counts

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(1, 400), st.floats(0.01, 0.99))
def test_even_draws_hit_their_share_within_one_row(seed: int, size: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    group = np.repeat([4, 9], [size, 37])[rng.permutation(size + 37)]
    hits = even(rng, group) < share
    assert abs(hits[group == 4].sum() - share * size) <= 1
    assert abs(hits[group == 9].sum() - share * 37) <= 1


@given(SEEDS, st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_spread_counts_keep_the_sum(seed: int, expected: list[float]) -> None:
    counts = spread_counts(np.random.default_rng(seed), np.array(expected))
    assert abs(counts.sum() - sum(expected)) <= 1
    assert (counts >= 0).all()
    assert (np.abs(counts - np.array(expected)) <= 1 + 1e-9).all()


@given(SEEDS)
def test_noise_never_fakes_a_signal(seed: int) -> None:
    values = Noise(seed, origin=646, months=36)("yield", np.arange(646, 682))
    assert abs(values.mean()) < 1e-9
    side, longest, run = np.sign(values), 0, 0
    for before, now in zip(np.r_[0, side[:-1]], side, strict=True):
        run = run + 1 if now == before else 1
        longest = max(longest, run)
    assert longest < 7
    moving_range = np.abs(np.diff(values)).mean()
    assert np.abs(values).max() < 2.66 * moving_range
    steps = np.sign(np.diff(values))
    assert all(abs(steps[start : start + 6].sum()) < 6 for start in range(len(steps) - 5))  # six alike are a trend


@given(SEEDS)
def test_noise_of_a_month_does_not_depend_on_how_far_it_is_drawn(seed: int) -> None:
    months = np.arange(646, 670)
    assert (Noise(seed, 646, 24)("nps", months) == Noise(seed, 646, 85)("nps", months)).all()


def test_turns_come_regularly() -> None:
    turn = Turns(0.25)
    assert [turn() for _ in range(8)] == [False, False, False, True] * 2


def test_pick_returns_the_share_of_each_uniform() -> None:
    assert pick(np.array([0.0, 0.19, 0.21, 0.69, 0.71, 0.9999]), [2, 5, 3]).tolist() == [0, 0, 1, 1, 2, 2]


def test_marks_never_overlap() -> None:
    codes = mark(np.random.default_rng(1), 1000, {1: 0.01, 2: 0.02})
    assert np.bincount(codes).tolist() == [970, 10, 20]
