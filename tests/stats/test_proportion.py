"""Intervals and tails against scipy and published numbers, and their calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from saltus.errors import DataError
from saltus.stats.proportion import (
    benjamini_hochberg,
    clopper_pearson,
    overdispersion,
    upper_tail,
    wilson,
)


def test_wilson_known_answer():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    for k, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
    ):
        got = wilson(k, n)
        assert float(got.low) == pytest.approx(low, abs=6e-5)
        assert float(got.high) == pytest.approx(high, abs=6e-5)


def test_clopper_pearson_known_answer():
    # Newcombe 1998, table I, method 5.
    for k, n, low, high in (
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0, 0.1684),
    ):
        got = clopper_pearson(k, n)
        assert float(got.low) == pytest.approx(low, abs=6e-5)
        assert float(got.high) == pytest.approx(high, abs=6e-5)


def test_nought_of_n_is_a_bound():
    n = np.array([10, 100, 1000])
    high = clopper_pearson(0, n, level=0.90).high  # one-sided 95 %
    np.testing.assert_allclose(high, 1 - 0.05 ** (1 / n))
    assert (wilson(0, n).high > 0).all()
    assert (wilson(n, n).low < 1).all()


@pytest.mark.parametrize("p", [0.02, 0.25, 0.5, 0.9])
def test_intervals_cover(p):
    # Exact coverage: sum over all k of the binomial probability that the interval holds p.
    n = 200
    k = np.arange(n + 1)
    weight = sp.binom.pmf(k, n, p)
    exact = clopper_pearson(k, n)
    score = wilson(k, n)
    assert weight[(exact.low <= p) & (p <= exact.high)].sum() >= 0.95
    assert 0.92 <= weight[(score.low <= p) & (p <= score.high)].sum() <= 0.98


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 400), share=st.floats(0, 1), p=st.floats(0.01, 0.99), rho=st.floats(1e-3, 0.6)
)
def test_tails_equal_scipy(n, share, p, rho):
    k = round(share * n)
    assert float(upper_tail(k, n, p)) == pytest.approx(sp.binom.sf(k - 1, n, p), abs=1e-10)
    a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
    want = sp.betabinom.sf(k - 1, n, a, b)
    assert float(upper_tail(k, n, p, rho=rho)) == pytest.approx(want, abs=1e-8)


def test_overdispersion_makes_tails_heavier():
    assert float(upper_tail(40, 100, 0.25, rho=0.05)) > 20 * float(upper_tail(40, 100, 0.25))


def test_benjamini_hochberg_equals_scipy():
    rng = np.random.default_rng(0)
    p = rng.random((5, 9)) ** 3
    want = sp.false_discovery_control(p, axis=1)
    np.testing.assert_allclose(benjamini_hochberg(p), want)


def test_benjamini_hochberg_ignores_missing():
    with_gap = benjamini_hochberg([0.01, np.nan, 0.04])
    np.testing.assert_allclose(with_gap[[0, 2]], benjamini_hochberg([0.01, 0.04]))
    assert np.isnan(with_gap[1])


def test_overdispersion_is_recovered():
    rng = np.random.default_rng(1)
    rho, p, n = 0.05, 0.3, 200
    rate = rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, 3000)
    got = overdispersion(rng.binomial(n, rate), np.full(3000, n), np.arange(3000) // 3)
    assert got == pytest.approx(rho, rel=0.15)
    assert overdispersion(rng.binomial(n, p, 300), np.full(300, n), np.arange(300) // 3) < 0.002


def test_overdispersion_without_replicates_is_nought():
    assert overdispersion([3, 5], [10, 10], [0, 1]) == 0.0
    assert overdispersion([0, 0], [10, 10], [0, 0]) == 0.0


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 5), (1, 0), (np.nan, 5), (1, np.inf)])
def test_impossible_counts_are_refused(k, n):
    for call in (wilson, clopper_pearson):
        with pytest.raises(DataError):
            call(k, n)
    with pytest.raises(DataError):
        upper_tail(k, n, 0.5)
