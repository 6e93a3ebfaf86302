"""Every task that ships: answers are right, splits are apart, chance is what a guess gets."""

import re

import numpy as np
import pytest

from saltus.errors import StudyError
from saltus.ladder.tokenizer import Encoder
from saltus.prompts import Prompt, line, render, shots_for
from saltus.tasks.registry import TASKS, get_task
from saltus.tasks.task import Item, Task

ALL = list(TASKS.values())


def by_name(task: Task) -> str:
    return task.name


@pytest.mark.parametrize("task", ALL, ids=by_name)
def test_items_are_a_pure_function_of_the_seed(task: Task) -> None:
    few, many = task.items(20, seed=5), task.items(40, seed=5)
    assert many[: len(few)] == few
    assert len({i.id for i in many}) == len(many) > 0
    assert task.items(20, seed=6) != few


@pytest.mark.parametrize("task", ALL, ids=by_name)
def test_training_and_test_questions_never_meet(task: Task) -> None:
    if not task.held_out:
        return
    rng = np.random.default_rng(0)
    train = {i.key or i.question + i.tail for i in (task.draw(rng, "train") for _ in range(1500))}
    test = {i.key or i.question + i.tail for i in task.items(200, seed=1)}
    assert not train & test


@pytest.mark.parametrize("task", ALL, ids=by_name)
def test_target_is_among_the_choices_and_text_is_in_the_vocabulary(task: Task) -> None:
    encoder = Encoder()
    for item in task.items(50, seed=2):
        assert not item.choices or item.choices.count(item.target) == 1
        for style in ("direct", "scratchpad"):
            text = "".join(line(task, item, style))
            assert 1 not in encoder.encode(text), text
            assert encoder.decode(encoder.encode(text)) == text


def solve(item: Item, ability: str) -> str:
    """A second, independent way to each answer."""
    head, _, body = item.question.partition(":")
    match ability:
        case "copy":
            return body
        case "reverse":
            return "".join(reversed(body))
        case "sort":
            return "".join(sorted(body))
        case "max":
            return max(body)
        case "count":
            row, wanted = body.split("?")
            return str(row.count(wanted))
        case "addition" | "subtraction" | "multiplication":
            a, op, b = re.fullmatch(r"(\d+)([-+*])(\d+)", body).groups()  # type: ignore[union-attr]
            return str({"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[op])
        case "algebra":
            a, b = re.fullmatch(r"x\+(\d+)=(\d+)\?x", body).groups()  # type: ignore[union-attr]
            return str(int(b) - int(a))
        case "sequence":
            n = [int(v) for v in body.split(",")]
            return str(2 * n[-1] - n[-2])
        case "parity":
            return str(body.count("1") % 2)
        case "boolean":
            value = int(body[0])
            for op, bit in zip(body[1::2], body[2::2], strict=True):
                value = {"&": min, "|": max, "^": lambda p, q: (p + q) % 2}[op](value, int(bit))
            return str(value)
        case "brackets":
            text = body
            while (shorter := re.sub(r"\(\)|\[\]|\{\}", "", text)) != text:
                text = shorter
            return text[::-1].translate(str.maketrans("([{", ")]}"))
        case "recall":
            return body[body.index(item.tail) + 1]
        case "chain":
            known = dict(body.split(","))
            key = item.tail
            while key in known:
                key = known[key]
            return key
        case "in-context rule":
            (q, a), digit = item.demonstrations[0], int(item.question[-1])
            return str((digit + int(a) - int(q[-1])) % 10)
        case "comparison":
            return _order(item)
    raise AssertionError(f"no solver for {ability} ({head})")


def _order(item: Item) -> str:
    english = item.language == "en"
    premises, _, _ = item.question.rpartition(",")
    above = []
    for part in premises.split(","):
        if english:
            a, rel, b = re.fullmatch(r" (\w+) is (taller|shorter) than (\w+)", part).groups()  # type: ignore[union-attr]
            up = rel == "taller"
        else:
            a, b, rel = re.fullmatch(r"(..)比(..)(高|矮)", part).groups()  # type: ignore[union-attr]
            up = rel == "高"
        above.append((a, b) if up else (b, a))
    tall = {a for a, _ in above} - {b for _, b in above}
    short = {b for _, b in above} - {a for a, _ in above}
    wants_tall = "tallest" in item.question or "最高" in item.question
    (name,) = tall if wants_tall else short
    return f" {name}" if english else name


@pytest.mark.parametrize(
    "task", [t for t in ALL if t.ability not in {"knowledge", "cipher"}], ids=by_name
)
def test_targets_are_right(task: Task) -> None:
    for item in task.items(100, seed=3):
        assert item.target == solve(item, task.ability), item


@pytest.mark.parametrize("task", [t for t in ALL if t.scratchpad_cue], ids=by_name)
def test_working_ends_in_the_target(task: Task) -> None:
    for item in task.items(50, seed=4):
        assert item.working
        for step in item.working.split(","):
            if match := re.fullmatch(r"([\d+-]+)=(\d+)", step):
                total = sum(int(v) for v in re.findall(r"[-+]?\d+", match[1]))
                assert total == int(match[2]), item.working


@pytest.mark.parametrize("task", [t for t in ALL if t.chance >= 0.05], ids=by_name)
def test_chance_is_near_what_the_best_constant_or_shown_guess_gets(task: Task) -> None:
    items = task.items(200, seed=5)
    if task.ability in {"recall", "chain"}:
        # Answers with one of the values shown.
        shown = [len(set(re.findall(r"\d", i.question))) for i in items]
        guess = float(np.mean([1 / n for n in shown]))
    elif task.ability == "knowledge" or task.ability == "comparison":
        guess = float(np.mean([1 / len(i.choices) for i in items]))
    elif task.ability == "in-context rule":
        guess = 1 / 5
    else:
        answers = [i.target for i in items]
        guess = max(answers.count(a) for a in set(answers)) / len(answers)
    assert abs(guess - task.chance) < 3.5 * np.sqrt(0.25 / len(items)) + 0.02


def test_shots_come_from_training_and_depend_on_the_item_alone() -> None:
    task = get_task("add-3")
    items = task.items(30, seed=1)
    test_keys = {i.key for i in task.items(200, seed=1)}
    for item in items:
        shots = shots_for(task, item, Prompt(4), seed=9)
        assert shots == shots_for(task, item, Prompt(8), seed=9)[:4]
        for question, _ in shots:
            a, b = sorted(int(v) for v in re.findall(r"\d+", question))
            assert f"{a}+{b}" not in test_keys
    assert render(task, items[0], Prompt(2), seed=9).count("\n") == 3


def test_direct_and_scratchpad_ask_the_same_question() -> None:
    task = get_task("add-3")
    item = task.items(1, seed=1)[0]
    direct = render(task, item, Prompt(0), seed=0)
    scratchpad = render(task, item, Prompt(0, "scratchpad"), seed=0)
    assert direct[:-1] == scratchpad[:-1] == "\n" + item.question
    assert (direct[-1], scratchpad[-1]) == ("=", ">")


def test_the_hidden_rule_is_shown_by_the_items_own_shots() -> None:
    task = get_task("shift")
    for item in task.items(50, seed=1):
        text = render(task, item, Prompt(4), seed=0)
        assert text.count(item.question) == 1
        assert len(item.demonstrations) == 8


@pytest.mark.parametrize("name", ["", "shot", "-1-shot", "4-shot guess", "4 shot"])
def test_wrong_prompt_names_are_refused(name: str) -> None:
    with pytest.raises(StudyError, match="unknown prompt"):
        Prompt.parse(name)
