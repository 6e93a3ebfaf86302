"""The samples of one cell: what a model says, as a table, scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from saltus.engines.engine import Generated, Question, Scored
from saltus.run.plan import Asked, Cell
from saltus.scoring.metrics import STORED
from saltus.scoring.score import Flat, How, score_samples
from saltus.scoring.version import scoring_digest
from saltus.store.samples import lists, schema

if TYPE_CHECKING:
    import polars as pl

    Columns = Mapping[str, pl.Series]

Alone = NDArray[np.float32] | None
"""Log-probability of every choice without its question, where that was asked for and can be had."""


def how_of(asked: Asked) -> How:
    """How the answers of a cell are judged."""
    also = dict(zip(asked.item_ids, asked.also_right, strict=False)) if asked.also_right else None
    return How(asked.kind, asked.answer_mark, asked.rules, also)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says to the questions of a cell.

    Attributes:
        questions: Those that it was asked.
        there: Which of the cell's questions these are, shape (n_items,): the others are too long.
        given: Answers that were scored, with the log-probabilities of the choices alone, or that
            were written, with how many there are of each.
    """

    questions: tuple[Question, ...]
    there: NDArray[np.bool_]
    given: tuple[Scored, Alone] | tuple[list[Generated], int]


def tabled(said: Answers, cell: Cell, asked: Asked) -> pl.DataFrame:
    """Answers as samples, scored: one row per item, too long ones included."""
    first, second = said.given
    flat: Flat | None = None
    if isinstance(first, Scored):
        columns, flat = _of_scored(said.questions, first, cast("Alone", second))
    else:
        columns = _of_written(said.questions, first, cast(int, second))
    if not said.there.all():
        columns, flat = _with_gaps(columns, said.there), None
    return scored(_known(cell, asked, said.there) | columns, how_of(asked), flat)


def scored(columns: Columns, how: How, flat: Flat | None = None) -> pl.DataFrame:
    """Samples with the metrics that are kept with them, by the code of today.

    Args:
        columns: Those of `saltus.store.samples.schema`; what is missing is null.
        how: How the answers are judged.
        flat: Values and lengths of lists among them, where they are at hand.
    """
    import polars as pl

    n = len(columns["item"])
    types = schema(STORED)
    if flat is not None:
        # Said here, it need not be found out by polars from columns of nulls.
        empty = np.empty(0, dtype=np.float32), np.zeros(n, dtype=np.int64)
        flat = {k: empty for k in _OF_CHOICES if k not in columns} | flat
    # Polars' null columns are shared, not copied.
    made = {k: _nothing(k, t, n) for k, t in types.items()}
    made |= {k: columns[k] for k in columns if k not in STORED}
    made["scoring"] = _same(scoring_digest(), n)
    for name, values in score_samples(made, how, flat=flat).items():
        # `parsed` comes only of written answers; of others it is true already.
        # To look for NaN is far cheaper than to have polars put nulls in their place.
        gaps = values.dtype != np.bool_ and bool(np.isnan(values).any())
        made[name] = pl.Series(name, values, nan_to_null=gaps)
    return pl.DataFrame([_as(made[name], name, kind) for name, kind in types.items()])


_OF_CHOICES = ("choice_logprobs", "choice_unconditional")


def _as(column: pl.Series, name: str, kind: Any) -> pl.Series:
    column = column if column.dtype == kind else column.cast(kind)
    return column if column.name == name else column.alias(name)


_of_asked: dict[str, dict[str, pl.Series]] = {}


def _known(cell: Cell, asked: Asked, there: NDArray[np.bool_]) -> dict[str, pl.Series]:
    """Columns that do not depend on the answers; most are the same for all models."""
    import polars as pl

    n = len(asked.questions)
    if asked.fingerprint not in _of_asked:
        if len(_of_asked) >= 512:
            _of_asked.clear()
        _of_asked[asked.fingerprint] = {
            "task": pl.Series([asked.task]).new_from_index(0, n),
            "prompt": pl.Series([asked.prompt.name]).new_from_index(0, n),
            "item": pl.Series(asked.item_ids),
            "difficulty": pl.Series(asked.difficulty, dtype=pl.Float32, strict=False),
            "target": pl.Series([q.target for q in asked.questions]),
        }
    return {
        **_of_asked[asked.fingerprint],
        "cell": pl.Series([cell.name]).new_from_index(0, n),
        "model": _same(cell.model, n),
        "too_long": pl.Series(~there),
    }


