"""Evidence D, the metric check: is the leap the model's, or the metric's?

Schaeffer et al. 2023: a strict metric can leap where the model improves smoothly. On the
same outputs a continuous metric (log-probability of the target) shows which. Three things
are asked of it: how much of its rise lies below the onset, and whether it rose there at all;
whether one common link score = g(continuous) explains every model, or another link is needed
beyond the onset; how wide its own rise is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saltus.curve import Curve
from saltus.stats.forms import sigmoid
from saltus.verdict.criterion import Criterion
from saltus.verdict.gather import Gathered
from saltus.verdict.onset import redraw
from saltus.verdict.result import Estimate, MetricCheck

Array = NDArray[np.float64]

PREFERRED = ("logprob_per_token", "logprob_per_byte", "brier", "p_correct", "token_accuracy")
"""Continuous metrics in the order of trust; the first that was measured is compared with."""

SELF_EVIDENT = ("logprob_per_token", "logprob_per_byte", "bits_per_byte", "loss")
"""Metrics that are continuous in the model's own log-probabilities: no check is needed."""


@dataclass(frozen=True)
class Progress:
    """The continuous metric up to the onset.

    Attributes:
        share: Share of its whole rise that lies at or below the onset's lower end.
        slope_z: Its slope over those scales, in standard errors.
        inside: Share of its whole rise that lies between the onset's ends.
    """

    share: Estimate
    slope_z: float
    inside: float


def aligned(g: Gathered, continuous: Curve) -> Curve | None:
    """The continuous curve on exactly the models of ``g``, in their order; None if one lacks."""
    at = {name: i for i, name in enumerate(continuous.models)}
    names = [g.curve.models[i] for i in g.points]
    if not all(name in at for name in names):
        if not np.array_equal(continuous.x, g.curve.x):
            return None
        rows = g.points
    else:
        rows = np.array([at[name] for name in names])
    return Curve(
        continuous.x[rows], continuous.y[rows],
        n=None if continuous.n is None else continuous.n[rows],
        chance=continuous.chance, axis=continuous.axis, task=continuous.task,
        prompt=continuous.prompt, metric=continuous.metric, family=continuous.family,
        stderr=None if continuous.stderr is None else continuous.stderr[rows],
        items=None if continuous.items is None else continuous.items[rows],
        seeds=[continuous.seeds[i] for i in rows], models=[continuous.models[i] for i in rows],
        binary=continuous.binary, higher_is_better=continuous.higher_is_better,
        bounds=continuous.bounds,
    )  # fmt: skip


