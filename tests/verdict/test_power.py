"""What is a leap is found, in the right place."""

import numpy as np
import pytest

from saltus.verdict import verdict, verdicts

from .curves import SIZES, draw, logistic


def found(n_draws, seed, **how):
    rng = np.random.default_rng(seed)
    got = verdicts([draw("sharp", rng, **how) for _ in range(n_draws)], n_boot=0).verdicts
    return sum(v.label == "emergent" for v in got) / n_draws


def test_a_few_steps_are_found():
    assert found(40, 1, scales=9, n=200) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("scales", [8, 12])
@pytest.mark.parametrize("rise", [0.35, 0.8])
@pytest.mark.parametrize("scatter", [0.0, 0.02])
def test_steps_are_found(scales, rise, scatter):
    share = found(300, 2, scales=scales, n=200, rise=rise, scatter=scatter)
    assert share > 0.88


@pytest.mark.slow
@pytest.mark.parametrize("scales", [8, 12])
def test_steps_are_found_under_scatter(scales):
    assert found(300, 3, scales=scales, n=1000, rise=0.8, scatter=0.05) > 0.75


@pytest.mark.slow
def test_onset_intervals_hold_the_truth():
    rng = np.random.default_rng(4)
    curves, mids = [], []
    for _ in range(300):
        u = 3 + 0.5 * np.arange(10)
        mid = rng.uniform(u[3], u[-3])
        p = np.clip(logistic(u, 0.25, 0.9, mid, 0.1) + 0.02 * rng.standard_normal(10), 0, 1)
        from saltus.curve import Curve

        curves.append(Curve(10**u, rng.binomial(300, p) / 300, n=300, chance=0.25))
        mids.append(10**mid)
    got = verdicts(curves, seed=0, n_boot=60).verdicts
    held = [
        v.onset.ci_low <= m <= v.onset.ci_high
        for v, m in zip(got, mids, strict=True)
        if v.onset is not None
    ]
    middle = [
        v.midpoint.low <= m <= v.midpoint.high
        for v, m in zip(got, mids, strict=True)
        if v.onset is not None
    ]
    assert len(held) > 250
    assert np.mean(held) > 0.9
    assert np.mean(middle) > 0.9


def test_intervals_contain_their_values():
    v = verdict(draw("sharp", np.random.default_rng(5), scales=9, n=200), seed=0, n_boot=50)
    assert v.onset.ci_low <= v.onset.low < v.onset.high <= v.onset.ci_high
    assert v.midpoint.low <= v.midpoint.value <= v.midpoint.high
    assert v.width.low <= v.width.value <= v.width.high < v.sharpness.limit
    # In a gap of the grid nothing tells where: the midpoint's interval spans most of it.
    assert v.midpoint.low < v.onset.high
    assert v.midpoint.high > v.onset.low


def test_power_grows_with_items():
    from saltus.curve import Curve

    strength = [
        verdict(Curve(SIZES, [0.5] * 7, n=n, chance=0.5, axis="params"), n_boot=0).resolution.power
        for n in (20, 100, 1000)
    ]
    assert strength == sorted(strength)
    assert strength[0] < 0.5 < strength[2]
