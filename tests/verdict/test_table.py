"""Many verdicts: picked by name, as frame, fast."""

import time

import numpy as np
import pytest

from saltus.curve import Curve, Curves
from saltus.errors import DataError
from saltus.verdict import Verdicts, verdict, verdicts

from .curves import SIZES, with_items

STEP = [0.0, 0.0, 0.01, 0.0, 0.94, 0.97, 0.99]


def table():
    return verdict(
        Curves(
            (
                Curve(SIZES, STEP, n=100, chance=0.0, axis="params", task="a"),
                Curve(SIZES, STEP, n=100, chance=0.0, axis="flops", task="a"),
                Curve(SIZES, [0.0] * 7, n=100, chance=0.0, axis="params", task="b"),
            )
        ),
        n_boot=20,
    )


def test_picking():
    got = table()
    assert isinstance(got, Verdicts)
    assert got["b"].label == "flat"
    assert got["family/a/prompt/score/flops"].axis == "flops"
    assert [v.axis for v in got.where(task="a").verdicts] == ["params", "flops"]
    assert "c" not in got
    assert set(got) == {"/".join(v.key) for v in got.values()}
    with pytest.raises(KeyError):
        got["c"]
    with pytest.raises(DataError, match="2 verdicts"):
        got["a"]


def test_frame():
    frame = table().to_frame()
    assert frame.height == 3
    assert frame["label"].to_list() == ["emergent", "emergent", "flat"]
    assert frame["onset_low"].to_list() == [36e3, 36e3, None]


def test_nothing_in_nothing_out():
    assert len(verdicts([])) == 0
    assert verdicts([]).to_json() == "[]"


@pytest.mark.slow
def test_speed_and_memory():
    """300 curves of nine sizes with 200 resamples each: seconds, not minutes."""
    import tracemalloc

    rng = np.random.default_rng(0)
    x = np.geomspace(1e3, 1e6, 9)
    curves = []
    for i in range(300):
        p = [np.full(9, 0.1), np.linspace(0.1, 0.9, 9), np.where(x > 3e4, 0.9, 0.1)][i % 3]
        items = with_items(rng.binomial(200, p) / 200, 200, rng)
        curves.append(Curve(x, items.mean(1), items=items, chance=0.1, axis="params", task=str(i)))
    start = time.process_time()
    assert len(verdicts(curves, n_boot=200)) == 300
    spent = time.process_time() - start
    assert spent < 12.0
    tracemalloc.start()
    verdicts(curves, n_boot=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
