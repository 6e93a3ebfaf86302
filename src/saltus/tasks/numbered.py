"""Questions that are made of a few whole numbers, each from a range of its own.

Nine in ten draws for a test split are thrown away. Of these questions many rows of numbers are read
at once, and only those that are kept become items.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from saltus.tasks.task import Item

Range = tuple[int, int]
"""From a number to below another, less than 2^32 apart."""
FEWEST, MOST = 8, 512
"""Rows read at once: few at first, as shots need no more."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """What makes an item of a row of numbers; called with a generator, it draws one.

    Attributes:
        ranges: Of each number.
        key: What must not be seen in training, of a row.
        item: The item of a row.
    """

    ranges: tuple[Range, ...]
    key: Callable[[list[int]], str] = field(repr=False)
    item: Callable[[list[int]], Item] = field(repr=False)

    def __call__(self, rng: np.random.Generator) -> Item:
        """Draw one item."""
        if len(self.ranges) <= 3:  # as many calls cost less than an array
            return self.item([int(rng.integers(*r)) for r in self.ranges])
        return self.item(self._rows(rng, ()))

    def ahead(self, rng: np.random.Generator) -> Iterator[list[int]]:
        """The rows of one call after the other, without end.

        Args:
            rng: Draws for nobody else: it is read further than rows are taken.
        """
        many = FEWEST
        while True:
            yield from self._rows(rng, (many,))
            many = min(2 * many, MOST)

    def keys(self) -> Iterator[str]:
        """The key of every row there is."""
        for row in itertools.product(*(range(*r) for r in self.ranges)):
            yield self.key(list(row))

    def _rows(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Rows as lists, in any shape.

        NumPy draws whole numbers from the same stream one by one, whatever shape is asked for;
        the tests hold it to that.
        """
        size, first = (*shape, len(self.ranges)), self.ranges[0]
        if all(r == first for r in self.ranges):
            return rng.integers(*first, size=size).tolist()
        low, high = zip(*self.ranges, strict=True)
        return rng.integers(low, high, size=size).tolist()
