"""Rows of numbers read ahead are the rows of one call after the other."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.errors import DataError
from saltus.tasks.numbered import MOST, Numbered
from saltus.tasks.registry import TASKS
from saltus.tasks.task import Item, Task

ALL = list(TASKS.values())
NUMBERED = [t for t in ALL if isinstance(t.make, Numbered)]
LISTED = [t for t in ALL if t.every is not None]


def by_name(task: Task) -> str:
    return task.name


def written(row: list[int]) -> str:
    return ",".join(map(str, row))


def numbers(*ranges: tuple[int, int]) -> Numbered:
    return Numbered(ranges, key=written, item=lambda row: Item(written(row), ""))


span = st.tuples(st.integers(-50, 50), st.one_of(st.integers(1, 40), st.integers(1, 2**32 - 1)))
spans = st.lists(span.map(lambda s: (s[0], s[0] + s[1])), min_size=1, max_size=6)


@given(spans, st.integers(0, 2**32), st.booleans())
def test_rows_read_ahead_are_those_of_single_draws(ranges, seed, half):
    make = numbers(*ranges)
    ahead, calls, single = (np.random.default_rng(seed) for _ in range(3))
    for rng in (ahead, calls, single):
        rng.integers(10, size=int(half))  # half of a word of the stream may be left over
    rows = list(islice(make.ahead(ahead), 60))
    assert [make(calls).question for _ in rows] == list(map(written, rows))
    assert [[int(single.integers(*r)) for r in ranges] for _ in rows] == rows
    assert calls.bit_generator.state == single.bit_generator.state


def test_long_streams_go_on_alike():
    make = numbers((0, 10), (10, 90))
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    rows = list(islice(make.ahead(one), 5 * MOST))
    assert rows == [[int(other.integers(10)), int(other.integers(10, 90))] for _ in rows]


@pytest.mark.parametrize("split", ["test", "train"])
@pytest.mark.parametrize("task", ALL, ids=by_name)
def test_a_stream_gives_what_single_draws_give(task, split):
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    assert list(islice(task.stream(one, split), 60)) == [task.draw(other, split) for _ in range(60)]


@pytest.mark.parametrize("task", NUMBERED, ids=by_name)
def test_the_key_of_a_row_is_that_of_its_item(task):
    for row in islice(task.make.ahead(np.random.default_rng(4)), 200):
        item = task.make.item(row)
        assert task.make.key(row) == (item.key or item.question + item.tail)


@pytest.mark.parametrize("task", LISTED, ids=by_name)
def test_the_search_ends_when_all_questions_are_found(task):
    assert task.items(2_000, seed=5) == replace(task, every=None).items(2_000, seed=5)
    keys = list(task.every())
    rng = np.random.default_rng(6)
    made = [task.make(rng) for _ in range(200)]
    assert {item.key or item.question + item.tail for item in made} <= set(keys)
    if not made[0].key:
        assert len(set(keys)) == len(keys)


def test_a_split_without_items_is_refused():
    task = replace(TASKS["copy-4"], make=numbers((0, 1)), every=None)
    rng = np.random.default_rng(0)
    empty = "test" if next(task.stream(rng, "train")).question == "0" else "train"
    for every in (None, task.make.keys):
        with pytest.raises(DataError, match=f"'copy-4' has no {empty} items"):
            replace(task, every=every).items(1, seed=0, split=empty)


def test_items_are_what_they_were():
    seen = hashlib.sha256()
    for task in ALL:
        for item in task.items(110, seed=1):
            seen.update(f"{task.name} {item.question} {item.tail} {item.target}\n".encode())
    assert seen.hexdigest()[:16] == "970c503ad3445393"
