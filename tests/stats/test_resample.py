"""Bootstraps keep items paired and models within their scale."""

import numpy as np
import pytest

from saltus.stats.resample import (
    item_counts,
    resample_counts,
    resample_items,
    resample_models,
    scale_means,
)


def test_items_are_paired_between_models():
    rng = np.random.default_rng(0)
    easy = (rng.random(300) < 0.6).astype(float)
    items = np.stack([easy, easy])
    got = resample_items(items, item_counts(300, 100, rng=rng))
    np.testing.assert_array_equal(got[:, 0], got[:, 1])
    assert got[:, 0].std() == pytest.approx(np.sqrt(0.24 / 300), rel=0.3)


def test_missing_items_do_not_count():
    items = np.array([[1.0, np.nan, 0.0, 1.0]])
    got = resample_items(items, np.array([[1.0, 2.0, 1.0, 0.0], [0.0, 4.0, 0.0, 0.0]]))
    assert got[0, 0] == 0.5
    assert np.isnan(got[1, 0])


def test_nought_of_n_keeps_its_uncertainty():
    got = resample_counts(np.zeros(1), np.full(1, 50.0), 2000, rng=np.random.default_rng(1))
    # Jeffreys: the 97.5 % point of Beta(0.5, 50.5) is 0.0487.
    assert np.quantile(got, 0.975) == pytest.approx(0.0487, rel=0.15)


def test_models_are_drawn_within_their_scale():
    scores = np.tile([0.1, 0.2, 0.7, 0.8, 0.9], (500, 1))
    group = np.array([0, 0, 1, 1, 2])
    got = resample_models(scores, group, rng=np.random.default_rng(2))
    assert set(np.unique(got[:, :2])) == {0.1, 0.2}
    assert set(np.unique(got[:, 2:4])) == {0.7, 0.8}
    assert (got[:, 4] == 0.9).all()
    assert scale_means(got, group).mean(0) == pytest.approx([0.15, 0.75, 0.9], abs=0.01)


def test_same_seed_same_draws():
    a = item_counts(30, 5, rng=np.random.default_rng(7))
    b = item_counts(30, 5, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(a, b)
