"""``saltus tasks``: what can be asked, with chance level and example."""

import json
import re

from saltus.cli.main import main
from saltus.tasks.registry import TASKS


def test_every_task_is_listed_with_its_chance(capfd):
    assert main(["tasks"]) == 0
    head, *lines = capfd.readouterr().out.splitlines()
    assert head.split() == ["task", "chance", "scratchpad", "example"]
    assert [text.split()[0] for text in lines] == list(TASKS)
    assert "<0.001" in next(text for text in lines if text.startswith("copy-8 "))


def test_both_ways_of_asking_are_shown_whole(capfd):
    assert main(["tasks", "chain-2"]) == 0
    out = capfd.readouterr().out
    direct = re.search(r"direct +let:(.*)\?(.)(\d)$", out, flags=re.MULTILINE)
    scratchpad = re.search(r"scratchpad +let:(.*)>(.).*#(\d)$", out, flags=re.MULTILINE)
    assert direct.groups() == scratchpad.groups()


def test_json_holds_everything(capfd):
    assert main(["tasks", "add-2", "facts", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [r["name"] for r in rows] == ["add-2", "facts"]
    assert rows[1]["chance"] == 1 / 8
    assert rows[1]["scratchpad"] is None


def test_an_unknown_task_is_named(capfd):
    assert main(["tasks", "ad-2"]) == 2
    assert "did you mean 'add-2'" in capfd.readouterr().err


def test_titles_come_in_chinese_too(capfd):
    assert main(["tasks", "--lang", "zh", "add-2"]) == 0
    assert TASKS["add-2"].title["zh"] in capfd.readouterr().out
