"""All tasks that ship with saltus, by name."""

from __future__ import annotations

import difflib

from saltus.errors import StudyError
from saltus.tasks import arithmetic, compare, context, knowledge, logic, strings
from saltus.tasks.task import Task


def _all() -> list[Task]:
    return [
        knowledge.fact(),
        *(knowledge.cipher(h) for h in knowledge.CIPHERS),
        *(strings.copy(n) for n in (4, 6, 8, 10)),
        *(strings.reverse(n) for n in (4, 6, 8)),
        *(strings.sort(n) for n in (4, 6)),
        strings.largest(4),
        strings.count(6),
        *(arithmetic.add(k) for k in (1, 2, 3, 4)),
        *(arithmetic.subtract(k) for k in (2, 3)),
        *(arithmetic.multiply(k) for k in (1, 2)),
        arithmetic.unknown(),
        arithmetic.progression(),
        *(logic.parity(n) for n in (10, 16)),
        *(logic.boolean(n) for n in (4, 6)),
        *(logic.brackets(d) for d in (3, 5)),
        *(context.recall(n) for n in (4, 8)),
        *(context.chain(h) for h in (1, 2, 3)),
        context.shift(),
        *(compare.compare(p, lang) for lang in ("en", "zh") for p in (2, 3)),
    ]


TASKS: dict[str, Task] = {task.name: task for task in _all()}


def get_task(name: str) -> Task:
    """The task of this name.

    Raises:
        StudyError: There is none; the message names the nearest.

    Examples:
        >>> get_task("add-2").ability
        'addition'
        >>> get_task("ad-2")
        Traceback (most recent call last):
        saltus.errors.StudyError: unknown task 'ad-2'. Mend: did you mean 'add-2'? ...
    """
    if name in TASKS:
        return TASKS[name]
    near = difflib.get_close_matches(name, TASKS, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    raise StudyError(f"unknown task {name!r}", hint=guess + "`saltus tasks` lists all of them")
