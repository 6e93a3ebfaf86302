"""Columns of lists from flat values: the quick way and the general one say the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from saltus.store.samples import lists


@pytest.mark.parametrize(
    "lengths", [[1, 1, 1], [3, 3], [2, 1, 3], [0, 2, 0, 1, 0], [0, 0], [4], []]
)
def test_lists_hold_what_stood_end_to_end(lengths):
    total = sum(lengths)
    ids = np.arange(total, dtype=np.int32)
    got = lists({"a": ids, "b": ids.astype(np.float32)}, np.array(lengths, dtype=np.int64))
    ends = np.cumsum([0, *lengths])
    expected = [ids[a:b].tolist() for a, b in pairwise(ends)]
    assert [s.name for s in got.values()] == ["a", "b"]
    assert [s.dtype for s in got.values()] == [pl.List(pl.Int32), pl.List(pl.Float32)]
    assert got["a"].to_list() == got["b"].to_list() == expected
