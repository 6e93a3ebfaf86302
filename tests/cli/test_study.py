"""From a study file to the report, through the command line alone."""

from __future__ import annotations

import csv
import io
import json

import pytest

pytest.importorskip("torch")

from saltus.cli.main import main
from saltus.run import local


@pytest.fixture
def here(monkeypatch):
    """Work in this process: starting workers takes seconds."""
    inner = local.run_jobs
    monkeypatch.setattr(
        local, "run_jobs", lambda *args, workers, **kwargs: inner(*args, workers=0, **kwargs)
    )


@pytest.fixture
def folder(here, make_study, tmp_path, capsys):
    assert main(["run", str(make_study(3, items=6)), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "12 cells in" in said.out
    assert "12/12 cells" in said.err
    return tmp_path / "out"


def test_run_goes_on_and_takes_items(here, make_study, tmp_path, capsys):
    study, out = str(make_study(1)), str(tmp_path / "out")
    assert main(["run", study, "--out", out, "--items", "2"]) == 0
    assert main(["run", study, "--out", out, "--items", "2"]) == 0
    assert "0 measured, 4 there already" in capsys.readouterr().out
    assert main(["run", study, "--out", out]) == 2
    assert "holds a different study" in capsys.readouterr().err


def test_the_default_folder_is_named_after_the_study(here, make_study, tmp_path, monkeypatch):
    study = make_study(1)
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(study)]) == 0
    assert (tmp_path / "results" / "study" / "scores.parquet").exists()


def test_verdict_prints_a_table_json_and_csv(folder, tmp_path, capsys):
    assert main(["verdict", str(folder)]) == 0
    assert "parity-10" in capsys.readouterr().out
    assert main(["verdict", str(folder), "--json", "-", "--metric", "exact_match"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {v["metric"] for v in found["verdicts"]} == {"exact_match"}
    assert {v["axis"] for v in found["verdicts"]} == {"params"}
    file = tmp_path / "v.csv"
    assert main(["verdict", str(folder), "--csv", str(file), "--axis", "flops"]) == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {r["axis"] for r in rows} == {"flops"}
    assert all(r["label"] for r in rows)
    assert main(["verdict", str(folder), "--lang", "zh"]) == 0


def test_report_writes_everything(folder, capsys):
    pytest.importorskip("jinja2")
    assert main(["report", str(folder)]) == 0
    names = {p.name for p in folder.iterdir()}
    assert names >= {"report.html", "verdicts.json", "verdicts.csv", "scores.csv"}
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    found = json.loads((folder / "verdicts.json").read_text())
    assert {v["axis"] for v in found["verdicts"]} == {"params", "flops", "loss"}


def test_files_that_cannot_be_written_are_named(folder, capsys):
    for option in ("--json", "--csv", "--report"):
        assert main(["verdict", str(folder), option, "/proc/none/x"]) == 2
        assert "/proc/none/x: " in capsys.readouterr().err
    assert main(["verdict", str(folder), "--metric", "accuracy"]) == 2
    assert "no metric 'accuracy'" in capsys.readouterr().err


def test_a_folder_without_permission_is_exit_code_2(make_study, capsys):
    assert main(["run", str(make_study(1)), "--out", "/proc/none"]) == 2
    assert "/proc/none: cannot be written" in capsys.readouterr().err
