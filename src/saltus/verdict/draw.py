"""Midpoint, width and the drawn curve of every curve; the onset of those that leap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saltus.verdict.case import Case
from saltus.verdict.criterion import Criterion
from saltus.verdict.fitted import curve_of, estimates, fit_logistics
from saltus.verdict.gather import Batch
from saltus.verdict.onset import onset, redraw
from saltus.verdict.result import Estimate, Fitted, Onset
from saltus.verdict.rule import Decision
from saltus.verdict.shape import TRENDS, Shapes

LEAPS = ("emergent", "metric-induced")
"""Labels that carry an onset; no other ever does."""


@dataclass(frozen=True)
class Plot:
    """What a figure of one curve shows beside its points."""

    fitted: Fitted
    midpoint: Estimate | None = None
    width: Estimate | None = None
    onset: Onset | None = None


def draw(
    batch: Batch, cases: Sequence[Case], shape: Shapes, *, seed: int, n_boot: int,
    criterion: Criterion,
) -> list[Plot]:  # fmt: skip
    """Fit and resample what is drawn.

    Args:
        batch: The stacked curves.
        cases: The same, one by one; each keeps its resamples for the onset.
        shape: Their shapes.
        seed: Seed of the item table.
        n_boot: Resamples.
        criterion: Thresholds.
    """
    names = [TRENDS[t] for t in shape.trend]
    monotone = [
        t in ("rising", "falling") or bool(case.presence(criterion))
        for t, case in zip(names, cases, strict=True)
    ]
    rows = [i for i, drawable in enumerate(monotone) if drawable]
    if not rows:
        return [Plot(curve_of(case.g, shape, i, None, 0)) for i, case in enumerate(cases)]
    for i in rows:
        cases[i].scores = redraw(
            cases[i].g, n_boot=n_boot, sigma=float(shape.sigma[i]), rng=cases[i].rng,
            item_seed=seed,
        )  # fmt: skip
    falling = np.array([names[i] == "falling" for i in rows], dtype=bool)
    some = np.array(rows, dtype=np.int64)
    drawn = fit_logistics(
        batch.take(some), shape.take(some), falling, [cases[i].scores for i in rows]
    )
    row_of = {i: at for at, i in enumerate(rows)}
    out = []
    for i, case in enumerate(cases):
        at = row_of.get(i)
        if at is None:
            out.append(Plot(curve_of(case.g, shape, i, None, 0)))
            continue
        middle, width = estimates(case.g, drawn, at, shape, i, rising=not falling[at])
        out.append(Plot(curve_of(case.g, shape, i, drawn, at), middle, width))
    return out


def settled(
    plot: Plot, case: Case, decision: Decision, shape: Shapes, i: int, criterion: Criterion
) -> Plot:
    """The plot once the label is known: an onset for leaps only, no logistic through a V.

    Args:
        plot: From `draw`.
        case: The curve.
        decision: Its label.
        shape: Shapes of its batch.
        i: Its row there.
        criterion: Thresholds.
    """
    if decision.label in LEAPS:
        sigma = float(shape.sigma[i])
        where = onset(case.g, case.found.scale, case.scores, criterion, sigma=sigma)
        return replace(plot, onset=where)
    if TRENDS[shape.trend[i]] in ("rising", "falling") or plot.width is None:
        return plot
    return Plot(curve_of(case.g, shape, i, None, 0))
