"""What must not matter does not: order, units, company, duplicates, direction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus.curve import Curve
from saltus.verdict import verdict, verdicts

from .curves import SIZES, with_items

EXAMPLES = settings(max_examples=12, deadline=None)
scores = st.lists(st.integers(0, 100).map(lambda k: k / 100), min_size=6, max_size=9)
steps = st.tuples(st.integers(3, 5), st.integers(2, 4), st.floats(0.4, 0.95)).map(
    lambda s: [0.01] * s[0] + [round(s[2], 2)] * s[1]
)


def judged(x, y, **how):
    return verdict(Curve(x, y, n=100, chance=0.0, **how), n_boot=30)


@EXAMPLES
@given(y=st.one_of(scores, steps), seed=st.integers(0, 99))
def test_order_of_models(y, seed):
    x = np.geomspace(1e3, 1e6, len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    one, other = judged(x, y), judged(x[order], np.array(y)[order])
    assert (one.label, one.reason, one.onset, one.width) == (
        other.label, other.reason, other.onset, other.width,
    )  # fmt: skip


@EXAMPLES
@given(y=st.one_of(scores, steps), power=st.integers(-6, 9))
def test_units_of_the_axis(y, power):
    x = np.geomspace(1e3, 1e6, len(y))
    one, other = judged(x, y), judged(x * 10.0**power, y)
    assert (one.label, one.reason) == (other.label, other.reason)
    if one.onset is not None:
        assert other.onset.low == pytest.approx(one.onset.low * 10.0**power, rel=1e-9)
        assert other.onset.high == pytest.approx(one.onset.high * 10.0**power, rel=1e-9)
    if one.midpoint is not None:
        shift = np.log10(other.midpoint.value / one.midpoint.value)
        assert shift == pytest.approx(power, abs=1e-3)


@EXAMPLES
@given(y=st.one_of(scores, steps), twice=st.integers(0, 5))
def test_a_model_given_twice_changes_nothing(y, twice):
    x = np.geomspace(1e3, 1e6, len(y))
    names = [f"m{i}" for i in range(len(y))]
    one = judged(x, y, models=names)
    other = judged([*x, x[twice]], [*y, y[twice]], models=[*names, names[twice]])
    assert (one.label, one.reason, one.onset) == (other.label, other.reason, other.onset)
    assert other.guards[0].code == "duplicates"


@EXAMPLES
@given(y=scores)
def test_no_numbers_without_warning_or_error(y):
    """Any scores at all: a verdict, its parts in order, and no warning (they are errors)."""
    v = judged(np.geomspace(1e3, 1e6, len(y)), y)
    assert (v.onset is not None) == (v.label in ("emergent", "metric-induced"))
    if v.width is not None:
        assert v.width.low <= v.width.value <= v.width.high
        assert v.midpoint.low <= v.midpoint.value <= v.midpoint.high
    assert all(low <= high for low, high in zip(v.fitted.grid_low, v.fitted.grid_high, strict=True))


def test_company_does_not_matter():
    rng = np.random.default_rng(0)
    curves = [
        Curve(SIZES, rng.integers(0, 100, 7) / 100, n=100, chance=0.0, task=f"t{i}")
        for i in range(6)
    ]
    together = verdicts(curves, seed=3, n_boot=20)
    for curve in curves:
        alone = verdict(curve, seed=3, n_boot=20)
        assert alone.to_dict() == together[curve.task].to_dict()


def test_same_seed_same_verdict_and_seed_is_recorded():
    curve = Curve(SIZES, [0, 0, 0, 0.2, 0.6, 0.9, 0.95], n=100, chance=0.0)
    assert verdict(curve, seed=1) == verdict(curve, seed=1)
    assert verdict(curve, seed=2).seed == 2


def test_direction_of_the_metric():
    rng = np.random.default_rng(1)
    good = np.array([0.25, 0.26, 0.24, 0.25, 0.9, 0.92, 0.95])
    up = good[:, None] + 0.05 * rng.standard_normal((7, 100))
    how = {"axis": "params", "binary": False, "n": 100}
    one = verdict(Curve(SIZES, up.mean(1), items=up, chance=0.25, **how), n_boot=30)
    down = 1 - up
    other = verdict(
        Curve(SIZES, down.mean(1), items=down, chance=0.75, higher_is_better=False, **how),
        n_boot=30,
    )
    assert one.label == other.label == "emergent"
    assert (one.onset.low, one.onset.high) == (other.onset.low, other.onset.high)


def test_items_and_counts_agree():
    score = [0.0, 0.01, 0.0, 0.01, 0.9, 0.95, 0.99]
    items = with_items(score, 100, np.random.default_rng(2))
    how = {"chance": 0.0, "axis": "params"}
    one = verdict(Curve(SIZES, score, n=100, **how))
    other = verdict(Curve(SIZES, items.mean(1), items=items, **how))
    assert (one.label, one.onset.low, one.onset.high) == (
        other.label, other.onset.low, other.onset.high,
    )  # fmt: skip


def test_higher_chance_never_helps():
    score = [0.1, 0.12, 0.09, 0.11, 0.3, 0.34, 0.35]
    labels = [verdict(Curve(SIZES, score, n=200, chance=c, axis="params")).presence.p_above[-1]
              for c in (0.1, 0.2, 0.3, 0.4)]  # fmt: skip
    assert labels == sorted(labels)
