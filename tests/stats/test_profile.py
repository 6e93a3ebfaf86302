"""The grid finds what a general optimiser finds, and never worse."""

import numpy as np
import pytest
from scipy.optimize import minimize

from saltus.stats.forms import LOGISTIC
from saltus.stats.profile import linear, rise
from saltus.stats.scatter import SIGMAS, Scatter

WIDTHS = np.geomspace(0.05, 8, 14)


def problem(seed, size=9):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 4, size))
    truth = np.array([0.1, 0.9, rng.uniform(1, 3), rng.choice([0.2, 1.0, 3.0])])
    y = np.clip(LOGISTIC.value(x, truth) + rng.normal(0, 0.02, size), 0, 1)
    return x[None], y[None], Scatter.of(np.full((1, size), 4e-4))


def deviance(x, y, scatter, params, width):
    """−2 log L by the definition, σ profiled over the same grid."""
    value = LOGISTIC.value(x[0], np.array([*params, width]))
    return min(
        (((y[0] - value) ** 2) * w).sum() + c
        for w, c in zip(scatter.weights()[0], scatter.constant()[0], strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_profile_equals_a_general_optimiser(seed):
    x, y, scatter = problem(seed)
    got = rise(x, y, scatter, widths=WIDTHS[None], low=np.full(1, -np.inf), high=np.full(1, np.inf))
    np.testing.assert_array_equal(np.sort(got.widths), got.widths)
    for j in np.searchsorted(got.widths[0], WIDTHS[[3, 8, 11]]):
        best = min(
            minimize(
                lambda p, w=got.widths[0, j]: (
                    deviance(x, y, scatter, p, w) + 1e3 * max(p[0] - p[1], 0)
                ),
                [0.1, 0.9, mid],
                method="Nelder-Mead",
                options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000},
            ).fun
            for mid in (1.0, 2.0, 3.0)
        )
        assert got.by_width[0, j] <= best + 0.02
        at = got.params[0, j]
        assert got.by_width[0, j] == pytest.approx(deviance(x, y, scatter, at[:3], at[3]), abs=1e-6)


def test_limits_of_floor_and_ceiling_hold():
    x, _, scatter = problem(0)
    y = np.linspace(-0.3, 1.4, x.size)[None]
    got = rise(x, y, scatter, widths=WIDTHS[None], low=np.zeros(1), high=np.ones(1))
    assert (got.params[..., 0] >= -1e-9).all()
    assert (got.params[..., 1] <= 1 + 1e-9).all()


def test_a_falling_curve_has_no_rise():
    x, _, scatter = problem(0)
    y = np.linspace(0.9, 0.1, x.size)[None]
    got = rise(x, y, scatter, widths=WIDTHS[None], low=np.zeros(1), high=np.ones(1))
    flat = linear(np.ones((1, x.size, 1)), y, scatter)
    assert got.best[0] == pytest.approx(flat.deviance[0], abs=1e-3)


def test_linear_equals_weighted_least_squares():
    rng = np.random.default_rng(5)
    x, variance = rng.uniform(0, 1, (3, 8)), rng.uniform(1e-4, 1e-3, (3, 8))
    y = 0.2 + 0.5 * x + rng.normal(0, 0.02, x.shape)
    design = np.stack([np.ones_like(x), x], axis=-1)
    got = linear(design, y, Scatter.of(variance))
    for i in range(3):
        w = 1 / np.sqrt(variance[i] + got.sigma[i] ** 2)
        want, *_ = np.linalg.lstsq(design[i] * w[:, None], y[i] * w, rcond=None)
        np.testing.assert_allclose(got.params[i], want, rtol=1e-8)


def test_scatter_is_estimated():
    rng = np.random.default_rng(6)
    ones = np.ones((200, 20, 1))
    for sigma in (0.01, 0.06):
        y = 0.5 + rng.normal(0, sigma, (200, 20))
        got = linear(ones, y, Scatter.of(np.full((200, 20), 1e-6)))
        nearest = SIGMAS[np.abs(np.log(SIGMAS / sigma)).argmin()]
        assert np.median(got.sigma) == pytest.approx(nearest, rel=0.7)


def test_replicates_inform_the_scatter():
    size = 6
    quiet = Scatter.of(np.full((1, size), 1e-6))
    wild = Scatter(
        quiet.variance, np.full((1, size), 3.0), np.zeros((1, size)),
        np.full((1, size), 2 * 0.1**2), np.full((1, size), 2.0), np.full((1, size), 1e-6),
    )  # fmt: skip
    y, ones = np.full((1, size), 0.5), np.ones((1, size, 1))
    assert linear(ones, y, wild).sigma[0] > 4 * linear(ones, y, quiet).sigma[0]
