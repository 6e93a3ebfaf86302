"""Batched nonlinear least squares: thousands of small curves at once, no loop over fits.

Levenberg–Marquardt on the transformed parameters, every row with its own damping; rows that
are done drop out of the batch. A row that fails says why, and never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from saltus.errors import DataError
from saltus.stats.forms import Form

Array = NDArray[np.float64]


class Reason(IntEnum):
    """Why a fit ended; `explain` says what to do."""

    CONVERGED = 0
    MAX_ITERATIONS = 1
    NO_DATA = 2
    NOT_FINITE = 3
    STALLED = 4

    @property
    def explain(self) -> str:
        """One sentence for a person."""
        return {
            Reason.CONVERGED: "the optimum was reached",
            Reason.MAX_ITERATIONS: "still improving at the last iteration: raise max_iter",
            Reason.NO_DATA: "fewer points with weight than parameters",
            Reason.NOT_FINITE: "x, y, weights or start are not finite",
            Reason.STALLED: "no step lowers the cost: the curve does not identify all parameters",
        }[self]


@dataclass(frozen=True, slots=True)
class FitBatch:
    """Fits of one form to many curves.

    Attributes:
        form: What was fitted.
        params: Shape (n_curves, n_params), NaN where there is no fit.
        cost: Weighted sum of squared residuals, shape (n_curves,).
        reason: `Reason` codes, shape (n_curves,).
        n_iter: Iterations of the best start, shape (n_curves,).
        agree: Share of the starts that end within 0.1 % (or 1e-6) of the best cost.
    """

    form: Form
    params: Array
    cost: Array
    reason: NDArray[np.int64]
    n_iter: NDArray[np.int64]
    agree: Array

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Which rows reached an optimum, shape (n_curves,)."""
        return np.asarray((self.reason == Reason.CONVERGED) | (self.reason == Reason.STALLED))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of the parameters, shape (n_params,) or (n_curves, n_params); ±inf for none."""

    low: Array
    high: Array

    def inward(self, params: Array) -> Array:
        """Bounded parameters -> free ones."""
        low, high = np.broadcast_arrays(self.low, self.high)
        both, only_low = np.isfinite(low) & np.isfinite(high), np.isfinite(low)
        span = np.where(both, high - low, 1.0)
        share = np.clip((params - np.where(both, low, 0.0)) / span, 1e-9, 1 - 1e-9)
        above = np.maximum(params - np.where(only_low, low, 0.0), 1e-12)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                both, np.log(share / (1 - share)), np.where(only_low, np.log(above), params)
            )

    def outward(self, free: Array) -> tuple[Array, Array]:
        """Free parameters -> (bounded ones, their derivative by the free ones)."""
        low, high = np.broadcast_arrays(self.low, self.high)
        both, only_low = np.isfinite(low) & np.isfinite(high), np.isfinite(low)
        share = 0.5 * (1 + np.tanh(0.5 * free))
        span = np.where(both, high - low, 1.0)
        grown = np.exp(np.clip(np.where(only_low & ~both, free, 0.0), -80, 80))
        base = np.where(only_low, low, 0.0)
        value = np.where(both, base + span * share, np.where(only_low, base + grown, free))
        slope = np.where(both, span * share * (1 - share), np.where(only_low, grown, 1.0))
        return value, slope


def fit(
    x: Array,
    y: Array,
    form: Form,
    *,
    start: Array,
    weights: Array | None = None,
    bounds: Bounds | None = None,
    max_iter: int = 60,
    rtol: float = 1e-9,
) -> FitBatch:
    """Fit ``form`` to every row of ``y`` by weighted least squares from several starts.

    Args:
        x: Shape (n_points,) or (n_curves, n_points).
        y: Shape (n_curves, n_points).
        form: One of `saltus.stats.forms.FORMS`.
        start: Shape (n_params,), (n_starts, n_params) or (n_curves, n_starts, n_params).
        weights: 1/variance, broadcast to y; 0 leaves a point out.
        bounds: Limits, by transform; without them positive parameters are still kept positive.
        max_iter: Most steps for a start.
        rtol: A start has converged when an accepted step lowers the cost by less than this.

    Returns:
        The best start of every curve.

    Raises:
        DataError: Shapes do not fit together.

    Source: Marquardt 1963, with Nielsen's scaling by the diagonal of JᵀWJ.

    Examples:
        >>> from saltus.stats.forms import LINE
        >>> x = np.arange(5.0)
        >>> got = fit(x, np.stack([2 * x + 1, 3 - x]), LINE, start=np.zeros(2))
        >>> got.params.round(6).tolist()
        [[1.0, 2.0], [3.0, -1.0]]
    """
    ys = np.atleast_2d(np.asarray(y, np.float64))
    n, points = ys.shape
    starts = np.asarray(start, np.float64)
    starts = starts.reshape((1,) * (3 - starts.ndim) + starts.shape)
    if starts.shape[-1] != len(form.names) or np.shape(x)[-1] != points:
        seen = f"x {np.shape(x)}, y {ys.shape} and start {np.shape(start)}"
        raise DataError(f"{seen} do not fit together")
    k, p = starts.shape[1], starts.shape[2]
    xs = np.broadcast_to(np.asarray(x, np.float64), (n, points))
    ws = np.broadcast_to(1.0 if weights is None else np.asarray(weights, np.float64), (n, points))
    starts = np.broadcast_to(starts, (n, k, p))
    limits = bounds or Bounds(
        np.array([0.0 if i in form.positive else -np.inf for i in range(p)]), np.full(p, np.inf)
    )
    rows = np.repeat(np.arange(n), k)
    low = np.broadcast_to(limits.low, (n, p))[rows]
    high = np.broadcast_to(limits.high, (n, p))[rows]
    ended = _solve(
        xs[rows], ys[rows], ws[rows], form, starts.reshape(n * k, p), low, high, max_iter, rtol
    )
    cost = np.where(np.isfinite(ended.cost), ended.cost, np.inf).reshape(n, k)
    best = cost.argmin(axis=1)
    least = cost[np.arange(n), best]
    with np.errstate(invalid="ignore"):
        agree = (cost <= least[:, None] * 1.001 + 1e-6).mean(axis=1)
    pick = np.arange(n) * k + best
    failed = ~np.isfinite(least)
    return FitBatch(
        form,
        np.where(failed[:, None], np.nan, ended.params[pick]),
        np.where(failed, np.nan, least),
        ended.reason[pick],
        ended.n_iter[pick],
        np.where(failed, 0.0, agree),
    )


@dataclass(frozen=True, slots=True)
class _Ended:
    params: Array
    cost: Array
    reason: NDArray[np.int64]
    n_iter: NDArray[np.int64]


def _solve(
    x: Array, y: Array, w: Array, form: Form, start: Array, low: Array, high: Array,
    max_iter: int, rtol: float,
) -> _Ended:  # fmt: skip
    """One start a row; every array has one row for each (curve, start)."""
    rows, p = start.shape
    free = Bounds(low, high).inward(start)
    reason = np.full(rows, int(Reason.MAX_ITERATIONS))
    bad = ~(np.isfinite(free).all(1) & np.isfinite(x).all(1) & np.isfinite(y).all(1)
            & np.isfinite(w).all(1))  # fmt: skip
    reason[bad] = Reason.NOT_FINITE
    reason[~bad & ((w > 0).sum(1) < p)] = Reason.NO_DATA
    live = np.flatnonzero(reason == Reason.MAX_ITERATIONS)
    cost = np.full(rows, np.nan)
    params = np.full((rows, p), np.nan)
    n_iter = np.zeros(rows, dtype=np.int64)
    damping = np.full(rows, 1e-3)
    params[live], _ = Bounds(low[live], high[live]).outward(free[live])
    cost[live] = (w[live] * (y[live] - form.value(x[live], params[live])) ** 2).sum(1)
    for _ in range(max_iter):
        if live.size == 0:
            break
        limits = Bounds(low[live], high[live])
        _, slope = limits.outward(free[live])
        residual = y[live] - form.value(x[live], params[live])
        jac = form.jacobian(x[live], params[live]) * slope[:, None, :]
        weighted = jac * w[live][:, :, None]
        normal = np.matmul(weighted.transpose(0, 2, 1), jac)
        gradient = np.matmul(weighted.transpose(0, 2, 1), residual[:, :, None])
        diagonal = np.einsum("nii->ni", normal)
        top = diagonal.max(axis=1, keepdims=True)
        # A parameter the data do not touch gets a tiny curvature instead of a singular matrix.
        ridge = damping[live, None] * np.maximum(diagonal, 1e-10 * top) + 1e-12 * top + 1e-300
        step = np.linalg.solve(normal + ridge[:, :, None] * np.eye(p), gradient)[:, :, 0]
        trial = free[live] + np.clip(step, -8.0, 8.0)
        moved, _ = limits.outward(trial)
        new = (w[live] * (y[live] - form.value(x[live], moved)) ** 2).sum(1)
        better = new <= cost[live]
        gain = cost[live] - new
        done = better & (gain <= rtol * np.maximum(cost[live], 1e-12))
        stuck = ~better & (damping[live] > 1e10)
        up = live[better]
        free[up], params[up], cost[up] = trial[better], moved[better], new[better]
        damping[live] = np.where(better, damping[live] * 0.2, damping[live] * 6.0)
        damping[live] = np.maximum(damping[live], 1e-12)
        n_iter[live] += 1
        reason[live[done]] = Reason.CONVERGED
        reason[live[stuck]] = Reason.STALLED
        live = live[~(done | stuck)]
    return _Ended(params, cost, reason, n_iter)
