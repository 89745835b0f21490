"""The few quantiles that intervals need, without SciPy: its import alone would cost more than a whole command may.

Continued fraction and series of the incomplete beta and gamma functions (Numerical Recipes, 6.2 and 6.4), inverted by
bisection: slow by the standards of a statistics library, and exact to about twelve digits for the few dozen calls here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_STEPS = 100_000


def normal(probability: float) -> float:
    """Quantile of the standard normal distribution: ``normal(0.975)`` is 1.95996."""
    return NormalDist().inv_cdf(probability)


@lru_cache(maxsize=1024)
def student_t(probability: float, freedom: float) -> float:
    """Quantile of Student's t: ``student_t(0.975, 4)`` is 2.7764."""
    if probability < 0.5:
        return -student_t(1 - probability, freedom)
    # P(|T| > t) = I(freedom / (freedom + t^2)) with parameters freedom/2 and 1/2
    x = beta(2 * (1 - probability), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


@lru_cache(maxsize=1024)
def beta(probability: float, a: float, b: float) -> float:
    """Quantile of the beta distribution: ``beta(0.025, 18, 3)`` is 0.6830, the exact lower bound of 18 in 20."""
    return _invert(lambda x: beta_below(x, a, b), probability, 0.0, 1.0)


@lru_cache(maxsize=1024)
def chi_square(probability: float, freedom: float) -> float:
    """Quantile of chi-square: ``chi_square(0.95, 1)`` is 3.8415."""
    if probability <= 0:
        return 0.0
    high = max(1.0, freedom)
    while gamma_below(high / 2, freedom / 2) < probability:
        high *= 2
    return _invert(lambda x: gamma_below(x / 2, freedom / 2), probability, 0.0, high)


def beta_below(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function: the probability below ``x``."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _beta_fraction(x, a, b) / a
    return 1 - math.exp(log_front) * _beta_fraction(1 - x, b, a) / b


def gamma_below(x: float, a: float) -> float:
    """Regularised lower incomplete gamma function: the probability below ``x``."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for step in range(1, _STEPS):
            term *= x / (a + step)
            total += term
            if term < total * 1e-16:
                break
        return front * total
    return 1 - front * _gamma_fraction(x, a)


def binomial_at_most(successes: int, trials: int, chance: float) -> float:
    """Probability of at most so many successes."""
    if successes < 0:
        return 0.0
    if successes >= trials:
        return 1.0
    return 1 - beta_below(chance, successes + 1, trials - successes)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Lentz's continued fraction for the incomplete beta function."""
    c = 1.0
    d = 1 / _floor(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _floor(1 + part * d)
            c = _floor(1 + part / c)
            value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value


def _gamma_fraction(x: float, a: float) -> float:
    """Lentz's continued fraction for the upper incomplete gamma function."""
    b = x + 1 - a
    c = 1 / _TINY
    d = 1 / _floor(b)
    value = d
    for step in range(1, _STEPS):
        part = -step * (step - a)
        b += 2
        d = 1 / _floor(part * d + b)
        c = _floor(b + part / c)
        value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value


def _floor(number: float) -> float:
    return number if abs(number) > _TINY else _TINY


def _invert(function: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return where a rising function reaches ``target``; stops when the halves are the same float."""
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        low, high = (middle, high) if function(middle) < target else (low, middle)
