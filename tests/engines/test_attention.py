"""Attention in whole steps against attention written out."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from saltus.engines.attention import SHORT, STEP, Attention, spare  # noqa: E402


def written_out(q, k, v, seen):
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = (q @ k.transpose(2, 3)) * q.shape[3] ** -0.5
    return scores.masked_fill(~seen, float("-inf")).softmax(-1) @ v


def some(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("length", [2, 5, 15, 16, 17, 30, 32, 47, 110])
@pytest.mark.parametrize("kv_heads", [1, 4])
def test_keys_behind_a_row_change_nothing(length, kv_heads):
    rows, heads, width, behind = 3, 4, 10, spare(length)
    attend = Attention(torch, heads, kv_heads)
    q = some(rows, heads, length, width)
    k, v = (some(rows, kv_heads, length + behind, width, seed=s) for s in (1, 2))
    got = attend(q, k, v, mask=attend.triangle(length, length, behind))
    seen = torch.ones(length, length, dtype=torch.bool).tril()
    want = written_out(q, k[:, :, :length], v[:, :, :length], seen)
    torch.testing.assert_close(got, want, atol=2e-6, rtol=0)


@pytest.mark.parametrize("before", [1, 16, 40])
@pytest.mark.parametrize("length", [1, 7, 16])
def test_a_stretch_above_all_rows_counts_as_keys_of_each(before, length):
    rows, heads, width, behind = 5, 2, 8, spare(length)
    attend = Attention(torch, heads, heads)
    q = some(rows, heads, length, width)
    k, v = (some(rows, heads, length + behind, width, seed=s) for s in (1, 2))
    far = tuple(some(1, heads, before, width, seed=s) for s in (3, 4))
    got = attend(q, k, v, above=far, mask=attend.triangle(length, length, behind))
    own = torch.ones(length, length, dtype=torch.bool).tril()
    seen = torch.cat([torch.ones(length, before, dtype=torch.bool), own], 1)
    whole = [torch.cat([a.expand(rows, -1, -1, -1), b[:, :, :length]], 2)
             for a, b in zip(far, (k, v), strict=True)]  # fmt: skip
    torch.testing.assert_close(got, written_out(q, *whole, seen), atol=2e-6, rtol=0)


def test_a_scale_of_one_multiplies_nothing():
    q, k, v = (some(2, 2, 6, 4, seed=s) for s in range(3))
    scaled = Attention(torch, 2, 2, 1.0)(q * 4**-0.5, k, v, causal=True)
    torch.testing.assert_close(scaled, Attention(torch, 2, 2)(q, k, v, causal=True))


def test_spare_keys_make_whole_steps_of_short_rows_only():
    assert all((n + spare(n)) % STEP == 0 for n in range(1, SHORT + 1))
    assert spare(SHORT + 1) == 0
