"""Token sequences as a tree: what several have in common is forwarded once.

Rows are whole sequences (prompt and answer). Sorted, each shares a stretch with the one before
it. A long stretch that many share (the shots) becomes a `Base`, whose keys and values are kept;
what hangs below it is cut into `Bundle`s of few tokens. A bundle is a small tree
of its own (a question with all its answers) that fits into one row of a batch: each token sees its
ancestors and nobody else. Cutting repeats a few tokens where bundles begin alike.

Pure NumPy; no model here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_NODES = 128
"""Tokens of a bundle, unless one row alone has more: attention is wasted on strangers in a row."""
MOST_STEM = 512
"""Tokens of a bundle most of which all its rows have in common: there are few strangers in it."""
LEAST_BASE = 24
"""A shared stretch shorter than this is not worth keeping keys and values for."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A small tree of tokens below a base, those that are read standing last.

    Attributes:
        tokens: Shape (n_nodes,).
        depth: Position of each token in its sequence, shape (n_nodes,).
        sees: Whether a token (row) sees another one (column) of the bundle, itself included,
            shape (n_nodes, n_nodes).
        read: How many tokens at the end are read.
        spots: Indices of the spots read here, shape (n_spots,).
        at: Node of each of these spots, shape (n_spots,).
    """

    tokens: Ints
    depth: Ints
    sees: Bools
    read: int
    spots: Ints
    at: Ints


@dataclass(frozen=True)
class Base:
    """A stretch of tokens that everything below it begins with.

    Attributes:
        tokens: The stretch, behind that of the base above, shape (n_tokens,).
        start: Position of its first token.
        spots: Indices of the spots read inside of it, shape (n_spots,).
        at: Place of each of these spots in ``tokens``, shape (n_spots,).
        bundles: What hangs directly below it.
        below: Longer bases that continue it.
    """

    tokens: Ints
    start: int
    spots: Ints
    at: Ints
    bundles: tuple[Bundle, ...] = ()
    below: tuple[Base, ...] = field(default=())

    @property
    def end(self) -> int:
        """Position behind its last token."""
        return self.start + len(self.tokens)

    def walk(self) -> Iterator[Base]:
        """It and every base below it."""
        yield self
        for base in self.below:
            yield from base.walk()

    @property
    def forwarded(self) -> int:
        """Tokens that go through the model, without padding."""
        return sum(len(b.tokens) + sum(len(x.tokens) for x in b.bundles) for b in self.walk())


@dataclass(frozen=True)
class Ranked:
    """Sequences in order, so that those with much in common are neighbours.

    Attributes:
        order: Their indices.
        shared: Tokens that each has in common with the one before it in this order.
    """

    order: list[int]
    shared: list[int]


def ranked(rows: Sequence[Sequence[int]]) -> Ranked:
    """The order of a list of sequences."""
    lists = [row if type(row) is list else list(row) for row in rows]
    order = sorted(range(len(lists)), key=lists.__getitem__)
    pairs = itertools.pairwise(order)
    return Ranked(order, [0, *(common(lists[a], lists[b]) for a, b in pairs)])


def tree(
    rows: Sequence[Sequence[int]], spots: Sequence[tuple[int, int]], rank: Ranked | None = None
) -> Base:
    """The tree of a list of sequences.

    Args:
        rows: Token ids of each sequence.
        spots: (row, position) of everything that is to be read.
        rank: Their order, where it is known.

    Returns:
        The base of all: empty where the sequences begin with different tokens.

    Examples:
        >>> rows = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 9]]
        >>> found = tree(rows, [(0, 3), (1, 3), (2, 2)])
        >>> found.forwarded, [b.tokens.tolist() for b in found.bundles]
        (6, [[1, 2, 3, 4, 5, 9]])
    """
    rank = rank or ranked(rows)
    of_row: list[list[tuple[int, int]]] = [[] for _ in rows]
    for spot, (row, position) in enumerate(spots):
        of_row[row].append((spot, position))
    wanted = [of_row[i] for i in rank.order]
    sorted_rows = [list(rows[i]) for i in rank.order]
    return _Planner(sorted_rows, rank.shared, wanted).base(0, len(rows), 0)


def common(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common beginning.

    Examples:
        >>> common([1, 2, 3], [1, 2, 4]), common([1], [1, 2]), common([], [1])
        (2, 1, 0)
    """
    n = min(len(a), len(b))
    if a[:n] == b[:n]:
        return n
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass
class _Planner:
    """Sorted rows, with what they share and where they are read."""

    rows: list[list[int]]
    shared: list[int]
    wanted: list[list[tuple[int, int]]]

    def base(self, low: int, high: int, start: int) -> Base:
        """The base of rows ``low`` to ``high``, which have their first ``start`` tokens above."""
        end = self._together(low, high) if high > low else start
        if end - start < LEAST_BASE:
            end = start  # too short to keep: the bundles repeat it
        spots = [
            (spot, position)
            for k in range(low, high)
            for spot, position in self.wanted[k]
            if start <= position < end
        ]
        bundles: list[Bundle] = []
        below: list[Base] = []
        for a, b in self._pieces(low, high, end):
            if self._fits(a, b, end):
                if any(p >= end for k in range(a, b) for _, p in self.wanted[k]):
                    bundles.append(self._bundle(a, b, end))
            else:
                below.append(self.base(a, b, end))
        return Base(
            np.array(self.rows[low][start:end] if high > low else [], dtype=np.int64),
            start,
            np.array([s for s, _ in spots], dtype=np.int64),
            np.array([p - start for _, p in spots], dtype=np.int64),
            tuple(bundles),
            tuple(below),
        )

    def _together(self, low: int, high: int) -> int:
        """Tokens that all of the rows have in common."""
        if high - low == 1:
            return len(self.rows[low])
        return min(self.shared[low + 1 : high])

    def _size(self, low: int, high: int, start: int) -> int:
        """Tokens of the tree of these rows below ``start``."""
        first = len(self.rows[low]) - start
        return first + sum(len(self.rows[k]) - self.shared[k] for k in range(low + 1, high))

    def _fits(self, low: int, high: int, start: int) -> bool:
        """Whether these rows make one bundle below ``start``."""
        size = self._size(low, high, start)
        if high - low == 1 or size <= MOST_NODES:
            return True
        return size <= min(MOST_STEM, 2 * (self._together(low, high) - start))

    def _pieces(self, low: int, high: int, start: int) -> Iterator[tuple[int, int]]:
        """Runs of rows that make bundles, or share enough for a base of their own."""
        stack = [(low, high)]
        while stack:
            a, b = stack.pop()
            if b <= a:
                continue
            if self._fits(a, b, start):
                yield a, b
                continue
            least = self._together(a, b)
            if least - start >= LEAST_BASE:
                yield a, b
                continue
            cuts = [k for k in range(a + 1, b) if self.shared[k] <= least]
            ends = [a, *cuts, b]
            runs = list(itertools.pairwise(ends))
            stack += reversed(list(self._joined(runs, start)))

    def _joined(self, runs: Iterable[tuple[int, int]], start: int) -> Iterator[tuple[int, int]]:
        """Neighbouring runs together as long as they fit into one bundle."""
        held: tuple[int, int] | None = None
        for a, b in runs:
            if held is not None and self._size(held[0], b, start) <= MOST_NODES:
                held = (held[0], b)
                continue
            if held is not None:
                yield held
            held = (a, b)
        if held is not None:
            yield held

    def _bundle(self, low: int, high: int, start: int) -> Bundle:
        tokens: list[int] = []
        depth: list[int] = []
        path: list[int] = []  # node at every position below ``start`` of the row before
        sees = np.zeros((self._size(low, high, start),) * 2, dtype=bool)
        spots: list[int] = []
        at: list[int] = []
        for k in range(low, high):
            row = self.rows[k]
            kept = 0 if k == low else max(self.shared[k] - start, 0)
            first = len(tokens)
            path = [*path[:kept], *range(first, first + len(row) - start - kept)]
            tokens += row[start + kept :]
            depth += range(start + kept, len(row))
            last = len(tokens)
            sees[first:last, first:last] = np.tri(last - first, dtype=bool)
            sees[first:last, path[:kept]] = True
            for spot, position in self.wanted[k]:
                if position >= start:
                    spots.append(spot)
                    at.append(path[position - start])
        return _read_last(tokens, depth, sees[: len(tokens), : len(tokens)], spots, at)


def _read_last(
    tokens: list[int], depth: list[int], sees: Bools, spots: list[int], at: list[int]
) -> Bundle:
    """The same tree with the nodes that are read at its end: only there logits are made."""
    read = np.zeros(len(tokens), dtype=bool)
    read[at] = True
    order = np.concatenate([np.flatnonzero(~read), np.flatnonzero(read)])
    place = np.empty(len(tokens), dtype=np.int64)
    place[order] = np.arange(len(tokens))
    return Bundle(
        np.array(tokens, dtype=np.int64)[order],
        np.array(depth, dtype=np.int64)[order],
        sees[np.ix_(order, order)],
        int(read.sum()),
        np.array(spots, dtype=np.int64),
        place[at],
    )
