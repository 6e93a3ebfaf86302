"""A made-up study with known truth: what the report is tested on.

Scores are drawn from curves chosen here, and the verdicts are filled in to fit them; nothing
in this file decides anything. Real verdicts come from `saltus.verdict`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from saltus_synthetic_truth import (
    EXTRA,
    METRICS,
    SIZES,
    TRUTHS,
    Truth,
    ladder,
    prompts,
    score,
    skill,
)

from saltus.report.findings import Findings, StudyInfo, TaskInfo, findings
from saltus.scale import Axis, Model
from saltus.verdict.result import (
    Difference,
    Estimate,
    Fitted,
    ForecastMiss,
    Guard,
    MetricCheck,
    Onset,
    Point,
    Presence,
    Resolution,
    Sharpness,
    StrategyVerdict,
    Surprise,
    Verdict,
)


def make(
    *, tasks: tuple[Truth, ...] = TRUTHS, items: int = 200, checkpoints: int = 8, seed: int = 7
) -> Findings:
    """The synthetic findings."""
    rng = np.random.default_rng(seed)
    models = ladder(checkpoints)
    verdicts: list[Verdict] = []
    strategies: list[StrategyVerdict] = []
    infos: list[TaskInfo] = []
    for t in tasks:
        infos.append(
            TaskInfo(
                name=t.name,
                ability=t.ability,
                title={"en": t.en, "zh": t.zh},
                description={
                    "en": f"{t.en}: one in ten questions is kept out of training.",
                    "zh": f"{t.zh}：十分之一的题目不参与训练。",
                },
                chance=t.chance,
                example={
                    "question": t.question,
                    "direct_prompt": f"\n{t.question}=",
                    "target": t.target,
                    "scratchpad_answer": f"2+5=7,1+4=5={t.target}" if t.scratchpad else None,
                },
            )
        )
        for prompt, middle in prompts(t).items():
            names = METRICS + (EXTRA if t.choices else ())
            for metric in ("exact_match",) if "scratch" in prompt else names:
                table = {
                    m.id: score(metric, t, skill(t, middle, m, rng), items, rng) for m in models
                }
                verdicts += curves(t, prompt, middle, metric, models, table, items)
        strategies += contrasts(t, verdicts)
    return findings(
        verdicts=verdicts,
        strategies=strategies,
        models=models,
        tasks=infos,
        study=StudyInfo(
            "synthetic",
            created="2026-01-31T12:00:00Z",
            items=items,
            seed=seed,
            sheet={
                "saltus": "0.1.0",
                "python": "3.11",
                "cells": len(models) * 30,
                "evaluation_seconds": 112.4,
                "judging_seconds": 31.0,
                "peak_memory_mb": 812,
                "digest": "5f0c2d91",
            },
        ),
    )


def curves(t, prompt, middle, metric, models, table, items):
    final = [m for m in models if m.final]
    yield one(t, prompt, middle, metric, "params", final, table, items, "saltus-ladder")
    yield one(t, prompt, middle, metric, "flops", final, table, items, "saltus-ladder")
    yield one(t, prompt, middle, metric, "loss", list(models), table, items, "saltus-ladder")
    for size in SIZES:
        run = [m for m in models if m.size == size]
        yield one(t, prompt, middle, metric, "tokens", run, table, items, f"saltus-ladder/{size}")


def one(
    t: Truth,
    prompt: str,
    middle: float,
    metric: str,
    axis: Axis,
    models: list[Model],
    table: dict[str, tuple[float, float, float]],
    items: int,
    family: str,
) -> Verdict:
    has_chance = metric in ("exact_match", "choice_accuracy", "p_correct", "token_accuracy")
    chance = t.chance if has_chance else None
    points = []
    for m in sorted(
        models, key=lambda m: -m.scale.on(axis) if axis == "loss" else m.scale.on(axis)
    ):
        y, low, high = table[m.id]
        state = "unclear" if chance is None else "above" if low > chance + 0.02 else "chance"
        points.append(Point(m.id, m.scale.on(axis) or 0.0, y, items, low, high, m.seed, state))
    xs = list(dict.fromkeys(p.x for p in points))
    mean = {x: float(np.mean([p.y for p in points if p.x == x])) for x in xs}
    states = tuple(
        "above" if all(p.state == "above" for p in points if p.x == x) else "chance" for x in xs
    )
    label, onset = t.label, None
    scratch = "scratchpad" in prompt or (t.shots is not None and prompt == "4-shot")
    if scratch:
        label = "emergent"
    if metric not in ("exact_match", "choice_accuracy"):
        label = "smooth" if t.label != "flat" else "flat"
    if axis in ("loss", "tokens") and label == "emergent":
        label = "undecided" if axis == "tokens" else label
    if label in ("emergent", "metric-induced") and "above" in states and "chance" in states:
        at = len(states) - states[::-1].index("chance") - 1
        if at + 1 < len(xs):
            low, high = xs[at], xs[at + 1]
            onset = Onset(low, high, xs[max(0, at - 1)], xs[min(len(xs) - 1, at + 2)])
    if label == "emergent" and onset is None:
        label = "undecided"
    width = Estimate(t.width, t.width * 0.6, t.width * 1.7) if label not in ("flat",) else None
    check = MetricCheck("missing")
    if "scratchpad" not in prompt and metric == "exact_match":
        smooth = label == "metric-induced"
        check = MetricCheck(
            "smooth" if smooth else "leaps-too" if label == "emergent" else "undecided",
            metric="logprob_per_token",
            progress_before=Estimate(0.62, 0.4, 0.8) if smooth else Estimate(0.08, 0.01, 0.2),
            link_r2=0.981,
            link_p=0.41 if smooth else 0.0004,
            width=Estimate(1.9, 1.2, 3.1),
        )
    reasons = {"undecided": "too-few-scales", "emergent": "leap", "flat": "stays-at-chance"}
    reason = reasons.get(label, "")
    guards = [Guard("seeds-disagree", "36k", ("36k-s1", "36k-s2"))] if t.lottery else []
    return Verdict(
        family=family,
        task=t.name,
        prompt=prompt,
        metric=metric,
        axis=axis,
        label=label,
        reason=reason,
        points=tuple(points),
        presence=Presence(
            holds=None if chance is None else label == "emergent",
            chance=chance,
            margin=0.02,
            scales=tuple(xs),
            states=states,
            p_above=tuple(0.5 if s == "chance" else 1e-6 for s in states),
            overdispersion=1.3,
        ),
        sharpness=Sharpness(
            None if width is None else width.high < 1, width, 2.0 if axis == "flops" else 1.0
        ),
        surprise=Surprise(
            label == "emergent" if onset else None,
            (
                ForecastMiss("linear", 0.02, 0.0, 0.06, 0.93, True),
                ForecastMiss("logistic", 0.1, 0.0, 0.98, 0.93, False),
            )
            if onset
            else (),
            0.02 if onset else None,
        ),
        metric_check=check,
        resolution=Resolution(label == "emergent", 0.001, 0.93, 0.55, 0.09),
        guards=tuple(guards),
        onset=onset,
        midpoint=Estimate(middle, middle * 0.7, middle * 1.5) if axis == "params" else None,
        width=width,
        fitted=fit(xs, mean, t, axis, metric),
        criterion="saltus-criterion/1",
        seed=7,
        data_hash="a1b2c3d4",
    )


def fit(xs: list[float], mean: dict[float, float], t: Truth, axis: Axis, metric: str) -> Fitted:
    """A logistic drawn through the means; its middle is found on a coarse grid."""
    u = np.array([-x if axis == "loss" else math.log10(x) for x in xs])
    y = np.array([mean[x] for x in xs])
    lo, hi = float(y.min()), float(y.max())
    mid, w, cost = 0.0, 1.0, math.inf
    for m in np.linspace(u.min() - 0.3, u.max() + 0.3, 25):
        for width in (0.1, 0.25, 0.6, 1.2, 2.5):
            f = lo + (hi - lo) / (1 + np.exp(-np.clip((u - m) * 4.394 / width, -50, 50)))
            if (c := float(((f - y) ** 2).sum())) < cost:
                mid, w, cost = float(m), width, c
    g = np.linspace(u.min(), u.max(), 60)
    f = lo + (hi - lo) / (1 + np.exp(-np.clip((g - mid) * 4.394 / w, -50, 50)))
    band = 0.02 + 0.1 * (f - lo) * (hi - f) / max((hi - lo) ** 2, 1e-9) * 4 * (hi - lo)
    x = [-v if axis == "loss" else 10.0**v for v in g]
    return Fitted(
        "logistic",
        ("floor", "top", "mid", "width"),
        (lo, hi, mid, w),
        True,
        "ok",
        tuple(x),
        tuple(f),
        tuple(f - band),
        tuple(f + band),
    )


def contrasts(t: Truth, verdicts: list[Verdict]) -> list[StrategyVerdict]:
    """Scratchpad and shots against the plain question, on exact match along parameters."""
    own = {
        v.prompt: v
        for v in verdicts
        if v.task == t.name and v.metric == "exact_match" and v.axis == "params"
    }
    out = []
    for technique in ("4-shot", "0-shot scratchpad"):
        if technique not in own:
            continue
        base = {p.model: p for p in own["0-shot"].points}
        points = []
        for p in own[technique].points:
            d = p.y - base[p.model].y
            state = "better" if d > 0.08 else "worse" if d < -0.08 else "equal"
            points.append(Difference(p.model, p.x, d, d - 0.07, d + 0.07, p.n or 1, p.seed, state))
        better = [p.x for p in points if p.state == "better"]
        worse_or_equal = [p.x for p in points if p.state != "better"]
        emergent = bool(better) and bool(worse_or_equal) and max(worse_or_equal) < max(better)
        crossing = None
        if emergent and min(better) > min(worse_or_equal):
            low = max(x for x in worse_or_equal if x < min(better))
            crossing = Onset(low, min(better), low, min(better))
        label = "emergent" if crossing else "no-difference"
        out.append(
            StrategyVerdict(
                "saltus-ladder",
                t.name,
                "0-shot",
                technique,
                "exact_match",
                "params",
                label,
                tuple(points),
                crossing,
                "saltus-criterion/1",
                7,
            )
        )
    return out


HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>&\u2028'\"{{7*7}}${1}"


def hostile() -> Findings:
    """The same with hostile text wherever text comes from outside."""
    small = make(tasks=TRUTHS[:2], checkpoints=2)
    task = replace(
        small.tasks[0],
        title={"en": HOSTILE, "zh": HOSTILE},
        description={"en": HOSTILE, "zh": HOSTILE},
        ability=HOSTILE,
        example=dict.fromkeys(
            ("question", "direct_prompt", "target", "scratchpad_answer"), HOSTILE
        ),
    )
    verdicts = tuple(
        replace(v, guards=(Guard(HOSTILE, HOSTILE, (HOSTILE,)),), reason=HOSTILE)
        for v in small.verdicts
    )
    models = tuple(replace(m, size=HOSTILE) for m in small.models)
    study = StudyInfo(HOSTILE, created=HOSTILE, sheet={HOSTILE: HOSTILE})
    return findings(
        verdicts=verdicts,
        strategies=small.strategies,
        models=models,
        tasks=(task, *small.tasks[1:]),
        study=study,
    )
