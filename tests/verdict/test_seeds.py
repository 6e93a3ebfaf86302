"""Seeds at a threshold flip between 0 and 1: a lottery is neither noise nor an average."""

import numpy as np

from saltus.curve import Curve
from saltus.verdict import verdict

from .curves import SIZES

# One variable assignment to follow, four seeds at 36k: measured on a small ladder.
LOTTERY_X = [*SIZES[:3], 36e3, 36e3, 36e3, 36e3, *SIZES[4:]]
LOTTERY_Y = [0.11, 0.12, 0.08, 0.08, 0.95, 0.05, 0.11, 1.0, 1.0, 1.0]


def test_a_lottery_is_unclear_and_lies_in_the_onset():
    v = verdict(Curve(LOTTERY_X, LOTTERY_Y, n=300, chance=0.1, axis="params"))
    assert v.presence.states == ("chance", "chance", "chance", "unclear", "above", "above", "above")
    assert v.label == "emergent"
    assert v.onset.low < 36e3 < v.onset.high
    assert "seeds-disagree" in [g.code for g in v.guards]
    assert sorted(p.state for p in v.points if p.x == 36e3) == [
        "above",
        "chance",
        "chance",
        "chance",
    ]


def test_a_lottery_at_the_top_is_undecided():
    y = [0.11, 0.12, 0.08, 0.1, 0.09, 0.11, 1.0, 0.13, 1.0]
    x = [*SIZES[:6], 1e6, 1e6, 1e6]
    v = verdict(Curve(x, y, n=300, chance=0.1, axis="params"))
    assert v.label == "undecided"
    assert v.onset is None


def test_lotteries_everywhere_are_not_noise():
    rng = np.random.default_rng(0)
    x = np.repeat(SIZES, 3)
    y = np.where(rng.random(21) < 0.5, 0.1, 0.95)
    v = verdict(Curve(x, y, n=300, chance=0.1, axis="params"))
    assert v.label != "noisy"
    assert v.onset is None


def test_seeds_that_agree_are_pooled():
    x = np.repeat(SIZES, 3)
    low = np.tile([0.24, 0.25, 0.27], 7)
    v = verdict(Curve(x, low, n=300, chance=0.25, axis="params"))
    assert v.label == "flat"
    assert len(v.presence.scales) == 7
    assert len(v.points) == 21
    # Three seeds of 300 items bound the top more tightly than one of them does.
    one = verdict(Curve(SIZES, [0.253] * 7, n=300, chance=0.25, axis="params"))
    assert v.resolution.smallest_effect < one.resolution.smallest_effect


def test_overdispersion_comes_from_seeds():
    x = np.repeat(SIZES, 3)
    wild = np.tile([0.20, 0.25, 0.30], 7)
    v = verdict(Curve(x, wild, n=2000, chance=0.25, axis="params"))
    assert v.presence.overdispersion > 0.003
    assert v.label == "flat"
