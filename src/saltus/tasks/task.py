"""Task and Item: what is asked.

A task makes its items from a seed. An item keeps question, target, choices and — where the
task has one — a worked solution, so that direct and scratchpad prompts ask the same thing.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from saltus.errors import DataError
from saltus.tasks.numbered import Numbered

Split = Literal["train", "test"]

HELD_OUT_SHARE = 10
"""One in this many questions is kept out of training, by hash of its key."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        question: The question without its cue, e.g. ``add:12+45``.
        tail: What follows the cue, where the question goes on behind it.
        target: The right answer, e.g. ``57``.
        choices: All answers to choose from, the target among them; empty when open.
        working: Steps that lead to the target, up to and without the final answer; None
            where the task has no scratchpad. With the task's ``answer_mark`` and the
            target behind it, it is what a scratchpad answer looks like.
        demonstrations: (question, target) pairs that belong to this item alone, most useful
            first; used as its shots instead of the task's (a hidden rule shared in context).
        key: What must not be seen in training; equal for commuted operands.
        difficulty: Harder is larger; None where all are alike.
        language: ``en``, ``zh``, or ``none`` for symbols.
    """

    question: str
    target: str
    choices: tuple[str, ...] = ()
    working: str | None = None
    demonstrations: tuple[tuple[str, str], ...] = ()
    key: str = ""
    difficulty: float | None = None
    language: str = "none"
    tail: str = ""

    @property
    def id(self) -> str:
        """Content hash: the same question has the same id everywhere."""
        parts = (self.question, self.tail, self.target, *self.choices, repr(self.demonstrations))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of question, with its chance level.

    Attributes:
        name: Unique, e.g. ``add-2``.
        ability: Group it belongs to, e.g. ``addition``.
        title: Display name by language (``en``, ``zh``).
        description: One sentence by language: what is asked and how it is split.
        chance: Exact-match rate of a guess in the right format.
        make: Draws one item from a NumPy generator.
        cue: Ends a direct prompt (``=``).
        scratchpad_cue: Ends a prompt that asks for working (``>``); None: no scratchpad.
        answer_mark: Stands between working and final answer.
        held_out: Whether test questions are kept out of training by hash of their key;
            False for knowledge, which can only be recalled if it was seen.
        every: Keys of all its questions, one for each, where they are few enough to list.
    """

    name: str
    ability: str
    title: dict[str, str]
    description: dict[str, str]
    chance: float
    make: Callable[[np.random.Generator], Item] = field(repr=False)
    cue: str = "="
    scratchpad_cue: str | None = None
    answer_mark: str = "="
    held_out: bool = True
    every: Callable[[], Iterable[str]] | None = field(default=None, repr=False)

    def draw(self, rng: np.random.Generator, split: Split) -> Item:
        """Draw one item of a split.

        Raises:
            DataError: No item of this split turned up in 10,000 draws.
        """
        for _ in range(10_000):
            item = self.make(rng)
            key = item.key or item.question + item.tail
            if not self.held_out or is_held_out(self.name, key) == (split == "test"):
                return item
        raise DataError(f"task {self.name!r} has no {split} items")

    def stream(self, rng: np.random.Generator, split: Split) -> Iterator[Item]:
        """The items that `draw` gives one after the other, without end.

        Args:
            rng: Draws for nobody else: it may be read further than items are taken.
            split: Where they are from.

        Raises:
            DataError: No item of this split turned up in 10,000 draws.
        """
        if not isinstance(self.make, Numbered):
            while True:
                yield self.draw(rng, split)
        test, missed = split == "test", 0
        for row in self.make.ahead(rng):
            if self.held_out and is_held_out(self.name, self.make.key(row)) != test:
                missed += 1
                if missed == 10_000:
                    raise DataError(f"task {self.name!r} has no {split} items")
                continue
            missed = 0
            yield self.make.item(row)

    def items(self, n: int, *, seed: int, split: Split = "test") -> tuple[Item, ...]:
        """At most ``n`` different items, a pure function of (task, seed).

        The first k of n items are the same for every n ≥ k, so that smaller studies are
        nested in larger ones. Tasks with fewer questions than ``n`` give all they have.
        """
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), seed])
        found: dict[str, Item] = {}
        misses = 0
        most, drawn = self._most(n, split), self.stream(rng, split)
        while len(found) < most and misses < 2_000:
            item = next(drawn)
            name = item.id
            if name in found:
                misses += 1
            else:
                misses = 0
                found[name] = item
        return tuple(found.values())

    def _most(self, n: int, split: Split) -> int:
        """How many items there are to find: ``n``, or all of the split where these are fewer.

        Once all are found, every further draw would be one of them again.
        """
        if self.every is None:
            return n
        test = split == "test"
        listed = self.every()
        keys = [k for k in listed if not self.held_out or is_held_out(self.name, k) == test]
        # One at least is looked for: a split without items is an error.
        return min(n, max(len(keys), 1))


def is_held_out(task: str, key: str) -> bool:
    """Whether a question is kept for testing: one in `HELD_OUT_SHARE`, by hash.

    Examples:
        >>> sum(is_held_out("add-2", f"{a}+7") for a in range(1000)) in range(60, 140)
        True
    """
    return zlib.crc32(f"{task}\x1f{key}".encode()) % HELD_OUT_SHARE == 0
