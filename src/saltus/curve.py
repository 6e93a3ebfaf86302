"""Score and Curve: one metric of one task, measured along one axis of scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus.errors import DataError
from saltus.scale import AXES, Axis

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """Mean of a metric over the items of one task, for one model and prompt; n None if unknown."""

    value: float
    n: int | None
    stderr: float | None = None
    chance: float | None = None


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores of one task, prompt, metric and family along one axis.

    Points are sorted by x; models of equal scale (seeds) share an x. Bare arrays work too.

    Args:
        x: Scale, shape (n_points,), positive and finite (loss: any finite number).
        y: Mean score, shape (n_points,).
        n: Items behind each score, shape (n_points,) or one number; None where unknown.
        chance: Score of a guess; None where the metric has none (log-probabilities).
        axis: Which scale x is.
        stderr: Standard error of y, shape (n_points,); None for proportions with known n.
        items: Metric per item, shape (n_points, n_items), NaN where missing; the same item
            stands in the same column for every model (this is what makes tests paired).
        seeds: Training seed per point, None where unknown.
        models: Name per point.
        binary: Whether every item scores 0 or 1 (then intervals are binomial).
        higher_is_better: Direction of the metric.
        bounds: Lowest and highest possible score, ±inf where unbounded.

    Raises:
        DataError: Lengths differ, x or y is not finite, n < 1, k > n, chance outside [0, 1).

    Examples:
        >>> curve = Curve([1e3, 1e4, 1e5], [0.0, 0.0, 0.9], n=200, chance=0.0, axis="params")
        >>> len(curve), curve.log10_x.tolist()
        (3, [3.0, 4.0, 5.0])
    """

    x: Array
    y: Array
    n: NDArray[np.int64] | None
    chance: float | None
    axis: Axis
    task: str
    prompt: str
    metric: str
    family: str
    stderr: Array | None
    items: Array | None
    seeds: tuple[int | None, ...]
    models: tuple[str, ...]
    binary: bool
    higher_is_better: bool
    bounds: tuple[float, float]

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        n: ArrayLike | None = None,
        chance: float | None = None,
        axis: Axis = "flops",
        task: str = "task",
        prompt: str = "prompt",
        metric: str = "score",
        family: str = "family",
        stderr: ArrayLike | None = None,
        items: ArrayLike | None = None,
        seeds: Sequence[int | None] | None = None,
        models: Sequence[str] | None = None,
        binary: bool = True,
        higher_is_better: bool = True,
        bounds: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        where = f"curve {task}/{prompt}/{metric}"
        xs = np.atleast_1d(np.asarray(x, dtype=np.float64))
        ys = np.atleast_1d(np.asarray(y, dtype=np.float64))
        if xs.ndim != 1 or xs.shape != ys.shape:
            raise DataError(
                f"x has shape {xs.shape}, y has shape {ys.shape}",
                where=where,
                hint="give one score per model",
            )
        if axis not in AXES:
            raise DataError(f"unknown axis {axis!r}", where=where, hint="one of " + ", ".join(AXES))
        if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
            raise DataError(
                "x and y must be finite", where=where, hint="drop the missing points first"
            )
        if axis != "loss" and (xs < 0).any():
            raise DataError(f"{axis} must not be negative", where=where)
        if chance is not None and not 0.0 <= chance < 1.0:
            raise DataError(f"chance is {chance}", where=where, hint="a number in [0, 1)")
        order = np.argsort(xs, kind="stable")

        def per_point(values: ArrayLike | None, name: str) -> Array | None:
            if values is None:
                return None
            out = np.broadcast_to(np.asarray(values, dtype=np.float64), xs.shape)[order]
            if np.isnan(out).any():
                raise DataError(f"{name} has missing values", where=where)
            return np.ascontiguousarray(out)

        counts = per_point(n, "n")
        if counts is not None and (counts < 1).any():
            raise DataError("n must be at least 1", where=where)
        errs = per_point(stderr, "stderr")
        if errs is not None and (errs < 0).any():
            raise DataError("stderr must not be negative", where=where)
        if binary and ((ys < -1e-9).any() or (ys > 1 + 1e-9).any()):
            raise DataError(
                "a proportion lies outside [0, 1]",
                where=where,
                hint="give proportions, not percent; or binary=False",
            )
        item_rows: Array | None = None
        if items is not None:
            item_rows = np.asarray(items, dtype=np.float64)
            if item_rows.ndim != 2 or item_rows.shape[0] != xs.size:
                raise DataError(
                    f"items has shape {item_rows.shape}", where=where, hint=f"({xs.size}, n_items)"
                )
            item_rows = item_rows[order]
        names = tuple(models) if models is not None else tuple(f"model{i}" for i in range(xs.size))
        seed_of: tuple[int | None, ...] = tuple(seeds) if seeds is not None else (None,) * xs.size
        if len(names) != xs.size or len(seed_of) != xs.size:
            raise DataError("models and seeds need one entry per point", where=where)
        put = object.__setattr__
        put(self, "x", xs[order])
        put(self, "y", ys[order])
        put(self, "n", None if counts is None else counts.astype(np.int64))
        put(self, "chance", chance)
        put(self, "axis", axis)
        put(self, "task", task)
        put(self, "prompt", prompt)
        put(self, "metric", metric)
        put(self, "family", family)
        put(self, "stderr", errs)
        put(self, "items", item_rows)
        put(self, "seeds", tuple(seed_of[i] for i in order))
        put(self, "models", tuple(names[i] for i in order))
        put(self, "binary", binary)
        put(self, "higher_is_better", higher_is_better)
        put(self, "bounds", bounds)

    def __len__(self) -> int:
        return int(self.x.size)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """(family, task, prompt, metric, axis): what makes a curve this curve."""
        return (self.family, self.task, self.prompt, self.metric, self.axis)

    @property
    def scores(self) -> tuple[Score, ...]:
        """One `Score` per point, in the order of x.

        Examples:
            >>> Curve([10, 1], [0.5, 0.25], n=4, chance=0.25).scores[0]
            Score(value=0.25, n=4, stderr=None, chance=0.25)
        """
        counts = [None] * len(self) if self.n is None else self.n.tolist()
        errs = [None] * len(self) if self.stderr is None else self.stderr.tolist()
        return tuple(
            Score(float(y), n, e, self.chance) for y, n, e in zip(self.y, counts, errs, strict=True)
        )

    @property
    def log10_x(self) -> Array:
        """Scale in decades, shape (n_points,); for the loss axis x itself, negated.

        Loss falls as models get better, so its negative is what ability rises along; its
        differences are nats, not decades.
        """
        if self.axis == "loss":
            return -self.x
        out: Array = np.log10(np.maximum(self.x, 1e-300))
        return out


@dataclass(frozen=True)
class Curves:
    """A set of curves that can be picked from by task, prompt, metric, axis and family."""

    curves: tuple[Curve, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.curves)

    def __iter__(self) -> Iterator[Curve]:
        return iter(self.curves)

    def where(self, **want: Any) -> Curves:
        """The curves whose fields equal every given value.

        Examples:
            >>> curves = Curves((Curve([1], [0], task="a"), Curve([1], [0], task="b")))
            >>> [c.task for c in curves.where(task="b")]
            ['b']
        """
        return Curves(
            tuple(c for c in self.curves if all(getattr(c, k) == v for k, v in want.items()))
        )
