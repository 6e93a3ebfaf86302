"""Fewer points for the same picture: Ramer–Douglas–Peucker on several lines at once."""

from __future__ import annotations

import math
from collections.abc import Sequence


def simplify(
    x: Sequence[float],
    lines: Sequence[Sequence[float]],
    *,
    tolerance: float = 0.003,
    least: float = 0.0,
) -> list[int]:
    """Which points of a grid to keep so that no line moves by more than the tolerance.

    Args:
        x: Grid, shape (n,), monotone; only its order matters, as grids are evenly spaced on
            the axis that they are drawn on.
        lines: Each of shape (n,), sharing the grid.
        tolerance: Largest vertical error, as a share of the lines' common range.
        least: The range is taken to be at least this.

    Returns:
        Ascending indices, first and last included; all of them if a value is not finite.

    Source:
        Douglas and Peucker 1973, with vertical distance, as for a function's graph.

    Examples:
        >>> simplify([0, 1, 2, 3, 4], [[0, 0, 0, 1, 2]])
        [0, 2, 4]
    """
    n = len(x)
    values = [v for line in lines for v in line]
    if n < 3 or not all(map(math.isfinite, values)):
        return list(range(n))
    limit = tolerance * (max(max(values) - min(values), least) or 1.0)
    keep = {0, n - 1}
    todo = [(0, n - 1)]
    while todo:
        a, b = todo.pop()
        worst, at = limit, -1
        for i in range(a + 1, b):
            share = (i - a) / (b - a)
            error = max(abs(ln[a] + (ln[b] - ln[a]) * share - ln[i]) for ln in lines)
            if error > worst:
                worst, at = error, i
        if at >= 0:
            keep.add(at)
            todo += [(a, at), (at, b)]
    return sorted(keep)