def window(low: int) -> int:
    """First scale of the stretch below the onset that counts.

    The later half of it, at least three scales: what a model learns long before (the format
    of an answer, the digits) moves the log-probability without being progress in the task.

    Examples:
        >>> window(2), window(6), window(11)
        (0, 3, 6)
    """
    return max(0, low + 1 - max(3, (low + 2) // 2))


def progress(
    c: Gathered, low: int, high: int, *, n_boot: int, rng: np.random.Generator
) -> Progress:
    """How far the continuous metric had come before the onset.

    Args:
        c: The continuous curve, gathered on the same scales.
        low: Index of the onset's lower end.
        high: Index of its upper end.
        n_boot: Resamples over items and models.
        rng: Source of randomness.
    """
    first = window(low)
    top = slice(max(high, c.n_scales - 2), None)
    x = c.u[first : low + 1] - c.u[first : low + 1].mean()

    def share(y: Array) -> Array:
        rise = y[..., top].mean(-1) - y[..., first]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(rise > 1e-9, (y[..., low] - y[..., first]) / rise, np.nan))

    y = c.y
    fit = np.polyval(np.polyfit(x, y[first : low + 1], 1), x)
    # Models scatter around any smooth course; a hundredth of the range at the least.
    scatter = max(
        float(np.sqrt(((y[first : low + 1] - fit) ** 2).sum() / max(x.size - 2, 1))), 0.01
    )
    models = np.bincount(c.group)
    scores = redraw(c, n_boot=n_boot, sigma=0.0, rng=rng, item_seed=0)
    drawn = (
        np.add.reduceat(scores, np.searchsorted(c.group, np.arange(c.n_scales)), axis=1) / models
    )
    drawn = drawn + scatter * rng.standard_normal(drawn.shape)
    shares = share(drawn)
    shares = shares[np.isfinite(shares)]
    value = float(share(y))
    ends = np.quantile(shares, [0.025, 0.975]) if shares.size else np.array([np.nan, np.nan])
    slope = float((x * y[first : low + 1]).sum() / (x**2).sum())
    whole = float(y[top].mean() - y[first])
    return Progress(
        Estimate(value, float(ends[0]), float(ends[1])),
        slope / (scatter / float(np.sqrt((x**2).sum()))),
        float(y[high] - y[low]) / whole if whole > 1e-9 else float("nan"),
    )


@dataclass(frozen=True)
class Link:
    """One common link against one that changes at the onset."""

    r2: float
    p: float


def link_test(score: Array, continuous: Array, after: NDArray[np.bool_], variance: Array) -> Link:
    """Nested test: score = g(continuous) for all models, or g shifted beyond the onset.

    g is a rising logistic with floor and ceiling. Where the two sides of the onset share no
    value of the continuous metric, a shift cannot be seen and the test says nothing (p near 1).

    Args:
        score: Score of each model, shape (n_models,).
        continuous: Continuous metric, oriented, same shape.
        after: Which models stand beyond the onset.
        variance: Variance of ``score`` from its items.

    Examples:
        >>> c = np.linspace(0, 1, 12)
        >>> got = link_test(1 / (1 + np.exp(-12 * (c - 0.5))), c, c > 0.4, np.full(12, 1e-4))
        >>> got.r2 > 0.99, got.p > 0.05
        (True, True)
    """
    from scipy.special import fdtrc

    span = float(np.ptp(continuous)) or 1.0
    c = (continuous - continuous.min()) / span
    weights = 1.0 / (variance + 0.015**2)
    widths = np.geomspace(0.02, 6.0, 18)
    mids = np.linspace(-0.5, 1.5, 61)
    s = sigmoid(4.4 * (c - mids[None, :, None]) / widths[:, None, None])

    def sums(keep: NDArray[np.bool_]) -> tuple[Array, ...]:
        w = np.where(keep, weights, 0.0)
        return s @ w, (s * s) @ w, s @ (w * score)

    before, beyond = sums(~after), sums(after)
    a0, b0, total = weights.sum(), (weights * score).sum(), (weights * score**2).sum()

    def rss(a1: Array, a2: Array, b1: Array) -> float:
        det = np.maximum(a0 * a2 - a1 * a1, 1e-9 * a0 * a2 + 1e-300)
        amp = np.maximum((a0 * b1 - a1 * b0) / det, 0.0)
        floor = (b0 - amp * a1) / a0
        out = total - floor * b0 - amp * b1 - (amp * b1 - amp * amp * a2 - amp * floor * a1)
        return float(np.maximum(out, 0.0).min())

    common = rss(*(p + q for p, q in zip(before, beyond, strict=True)))
    shifted = rss(*(p[:, :, None] + q[:, None, :] for p, q in zip(before, beyond, strict=True)))
    mean = b0 / a0
    spread = float((weights * (score - mean) ** 2).sum())
    freedom = score.size - 5
    if freedom < 1:
        return Link(1 - common / spread if spread > 0 else float("nan"), float("nan"))
    f = max(common - shifted, 0.0) / max(shifted / freedom, 1.0)
    return Link(1 - common / spread if spread > 0 else float("nan"), float(fdtrc(1, freedom, f)))


def metric_check(
    g: Gathered, c: Gathered, low: int, high: int, *, width: Estimate | None,
    criterion: Criterion, n_boot: int, rng: np.random.Generator,
) -> MetricCheck:  # fmt: skip
    """Evidence D of one curve whose presence holds.

    Args:
        g: The score.
        c: The continuous metric on the same models, gathered.
        low: Index of the onset's lower end.
        high: Index of its upper end.
        width: Width of the continuous metric's own rise.
        criterion: Thresholds.
        n_boot: Resamples.
        rng: Source of randomness.
    """
    if c.n_scales != g.n_scales or high >= g.n_scales or low < 1:
        return MetricCheck("undecided", c.curve.metric)
    went = progress(c, low, high, n_boot=n_boot, rng=rng)
    link = link_test(g.scores, c.scores, g.group >= high, np.nan_to_num(g.item_variance))
    share = went.share
    status: Literal["leaps-too", "smooth", "undecided"] = "undecided"
    rose = went.slope_z > 2.0 and share.low > 0.5 * criterion.progress
    if share.value >= criterion.progress and rose and not link.p < 0.001:
        status = "smooth"
    elif share.high < 2 * criterion.progress and went.inside >= 0.5:
        status = "leaps-too" if share.value < criterion.progress else status
    return MetricCheck(status, c.curve.metric, share, link.r2, link.p, width)
