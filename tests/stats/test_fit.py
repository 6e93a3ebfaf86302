"""One table of curve problems is run by the fitter, beside scipy's."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from saltus.errors import DataError
from saltus.stats.fit import Bounds, Reason, fit
from saltus.stats.forms import FORMS, LINE, LOGISTIC

X = np.linspace(0, 5, 14)
PROBLEMS = [
    # form, truth, start
    ("constant", [0.4], [0.0]),
    ("line", [0.1, 0.15], [0.0, 0.0]),
    ("logistic", [0.05, 0.95, 2.4, 1.3], [0.0, 1.0, 2.0, 1.0]),
    ("logistic", [0.25, 0.6, 3.1, 2.5], [0.2, 0.8, 2.0, 1.0]),
    ("hinge", [0.1, 2.2, 0.25], [0.0, 1.5, 0.2]),
]


@pytest.mark.parametrize(("name", "truth", "start"), PROBLEMS)
def test_exact_data_give_the_truth(name, truth, start):
    form = FORMS[name]
    y = form.value(X, np.array(truth))[None]
    got = fit(X, y, form, start=np.array(start), max_iter=200)
    assert got.converged.all()
    np.testing.assert_allclose(got.params[0], truth, atol=1e-5)


@pytest.mark.parametrize(("name", "truth", "start"), PROBLEMS)
def test_noisy_data_give_the_optimum_of_scipy(name, truth, start):
    form = FORMS[name]
    rng = np.random.default_rng(3)
    y = form.value(X, np.array(truth)) + rng.normal(0, 0.02, X.size)
    sigma = rng.uniform(0.01, 0.04, X.size)
    starts = np.array(start) * np.array([[1.0], [0.8], [1.25], [1.6]])
    got = fit(X, y[None], form, start=starts, weights=sigma**-2.0, max_iter=200)
    peer, _ = curve_fit(
        lambda x, *p: form.value(x, np.array(p)), X, y, p0=truth, sigma=sigma, maxfev=20_000
    )
    cost = (((y - form.value(X, peer)) / sigma) ** 2).sum()
    # At the kink of a hinge no gradient leads further: near, not at, the optimum.
    assert got.cost[0] <= cost * (1 + (1e-4 if name == "hinge" else 1e-6))


def test_a_batch_equals_its_rows():
    rng = np.random.default_rng(4)
    truth = np.column_stack([rng.uniform(0, 0.2, 50), rng.uniform(0.6, 1, 50),
                             rng.uniform(1, 4, 50), rng.uniform(0.5, 3, 50)])  # fmt: skip
    y = LOGISTIC.value(X, truth) + rng.normal(0, 0.02, (50, X.size))
    start = np.array([[0.1, 0.9, 2.5, 1.0], [0.1, 0.9, 1.5, 2.0]])
    whole = fit(X, y, LOGISTIC, start=start)
    for i in (0, 17, 49):
        np.testing.assert_allclose(fit(X, y[i], LOGISTIC, start=start).params[0], whole.params[i])


def test_failures_are_data():
    y = np.array([[0.0, 1.0, 2.0], [np.nan, 1.0, 2.0], [0.0, 1.0, 2.0]])
    weights = np.array([[1.0, 1, 1], [1, 1, 1], [1, 0, 0]])
    got = fit(np.arange(3.0), y, LINE, start=np.zeros(2), weights=weights)
    assert got.reason.tolist() == [Reason.CONVERGED, Reason.NOT_FINITE, Reason.NO_DATA]
    assert got.converged.tolist() == [True, False, False]
    assert np.isnan(got.params[1:]).all()
    assert np.isnan(got.cost[1:]).all()
    assert all(Reason(r).explain for r in got.reason)


def test_bounds_hold():
    y = LOGISTIC.value(X, np.array([0.0, 1.3, 3.0, 2.0]))[None]
    limits = Bounds(np.array([0.0, 0.0, 0.0, 0.1]), np.array([1.0, 1.0, 5.0, 9.0]))
    got = fit(X, y, LOGISTIC, start=np.array([0.1, 0.9, 2.0, 1.0]), bounds=limits, max_iter=200)
    assert got.params[0, 1] <= 1.0
    assert got.params[0, 1] == pytest.approx(1.0, abs=1e-3)


def test_share_of_starts_that_agree():
    y = LOGISTIC.value(X, np.array([0.0, 1.0, 2.5, 0.8]))[None]
    y = y + np.random.default_rng(0).normal(0, 0.01, y.shape)
    near = np.array([[0.0, 1.0, 2.4, 1.0], [0.1, 0.9, 2.7, 0.6]])
    # A start far outside is on a plateau: it ends at another optimum, or nowhere.
    far = np.array([[0.0, 1.0, 2.4, 1.0], [0.0, 1.0, 400.0, 0.01]])
    assert fit(X, y, LOGISTIC, start=near).agree[0] == 1.0
    assert fit(X, y, LOGISTIC, start=far).agree[0] == 0.5


def test_out_of_steps_is_said():
    y = LOGISTIC.value(X, np.array([0.0, 1.0, 2.5, 0.8]))[None]
    got = fit(X, y, LOGISTIC, start=np.array([0.3, 0.5, 0.5, 4.0]), max_iter=1)
    assert got.reason[0] == Reason.MAX_ITERATIONS


def test_shapes_must_fit():
    with pytest.raises(DataError):
        fit(X, np.zeros((2, 3)), LINE, start=np.zeros(2))
    with pytest.raises(DataError):
        fit(X, np.zeros((2, X.size)), LINE, start=np.zeros(3))
