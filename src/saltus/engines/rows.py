"""Sequences of tokens and what is to be read in them, made ready for a model.

Rows are sorted by length and padded on the right: with causal attention, padding behind a token
cannot reach it, so no mask is needed. Where rows have much in common, they are a tree as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saltus.engines.prefix import Base, ranked, tree

Ints = NDArray[np.int64]
SHARED = 0.6
"""Where no more than this share of the tokens is left once what rows have in common is forwarded
once, that is done: below it masks and copies cost more than they save."""

Spot = tuple[int, int, int]
"""Row, position in the row, token whose log-probability is wanted there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that go through the model together.

    Attributes:
        input_ids: Tokens, padded on the right, shape (n_rows, n_tokens).
        start: First position at which anything is read; logits are needed from here on.
        row: Row of every spot, shape (n_spots,).
        position: Position of every spot, shape (n_spots,).
        out: Index of every spot in the plan's list of spots, shape (n_spots,).
    """

    input_ids: Ints
    start: int
    row: Ints
    position: Ints
    out: Ints


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Everything about a list of rows that does not depend on the weights.

    Attributes:
        batches: The rows, padded: the plain way.
        wanted: Token wanted at each spot, shape (n_spots,).
        asked: Tokens of all rows.
        longest: Tokens of the longest row.
        largest_id: Largest token id, of rows and of what is wanted.
        shared: The rows as a tree, where they have much in common.
    """

    batches: tuple[Batch, ...]
    wanted: Ints
    asked: int
    longest: int
    largest_id: int
    shared: Base | None


def plan_rows(rows: Sequence[Sequence[int]], spots: Sequence[Spot], budget: int) -> RowPlan:
    """Batches and tree of a list of rows.

    Args:
        rows: Token ids of each sequence.
        spots: What is to be read.
        budget: Tokens in a batch, padding included.
    """
    total = sum(map(len, rows))
    shared = None
    rank = ranked(rows)
    # What is left when what rows have in common at their beginning counts once.
    if total - sum(rank.shared) <= SHARED * total:
        shared = tree(rows, [(row, position) for row, position, _ in spots], rank)
        if shared.forwarded > SHARED * total:
            shared = None
    return RowPlan(
        batches=_batches(rows, spots, budget),
        wanted=np.array([t for _, _, t in spots], dtype=np.int64),
        asked=total,
        longest=max(map(len, rows), default=0),
        largest_id=max(
            max((max(row) for row in rows if len(row)), default=0),
            max((t for _, _, t in spots), default=0),
        ),
        shared=shared,
    )


def _batches(
    rows: Sequence[Sequence[int]], spots: Sequence[Spot], budget: int
) -> tuple[Batch, ...]:
    """Rows of similar length together, at most ``budget`` tokens with padding."""
    of_row: list[list[int]] = [[] for _ in rows]
    for spot, (row, _, _) in enumerate(spots):
        of_row[row].append(spot)
    order = sorted((i for i in range(len(rows)) if of_row[i]), key=lambda i: len(rows[i]))
    groups: list[list[int]] = []
    for i in order:
        if groups and (len(groups[-1]) + 1) * len(rows[i]) <= budget:
            groups[-1].append(i)
        else:
            groups.append([i])
    out = []
    for group in groups:
        ids = np.zeros((len(group), len(rows[group[-1]])), dtype=np.int64)
        for r, i in enumerate(group):
            ids[r, : len(rows[i])] = rows[i]
        of_group = [s for i in group for s in of_row[i]]
        local = {i: r for r, i in enumerate(group)}
        position = np.array([spots[s][1] for s in of_group], dtype=np.int64)
        out.append(
            Batch(
                input_ids=ids,
                start=int(position.min()),
                row=np.array([local[spots[s][0]] for s in of_group], dtype=np.int64),
                position=position,
                out=np.array(of_group, dtype=np.int64),
            )
        )
    return tuple(out)
