"""Many verdicts: picked by name, as frame, fast."""

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
    assert frame["onset_ci_low"].is_not_null().to_list() == [True, True, False]
    assert frame["n_min"].to_list() == frame["n_max"].to_list()
    assert frame["chance"].is_not_null().all()
    header, *rows = frame.write_csv().splitlines()
    assert header.startswith("family,task,prompt,metric,axis,label,reason,onset_low")
    assert len(rows) == 3


def test_nothing_in_nothing_out():
    assert len(verdicts([])) == 0
    assert verdicts([]).to_json() == "[]"


@pytest.mark.slow
def test_memory_stays_bounded():
    """300 curves of nine sizes with 200 resamples each, fitted together."""
    import tracemalloc

    rng = np.random.default_rng(0)
    x = np.geomspace(1e3, 1e6, 9)
    curves = []
    for i in range(300):
        p = [np.full(9, 0.1), np.linspace(0.1, 0.9, 9), np.where(x > 3e4, 0.9, 0.1)][i % 3]
        items = with_items(rng.binomial(200, p) / 200, 200, rng)
        curves.append(Curve(x, items.mean(1), items=items, chance=0.1, axis="params", task=str(i)))
    tracemalloc.start()
    assert len(verdicts(curves, n_boot=200)) == 300
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
