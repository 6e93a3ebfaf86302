"""Trees of tokens: every spot sees exactly its own sequence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.engines import prefix
from saltus.engines.prefix import Base, common, tree


def seen(base: Base, n_spots: int) -> list[list[int]]:
    """The tokens that every spot sees, in the order of their positions."""
    out: list[list[int]] = [[] for _ in range(n_spots)]

    def walk(b: Base, before: list[int]) -> None:
        own = [*before, *b.tokens.tolist()]
        for spot, at in zip(b.spots, b.at, strict=True):
            out[spot] = own[: b.start + at + 1]
        for bundle in b.bundles:
            assert bundle.sees.diagonal().all()
            for spot, at in zip(bundle.spots, bundle.at, strict=True):
                assert at >= len(bundle.tokens) - bundle.read, "what is read stands last"
                kin = np.flatnonzero(bundle.sees[at])
                kin = kin[np.argsort(bundle.depth[kin])]
                assert bundle.depth[kin].tolist() == list(range(b.end, b.end + len(kin)))
                out[spot] = own + bundle.tokens[kin].tolist()
        for longer in b.below:
            assert longer.start == b.end
            walk(longer, own)

    walk(base, [])
    return out


def every_spot(rows: list[list[int]]) -> list[tuple[int, int]]:
    return [(r, p) for r, row in enumerate(rows) for p in range(len(row))]


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=14)


@given(st.lists(tokens, min_size=1, max_size=12), st.integers(1, 30), st.integers(1, 6))
def test_every_spot_sees_its_own_sequence(rows, most, least):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix, "MOST_NODES", most)
        patch.setattr(prefix, "LEAST_BASE", least)
        spots = every_spot(rows)
        found = tree(rows, spots)
    assert seen(found, len(spots)) == [rows[r][: p + 1] for r, p in spots]
    assert found.forwarded <= sum(map(len, rows))


@given(st.lists(tokens, min_size=1, max_size=12))
def test_in_one_bundle_every_token_is_forwarded_once(rows):
    distinct = {tuple(row[: p + 1]) for row in rows for p in range(len(row))}
    assert tree(rows, every_spot(rows)).forwarded == len(distinct)


def test_few_shot_choices_are_forwarded_once():
    rng = np.random.default_rng(0)
    shots = rng.integers(0, 500, 300).tolist()
    rows, spots = [], []
    for _ in range(50):
        asked = shots + rng.integers(0, 500, 60).tolist()
        for _ in range(4):
            rows.append(asked + rng.integers(0, 500, 3).tolist())
            spots.append((len(rows) - 1, len(rows[-1]) - 1))
    found = tree(rows, spots)
    assert len(found.tokens) == 300
    assert found.forwarded <= 300 + 50 * (60 + 4 * 3)
    assert max(len(b.tokens) for b in found.bundles) <= prefix.MOST_NODES


def test_two_tasks_have_a_base_each():
    rng = np.random.default_rng(1)
    heads = [rng.integers(0, 500, 200).tolist() for _ in range(2)]
    rows = [head + rng.integers(0, 500, 30).tolist() for head in heads for _ in range(20)]
    found = tree(rows, [(r, len(row) - 1) for r, row in enumerate(rows)])
    assert len(found.tokens) == 0
    assert sorted(len(b.tokens) for b in found.below) == [200, 200]
    assert found.forwarded <= 2 * 200 + 40 * 30


def test_nothing_to_read_is_not_forwarded():
    rows = [[1, 2, 3], [4, 5, 6]]
    assert tree(rows, []).forwarded == 0
    assert tree([], []).forwarded == 0
    assert seen(tree(rows, [(1, 0)]), 1) == [[4]]


def test_common_is_the_shared_beginning():
    rng = np.random.default_rng(2)
    for _ in range(200):
        a, b = (rng.integers(0, 2, rng.integers(0, 20)).tolist() for _ in range(2))
        k = common(a, b)
        assert a[:k] == b[:k]
        assert k in (len(a), len(b)) or a[k] != b[k]


@given(st.lists(tokens, max_size=12))
def test_an_order_that_is_known_changes_nothing(rows):
    rank = prefix.ranked(rows)
    assert [rows[i] for i in rank.order] == sorted(rows)
    beginnings = {tuple(row[: p + 1]) for row in rows for p in range(len(row))}
    assert sum(map(len, rows)) - sum(rank.shared) == len(beginnings)
    spots = every_spot(rows)
    assert repr(tree(rows, spots, rank)) == repr(tree(rows, spots))
