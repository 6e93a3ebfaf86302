"""Tasks of files in a study: where they may stand, what they are called, how they are asked."""

from __future__ import annotations

import pytest
import yaml

pytest.importorskip("torch")

from saltus.errors import StudyError
from saltus.run.local import run
from saltus.run.plan import make_plan
from saltus.run.study import load_study

TASK = "name: caps\ndata: d.jsonl\nquestion: q\nanswer: a\nchoices: [yes, no]\n"
ROWS = "".join(f'{{"q": "is {i} odd?", "a": "{"yes" if i % 2 else "no"}"}}\n' for i in range(20))


@pytest.fixture
def study(make_study, tmp_path):
    """Write a study of one block, with a task file beside it."""

    def write(sizes=1, *, task=TASK, **block):
        (tmp_path / "caps.yaml").write_text(task)
        (tmp_path / "d.jsonl").write_text(ROWS)
        file = make_study(sizes)
        said = yaml.safe_load(file.read_text())
        said["measure"] = [{"tasks": {"files": ["caps.yaml"]}, "items": 6} | block]
        file.write_text(yaml.safe_dump(said, sort_keys=False))
        return file

    return write


def plan_of(file):
    loaded = load_study(file)
    return make_plan(loaded.study, loaded.ladder, engine={})


def test_sources_together_and_one_fixed_set(study):
    tasks = {"builtin": "copy-4", "files": "caps.yaml"}
    plan = plan_of(study(tasks=tasks, shots=[0, 2]))
    assert {(a.task, a.prompt.name, a.prompt.base_name) for a in plan.asked} == {
        ("copy-4", "0-shot", "0-shot"), ("copy-4", "2-shot", "2-shot"),
        ("caps", "0-shot", "0-shot"), ("caps", "2-shot set 1", "2-shot fixed"),
    }  # fmt: skip


def test_a_folder_of_lm_eval_tasks_that_is_not_there(study):
    with pytest.raises(StudyError, match="no folder 'tasks'") as caught:
        load_study(study(tasks={"lm_eval": "mine", "include_path": "tasks"}))
    assert "study.yaml" in str(caught.value)


def test_sets_of_shots(study):
    tasks = {"builtin": ["copy-4", "shift"], "files": "caps.yaml"}
    plan = plan_of(study(tasks=tasks, shots=[0, 2], shot_sets=3))
    of_task = {}
    for a in plan.asked:
        of_task.setdefault(a.task, []).append(a.prompt.shot_set)
    # No shots, no sets; a hidden rule brings its shots with it.
    assert of_task == {"copy-4": [None, 0, 1, 2], "caps": [None, 0, 1, 2], "shift": [None, None]}
    sets = [a for a in plan.asked if a.task == "copy-4" and a.prompt.shots]
    assert len({a.fingerprint for a in sets}) == 3
    assert len({a.item_ids for a in sets}) == 1
    each = plan_of(study(shots=2, shot_sets="each"))
    assert [a.prompt.name for a in each.asked] == ["2-shot"]


def test_what_is_frozen_reads_as_the_same_study(study, tmp_path):
    file = study(shots=[1], shot_sets=2, temperature=0.5, samples=3, max_tokens=4, top_p=0.9)
    frozen = tmp_path / "elsewhere"
    frozen.mkdir()
    (frozen / "study.yaml").write_text(load_study(file).study.to_yaml())
    assert load_study(frozen / "study.yaml").study == load_study(file).study


def test_a_changed_task_makes_new_cells_and_the_same_none(study, tmp_path):
    file = study()
    before = {c.name for c in plan_of(file).cells}
    assert {c.name for c in plan_of(study()).cells} == before
    changed = study(task=TASK.replace("question: q", 'question: "Q: {{ q }}"'))
    assert {c.name for c in plan_of(changed).cells}.isdisjoint(before)


def test_sampled_cells_cost_more(study):
    task = TASK.replace("choices: [yes, no]", "kind: text")
    one, many = (plan_of(study(task=task, **how)) for how in ({}, {"samples": 8, "temperature": 1}))
    sizes = {m.id: 1e6 for m in one.models}
    assert (
        many.work(many.cells, sizes)[many.cells[0].name]
        > 2 * one.work(one.cells, sizes)[one.cells[0].name]
    )


WRONG = {
    "no such file": ({"tasks": {"files": ["x.yaml"]}}, "tasks.files.0: there is no task file"),
    "unknown source": ({"tasks": {"file": "x"}}, "tasks.file: unknown field. Mend: did you mean"),
    "nothing": ({"tasks": {}}, "no task is named"),
    "unknown builtin": (
        {"tasks": {"builtin": ["ad-2"]}}, "tasks.builtin.0: unknown task 'ad-2'. Mend: did you",
    ),
    "samples": ({"samples": 4}, "4 samples without a temperature"),
    "top_p": ({"top_p": 0}, "top_p: 0 is not allowed"),
    "sets": ({"shot_sets": 0}, "shot_sets: 0 is not allowed. Mend: a number from 1"),
    "sets in words": ({"shot_sets": "eech"}, "shot_sets: 'eech' is not allowed. Mend: a number"),
    "a truth": ({"top_p": True}, "top_p: True is not allowed"),
    "scratchpad": ({"styles": "scratchpad"}, "none of these tasks has a scratchpad"),
    "rules": ({"task": TASK + "rules: [lastnumber]\n"}, "unknown rule 'lastnumber'"),
    "task file": ({"task": TASK + "anser: 1\n"}, "caps.yaml:6:1: anser: unknown field"),
    "name": ({"task": TASK.replace("caps", "add-2")}, "two tasks are called 'add-2'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_block_gets_one_clear_line(study, case):
    block, says = WRONG[case]
    with pytest.raises(StudyError) as caught:
        load_study(study(**block))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "study.yaml:" in str(caught.value) or case == "name"


def test_unknown_metrics_are_named(study):
    file = study()
    file.write_text(file.read_text() + "metrics: [margn]\n")
    with pytest.raises(StudyError, match="did you mean 'margin'"):
        load_study(file)


def test_one_prompt_written_in_two_ways_is_refused(study):
    file = study(task=TASK.replace("choices: [yes, no]", "kind: text"))
    said = yaml.safe_load(file.read_text())
    said["measure"].append(said["measure"][0] | {"samples": 2, "temperature": 1.0})
    file.write_text(yaml.safe_dump(said))
    with pytest.raises(StudyError, match="written in different ways"):
        plan_of(file)


@pytest.mark.slow
def test_a_study_of_a_file_runs(study, tmp_path):
    import polars as pl

    report = run(study(2, shots=[0, 2], shot_sets=2), tmp_path / "out", workers=1)
    assert report.measured == report.cells == 6
    scores = pl.read_parquet(tmp_path / "out" / "scores.parquet")
    assert set(scores["prompt"]) == {"0-shot", "2-shot fixed"}
    assert set(scores["task"]) == {"caps"}
    assert set(scores.filter(pl.col("metric") == "choice_accuracy")["chance"]) == {0.5}
