"""The metric check: copy-8 and chain-1 of a small ladder must be told apart."""

import numpy as np
import pytest

from saltus.curve import Curve, Curves
from saltus.verdict import verdict
from saltus.verdict.mirage import link_test, window

from .curves import SIZES

COPY = ([0, 0, 0, 0.92, 0.98, 1.0, 0.99], [-2.5, -2.1, -1.7, -0.03, -0.01, -0.003, -0.002])
CHAIN = ([0.11, 0.12, 0.08, 0.07, 0.16, 1, 1], [-1.5, -1.4, -1.35, -1.3, -1.3, -0.01, -0.005])


def pair(exact, logprob, chance, spread=0.4, n=300):
    rng = np.random.default_rng(0)
    items = np.minimum(np.array(logprob)[:, None] * (1 + spread * rng.standard_normal((7, n))), 0)
    items += (np.array(logprob) - items.mean(1))[:, None]
    how = {"n": n, "axis": "params", "task": "t", "models": [f"m{i}" for i in range(7)]}
    return (
        Curve(SIZES, exact, chance=chance, metric="exact_match", **how),
        Curve(SIZES, items.mean(1), items=items, metric="logprob_per_token", binary=False,
              bounds=(-np.inf, 0), **how),
    )  # fmt: skip


def test_copying_is_the_metrics_leap():
    score, continuous = pair(*COPY, 0.0)
    v = verdict(score, continuous=continuous)
    assert v.label == "metric-induced"
    assert v.metric_check.status == "smooth"
    assert v.metric_check.progress_before.low > 0.1
    assert v.metric_check.progress_before.value == pytest.approx(0.8 / 2.5, abs=0.03)
    assert (v.onset.low, v.onset.high) == (9e3, 36e3)


def test_a_chain_is_the_models_leap():
    score, continuous = pair(*CHAIN, 0.1)
    v = verdict(score, continuous=continuous)
    assert (v.label, v.reason) == ("emergent", "leap")
    assert v.metric_check.status == "leaps-too"
    assert v.metric_check.progress_before.value < 0.2
    assert v.metric_check.link_r2 > 0.95


def test_without_a_continuous_metric_it_says_so():
    v = verdict(pair(*COPY, 0.0)[0])
    assert (v.label, v.reason) == ("emergent", "metric-check-missing")
    assert v.metric_check.status == "missing"


def test_the_continuous_metric_is_found_among_the_curves():
    found = verdict(Curves(pair(*COPY, 0.0)))
    assert [v.label for v in found.verdicts if v.metric == "exact_match"] == ["metric-induced"]
    # exp of the log-probability of the whole target is as sudden as exact match itself.
    score, continuous = pair(*COPY, 0.0)
    sudden = Curve(SIZES, np.exp(continuous.y * 9), n=300, axis="params", task="t",
                   metric="p_exact", binary=False, models=score.models)  # fmt: skip
    alone = verdict([score, sudden])
    assert alone.verdicts[0].metric_check.status == "missing"


def test_models_are_matched_by_name():
    score, continuous = pair(*COPY, 0.0)
    back = list(range(6, -1, -1))
    turned = Curve(continuous.x[back], continuous.y[back], items=continuous.items[back],
                   models=[continuous.models[i] for i in back], axis="params", binary=False,
                   bounds=(-np.inf, 0), metric="logprob_per_token", task="t")  # fmt: skip
    assert verdict(score, continuous=turned) == verdict(score, continuous=continuous)


def test_a_log_probability_that_leaps_needs_no_check():
    v = verdict(pair(*CHAIN, 0.1)[1])
    assert v.label == "emergent"
    assert v.metric_check.metric == "logprob_per_token"
    assert "no-chance" in [g.code for g in v.guards]


def test_format_learnt_long_before_is_no_progress():
    exact = [0.1, 0.11, 0.1, 0.09, 0.1, 0.98, 1.0]
    score, continuous = pair(exact, [-6.0, -3.0, -1.31, -1.3, -1.3, -0.02, -0.01], 0.1)
    assert verdict(score, continuous=continuous).metric_check.status == "leaps-too"
    assert window(4) == 2


def test_one_link_explains_a_smooth_course():
    c = np.linspace(-3, 0, 14)
    score = 1 / (1 + np.exp(-6 * (c + 1)))
    got = link_test(score, c, c > -1.5, np.full(14, 1e-4))
    assert got.r2 > 0.99
    assert got.p > 0.05


def test_a_link_that_changes_is_seen():
    # Before the onset no progress counts, after it the same values do.
    c = np.tile(np.linspace(-2, -0.5, 10), 2)
    after = np.arange(20) >= 10
    score = np.where(after, 1 / (1 + np.exp(-6 * (c + 1.25))), 0.0)
    assert link_test(score, c, after, np.full(20, 1e-4)).p < 1e-4
