"""Choices without their question: what a run keeps, and what it does where that cannot be had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import yaml

pytest.importorskip("torch")

from saltus.engines.transformers import TransformersEngine
from saltus.ladder.file import read_ladder
from saltus.prompts import Prompt
from saltus.run.asked import ask
from saltus.run.cell_samples import how_of
from saltus.run.local import run
from saltus.run.measure import measure
from saltus.run.plan import Cell
from saltus.run.rescore import rescore
from saltus.scoring.score import score_samples

NAME = "choice_accuracy_pmi"


@pytest.fixture
def study(make_study):
    """A study of choices, with metrics beside the usual ones."""

    def make(*metrics):
        path = make_study(2, items=12, tasks=["parity-10", "add-2"], styles=["direct"])
        data = yaml.safe_load(path.read_text()) | {"metrics": list(metrics)}
        path.write_text(yaml.safe_dump(data))
        return path

    return make


@pytest.fixture
def beginning(monkeypatch):
    """The tokenizer of the ladder, given a token that begins a text."""
    from saltus.engines import load
    from saltus.engines.encode import Encoder

    monkeypatch.setattr(load, "_encoders", {})
    plain = Encoder.__init__

    def init(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        self.first = self.encode(["\n"])[0]

    monkeypatch.setattr(Encoder, "__init__", init)


def samples(folder):
    return pl.concat([pl.read_parquet(p) for p in sorted((folder / "samples").iterdir())])


def scores(folder):
    return pl.read_parquet(folder / "scores.parquet")


def checkpoint():
    return next(m for m in read_ladder("builtin") if m.id == "9k-s0-step5120").path


def frame_of(asked):
    engine = TransformersEngine(checkpoint())
    return engine, measure(engine, Cell("c", "m", 0), asked)


@pytest.mark.usefixtures("beginning")
def test_each_choice_as_the_model_itself_gives_it_behind_the_first_token():
    import torch

    asked = ask("parity-10", Prompt(1), items=20, seed=3, alone=True)
    engine, frame = frame_of(asked)
    expected = {}
    for choice in {c for q in asked.questions for c in q.choices}:
        ids = engine.encoder.encode(["\n" + choice])[0]
        with torch.inference_mode():
            logits = engine._model(torch.tensor([ids])).logits[0].log_softmax(-1)
        expected[choice] = sum(float(logits[i, t]) for i, t in enumerate(ids[1:]))
    right = []
    for q, got, joint in zip(
        asked.questions, frame["choice_unconditional"], frame["choice_logprobs"], strict=True
    ):
        assert got.to_list() == pytest.approx([expected[c] for c in q.choices], abs=1e-5)
        gain = joint.to_numpy() - np.array([expected[c] for c in q.choices])
        own = q.choices.index(q.target)
        right.append(float(gain[own] > np.delete(gain, own).max()))
    made = score_samples(frame, how_of(asked), [NAME])[NAME]
    assert made.tolist() == right
    assert 0 < sum(right) < len(right), "a task that shows a difference"


def test_a_choice_is_scored_once_for_the_cell(beginning, monkeypatch):
    calls = []
    plain = TransformersEngine.score
    monkeypatch.setattr(
        TransformersEngine, "score", lambda self, q: (calls.append(len(q)), plain(self, q))[1]
    )
    frame_of(ask("parity-10", Prompt(0), items=20, seed=3, alone=True))
    frame_of(ask("parity-10", Prompt(0), items=20, seed=3))
    assert calls == [20, 2, 20]


@pytest.mark.usefixtures("beginning")
def test_what_is_too_long_has_nothing_and_the_others_have_theirs():
    asked = ask("parity-10", Prompt(0), items=6, seed=3, alone=True)
    long = replace(asked.questions[2], prompt="0" * 200)
    asked = replace(asked, questions=(*asked.questions[:2], long, *asked.questions[3:]))
    _, frame = frame_of(asked)
    assert frame["choice_unconditional"].is_null().to_list() == [i == 2 for i in range(6)]
    made = score_samples(frame, how_of(asked), [NAME])[NAME]
    assert np.isnan(made).tolist() == [i == 2 for i in range(6)]


def test_without_a_first_token_the_cell_goes_on():
    asked = ask("parity-10", Prompt(1), items=8, seed=3, alone=True)
    _, frame = frame_of(asked)
    assert frame["choice_unconditional"].null_count() == 8
    assert frame["choice_accuracy"].null_count() == 0


def test_only_what_asks_for_it_has_another_name():
    plain, alone = (ask("parity-10", Prompt(0), items=5, seed=1, alone=a) for a in (False, True))
    assert alone.alone
    assert alone.fingerprint != plain.fingerprint
    same, text = (ask("add-2", Prompt(0), items=5, seed=1, alone=a) for a in (False, True))
    assert same == text, "there are no choices"


@pytest.mark.usefixtures("beginning")
@pytest.mark.parametrize("metric", [NAME, "all"])
def test_a_study_that_names_the_metric_has_it(study, tmp_path, metric):
    out = tmp_path / "out"
    run(study(metric), out, workers=0)
    found = scores(out).filter(pl.col("metric") == NAME)
    assert set(found["task"]) == {"parity-10"}
    assert found["n"].to_list() == [12] * len(found)
    assert set(found["chance"]) == {0.5}
    before = (out / "scores.parquet").read_bytes()
    rescore(out)
    assert (out / "scores.parquet").read_bytes() == before
    rows = samples(out).filter(pl.col("task") == "parity-10")
    assert rows["choice_unconditional"].list.len().to_list() == [2] * len(rows)


@pytest.mark.usefixtures("beginning")
def test_only_choices_are_measured_again_when_it_is_added(study, tmp_path):
    out = tmp_path / "out"
    run(study("margin"), out, workers=0)
    assert samples(out)["choice_unconditional"].null_count() == len(samples(out))
    assert NAME not in set(scores(out)["metric"])
    report = run(study(NAME), out, workers=0)
    assert (report.measured, report.reused) == (2 * report.cells // 4, 2 * report.cells // 4)
    assert NAME in set(scores(out)["metric"])


def test_a_run_without_first_tokens_has_all_other_scores(study, tmp_path):
    out = tmp_path / "out"
    report = run(study(NAME), out, workers=0)
    assert report.measured == report.cells
    assert {"choice_accuracy", "exact_match"} <= set(scores(out)["metric"])
    assert NAME not in set(scores(out)["metric"])
