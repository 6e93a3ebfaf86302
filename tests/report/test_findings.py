"""Findings survive a journey through JSON, and refuse what is not Findings."""

import json
import math
from dataclasses import replace

import pytest

from saltus.errors import DataError
from saltus.report.findings import StudyInfo, TaskInfo, findings, from_dict, from_json
from saltus.verdict.result import Estimate


@pytest.fixture(scope="module")
def small(synthetic):
    return synthetic.make(tasks=synthetic.TRUTHS[:3], checkpoints=2)


def test_json_and_back_is_the_same_value(small):
    again = from_json(small.to_json())
    assert again == small
    assert again.to_json() == small.to_json()


def test_infinities_and_nan_survive(small):
    v = replace(small.verdicts[0], width=Estimate(0.5, -math.inf, math.inf))
    v = replace(v, presence=replace(v.presence, overdispersion=math.nan))
    text = findings(verdicts=[v], study=small.study).to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    back = from_json(text).verdicts[0]
    assert back.width == Estimate(0.5, -math.inf, math.inf)
    assert math.isnan(back.presence.overdispersion)


def test_order_does_not_depend_on_the_order_given(small):
    shuffled = findings(
        verdicts=small.verdicts[::-1],
        strategies=small.strategies[::-1],
        models=small.models,
        tasks=small.tasks,
        study=small.study,
    )
    assert shuffled == small


def test_a_task_without_info_gets_its_name_and_nothing_invented(small):
    out = findings(verdicts=small.verdicts, study=small.study)
    task = out.task("copy-8")
    assert task.title == {"en": "copy-8", "zh": "copy-8"}
    assert task.ability == ""
    assert task.example == {}
    assert out.models == ()


def test_the_same_curve_twice_is_an_error(small):
    with pytest.raises(DataError, match="two entries for the verdict"):
        findings(verdicts=[small.verdicts[0], small.verdicts[0]], study=small.study)
    task = TaskInfo("t", "", {}, {}, 0.0)
    with pytest.raises(DataError, match="two entries for the task"):
        findings(verdicts=[], tasks=[task, task], study=small.study)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.update(schema="other/1"), "findings"),
        (lambda d: d["verdicts"][1].update(label="wonderful"), r"verdicts\[1\].label"),
        (lambda d: d["verdicts"][0].update(points=3), r"verdicts\[0\].points"),
        (lambda d: d["verdicts"][0]["points"][2].update(y="high"), r"points\[2\].y"),
        (lambda d: d["models"][0].pop("id"), r"models\[0\]"),
        (lambda d: d.pop("study"), "study"),
    ],
)
def test_what_is_wrong_and_where(small, change, where):
    raw = json.loads(small.to_json())
    change(raw)
    with pytest.raises(DataError) as err:
        from_dict(raw)
    assert err.match(where)


def test_not_json_names_the_place():
    with pytest.raises(DataError, match=r"x\.json:1:2"):
        from_json("{", where="x.json")


def test_unknown_fields_of_a_newer_file_are_ignored(small):
    raw = json.loads(small.to_json())
    raw["verdicts"][0]["invented_later"] = 1
    assert from_dict(raw) == small


def test_empty_findings_are_fine():
    empty = findings(verdicts=[], study=StudyInfo("empty"))
    assert from_json(empty.to_json()) == empty
