"""What the findings say, counted: the numbers that the opening words are made of.

Pure selections and counts over `Findings`; no sentence is made here and none is made
elsewhere from anything but these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from saltus.report.findings import (
    Findings,
    is_scratchpad,
    metric_key,
    prompt_key,
)
from saltus.scale import AXES, Axis
from saltus.verdict.result import Label, Point, StrategyVerdict, Verdict

LOTTERY_SPREAD = 0.3
"""Seeds of one scale differ this much in score before the word lottery is used."""


def default_axis(findings: Findings) -> Axis:
    """The axis the summary walks along: the first of `AXES` that has a verdict."""
    used = {v.axis for v in findings.verdicts}
    return next((a for a in AXES if a in used), "params")


def headlines(findings: Findings, axis: Axis | None = None) -> tuple[Verdict, ...]:
    """One verdict for every family × task × prompt: the one on its first metric.

    Args:
        findings: All verdicts.
        axis: Along which axis; `default_axis` when None.

    Returns:
        In the order of the tasks, then of the prompts.
    """
    along = axis or default_axis(findings)
    best: dict[tuple[str, str, str], Verdict] = {}
    for v in findings.verdicts:
        if v.axis != along:
            continue
        key = (v.family, v.task, v.prompt)
        if key not in best or metric_key(v.metric) < metric_key(best[key].metric):
            best[key] = v
    return tuple(best.values())


def label_counts(verdicts: tuple[Verdict, ...]) -> dict[Label, int]:
    """How often each label was given, most frequent first."""
    return dict(Counter(v.label for v in verdicts).most_common())


def by_task(verdicts: tuple[Verdict, ...], *labels: Label) -> dict[str, tuple[Verdict, ...]]:
    """The verdicts with one of the labels, by task, in order."""
    out: dict[str, tuple[Verdict, ...]] = {}
    for v in verdicts:
        if v.label in labels:
            out[v.task] = (*out.get(v.task, ()), v)
    return out


def never(verdicts: tuple[Verdict, ...]) -> dict[str, tuple[Verdict, ...]]:
    """Flat curves that no model lifts above chance, by task, in order."""
    return by_task(
        tuple(v for v in verdicts if not any(p.state == "above" for p in v.points)), "flat"
    )


def scratchpad_helps(findings: Findings) -> tuple[StrategyVerdict, ...]:
    """Where working step by step starts to help at some scale, one per family and task."""
    return _starting(findings, scratchpad=True)


def shots_help(findings: Findings) -> tuple[StrategyVerdict, ...]:
    """Where examples in the prompt start to help at some scale, one per family and task."""
    return _starting(findings, scratchpad=False)


def _starting(findings: Findings, *, scratchpad: bool) -> tuple[StrategyVerdict, ...]:
    along = default_axis(findings)
    found: dict[tuple[str, str], StrategyVerdict] = {}
    for s in findings.strategies:
        about = is_scratchpad(s.technique) and not is_scratchpad(s.baseline)
        shots = not is_scratchpad(s.technique) and not is_scratchpad(s.baseline)
        if s.label != "emergent" or s.axis != along or not (about if scratchpad else shots):
            continue
        key = (s.family, s.task)
        # of several numbers of shots the largest is shown: it is where learning shows most
        if key not in found or prompt_key(s.technique) > prompt_key(found[key].technique):
            found[key] = s
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Lottery:
    """Seeds of one scale disagree: some at chance, some far above it.

    Attributes:
        verdict: The curve it was seen on.
        x: The scale.
        scores: Score of each seed, ascending.
    """

    verdict: Verdict
    x: float
    scores: tuple[float, ...]


def lotteries(verdicts: tuple[Verdict, ...]) -> tuple[Lottery, ...]:
    """Scales where the training seed decides, the widest spread of each task only.

    A lottery needs one seed whose state is ``chance`` (or below), one that is ``above``, and
    `LOTTERY_SPREAD` between their scores.
    """
    found: dict[str, Lottery] = {}
    for v in verdicts:
        for x, points in points_by_x(v).items():
            states = {p.state for p in points}
            ys = tuple(sorted(p.y for p in points))
            if (
                len({p.seed for p in points}) < 2
                or "above" not in states
                or not states & {"chance", "below"}
                or ys[-1] - ys[0] < LOTTERY_SPREAD
            ):
                continue
            old = found.get(v.task)
            if old is None or ys[-1] - ys[0] > old.scores[-1] - old.scores[0]:
                found[v.task] = Lottery(v, x, ys)
    return tuple(found.values())


def points_by_x(verdict: Verdict) -> dict[float, tuple[Point, ...]]:
    """The points of each distinct scale, in the order of the points."""
    out: dict[float, tuple[Point, ...]] = {}
    for p in verdict.points:
        out[p.x] = (*out.get(p.x, ()), p)
    return out


def sample_sizes(verdict: Verdict) -> tuple[int, int] | None:
    """Smallest and largest n of the points; None where no point knows its n."""
    ns = [p.n for p in verdict.points if p.n is not None]
    return (min(ns), max(ns)) if ns else None


@dataclass(frozen=True, slots=True)
class Extent:
    """What was measured, counted.

    ``lowest`` and ``highest`` are parameters of the smallest and largest model, None where
    unknown. ``runs`` counts trainings (size × seed), ``sizes`` distinct parameter counts.
    """

    models: int
    families: int
    sizes: int
    runs: int
    lowest: float | None
    highest: float | None


def extent(findings: Findings) -> Extent:
    """How many models, sizes and training runs the findings rest on."""
    models = findings.models
    if not models:
        names = {p.model for v in findings.verdicts for p in v.points}
        return Extent(len(names), len({v.family for v in findings.verdicts}), 0, 0, None, None)
    params = sorted({m.scale.params for m in models if m.scale.params is not None})
    return Extent(
        models=len(models),
        families=len({m.family for m in models}),
        sizes=len(params),
        runs=len({(m.family, m.size or m.id, m.seed) for m in models}),
        lowest=params[0] if params else None,
        highest=params[-1] if params else None,
    )
