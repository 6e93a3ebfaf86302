"""Curves with known truth, for the tests of this folder."""

import numpy as np

from saltus.curve import Curve

SIZES = [1.5e3, 3.4e3, 9e3, 36e3, 111e3, 303e3, 1e6]
"""Non-embedding parameters of a small ladder."""


def logistic(u, low, high, mid, width):
    return low + (high - low) / (1 + np.exp(-2 * np.log(9) * (u - mid) / width))


def truth(kind, u, chance, rng, *, rise=0.9, width=0.1):
    """Noise-free score at positions u."""
    size, top = u.size, chance + rise * (1 - chance)
    if kind == "flat":
        return np.full(size, chance)
    if kind == "line":
        return np.linspace(chance, top, size)
    if kind == "uniform":
        return rng.random(size)
    if kind == "sharp":  # at least three scales below and two above
        mid = rng.uniform(u[2] + 0.5 * width, u[-2] - 0.5 * width)
        return logistic(u, chance, top, mid, width)
    if kind == "slow":  # early, or so late that it is still rising at the end
        mid = rng.uniform(u[0], u[-1] + 0.3 * (u[-1] - u[0]))
        return logistic(u, chance, top, mid, width)
    if kind == "valley":
        return chance + (1 - chance) * rise * np.abs(np.linspace(-1, 1, size))
    if kind == "hill":
        return chance + (1 - chance) * rise * (1 - np.abs(np.linspace(-1, 1, size)))
    raise ValueError(kind)


def draw(kind, rng, *, scales, n, chance=0.0, scatter=0.0, gap=0.5, axis="flops", **shape):
    """One curve of a known kind, with binomial noise and scatter of models."""
    u = 3 + gap * np.arange(scales)
    p = truth(kind, u, chance, rng, **shape)
    p = np.clip(p + scatter * rng.standard_normal(scales), 0, 1)
    return Curve(10**u, rng.binomial(n, p) / n, n=n, chance=chance, axis=axis, task=kind)


def with_items(score, n, rng):
    """Item rows whose mean is as near to the score as n allows."""
    rows = np.zeros((len(score), n))
    for row, p in zip(rows, score, strict=True):
        row[: round(p * n)] = 1.0
        rng.shuffle(row)
    return rows
