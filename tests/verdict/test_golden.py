"""Published curves that have an answer. Files that are not here skip their tests."""

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from saltus.curve import Curve
from saltus.verdict import verdict

from .curves import SIZES

DATA = Path(os.environ.get("SALTUS_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
PYTHIA = {"70m": 18.9e6, "160m": 85e6, "410m": 302e6, "1.4b": 1.21e9, "2.8b": 2.52e9,
          "6.9b": 6.44e9, "12b": 11.3e9}  # fmt: skip
CHANCE = {"arc_challenge": 0.25, "arc_easy": 0.25, "sciq": 0.25, "piqa": 0.5, "wsc": 0.5}

# Training compute of GPT-3's eight sizes, Brown et al. 2020, table D.1.
GPT3 = [2.25e20, 6.41e20, 1.37e21, 2.38e21, 4.77e21, 1.2e22, 2.31e22, 3.14e23]


def pythia(size):
    folder = DATA / "pythia" / f"pythia-{size}" / "zero-shot"
    if not folder.is_dir():
        pytest.skip("the Pythia results are not here (set SALTUS_DATA)")
    found = {
        int(re.search(r"step(\d+)", path.name)[1]): json.loads(path.read_text())["results"]
        for path in folder.glob("*.json")
    }
    return dict(sorted(found.items()))


def accuracy(results, task, x, axis):
    p = np.array([r[task]["acc"] for r in results])
    error = np.array([r[task]["acc_stderr"] for r in results])
    n = np.median(np.round(1 + p * (1 - p) / error**2))
    return Curve(x, p, n=n, chance=CHANCE[task], axis=axis, task=task)


@pytest.mark.parametrize("size", ["70m", "160m", "410m", "2.8b", "6.9b", "12b"])
def test_lambada_along_training_is_the_metrics_leap(size):
    runs = pythia(size)
    step, last = list(runs), [r["lambada_openai"] for r in runs.values()]
    how = {"axis": "step", "task": "lambada", "models": [str(s) for s in step]}
    score = Curve(step, [r["acc"] for r in last], n=5153, chance=0.0, **how)
    perplexity = np.array([r["ppl"] for r in last])
    error = np.array([r["ppl_stderr"] for r in last]) / perplexity
    loss = Curve(step, np.log(perplexity), stderr=error, binary=False, higher_is_better=False,
                 bounds=(0, np.inf), metric="log_perplexity", **how)  # fmt: skip
    v = verdict(score, continuous=loss, n_boot=50)
    assert v.label == "metric-induced"
    assert v.metric_check.link_r2 > 0.99
    assert v.onset.low in (512, 1000)
    assert v.onset.high in (1000, 3000)


def test_pythia_over_size():
    last = {size: pythia(size)[143000] for size in PYTHIA}
    for task in ("sciq", "piqa", "arc_easy"):
        curve = accuracy(list(last.values()), task, list(PYTHIA.values()), "params")
        assert verdict(curve, n_boot=50).label == "smooth", task
    wsc = verdict(accuracy(list(last.values()), "wsc", list(PYTHIA.values()), "params"), n_boot=0)
    assert wsc.reason == "constant-predictor"


def test_arc_challenge_along_training_is_a_u():
    runs = pythia("12b")
    v = verdict(accuracy(list(runs.values()), "arc_challenge", list(runs), "step"), n_boot=0)
    assert v.label == "u-shaped"


@pytest.mark.parametrize(
    ("column", "n", "chance"),
    [("csqa_val_mc_5shot_acc", 1221, 0.2), ("arc_easy_test_mc_5shot_acc", 2376, 0.25)],
)
def test_olmo_learns_to_choose_letters(column, n, chance):
    path = DATA / "olmo-ladder" / "peteish7_eval_full.csv"
    if not path.is_file():
        pytest.skip("the OLMo results are not here (set SALTUS_DATA)")
    with path.open() as file:
        rows = [(float(r["_step"]) * 4_194_304, r[f"eval/downstream/{column}"])
                for r in csv.DictReader(file)]  # fmt: skip
    points = [(x, float(y)) for x, y in rows if y not in ("", "NaN") and x > 0]
    x, y = np.array(points).T
    v = verdict(Curve(x, y, n=n, chance=chance, axis="tokens"), n_boot=50)
    assert (v.label, v.reason) == ("emergent", "metric-check-missing")
    # The jump lies between 231 and 252 billion tokens.
    assert v.onset.ci_low < 231e9
    assert v.onset.ci_high > 231e9


def test_a_straight_line_over_the_sizes_of_gpt3_has_no_threshold():
    # argmax of the differences names the largest model on every one of these.
    for top in (0.3, 0.6, 0.9):
        y = np.interp(np.log10(GPT3), np.log10(GPT3)[[0, -1]], [0.0, top])
        v = verdict(Curve(GPT3, np.round(y * 2000) / 2000, n=2000, chance=0.0), n_boot=0)
        assert (v.label, v.onset) == ("smooth", None)


def test_gpt3_four_digit_addition_is_at_best_undecided():
    # Few-shot, Brown et al. 2020, table H.1: 25 % at 175B, nearly nothing below.
    hits = [1, 3, 0, 1, 3, 1, 8, 510]
    v = verdict(Curve(GPT3, np.array(hits) / 2000, n=2000, chance=0.0))
    assert v.label in ("undecided", "resolution-limited", "grid-limited")
    assert v.onset is None


@pytest.mark.parametrize(
    ("name", "score", "chance", "label"),
    [
        # 300 held-out items a task on a ladder of seven sizes.
        ("facts", [0.45, 0.42, 0.59, 0.95, 0.99, 0.98, 1.0], 0.06, "smooth"),
        ("parity", [0.51, 0.51, 0.48, 0.48, 0.51, 0.55, 0.49], 0.5, "flat"),
        ("parity scratchpad", [0.5, 0.5, 0.46, 0.45, 1.0, 1.0, 1.0], 0.5, "emergent"),
        ("shift in context", [0.2, 0.21, 0.23, 0.42, 1.0, 1.0, 1.0], 0.2, "emergent"),
    ],
)
def test_a_small_ladder(name, score, chance, label):
    assert (
        verdict(Curve(SIZES, score, n=300, chance=chance, axis="params", task=name)).label == label
    )
