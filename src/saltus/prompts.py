"""How a task is asked: number of shots, style, and which set of shots.

A prompt's text depends on the task, the study's seed, the item and the set alone, never on which
other items or models are measured beside it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from saltus.errors import StudyError
from saltus.tasks.given import Document, GivenTask
from saltus.tasks.task import Item, Task

AnyTask = Task | GivenTask
Style = Literal["direct", "scratchpad"]
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Shots and style, e.g. ``4-shot`` or ``0-shot scratchpad``.

    Attributes:
        shots: Answered questions before the one that is asked.
        style: Whether working is asked for.
        shot_set: Which fixed set of shots, from 0, the same for all items; None: each item has
            shots of its own.

    Examples:
        >>> Prompt(4).name, Prompt(0, "scratchpad").name
        ('4-shot', '0-shot scratchpad')
        >>> Prompt(4, shot_set=1).name, Prompt(4, shot_set=1).base_name
        ('4-shot set 2', '4-shot fixed')
        >>> Prompt.parse("0-shot scratchpad")
        Prompt(shots=0, style='scratchpad', shot_set=None)
    """

    shots: int = 0
    style: Style = "direct"
    shot_set: int | None = None

    @property
    def name(self) -> str:
        """How samples call it; sets count from 1."""
        return self._plain + ("" if self.shot_set is None else f" set {self.shot_set + 1}")

    @property
    def base_name(self) -> str:
        """How scores call it, where all sets of shots are one."""
        return self._plain + ("" if self.shot_set is None else " fixed")

    @property
    def _plain(self) -> str:
        return f"{self.shots}-shot" + ("" if self.style == "direct" else f" {self.style}")

    @classmethod
    def parse(cls, name: str) -> Prompt:
        """The inverse of `name`.

        Raises:
            StudyError: The name is not ``K-shot``, ``K-shot scratchpad``, or one of these with
                ``set N`` behind it.
        """
        match = re.fullmatch(r"(\d+)-shot(?: (\w+))??(?: set ([1-9]\d*))?", name.strip())
        if match and (match[2] or "direct") in STYLES:
            number = int(match[3]) - 1 if match[3] else None
            return cls(int(match[1]), match[2] or "direct", number)  # type: ignore[arg-type]
        raise StudyError(
            f"unknown prompt {name!r}", hint="write '0-shot', '4-shot' or '0-shot scratchpad'"
        )

    def applies_to(self, task: AnyTask) -> bool:
        """Whether the task can be asked this way."""
        if self.style == "direct":
            return True
        cue = task.worked_cue if isinstance(task, GivenTask) else task.scratchpad_cue
        return cue is not None


def line(task: Task, item: Item, style: Style) -> tuple[str, str]:
    """(prompt, answer) of one item in one style, without the newline that ends it."""
    if style == "direct" or task.scratchpad_cue is None or item.working is None:
        return item.question + task.cue + item.tail, item.target
    prompt = item.question + task.scratchpad_cue + item.tail
    return prompt, item.working + task.answer_mark + item.target


def shots_for(task: Task, item: Item, prompt: Prompt, *, seed: int) -> tuple[tuple[str, str], ...]:
    """(prompt, answer) of each shot, a pure function of (task, seed, item).

    Shots come from the training split, so no test item is ever shown with its answer. A fixed
    set does not depend on the item, but that an item never is its own shot.
    """
    if item.demonstrations:
        return tuple((q + task.cue, a) for q, a in item.demonstrations[: prompt.shots])
    if prompt.shots == 0:
        return ()
    own = [int(item.id[:8], 16)] if prompt.shot_set is None else [0, 1 + prompt.shot_set]
    rng = np.random.default_rng([zlib.crc32(task.name.encode()), seed, *own])
    drawn = task.stream(rng, "train")
    out: list[tuple[str, str]] = []
    seen = {item.question} if prompt.shot_set is None else set()
    while len(out) < prompt.shots:
        shot = next(drawn)
        if shot.question not in seen or len(seen) > 50:
            seen.add(shot.question)
            # After it is seen: other items of the set go on with the same draws.
            if shot.question != item.question or len(seen) > 50:
                out.append(line(task, shot, prompt.style))
    return tuple(out)


def has_own_shots(task: AnyTask) -> bool:
    """Whether each item brings its shots with it, so that there are no sets to choose from."""
    return isinstance(task, Task) and bool(task.items(1, seed=0)[0].demonstrations)


def render(task: AnyTask, item: Item | Document, prompt: Prompt, *, seed: int) -> str:
    """The text that a model is given; it ends right where the answer begins.

    Every line of a task that ships with saltus starts after a newline, the first one too: that
    is how the built-in ladder was trained, and a newline is harmless to any other model.
    """
    if isinstance(task, GivenTask):
        return render_given(task, item, prompt, seed=seed)[0]
    assert isinstance(item, Item)
    shots = "".join(f"\n{q}{a}" for q, a in shots_for(task, item, prompt, seed=seed))
    return f"{shots}\n{line(task, item, prompt.style)[0]}"


def render_given(
    task: GivenTask, item: Item | Document, prompt: Prompt, *, seed: int
) -> tuple[str, str]:
    """The text of a given question, and the spaces that its answer begins with."""
    assert isinstance(item, Document)
    return task.prompt(
        item,
        shots=prompt.shots,
        seed=seed,
        shot_set=prompt.shot_set,
        worked=prompt.style == "scratchpad",
    )
