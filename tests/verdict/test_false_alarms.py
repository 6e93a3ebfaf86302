"""What is no leap must get no onset: a straight line and pure noise, never."""

from collections import Counter

import numpy as np
import pytest

from saltus.verdict import verdicts

from .curves import draw

LEAPS = ("emergent", "metric-induced")


def judged(kind, draws, seed, **how):
    rng = np.random.default_rng(seed)
    # Resamples can only widen an interval, so none are needed to look for false alarms.
    return verdicts([draw(kind, rng, **how) for _ in range(draws)], n_boot=0).verdicts


def assert_no_onset(found):
    named = Counter(v.label for v in found if v.onset is not None or v.label in LEAPS)
    assert not named


@pytest.mark.parametrize("kind", ["line", "flat"])
@pytest.mark.parametrize("chance", [0.0, 0.25])
def test_no_onset_in_a_few_draws(kind, chance):
    assert_no_onset(judged(kind, 60, 1, scales=8, n=100, chance=chance))


WORLDS = [
    # scales, n, chance: every value of each with several of the others
    (5, 50, 0.0), (5, 200, 0.25), (5, 1000, 0.5), (7, 200, 0.0), (7, 1000, 0.1), (9, 50, 0.25),
    (9, 1000, 0.0), (12, 50, 0.5), (12, 200, 0.5),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("scales", "n", "chance"), WORLDS)
def test_straight_lines_never_get_an_onset(scales, n, chance):
    for i, rise in enumerate((0.3, 0.6, 0.8, 1.0)):
        how = {"scales": scales, "n": n, "chance": chance, "rise": rise}
        assert_no_onset(judged("line", 250, 10 + i, **how))


@pytest.mark.slow
@pytest.mark.parametrize(("scales", "n", "chance"), WORLDS)
def test_noise_at_chance_never_gets_an_onset(scales, n, chance):
    assert_no_onset(judged("flat", 1000, 20, scales=scales, n=n, chance=chance))


@pytest.mark.slow
@pytest.mark.parametrize("scales", [5, 8, 12])
def test_scores_drawn_from_nowhere_never_get_an_onset(scales):
    assert_no_onset(judged("uniform", 1000, 30, scales=scales, n=200))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["valley", "hill"])
def test_valleys_and_hills_are_no_leaps(kind):
    found = judged(kind, 300, 40, scales=9, n=200, chance=0.1, rise=0.6)
    named = Counter(v.label for v in found)
    assert named[{"valley": "u-shaped", "hill": "inverted-u"}[kind]] > 285
    assert not any(named[label] for label in LEAPS)


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.0, 0.02, 0.05])
@pytest.mark.parametrize("scales", [8, 12])
@pytest.mark.parametrize(("axis", "width"), [("flops", 3.0), ("flops", 5.0), ("params", 2.0)])
def test_rises_over_decades_are_seldom_leaps(axis, width, scales, scatter):
    gap = 0.5 if axis == "flops" else 0.35
    n = 1000 if scatter == 0.05 else 200
    how = {"scales": scales, "n": n, "scatter": scatter, "axis": axis, "width": width, "gap": gap}
    found = judged("slow", 200, 50, **how)
    alarms = sum(v.label in LEAPS for v in found)
    # At most 5 %: 200 draws at that rate exceed 17 once in 50 worlds.
    assert alarms <= 17


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.02, 0.05])
def test_scatter_of_models_alone_is_seldom_a_leap(scatter):
    for scales in (5, 8, 12):
        found = judged("flat", 300, 60, scales=scales, n=10_000, chance=0.25, scatter=scatter)
        assert sum(v.label in LEAPS for v in found) <= 3
