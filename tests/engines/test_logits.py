"""What is read off logits."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from saltus.engines import logits as module  # noqa: E402
from saltus.engines.logits import read_off  # noqa: E402


@pytest.mark.parametrize(("rows", "vocab"), [(1, 1), (7, 13), (300, 229)])
@pytest.mark.parametrize("near", [1, 500, 10**6])
def test_equals_the_definition_whatever_the_slices(monkeypatch, rows, vocab, near):
    monkeypatch.setattr(module, "NEAR", near)
    rng = np.random.default_rng(rows)
    x = rng.normal(0, 4, (rows, vocab)).astype(np.float32)
    wanted = rng.integers(0, vocab, rows)
    want = x - np.logaddexp.reduce(x.astype(np.float64), axis=1)[:, None]
    own, top = read_off(torch, torch.from_numpy(x), wanted)
    np.testing.assert_allclose(own, want[np.arange(rows), wanted], atol=1e-5)
    np.testing.assert_array_equal(top, x.argmax(axis=1))
    best, again = read_off(torch, torch.from_numpy(x))
    np.testing.assert_allclose(best, want.max(axis=1), atol=1e-5)
    np.testing.assert_array_equal(top, again)


def test_half_precision_is_read_in_full():
    x = torch.tensor([[1.0, 2.0, 0.5]], dtype=torch.bfloat16)
    own, top = read_off(torch, x, np.array([0]))
    assert top.tolist() == [1]
    assert own[0] == pytest.approx(1 - np.log(np.exp([1.0, 2.0, 0.5]).sum()), abs=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_shows(bad):
    x = torch.zeros(2, 4)
    x[1, 2] = bad
    own, _ = read_off(torch, x, np.array([0, 0]))
    assert np.isfinite(own).tolist() == [True, False]
    best, _ = read_off(torch, x)
    assert not np.isfinite(best[1])
