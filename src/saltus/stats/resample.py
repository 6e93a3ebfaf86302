"""Bootstrap over items (paired between models) and over the models of a scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def item_counts(n_items: int, n_boot: int, *, rng: np.random.Generator) -> Array:
    """How often each item is drawn in each resample, shape (n_boot, n_items).

    One table serves every model and every metric of the same items: that is what keeps
    their differences paired.

    Examples:
        >>> draws = item_counts(5, 3, rng=np.random.default_rng(0))
        >>> draws.sum(axis=1).tolist()
        [5.0, 5.0, 5.0]
    """
    return rng.multinomial(n_items, np.full(n_items, 1.0 / n_items), size=n_boot).astype(float)


def resample_items(items: Array, counts: Array) -> Array:
    """Mean score of each model in each resample, items paired over models.

    Args:
        items: Shape (n_models, n_items), NaN where missing.
        counts: From `item_counts`, shape (n_boot, n_items).

    Returns:
        Shape (n_boot, n_models), NaN where a resample holds no item of a model.

    Examples:
        >>> resample_items(np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[2.0, 0.0]])).tolist()
        [[0.0, 1.0]]
    """
    there = ~np.isnan(items)
    if there.all():
        out: Array = counts @ items.T / counts.sum(axis=1, keepdims=True)
        return out
    total = counts @ np.where(there, items, 0.0).T
    weight = counts @ there.astype(float).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, total / weight, np.nan)


def resample_counts(
    p: Array, n: Array, n_boot: int, *, rng: np.random.Generator
) -> Array:  # fmt: skip
    """Parametric bootstrap of proportions where single items are not known.

    The rate is drawn from the Jeffreys posterior first, so that 0 of n keeps its uncertainty.

    Args:
        p: Scores in [0, 1], shape (n_models,).
        n: Items, shape (n_models,).
        n_boot: Resamples.
        rng: Source of randomness.

    Returns:
        Shape (n_boot, n_models).

    Examples:
        >>> got = resample_counts(
        ...     np.array([0.0, 0.5]), np.array([10.0, 1e6]), 50, rng=np.random.default_rng(0)
        ... )
        >>> got.shape, bool(abs(got[:, 1] - 0.5).max() < 0.01)
        ((50, 2), True)
    """
    k = p * n
    return rng.beta(k + 0.5, n - k + 0.5, size=(n_boot, p.size))


def resample_models(
    scores: Array, group: NDArray[np.int64], *, rng: np.random.Generator
) -> Array:  # fmt: skip
    """Draw models with replacement within the scale they stand at.

    Args:
        scores: Shape (n_boot, n_models).
        group: Which scale each model stands at, 0 … n_scales − 1, ascending, (n_models,).
        rng: Source of randomness.

    Returns:
        Scores of the drawn models, shape (n_boot, n_models), in the same order of scales.
        A scale with one model keeps it.

    Examples:
        >>> got = resample_models(
        ...     np.array([[0.0, 1.0, 0.3]]), np.array([0, 0, 1]), rng=np.random.default_rng(1)
        ... )
        >>> set(got[0, :2].tolist()) <= {0.0, 1.0}, float(got[0, 2])
        (True, 0.3)
    """
    n_boot, n_models = scores.shape
    size = np.bincount(group)
    if (size == 1).all():
        return scores
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    draw = first[group] + (rng.random((n_boot, n_models)) * size[group]).astype(np.int64)
    return np.take_along_axis(scores, draw, axis=1)


def scale_means(scores: Array, group: NDArray[np.int64]) -> Array:
    """Mean over the models of each scale, shape (n_boot, n_scales).

    Examples:
        >>> scale_means(np.array([[0.0, 1.0, 0.3]]), np.array([0, 0, 1])).tolist()
        [[0.5, 0.3]]
    """
    size = np.bincount(group)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    out: Array = np.add.reduceat(scores, first, axis=1) / size
    return out
