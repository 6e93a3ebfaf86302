from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("torch")

from saltus.cli.main import main
from saltus.errors import DataError
from saltus.read.detect import read
from saltus.run import cell_samples, local
from saltus.run import rescore as rescoring
from saltus.run.folder import opened
from saltus.run.local import run
from saltus.run.rescore import rescore
from saltus.run.study import read_study
from saltus.scoring.metrics import STORED

EXTRA = {
    "choice_accuracy_token", "choice_accuracy_byte", "margin", "logprob_per_byte",
    "token_edit_distance", "normalised_match", "calibration_error",
}  # fmt: skip


@pytest.fixture
def study(make_study):
    return make_study(2, items=12)


@pytest.fixture
def folder(study, tmp_path):
    run(study, tmp_path / "out", workers=0)
    return tmp_path / "out"


@pytest.fixture
def no_model(monkeypatch):
    import saltus.engines.transformers as engine

    def refuse(*args, **kwargs):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(engine, "TransformersEngine", refuse)


def scores(folder):
    return pl.read_parquet(folder / "scores.parquet")


def test_scoring_again_gives_the_same_bits(folder, no_model):
    before = (folder / "scores.parquet").read_bytes()
    report = rescore(folder)
    assert (folder / "scores.parquet").read_bytes() == before
    assert (report.cells, report.renewed) == (8, 0)
    assert set(report.metrics) == set(STORED)


def test_all_metrics_of_an_old_run_without_a_model(folder, no_model):
    before = scores(folder)
    report = rescore(folder, "all")
    after = scores(folder)
    assert set(report.metrics) == set(STORED) | EXTRA
    assert after.filter(pl.col("metric").is_in(list(STORED))).equals(before)
    assert ((after["low"] <= after["value"]) & (after["value"] <= after["high"])).all()
    accuracy = after.filter(pl.col("metric") == "choice_accuracy_byte")
    assert accuracy["chance"].to_list() == [0.5, 0.5], "that of the plain one"
    rescore(folder)
    assert scores(folder).equals(before)


def test_items_of_derived_metrics_are_read_too(folder):
    rescore(folder, ["margin", "logprob_per_byte"])
    results = read(folder)
    table = results.item_scores("parity-10", "0-shot")
    assert {"margin", "exact_match"} <= set(table.scores)
    row = results.scores.filter(
        (pl.col("task") == "parity-10") & (pl.col("metric") == "margin")
        & (pl.col("model") == table.models[0])
    )  # fmt: skip
    assert table.scores["margin"][0].mean() == pytest.approx(row["value"][0], abs=1e-6)
    assert read(folder).curves("params", metrics=["margin"])


def test_another_scoring_code_scores_again_and_measures_nothing(
    study, folder, no_model, monkeypatch
):
    names = sorted(p.name for p in (folder / "samples").iterdir())
    before = scores(folder)
    for module in (local, cell_samples, rescoring):
        monkeypatch.setattr(module, "scoring_digest", lambda: "another code")
    report = run(study, folder, workers=0)
    assert (report.measured, report.reused, report.rescored) == (0, 8, 8)
    assert "8 cells scored again" in report.notices[0]
    assert sorted(p.name for p in (folder / "samples").iterdir()) == names
    shard = pl.read_parquet(next((folder / "samples").iterdir()))
    assert set(shard["scoring"]) == {"another code"}
    assert scores(folder).equals(before)
    assert run(study, folder, workers=0).rescored == 0


def test_a_change_of_a_metric_shows_in_the_scores(folder, no_model, monkeypatch):
    for module in (cell_samples, rescoring):
        monkeypatch.setattr(module, "scoring_digest", lambda: "another code")
    plain = cell_samples.score_samples

    def changed(*args, **kwargs):
        return {m: v * 0 if v.dtype != bool else v for m, v in plain(*args, **kwargs).items()}

    monkeypatch.setattr(cell_samples, "score_samples", changed)
    assert rescore(folder).renewed == 8
    assert set(scores(folder)["value"]) == {0.0}


def test_metrics_that_were_added_survive_a_run(study, folder):
    rescore(folder, ["margin"])
    run(study, folder, workers=0)
    assert "margin" in set(scores(folder)["metric"])


def test_sets_of_shots_are_one_row(make_study, tmp_path):
    study = make_study(2, items=10, shots=[1, 2, 3], styles=["direct"])
    out = tmp_path / "sets"
    run(study, out, workers=0)
    single = scores(out)
    cells = pl.read_parquet(out / "cells.parquet").with_columns(
        base=pl.lit("few-shot"), set=pl.col("prompt").str.slice(0, 1).cast(pl.Int64)
    )
    cells.write_parquet(out / "cells.parquet")
    rescore(out, "all")
    whole = scores(out)
    assert set(whole["prompt"]) == {"few-shot"}
    assert set(whole["sets"]) == {3}
    keys = ["model", "task", "metric"]
    means = single.group_by(keys).agg(pl.col("value").mean().alias("mean"))
    both = whole.join(means, on=keys)
    assert both.height == single.height // 3
    assert ((both["value"] - both["mean"]).abs() < 1e-6).all()
    assert whole.filter(pl.col("metric").is_in(list(STORED)))["prompt_sd"].null_count() == 0
    table = read(out).item_scores("add-2", "few-shot")
    assert table.scores["exact_match"].shape == (2, 10)
    assert "calibration_error" in set(whole["metric"])


def write(file, **columns):
    frame = pl.read_parquet(file).with_columns(pl.lit(v).alias(k) for k, v in columns.items())
    frame.write_parquet(file)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda f: (f / "items.parquet").unlink(), "keeps too little to be scored again"),
        (lambda f: (f / "cells.parquet").unlink(), "was killed .* what was measured is kept"),
        (lambda f: (f / "items.parquet").write_bytes(b"PAR1"), "items.parquet: cannot be read"),
        (lambda f: next((f / "samples").iterdir()).unlink(), "a shard is missing or damaged"),
        (lambda f: next((f / "samples").iterdir()).write_bytes(b"x"), "missing or damaged"),
        (lambda f: (f / "models.parquet").unlink(), "models.parquet: cannot be read"),
        (lambda f: write(f / "cells.parquet", cell="../../x"), "cell's name is not a hash"),
        (lambda f: write(f / "items.parquet", chance="[1]"), "levels are not a mapping"),
        (lambda f: write(f / "items.parquet", asked="x"), "do not belong together"),
    ],
)  # fmt: skip
def test_damage_is_named_and_the_scores_stay(folder, break_it, said):
    before = (folder / "scores.parquet").read_bytes()
    break_it(folder)
    with pytest.raises(DataError, match=said):
        rescore(folder)
    assert (folder / "scores.parquet").read_bytes() == before


def test_the_command(folder, study, capsys):
    assert main(["rescore", str(folder), "--metric", "margin", "--metric", "logprob_per_byte"]) == 0
    said = capsys.readouterr().out
    assert "margin" in said
    assert "cells in" in said
    assert main(["rescore", str(folder), "--metric", "margn"]) == 2
    assert "did you mean 'margin'" in capsys.readouterr().err
    assert main(["rescore", str(folder / "nowhere")]) == 2
    assert "there is no run here" in capsys.readouterr().err
    if sys.platform != "win32":
        with opened(Path(folder), read_study(study)):
            assert main(["rescore", str(folder)]) == 2
        assert "another run is at work" in capsys.readouterr().err
