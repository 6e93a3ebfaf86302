"""Known truth for the made-up study: tasks, a ladder of models, and scores drawn from both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saltus.scale import Model, Scale

SIZES = {
    "1.5k": 1536,
    "3.4k": 3424,
    "9k": 8900,
    "18k": 18e3,
    "36k": 36e3,
    "72k": 72e3,
    "111k": 111e3,
    "303k": 303e3,
    "1M": 1.05e6,
}
SEEDS = {"36k": (1, 2, 3, 4), "111k": (1, 2, 3)}
METRICS = ("exact_match", "token_accuracy", "p_exact", "logprob_per_token")
EXTRA = ("choice_accuracy", "p_correct", "brier")


@dataclass(frozen=True)
class Truth:
    name: str
    ability: str
    label: str
    chance: float
    middle: float  # parameters
    width: float  # decades
    top: float
    scratchpad: float | None  # where the scratchpad begins to work
    shots: float | None  # where examples begin to work
    choices: bool
    lottery: bool
    en: str
    zh: str
    question: str
    target: str


def truths() -> tuple[Truth, ...]:
    """The tasks of ``truths.txt``; a scratchpad or shots of 0 never help."""
    out = []
    for line in Path(__file__).with_name("truths.txt").read_text("utf-8").splitlines()[1:]:
        name, ability, label, *numbers, flags, en, zh, question, target = line.split(" | ")
        chance, middle, width, top, pad, shots = map(float, numbers)
        pads = {"scratchpad": pad or None, "shots": shots or None}
        kinds = {"choices": "choices" in flags, "lottery": "lottery" in flags}
        texts = {"en": en, "zh": zh, "question": question, "target": target}
        curve = {"chance": chance, "middle": middle, "width": width, "top": top}
        out.append(Truth(name, ability, label, **curve, **pads, **kinds, **texts))
    return tuple(out)


TRUTHS = truths()


def ladder(checkpoints: int = 8) -> tuple[Model, ...]:
    models = []
    for size, n in SIZES.items():
        for seed in SEEDS.get(size, (1,)):
            for c in range(checkpoints):
                last = c == checkpoints - 1
                step = round(20_000 * 2.0 ** -(checkpoints - 1 - c))
                tokens = step * 1024.0
                loss = 0.75 + (3e3 / n) ** 0.34 + (4e5 / tokens) ** 0.45 + 0.01 * seed
                models.append(
                    Model(
                        id=f"{size}-s{seed}-step{step}",
                        family="saltus-ladder",
                        scale=Scale(
                            params=float(n),
                            params_total=n + 4000.0,
                            tokens=tokens,
                            flops=6.9 * n * tokens,
                            flops_6nd=6.0 * n * tokens,
                            loss=loss,
                            step=step,
                        ),
                        seed=seed,
                        size=size,
                        final=last,
                        path=f"weights/{size}-s{seed}-step{step}",
                    )
                )
    return tuple(models)


def skill(t: Truth, middle: float, model: Model, rng: np.random.Generator) -> float:
    """Between 0 and 1: how far up its rise a model is."""
    n, tokens = model.scale.params or 1.0, model.scale.tokens or 1.0
    z = math.log10(n / middle) + 0.5 * math.log10(tokens / 2.048e7)
    jitter = rng.normal(0, 0.9 if t.lottery else 0.05)
    return 1.0 / (1.0 + math.exp(-(z + jitter * (0.5 if t.lottery else 1)) * 4.394 / t.width))


def wilson(k: float, n: int) -> tuple[float, float]:
    z, p = 1.96, k / n
    mid, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (max(0.0, (mid - half) / (1 + z * z / n)), min(1.0, (mid + half) / (1 + z * z / n)))


def prompts(t: Truth) -> dict[str, float]:
    """Middle of the rise by prompt."""
    out = {"0-shot": t.middle, "4-shot": t.shots or t.middle * 0.8}
    if t.scratchpad:
        out["0-shot scratchpad"] = t.scratchpad
    return out


def score(
    metric: str, t: Truth, s: float, n: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    p = t.chance + (t.top - t.chance) * s
    if metric in ("exact_match", "choice_accuracy"):
        k = rng.binomial(n, p)
        return (k / n, *wilson(k, n))
    if metric == "logprob_per_token":
        y = -2.6 * (1 - s) ** 1.3 - 0.01
        return (y, y - 0.08, min(0.0, y + 0.08))
    if metric == "brier":
        y = 1.6 * (1 - p) ** 1.5
        return (y, max(0.0, y - 0.05), y + 0.05)
    y = min(1.0, max(0.0, p if metric != "token_accuracy" else 0.2 + 0.8 * s**0.5))
    return (y, max(0.0, y - 0.03), min(1.0, y + 0.03))
