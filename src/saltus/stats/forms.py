"""The curves that are fitted, each with its analytic Jacobian.

x is the axis as it is fitted: decades (log10) for params, tokens, flops and steps; nats,
negated, for the loss. Parameters are in the units of x and y.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOGITS_10_90 = 2.0 * float(np.log(9.0))
"""Distance in logits between 10 % and 90 % of a logistic rise."""


@dataclass(frozen=True)
class Form:
    """A family of curves.

    Attributes:
        name: Stable key.
        names: Names of the parameters, in order.
        value: f(x, params): x (..., n_points), params (..., n_params) -> (..., n_points).
        jacobian: df/dparams, shape (..., n_points, n_params).
        positive: Indices of parameters that must be positive.

    Examples:
        >>> LINE.value(np.array([0.0, 1.0]), np.array([1.0, 2.0])).tolist()
        [1.0, 3.0]
    """

    name: str
    names: tuple[str, ...]
    value: Callable[[Array, Array], Array]
    jacobian: Callable[[Array, Array], Array]
    positive: tuple[int, ...] = ()


def sigmoid(z: Array) -> Array:
    """1/(1 + e^−z), without overflow.

    Examples:
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    out: Array = 0.5 * (1.0 + np.tanh(0.5 * z))
    return out


def _constant(x: Array, p: Array) -> Array:
    return np.broadcast_to(p[..., 0, None], np.broadcast_shapes(x.shape, (*p.shape[:-1], 1)))


def _constant_jacobian(x: Array, p: Array) -> Array:
    return np.ones((*_constant(x, p).shape, 1))


def _line(x: Array, p: Array) -> Array:
    out: Array = p[..., 0, None] + p[..., 1, None] * x
    return out


def _line_jacobian(x: Array, p: Array) -> Array:
    shape = np.broadcast_shapes(x.shape, (*p.shape[:-1], 1))
    return np.stack([np.ones(shape), np.broadcast_to(x, shape)], axis=-1)


def _logistic(x: Array, p: Array) -> Array:
    floor, ceiling, midpoint, width = (p[..., i, None] for i in range(4))
    out: Array = floor + (ceiling - floor) * sigmoid(LOGITS_10_90 * (x - midpoint) / width)
    return out


def _logistic_jacobian(x: Array, p: Array) -> Array:
    floor, ceiling, midpoint, width = (p[..., i, None] for i in range(4))
    z = LOGITS_10_90 * (x - midpoint) / width
    s = sigmoid(z)
    slope = (ceiling - floor) * s * (1.0 - s)
    return np.stack([1.0 - s, s, -slope * LOGITS_10_90 / width, -slope * z / width], axis=-1)


def _hinge(x: Array, p: Array) -> Array:
    level, knee, slope = (p[..., i, None] for i in range(3))
    out: Array = level + slope * np.maximum(x - knee, 0.0)
    return out


def _hinge_jacobian(x: Array, p: Array) -> Array:
    _, knee, slope = (p[..., i, None] for i in range(3))
    beyond = np.maximum(x - knee, 0.0)
    return np.stack([np.ones_like(beyond), np.where(beyond > 0, -slope, 0.0), beyond], axis=-1)


CONSTANT = Form("constant", ("level",), _constant, _constant_jacobian)
LINE = Form("line", ("intercept", "slope"), _line, _line_jacobian)
LOGISTIC = Form(
    "logistic",
    ("floor", "ceiling", "midpoint", "width"),
    _logistic,
    _logistic_jacobian,
    positive=(3,),
)
HINGE = Form("hinge", ("level", "knee", "slope"), _hinge, _hinge_jacobian)
FORMS: dict[str, Form] = {f.name: f for f in (CONSTANT, LINE, LOGISTIC, HINGE)}
