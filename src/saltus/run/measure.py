"""Measure one cell: questions in, one row per item out.

In two steps, which workers take for several cells at a time: what the model says, and its table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.engines.engine import Decoding, Engine, Generated, Question, Scored, TooLong
from saltus.errors import ModelError
from saltus.run.cell_samples import Alone, Answers, tabled
from saltus.run.plan import Asked, Cell

if TYPE_CHECKING:
    import polars as pl

SPARE_TOKENS = 8
"""A scratchpad may be this much longer than the longest worked solution of its cell."""


def measure(engine: Engine, cell: Cell, asked: Asked) -> pl.DataFrame:
    """Ask a model one task in one way.

    Returns:
        One row per item, with the columns of `saltus.store.samples.schema`.

    Raises:
        TooLong: No question fits.
    """
    return tabled(answers(engine, asked), cell, asked)


def answers(engine: Engine, asked: Asked) -> Answers:
    """What a model says.

    Questions that do not fit into the model's context are left out; nothing is cut.

    Raises:
        TooLong: No question fits.
    """
    answer = _generated if asked.kind in ("scratchpad", "text") else _scored
    there = np.ones(len(asked.questions), dtype=np.bool_)
    try:
        return Answers(asked.questions, there, answer(engine, asked, asked.questions))
    except TooLong:
        there = engine.fits(_as_asked(asked))
        questions = tuple(q for q, fits in zip(asked.questions, there, strict=True) if fits)
        if not questions or there.all():
            raise
        return Answers(questions, there, answer(engine, asked, questions))


def _as_asked(asked: Asked) -> tuple[Question, ...]:
    """Questions as they have to fit: a text must have room for the right answer."""
    if asked.kind == "scratchpad":
        pairs = zip(asked.questions, asked.references, strict=True)
        return tuple(Question(q.prompt, text, (), "") for q, text in pairs)
    if asked.kind == "text":
        return tuple(Question(q.prompt, q.target, (), "\n") for q in asked.questions)
    return asked.questions


def _scored(engine: Engine, asked: Asked, questions: tuple[Question, ...]) -> tuple[Scored, Alone]:
    """Answers that are scored by teacher forcing, without generation."""
    result = engine.score(questions)
    alone = asked.alone and result.n_choices.any()
    return result, _alone(engine, questions) if alone else None


def _alone(engine: Engine, questions: tuple[Question, ...]) -> Alone:
    """Log-probability of every choice behind nothing but what begins a text, in nats.

    Each different choice is scored once for the whole cell.

    Returns:
        Shape (sum of the numbers of choices,); None where it cannot be had, as where the
        tokenizer has no token that begins a text: the cell's other numbers stand without it.
    """
    texts = tuple(dict.fromkeys(c for q in questions for c in q.choices))
    try:
        result = engine.score(tuple(Question("", text, (), "") for text in texts))
    except ModelError:
        return None
    starts = np.cumsum(result.lengths) - result.lengths
    sums = np.add.reduceat(result.logprobs.astype(np.float64), starts)
    of = dict(zip(texts, sums.tolist(), strict=True))
    return np.array([of[c] for q in questions for c in q.choices], dtype=np.float32)


def _generated(
    engine: Engine, asked: Asked, questions: tuple[Question, ...]
) -> tuple[list[Generated], int]:
    """Answers that are written, and how many of each question."""
    decoding = asked.decoding
    if decoding is None:
        decoding = Decoding(_longest(engine, asked) + SPARE_TOKENS)
    return engine.generate([q.prompt for q in questions], decoding), max(1, decoding.samples)


_longest_of: dict[tuple[int, str], tuple[Any, int]] = {}


def _longest(engine: Engine, asked: Asked) -> int:
    """Tokens of the longest worked solution, counted once for all models of a tokenizer.

    Of all items, those that do not fit included: a cell's limit is the same everywhere.
    """
    encoder = getattr(engine, "encoder", None)
    key = (id(encoder), asked.fingerprint)
    if encoder is None or key not in _longest_of:
        if len(_longest_of) >= 512:
            _longest_of.clear()
        # The encoder is kept with it: as long as it lives, no other has its id.
        _longest_of[key] = (encoder, max(engine.count_tokens(asked.references)))
    return _longest_of[key][1]