def _with_gaps(columns: Columns, there: NDArray[np.bool_]) -> dict[str, pl.Series]:
    """Columns of the questions that fit, with a null for each that does not."""
    import polars as pl

    place = pl.Series(np.where(there, np.cumsum(there) - 1, 0), dtype=pl.UInt32)
    place = place.set(pl.Series(~there), None)
    return {name: c.gather(place) for name, c in columns.items()}


@lru_cache(maxsize=1024)
def _nothing(name: str, kind: Any, n: int) -> pl.Series:
    import polars as pl

    return pl.Series(name, [None], dtype=kind).new_from_index(0, n)


@lru_cache(maxsize=256)
def _same(value: str | bool, n: int) -> pl.Series:
    import polars as pl

    return pl.Series([value]).new_from_index(0, n)


def _of_scored(
    questions: tuple[Question, ...], result: Scored, alone: Alone
) -> tuple[dict[str, pl.Series], Flat]:
    """Columns of answers that were scored."""
    import polars as pl

    n = len(questions)
    target_bytes, choice_bytes, right = _sizes(questions)
    flat: Flat = {
        "token_ids": (result.token_ids, result.lengths),
        "token_logprobs": (result.logprobs, result.lengths),
        "token_argmax": (result.argmax, result.lengths),
    }
    if result.n_choices.any():
        ends = np.concatenate(([0], np.cumsum(result.choice_lengths)))
        last = np.cumsum(result.n_choices)
        tokens = ends[last] - ends[last - result.n_choices]
        flat |= {
            "choice_logprobs": (result.choice_logprobs, result.n_choices),
            "choice_lengths": (result.choice_lengths, result.n_choices),
            "choice_bytes": (choice_bytes, result.n_choices),
            "choice_token_ids": (result.choice_token_ids, tokens),
            "choice_token_logprobs": (result.choice_token_logprobs, tokens),
        }
        if alone is not None:
            flat["choice_unconditional"] = (alone, result.n_choices)
    columns = {
        "output": pl.Series(result.outputs, dtype=pl.String),
        "n_tokens": pl.Series(result.lengths),
        "target_bytes": target_bytes,
        "choice_target": right,
        "parsed": _same(True, n),
        "truncated": _same(False, n),
        **_nested(flat),
    }
    return columns, flat


def _of_written(
    questions: tuple[Question, ...], written: list[Generated], k: int
) -> dict[str, pl.Series]:
    """Columns of answers that were written: greedy text, or several samples."""
    import polars as pl

    each = np.array([len(g.token_ids) for g in written], dtype=np.int64)
    lengths = each.reshape(-1, k).sum(axis=1)
    firsts = written[::k]
    flat: Flat = {
        "token_ids": (np.concatenate([g.token_ids for g in written]), lengths),
        "token_logprobs": (np.concatenate([g.logprobs for g in written]), lengths),
    }
    columns = {
        "output": pl.Series([g.text for g in firsts]),
        "n_tokens": pl.Series(lengths),
        "target_bytes": pl.Series([len(q.target.encode()) for q in questions]),
        "truncated": pl.Series([g.truncated for g in firsts]),
        **_nested(flat),
    }
    if k > 1:
        columns["outputs"] = pl.Series([g.text for g in written]).reshape((-1, k)).arr.to_list()
        columns["sample_lengths"] = pl.Series(each.reshape(-1, k)).arr.to_list()
    return columns


@lru_cache(maxsize=512)
def _sizes(questions: tuple[Question, ...]) -> tuple[pl.Series, NDArray[np.int32], pl.Series]:
    """Bytes of each target and each choice, and which choice is right."""
    import polars as pl

    places = [q.choices.index(q.target) if q.target in q.choices else None for q in questions]
    # A space that parts an answer from its question is no part of its length.
    sizes = [len(c.lstrip(" ").encode()) for q in questions for c in q.choices]
    return (
        pl.Series([len((q.target + q.end).encode()) for q in questions], dtype=pl.Int32),
        np.array(sizes, dtype=np.int32),
        pl.Series(places, dtype=pl.Int32),
    )


def _nested(flat: Flat) -> dict[str, pl.Series]:
    """Values that stand end to end, as one list per item.

    Built from whole columns: a Python list per item costs more than running a tiny model.
    """
    groups: dict[int, list[str]] = {}
    for name, (_, lengths) in flat.items():
        groups.setdefault(id(lengths), []).append(name)
    out: dict[str, pl.Series] = {}
    for names in groups.values():
        out |= lists({name: flat[name][0] for name in names}, flat[names[0]][1])
    return out
