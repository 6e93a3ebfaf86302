"""Every metric, computed from one pass over the same outputs.

A direct prompt is scored by teacher forcing: the model reads prompt and target, and gives for
every target token its log-probability and the token it would have written instead. Greedy
decoding writes the target if and only if that token is the target's at every position, so exact
match needs no generation. A scratchpad is generated, and has exact match alone.

Pure NumPy; no tokenizer and no model here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from saltus.errors import DataError
from saltus.scoring.extract import extract
from saltus.tasks.task import Item, Task

SCORING_VERSION = 1
"""Raised whenever the same output would score differently: it is part of every cell's name."""

Array = NDArray[np.float32]


Chance = Callable[[Task, Sequence[Item]], float | None]


def _no_chance(task: Task, items: Sequence[Item]) -> float | None:
    return None


def _task_chance(task: Task, items: Sequence[Item]) -> float | None:
    return task.chance


def _one_in_choices(task: Task, items: Sequence[Item]) -> float | None:
    shares = [1.0 / len(item.choices) for item in items if len(item.choices) > 1]
    return float(np.mean(shares)) if shares else None


def _uniform_brier(task: Task, items: Sequence[Item]) -> float | None:
    one_in = _one_in_choices(task, items)
    return None if one_in is None else 1.0 - one_in


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to score an output.

    Attributes:
        name: Column in the shards and key everywhere.
        title: Display name by language.
        binary: Whether every item scores 0 or 1.
        continuous: Whether it can show progress that exact match hides.
        bounds: Lowest and highest score, ±inf where unbounded.
        higher_is_better: Direction.
        chance: Score of a guess, from the task and the items measured; None where the metric
            has no such level.
        needs_choices: Whether the items must have choices.
        scratchpad: Whether a generated scratchpad has it.
    """

    name: str
    title: dict[str, str]
    binary: bool
    continuous: bool
    bounds: tuple[float, float]
    higher_is_better: bool = True
    chance: Chance = field(default=_no_chance, repr=False)
    needs_choices: bool = False
    scratchpad: bool = False


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric(
            "exact_match",
            {"en": "Exact match", "zh": "完全匹配"},
            binary=True,
            continuous=False,
            bounds=(0.0, 1.0),
            chance=_task_chance,
            scratchpad=True,
        ),
        Metric(
            "choice_accuracy",
            {"en": "Choice accuracy", "zh": "选择准确率"},
            binary=True,
            continuous=False,
            bounds=(0.0, 1.0),
            chance=_one_in_choices,
            needs_choices=True,
        ),
        Metric(
            "p_correct",
            {"en": "P(correct choice)", "zh": "正确选项概率"},
            binary=False,
            continuous=True,
            bounds=(0.0, 1.0),
            chance=_one_in_choices,
            needs_choices=True,
        ),
        Metric(
            "brier",
            {"en": "Brier score", "zh": "布里尔分数"},
            binary=False,
            continuous=True,
            bounds=(0.0, 2.0),
            higher_is_better=False,
            chance=_uniform_brier,
            needs_choices=True,
        ),
        Metric(
            "logprob_per_token",
            {"en": "Log-probability per token", "zh": "每词元对数概率"},
            binary=False,
            continuous=True,
            bounds=(-np.inf, 0.0),
        ),
        Metric(
            "token_accuracy",
            {"en": "Token accuracy", "zh": "词元准确率"},
            binary=False,
            continuous=True,
            bounds=(0.0, 1.0),
        ),
        Metric(
            "p_exact",
            {"en": "P(exact answer)", "zh": "完整答案概率"},
            binary=False,
            continuous=True,
            bounds=(0.0, 1.0),
            chance=_task_chance,
        ),
    )
}


def metrics_for(*, scratchpad: bool, choices: bool) -> tuple[str, ...]:
    """Names of the metrics that a cell has.

    Examples:
        >>> metrics_for(scratchpad=True, choices=True)
        ('exact_match',)
        >>> metrics_for(scratchpad=False, choices=False)
        ('exact_match', 'logprob_per_token', 'token_accuracy', 'p_exact')
    """
    return tuple(
        m.name
        for m in METRICS.values()
        if (m.scratchpad if scratchpad else choices or not m.needs_choices)
    )


def chance_of(metric: str, task: Task, items: Sequence[Item]) -> float | None:
    """Score of a guess on these items; None where the metric has no such level.

    Raises:
        DataError: There is no such metric.
    """
    if metric not in METRICS:
        raise DataError(f"unknown metric {metric!r}", hint="one of " + ", ".join(METRICS))
    return METRICS[metric].chance(task, items)


def score_targets(
    logprobs: NDArray[np.floating],
    argmax: NDArray[np.integer],
    token_ids: NDArray[np.integer],
    lengths: NDArray[np.integer],
) -> dict[str, Array]:
    """Metrics of targets scored by teacher forcing; their tokens stand end to end.

    Args:
        logprobs: Log-probability of every target token, shape (n_tokens,), nats.
        argmax: The token the model would have written there, shape (n_tokens,).
        token_ids: The targets' tokens, each with the line break that ends it, shape (n_tokens,).
        lengths: Tokens of each target, at least 1, shape (n_items,), n_tokens in sum.

    Returns:
        exact_match, logprob_per_token, token_accuracy and p_exact, each of shape (n_items,).

    Raises:
        DataError: A target has no token, or the lengths do not fit.

    Examples:
        >>> scores = score_targets(
        ...     np.log([0.5, 1.0, 0.25]), np.array([3, 9, 4]), np.array([3, 9, 5]), np.array([2, 1])
        ... )
        >>> scores["exact_match"].tolist(), scores["p_exact"].tolist()
        ([1.0, 0.0], [0.5, 0.25])
    """
    lengths = np.asarray(lengths)
    n = int(lengths.sum())
    if (lengths < 1).any() or not (len(logprobs) == len(argmax) == len(token_ids) == n):
        raise DataError(f"{len(logprobs)} log-probabilities for {n} target tokens")
    if n == 0:
        return {m: np.empty(0, np.float32) for m in metrics_for(scratchpad=False, choices=False)}
    starts = np.cumsum(lengths) - lengths
    right = np.asarray(argmax) == np.asarray(token_ids)
    hits = np.add.reduceat(right.astype(np.int64), starts)
    total = np.add.reduceat(np.asarray(logprobs, dtype=np.float64), starts)
    return {
        "exact_match": (hits == lengths).astype(np.float32),
        "logprob_per_token": (total / lengths).astype(np.float32),
        "token_accuracy": (hits / lengths).astype(np.float32),
        "p_exact": np.exp(total).astype(np.float32),
    }


def score_choices(
    logprobs: NDArray[np.floating], n_choices: NDArray[np.integer], target: NDArray[np.integer]
) -> dict[str, Array]:
    """Metrics of one choice among several; the choices of all items stand end to end.

    Args:
        logprobs: Log-probability of each choice as a whole, shape (sum of n_choices,), nats.
        n_choices: Choices per item, shape (n_items,); fewer than 2 give NaN.
        target: Position of the right choice of each item, shape (n_items,).

    Returns:
        choice_accuracy (a tie is not right), p_correct (softmax over the choices) and brier,
        Σ_j (p_j − 1[j = y])² in [0, 2], the definition of Brier (1950); shape (n_items,).

    Raises:
        DataError: The lengths do not fit, or a target lies outside its choices.

    Examples:
        >>> scores = score_choices(np.log([0.3, 0.1]), np.array([2]), np.array([0]))
        >>> round(float(scores["p_correct"][0]), 6), round(float(scores["brier"][0]), 6)
        (0.75, 0.125)
    """
    n_choices, target = np.asarray(n_choices), np.asarray(target)
    judged = n_choices >= 2
    if len(logprobs) != n_choices.sum() or len(target) != len(n_choices):
        raise DataError(f"{len(logprobs)} log-probabilities for {n_choices.sum()} choices")
    if (target[judged] < 0).any() or (target >= np.maximum(n_choices, 1)).any():
        raise DataError("the right choice is not among the choices")
    names = ("choice_accuracy", "p_correct", "brier")
    out = {name: np.full(len(target), np.nan, np.float32) for name in names}
    if not judged.any():
        return out
    width = int(n_choices.max())
    there = np.arange(width)[None, :] < n_choices[:, None]
    scores = np.full(there.shape, -np.inf)
    scores[there] = logprobs
    scores, there, rows = scores[judged], there[judged], np.arange(int(judged.sum()))
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = weights / weights.sum(axis=1, keepdims=True)
    y = target[judged]
    truth = np.zeros_like(p)
    truth[rows, y] = 1.0
    own = scores[rows, y]
    scores[rows, y] = -np.inf
    out["choice_accuracy"][judged] = own > scores.max(axis=1)
    out["p_correct"][judged] = p[rows, y]
    out["brier"][judged] = ((p - truth) ** 2).sum(axis=1)
    return out


class Judged(NamedTuple):
    """A scratchpad's final answer: is it right, and was there one."""

    exact_match: float
    parsed: bool


def score_scratchpad(
    text: str, target: str, answer_mark: str, *, truncated: bool = False
) -> Judged:
    """Exact match of the answer behind the last mark.

    Args:
        text: The generated continuation, without the prompt.
        target: The right answer.
        answer_mark: What stands between working and answer.
        truncated: Whether the text was cut off; then its answer is not whole, and not right.

    Examples:
        >>> score_scratchpad("1+2=3=3", "3", "=")
        Judged(exact_match=1.0, parsed=True)
    """
    found = extract(text, answer_mark)
    right = found.parsed and not truncated and found.answer == target.strip()
    return Judged(float(right), found.parsed)
