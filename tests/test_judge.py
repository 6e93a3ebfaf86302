from __future__ import annotations

import pytest

pytest.importorskip("torch")

from saltus.errors import DataError
from saltus.judge import judge
from saltus.read.detect import read
from saltus.run.local import run


@pytest.fixture
def results(make_study, tmp_path):
    study = make_study(3, checkpoints=2, items=8, shots=[0, 1], tasks=["add-2", "copy-4"])
    text = study.read_text().replace("shots:", "checkpoints: all\n  shots:", 1)
    study.write_text(text)
    run(study, tmp_path / "out", workers=0)
    return read(tmp_path / "out")


def test_every_curve_is_judged_once_and_every_pair_compared(results):
    found = judge(results, n_boot=20)
    kinds = {(v.task, v.prompt, v.metric, v.axis, v.family) for v in found.verdicts}
    assert len(kinds) == len(found.verdicts)
    assert ("add-2", "0-shot", "exact_match", "params", "tiny") in kinds
    assert ("add-2", "1-shot scratchpad", "exact_match", "loss", "tiny") in kinds
    assert ("copy-4", "1-shot", "logprob_per_token", "tokens", "tiny/s2") in kinds
    assert len(found.verdicts) == sum(len(results.curves(a)) for a in
                                      ("params", "flops", "tokens", "loss"))  # fmt: skip
    pairs = {(s.task, s.baseline, s.technique) for s in found.strategies}
    assert pairs == {
        ("add-2", "0-shot", "1-shot"),
        ("add-2", "0-shot", "0-shot scratchpad"),
        ("add-2", "1-shot", "1-shot scratchpad"),
        ("add-2", "0-shot scratchpad", "1-shot scratchpad"),
        ("copy-4", "0-shot", "1-shot"),
    }


def test_tasks_come_with_an_example_that_is_right(results):
    found = judge(results, axes=["params"], n_boot=0)
    info = found.task("add-2")
    a, b = info.example["direct_prompt"].removeprefix("add:").rstrip("=").split("+")
    assert info.example["target"] == str(int(a) + int(b))
    assert info.example["scratchpad_answer"].endswith(info.example["target"])
    assert found.task("copy-4").example["scratchpad_answer"] is None
    assert found.study.sheet["torch"]
    assert found.study.items == 8


def test_one_metric_alone_is_still_checked_against_a_continuous_one(results):
    found = judge(results, axes=["params"], metrics=["exact_match"], n_boot=0)
    assert {v.metric for v in found.verdicts} == {"exact_match"}
    whole = judge(results, axes=["params"], n_boot=0)
    same = [v for v in whole.verdicts if v.metric == "exact_match"]
    assert [v.to_dict() for v in found.verdicts] == [v.to_dict() for v in same]


def test_an_unknown_metric_is_named(results):
    with pytest.raises(DataError, match="no metric 'accuracy'"):
        judge(results, axes=["params"], metrics=["accuracy"])
