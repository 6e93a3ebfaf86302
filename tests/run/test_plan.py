from __future__ import annotations

import pytest
import yaml

pytest.importorskip("torch")

from saltus.errors import ModelError
from saltus.prompts import Prompt
from saltus.run.plan import ask, make_plan
from saltus.run.study import load_study
from saltus.scale import Ladder, Model, Scale
from saltus.tasks.registry import TASKS

ENGINE = {"engine": "test"}


def plan_of(file, engine=ENGINE, **options):
    loaded = load_study(file, **options)
    return make_plan(loaded.study, loaded.ladder, engine=engine)


def test_cells_are_models_times_prompts_once(make_study):
    plan = plan_of(make_study(3, tasks=["add-2", "copy-4"], shots=[0, 2]))
    kinds = {(a.task, a.prompt.name) for a in plan.asked}
    assert kinds == {
        ("add-2", "0-shot"), ("add-2", "2-shot"), ("copy-4", "0-shot"), ("copy-4", "2-shot"),
        ("add-2", "0-shot scratchpad"), ("add-2", "2-shot scratchpad"),
    }  # fmt: skip
    assert len(plan.cells) == 18
    assert len({c.name for c in plan.cells}) == 18


def test_overlapping_blocks_keep_the_larger_number_of_items(make_study):
    file = make_study(2, tasks=["add-2"], styles=["direct"], items=4)
    study = yaml.safe_load(file.read_text())
    study["measure"].append({"tasks": ["add-2"], "sizes": ["s2"], "items": 9})
    file.write_text(yaml.safe_dump(study))
    plan = plan_of(file)
    sizes = {c.model: len(plan.asked[c.asked].questions) for c in plan.cells}
    assert sizes == {"s1-step1": 4, "s2-step1": 9}
    small, large = sorted(plan.asked, key=lambda a: len(a.questions))
    assert large.questions[: len(small.questions)] == small.questions


def test_names_change_with_what_decides_the_content_and_nothing_else(make_study):
    file = make_study(1, tasks=["add-2"], styles=["direct"])
    names = {c.name for c in plan_of(file).cells}
    assert {c.name for c in plan_of(file).cells} == names
    file.write_text(file.read_text().replace("tiny study", "another name"))
    assert {c.name for c in plan_of(file).cells} == names
    assert {c.name for c in plan_of(file, items=5).cells} != names
    assert {c.name for c in plan_of(file, engine={"engine": "other"}).cells} != names
    file.write_text(file.read_text().replace("seed: 7", "seed: 8"))
    assert {c.name for c in plan_of(file).cells} != names


def test_other_cells_do_not_rename_a_cell(make_study):
    alone = {c.name for c in plan_of(make_study(1, tasks=["add-2"], styles=["direct"])).cells}
    many = {c.name for c in plan_of(make_study(2, tasks=["facts", "add-2"])).cells}
    assert alone < many


def test_scratchpad_and_direct_ask_the_same_items():
    direct = ask("add-2", Prompt(0), items=20, seed=1)
    scratchpad = ask("add-2", Prompt(0, "scratchpad"), items=20, seed=1)
    assert direct.item_ids == scratchpad.item_ids
    assert direct.fingerprint != scratchpad.fingerprint
    assert all(r.endswith("\n") for r in scratchpad.references)


@pytest.mark.parametrize("task", list(TASKS))
def test_every_target_is_among_its_choices(task):
    asked = ask(task, Prompt(0), items=20, seed=5)
    for q in asked.questions:
        assert not q.choices or q.target in q.choices
        assert len(set(q.choices)) == len(q.choices)
        assert "\n" not in q.target


def test_a_model_without_weights_is_named(make_study):
    loaded = load_study(make_study(1))
    ladder = Ladder("x", (Model("api", "x", Scale(params=1.0)),))
    with pytest.raises(ModelError, match="model 'api' has no weights"):
        make_plan(loaded.study, ladder, engine=ENGINE)


@pytest.mark.parametrize("rows", [
    [], [()], [(), ()], [("a", "b")], [("a", "b"), ("", "ü")], [("a",), ("b", "c")], [(), ("b",)],
])  # fmt: skip
def test_lists_of_texts_stand_in_a_table_as_they_are(rows):
    import polars as pl

    from saltus.run.tables import _lists

    found = _lists(rows)
    assert found.dtype == pl.List(pl.String)
    assert found.to_list() == [list(row) for row in rows]
