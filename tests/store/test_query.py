from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from saltus.errors import DataError
from saltus.store.query import cell_scores
from saltus.store.samples import schema, shard_path, write_shard

BOUNDS = {"hit": (0.0, 1.0), "lp": (-np.inf, 0.0)}


@pytest.fixture
def shards(tmp_path):
    (tmp_path / "samples").mkdir()

    def write(**cells):
        paths = []
        for cell, (hits, lps) in cells.items():
            n = len(hits)
            values = {
                "cell": [cell] * n, "model": ["m"] * n, "task": [cell] * n, "prompt": ["p"] * n,
                "hit": hits, "lp": lps,
            }  # fmt: skip
            write_shard(
                tmp_path,
                cell,
                pl.DataFrame(
                    {
                        k: pl.Series(k, values.get(k, [None] * n), dtype=t)
                        for k, t in schema(("hit", "lp")).items()
                    }
                ),
            )
            paths.append(shard_path(tmp_path, cell))
        return cell_scores(paths, BOUNDS, binary={"hit"})

    return write


def row(frame, cell, metric):
    return frame.filter((pl.col("cell") == cell) & (pl.col("metric") == metric)).to_dicts()[0]


def test_wilson_intervals_equal_those_of_r(shards):
    """Source: R 4, ``prop.test(k, n, correct = FALSE)$conf.int``."""
    out = shards(
        a=([1.0] * 8 + [0.0] * 2, [None] * 10),
        b=([0.0] * 10, [None] * 10),
        c=([1.0] * 10, [None] * 10),
    )
    a, b, c = (row(out, x, "hit") for x in "abc")
    assert (a["value"], a["n"]) == (pytest.approx(0.8), 10)
    assert a["low"] == pytest.approx(0.4901625, abs=1e-7)
    assert a["high"] == pytest.approx(0.9433178, abs=1e-7)
    assert (b["low"], b["high"]) == (0.0, pytest.approx(0.2775328, abs=1e-7))
    assert (c["low"], c["high"]) == (pytest.approx(0.7224672, abs=1e-7), 1.0)


def test_means_and_standard_errors(shards):
    values = np.array([-0.1, -0.2, -6.0, -0.5], dtype=np.float32)
    out = row(shards(a=([None] * 4, values.tolist())), "a", "lp")
    assert out["value"] == pytest.approx(values.mean())
    assert out["stderr"] == pytest.approx(values.std(ddof=1) / 2)
    assert out["low"] == pytest.approx(out["value"] - 1.959964 * out["stderr"])
    assert out["high"] == 0.0, "cut at the bound of a log-probability"


def test_unknown_is_null_not_zero(shards):
    out = shards(a=([1.0], [-1.0]), b=([None, None], [-1.0, None]))
    assert row(out, "a", "hit")["stderr"] is None
    assert row(out, "a", "hit")["low"] is not None
    assert row(out, "a", "lp")["low"] is None
    assert row(out, "b", "lp")["n"] == 1
    assert out.filter((pl.col("cell") == "b") & (pl.col("metric") == "hit")).is_empty()


def test_no_shards_is_an_error():
    with pytest.raises(DataError, match="no samples"):
        cell_scores([], BOUNDS, binary={"hit"})
