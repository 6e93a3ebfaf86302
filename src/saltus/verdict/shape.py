"""Evidence B, sharpness, and the shape of the whole curve, for many curves at once.

The width of the 10–90 % rise has no maximum-likelihood interval worth the name where a step
fits (every width below the gap does as well), so its interval is read off the profile of
the likelihood, with the scatter of models profiled along (`saltus.stats.scatter`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saltus.stats.profile import Linear, Rise, linear, rise
from saltus.verdict.criterion import SMOOTH, WIDTHS, Criterion
from saltus.verdict.gather import Batch

Array = NDArray[np.float64]
Trend = Literal["none", "rising", "falling", "v", "lambda"]
TRENDS: tuple[Trend, ...] = ("none", "rising", "falling", "v", "lambda")


@dataclass(frozen=True)
class Shapes:
    """How each curve of a batch runs; arrays have one entry a curve.

    Attributes:
        limit: Width W below which a rise is sharp.
        rise: Profile of the rising logistic.
        constant: Best constant.
        line: Best straight line.
        trend: Index into `TRENDS`.
        best: −2 log L of the best of constant, line, rise.
        width_low: Lower end of the profile interval of the width.
        width_high: Upper end; inf where a straight line or the widest curve passes.
        mid_low: Lower end of the profile interval of the midpoint, as fitted.
        mid_high: Its upper end.
        smooth_p: p-value of the best smooth curve (1.5 W and more, or a line).
        step_p: p-value of the best step (a tenth of W and less).
        sigma: Scatter of models under the best curve.
        fall: Profile of the falling logistic (of −y).
        bend: Best V or Λ: level at the knee, slopes before and after, knee; (n_curves, 4).
    """

    limit: Array
    rise: Rise
    constant: Linear
    line: Linear
    trend: NDArray[np.int8]
    best: Array
    width_low: Array
    width_high: Array
    mid_low: Array
    mid_high: Array
    smooth_p: Array
    step_p: Array
    sigma: Array
    fall: Rise
    bend: Array

    def take(self, rows: NDArray[np.int64]) -> Shapes:
        """Some of the curves."""

        def cut(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return value[rows]
            return type(value)(**{f.name: cut(getattr(value, f.name)) for f in fields(value)})

        return Shapes(**{f.name: cut(getattr(self, f.name)) for f in fields(self)})


def shapes(batch: Batch, criterion: Criterion) -> Shapes:
    """Fit every monotone and bent form to a batch and compare them.

    Args:
        batch: Curves with equal numbers of distinct scales, at least 3.
        criterion: Thresholds.
    """
    u, y, scatter = batch.u, batch.y, batch.scatter
    span = u[:, -1] - u[:, 0]
    limit = np.array(
        [criterion.limit(g.curve.axis, s) for g, s in zip(batch.members, span, strict=True)]
    )
    widths = limit[:, None] * np.array(WIDTHS)
    up = rise(u, y, scatter, widths=widths, low=batch.low, high=batch.high)
    down = rise(u, -y, scatter, widths=widths[:, ::3], low=-batch.high, high=-batch.low)
    centred = (u - u.mean(axis=1, keepdims=True)) / span[:, None]
    constant = linear(np.ones((*u.shape, 1)), y, scatter)
    line = linear(np.stack([np.ones_like(u), centred], axis=-1), y, scatter)
    rising_line = np.where(line.params[:, 1] > 0, line.deviance, constant.deviance)
    best = np.minimum(np.minimum(constant.deviance, rising_line), up.best)
    with np.errstate(invalid="ignore"):
        low, high = _interval(up.widths, up.by_width - best[:, None], criterion.level)
    high = np.where(rising_line - best <= criterion.level, np.inf, high)
    mid_low, mid_high = _places(up, criterion.level)
    wide = np.where(up.widths >= SMOOTH * limit[:, None] * (1 - 1e-9), up.by_width, np.inf).min(
        axis=1
    )
    smooth = np.minimum(np.minimum(wide, rising_line), constant.deviance) - best
    narrow = np.where(up.widths <= 0.1 * limit[:, None] * (1 + 1e-9), up.by_width, np.inf).min(
        axis=1
    )
    knee = _bend(u, y, batch)
    trend = _trend(batch, constant, line, up, down, knee, criterion)
    at = up.by_width.argmin(axis=1)
    rows = np.arange(len(batch))
    sigma = np.where(
        best == up.best, up.sigma[rows, at],
        np.where(best == constant.deviance, constant.sigma, line.sigma),
    )  # fmt: skip
    return Shapes(
        limit, up, constant, line, trend, best, low, high, mid_low, mid_high,
        _chi2_tail(smooth), _chi2_tail(narrow - best), sigma, down, knee.params,
    )  # fmt: skip


def _chi2_tail(deviance: Array) -> Array:
    from scipy.special import chdtrc

    out: Array = chdtrc(1.0, np.maximum(deviance, 0.0))
    return out


def _interval(widths: Array, excess: Array, level: float) -> tuple[Array, Array]:
    """Ends of {width: excess ≤ level}, the crossing interpolated in log width."""
    n, size = widths.shape
    inside = excess <= level
    rows = np.arange(n)
    first = inside.argmax(axis=1)
    last = size - 1 - inside[:, ::-1].argmax(axis=1)
    logs = np.log(widths)

    def crossing(at: NDArray[np.int64], beyond: NDArray[np.int64]) -> Array:
        a, b = excess[rows, at], excess[rows, beyond]
        share = np.clip((level - a) / np.where(b > a, b - a, 1.0), 0.0, 1.0)
        out: Array = np.exp(logs[rows, at] + share * (logs[rows, beyond] - logs[rows, at]))
        return out

    low = np.where(first > 0, crossing(first, np.maximum(first - 1, 0)), 0.0)
    high = np.where(last < size - 1, crossing(last, np.minimum(last + 1, size - 1)), np.inf)
    none = ~inside.any(axis=1)
    return np.where(none, 0.0, low), np.where(none, np.inf, high)


def _places(up: Rise, level: float) -> tuple[Array, Array]:
    """Ends of the midpoint's profile interval, widened to the neighbouring grid points."""
    inside = up.by_midpoint - up.best[:, None] <= level
    at = up.pick()[:, 2]
    below = np.concatenate([inside[:, 1:], inside[:, -1:]], axis=1)
    above = np.concatenate([inside[:, :1], inside[:, :-1]], axis=1)
    low = np.where(inside | below, up.midpoints, np.inf).min(axis=1)
    high = np.where(inside | above, up.midpoints, -np.inf).max(axis=1)
    return np.minimum(low, at), np.maximum(high, at)


