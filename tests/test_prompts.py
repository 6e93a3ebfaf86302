"""Prompts of the tasks that ship: names, and fixed sets of shots."""

from __future__ import annotations

import pytest

from saltus.errors import StudyError
from saltus.prompts import Prompt, has_own_shots, render, shots_for
from saltus.run.asked import Writing, ask
from saltus.tasks.registry import TASKS


@pytest.mark.parametrize("prompt", [
    Prompt(4), Prompt(0, "scratchpad"), Prompt(4, "direct", 0), Prompt(2, "scratchpad", 11),
])  # fmt: skip
def test_names_are_read_back(prompt):
    assert Prompt.parse(prompt.name) == prompt


@pytest.mark.parametrize("name", ["4-shot set 0", "4-shot set", "x-shot", "4-shot fixed fixed"])
def test_other_names_are_refused(name):
    with pytest.raises(StudyError, match="unknown prompt"):
        Prompt.parse(name)


def test_a_fixed_set_is_the_same_for_all_items():
    task = TASKS["add-2"]
    items = task.items(30, seed=1)
    first = {shots_for(task, i, Prompt(4, shot_set=0), seed=1) for i in items}
    second = {shots_for(task, i, Prompt(4, shot_set=1), seed=1) for i in items}
    assert len(first) == len(second) == 1
    assert first != second
    (shots,) = first
    assert shots_for(task, items[0], Prompt(8, shot_set=0), seed=1)[:4] == shots
    assert first != {shots_for(task, i, Prompt(4, shot_set=0), seed=2) for i in items}


def test_no_item_is_its_own_shot_in_a_fixed_set():
    task = TASKS["facts"]  # its test questions are seen ones
    for item in task.items(100, seed=3):
        for r in range(3):
            shown = shots_for(task, item, Prompt(8, shot_set=r), seed=3)
            assert len(shown) == 8
            assert all(item.question + task.cue != question for question, _ in shown)


def test_only_a_hidden_rule_brings_its_own_shots():
    assert [name for name, task in TASKS.items() if has_own_shots(task)] == ["shift"]


def test_prompts_do_not_depend_on_how_many_are_asked():
    for name in ("add-2", "compare-2-en", "recall-4"):
        for prompt in (Prompt(2), Prompt(2, shot_set=1)):
            whole = ask(name, prompt, items=12, seed=4)
            assert ask(name, prompt, items=5, seed=4).questions == whole.questions[:5]
            item = TASKS[name].items(3, seed=4)[2]
            assert render(TASKS[name], item, prompt, seed=4) == whole.questions[2].prompt


@pytest.mark.parametrize("numbers", [(5, 12, 9), (12, 5)])
def test_prompts_that_were_written_for_other_numbers_of_items_stand(numbers):
    seed = 1000 + len(numbers)  # nobody else's
    for prompt in (Prompt(), Prompt(2), Prompt(2, shot_set=1)):
        items = TASKS["add-3"].items(12, seed=seed)
        want = [render(TASKS["add-3"], item, prompt, seed=seed) for item in items]
        for n in numbers:
            asked = ask("add-3", prompt, items=n, seed=seed)
            assert [q.prompt for q in asked.questions] == want[:n]


def test_sampled_answers_are_written():
    direct = ask("copy-4", Prompt(), items=3, seed=1, writing=Writing(5, 0.8))
    assert (direct.kind, direct.rules) == ("text", ("strip",))
    assert direct.decoding.max_tokens >= 4
    worked = ask("add-2", Prompt(0, "scratchpad"), items=3, seed=1, writing=Writing(5, 0.8))
    assert (worked.kind, worked.rules) == ("text", ("after:#", "strip"))
    greedy = ask("add-2", Prompt(0, "scratchpad"), items=3, seed=1, writing=Writing(1, 0.0))
    assert (greedy.kind, greedy.decoding) == ("scratchpad", None)
