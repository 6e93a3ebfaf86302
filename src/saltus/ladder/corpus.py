"""The procedural corpus: rows of lines, every line a question and its answer.

Three kinds of rows: one task only (the few-shot format), a hidden rule held through several
lines, and everything mixed. Test questions never occur (`Task.draw` with split "train").
Answers weigh 1, prompts `PROMPT_WEIGHT`, in the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saltus.ladder.tokenizer import Encoder
from saltus.prompts import Style, line
from saltus.tasks.context import LETTERS, SHIFTS
from saltus.tasks.knowledge import CIPHERS, N_FACTS, fact_item
from saltus.tasks.registry import TASKS

CONTEXT = 128
"""Tokens in a row."""

PROMPT_WEIGHT = 0.1

Line = tuple[str, str]
"""A prompt, and the answer that follows it."""

# Share of the lines by task; (direct, scratchpad) where a task has both styles.
SHARES: dict[str, float | tuple[float, float]] = {
    "copy-4": 0.7, "copy-6": 0.7, "copy-8": 0.7, "copy-10": 0.7,
    "reverse-4": 1.0, "reverse-6": 1.0, "reverse-8": 1.0,
    "sort-4": 1.5, "sort-6": 1.5, "max-4": 0.7, "count-6": 1.5,
    "add-1": (0.7, 0.3), "add-2": (4.0, 1.5), "add-3": (4.0, 3.0), "add-4": (1.5, 2.0),
    "sub-2": (3.0, 1.5), "sub-3": (2.0, 2.0),
    "mul-1": 1.0, "mul-2": 1.0, "algebra": 3.0, "sequence": 3.0,
    "parity-10": (1.5, 2.0), "parity-16": (1.0, 1.5),
    "boolean-4": (1.5, 1.5), "boolean-6": (1.0, 1.0),
    "brackets-3": 1.5, "brackets-5": 1.5,
    "chain-1": (4.0, 1.0), "chain-2": (3.0, 3.0), "chain-3": (1.5, 2.0),
    "compare-2-en": 2.5, "compare-3-en": 2.5, "compare-2-zh": 2.5, "compare-3-zh": 2.5,
}  # fmt: skip
FACTS_SHARE, RECALL_SHARE, SHIFT_SHARE, REPEAT_SHARE = 7.0, 9.0, 5.0, 6.0


@dataclass(frozen=True, slots=True)
class Corpus:
    """Rows of token ids, shape (n_rows, CONTEXT + 1), and which of them are answers."""

    tokens: NDArray[np.uint8]
    is_answer: NDArray[np.bool_]


Document = Callable[[np.random.Generator], list[Line]]


def _task_line(name: str, style: Style) -> Document:
    task = TASKS[name]

    def document(rng: np.random.Generator) -> list[Line]:
        return [line(task, task.draw(rng, "train"), style)]

    return document


def _fact() -> Document:
    task = TASKS["facts"]
    frequency = 1.0 / (1.0 + np.arange(N_FACTS))
    cumulative = np.cumsum(frequency / frequency.sum())

    def document(rng: np.random.Generator) -> list[Line]:
        item = fact_item(int(np.searchsorted(cumulative, rng.random())))
        return [line(task, item, "direct")]

    return document


def _recall(rng: np.random.Generator) -> list[Line]:
    """Several queries on one context: single-query recall alone hardly forms induction."""
    task = TASKS["recall-8" if rng.random() < 0.6 else "recall-4"]
    item = task.draw(rng, "train")
    shown = item.question.removeprefix("get:")
    pairs = [shown[i : i + 2] for i in range(0, len(shown), 2)]
    rest = [pair for pair in pairs if pair[0] != item.tail]
    more = rng.permutation(len(rest)).tolist()[: int(rng.integers(0, 7))]
    return [line(task, item, "direct"), *((f"?{rest[i][0]}", rest[i][1]) for i in more)]


def _shift(rng: np.random.Generator) -> list[Line]:
    """One hidden shift through up to nine lines, every digit at most once."""
    rule = int(rng.integers(1, SHIFTS + 1))
    order = rng.permutation(10).tolist()[: int(rng.integers(2, 10))]
    return [(f"map:{d}=", str((d + rule) % 10)) for d in order]


def _repeat(rng: np.random.Generator) -> list[Line]:
    """A random string twice: what forms induction heads."""
    n = int(rng.integers(6, 22))
    text = "".join(
        LETTERS[a] + str(b)
        for a, b in zip(
            rng.integers(26, size=n).tolist(), rng.integers(10, size=n).tolist(), strict=True
        )
    )
    return [(f"say:{text},", text)]


def documents() -> tuple[list[Document], NDArray[np.float64]]:
    """Every kind of document and its share, shares summing to one."""
    kinds: list[Document] = []
    shares: list[float] = []

    def put(document: Document, share: float) -> None:
        kinds.append(document)
        shares.append(share)

    for name, share in SHARES.items():
        direct, scratchpad = share if isinstance(share, tuple) else (share, 0.0)
        put(_task_line(name, "direct"), direct)
        if scratchpad:
            put(_task_line(name, "scratchpad"), scratchpad)
    put(_fact(), FACTS_SHARE)
    put(_recall, RECALL_SHARE)
    put(_shift, SHIFT_SHARE)
    put(_repeat, REPEAT_SHARE)
    total = sum(shares)
    for header, share in CIPHERS.items():
        put(_task_line(f"cipher-{header}", "direct"), share * total / (1 - sum(CIPHERS.values())))
    weights = np.array(shares)
    return kinds, weights / weights.sum()


def make_corpus(rows: int, *, seed: int, single_task_rows: float = 0.4) -> Corpus:
    """Draw ``rows`` rows of `CONTEXT` + 1 tokens.

    Args:
        rows: Number of rows.
        seed: Seed of everything drawn.
        single_task_rows: Share of rows that hold one kind of document only.

    Examples:
        >>> corpus = make_corpus(4, seed=0)
        >>> corpus.tokens.shape, bool(corpus.is_answer.any())
        ((4, 129), True)
    """
    encoder = Encoder()
    kinds, shares = documents()
    cumulative = np.cumsum(shares)
    rng = np.random.default_rng(seed)
    length = CONTEXT + 1
    tokens = np.empty((rows, length), np.uint8)
    answers = np.empty((rows, length), np.bool_)
    newline = encoder.ids["\n"]
    for r in range(rows):
        ids: list[int] = []
        marks: list[bool] = []
        single = rng.random() < single_task_rows
        kind = kinds[int(np.searchsorted(cumulative, rng.random()))]
        while len(ids) < length:
            if not single:
                kind = kinds[int(np.searchsorted(cumulative, rng.random()))]
            for prompt, answer in kind(rng):
                question = encoder.encode(prompt)
                reply = encoder.encode(answer)
                # The newline belongs to the answer before it: it says that the answer ends.
                ids.append(newline)
                ids += question
                ids += reply
                marks.append(bool(marks))
                marks += [False] * len(question) + [True] * len(reply)
        tokens[r] = ids[:length]
        answers[r] = marks[:length]
    return Corpus(tokens, answers)