@dataclass(frozen=True)
class _Bent:
    deviance: Array
    params: Array
    errors: Array


def _bend(u: Array, y: Array, batch: Batch) -> _Bent:
    """Best two straight arms that meet at a tested scale; params level, before, after, knee."""
    n, size = u.shape
    inner = np.arange(1, size - 1)
    knees = u[:, inner]
    rows = np.repeat(np.arange(n), inner.size)
    x = u[rows] - knees.reshape(-1, 1)
    design = np.stack([np.ones_like(x), np.minimum(x, 0.0), np.maximum(x, 0.0)], axis=-1)
    scatter = batch.scatter[rows]
    got = linear(design, y[rows], scatter)
    weights = 1.0 / (
        scatter.variance + got.sigma[:, None] ** 2 / scatter.models + scatter.disagreement
    )
    normal = np.einsum("bk,bkp,bkq->bpq", weights, design, design)
    errors = np.sqrt(np.maximum(np.linalg.inv(normal).diagonal(axis1=1, axis2=2), 0.0))
    best = got.deviance.reshape(n, -1).argmin(axis=1)
    pick = np.arange(n) * inner.size + best
    params = np.concatenate([got.params[pick], knees[np.arange(n), best][:, None]], axis=1)
    return _Bent(got.deviance[pick], params, errors[pick])


def _trend(
    batch: Batch, constant: Linear, line: Linear, up: Rise, down: Rise, knee: _Bent,
    criterion: Criterion,
) -> NDArray[np.int8]:  # fmt: skip
    """Which trend the data show, if any: by likelihood, and by a change worth a name."""
    slope = line.params[:, 1]
    falling = np.minimum(np.where(slope < 0, line.deviance, np.inf), down.best)
    rising = np.minimum(np.where(slope > 0, line.deviance, np.inf), up.best)
    monotone = np.minimum(np.minimum(falling, rising), constant.deviance)
    gain = constant.deviance - np.minimum(falling, rising)
    change = np.abs(_ends(batch.y))
    out = np.zeros(len(batch), dtype=np.int8)
    sure = (gain > criterion.min_trend) & (change >= criterion.min_change)
    out[sure & (rising <= falling)] = TRENDS.index("rising")
    out[sure & (falling < rising)] = TRENDS.index("falling")
    _, before, after, at = knee.params.T
    left = before * (at - batch.u[:, 0])
    right = after * (batch.u[:, -1] - at)
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = (np.abs(before / knee.errors[:, 1]) > 2.5) & (
            np.abs(after / knee.errors[:, 2]) > 2.5
        )
    big = np.minimum(np.abs(left), np.abs(right)) >= criterion.min_change
    bent = clear & big & (monotone - knee.deviance > criterion.min_bend)
    out[bent & (left < 0) & (right > 0)] = TRENDS.index("v")
    out[bent & (left > 0) & (right < 0)] = TRENDS.index("lambda")
    return out


def _ends(y: Array) -> Array:
    """Mean of the last third minus mean of the first third of the scales."""
    third = max(1, y.shape[1] // 3)
    out: Array = y[:, -third:].mean(axis=1) - y[:, :third].mean(axis=1)
    return out
