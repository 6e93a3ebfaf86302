"""How a task is asked: number of shots and style.

A prompt's text depends on the task, the study's seed and the item alone, never on which
other items or models are measured beside it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from saltus.errors import StudyError
from saltus.tasks.task import Item, Task

Style = Literal["direct", "scratchpad"]
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True, slots=True, order=True)
class Prompt:
    """Shots and style, e.g. ``4-shot`` or ``0-shot scratchpad``.

    Examples:
        >>> Prompt(4).name, Prompt(0, "scratchpad").name
        ('4-shot', '0-shot scratchpad')
        >>> Prompt.parse("0-shot scratchpad")
        Prompt(shots=0, style='scratchpad')
    """

    shots: int = 0
    style: Style = "direct"

    @property
    def name(self) -> str:
        """How tables and files call it."""
        return f"{self.shots}-shot" + ("" if self.style == "direct" else f" {self.style}")

    @classmethod
    def parse(cls, name: str) -> Prompt:
        """The inverse of `name`.

        Raises:
            StudyError: The name is not ``K-shot`` or ``K-shot scratchpad``.
        """
        match = re.fullmatch(r"(\d+)-shot(?: (\w+))?", name.strip())
        if match and (match[2] or "direct") in STYLES:
            return cls(int(match[1]), match[2] or "direct")  # type: ignore[arg-type]
        raise StudyError(
            f"unknown prompt {name!r}", hint="write '0-shot', '4-shot' or '0-shot scratchpad'"
        )

    def applies_to(self, task: Task) -> bool:
        """Whether the task can be asked this way."""
        return self.style == "direct" or task.scratchpad_cue is not None


def line(task: Task, item: Item, style: Style) -> tuple[str, str]:
    """(prompt, answer) of one item in one style, without the newline that ends it."""
    if style == "direct" or task.scratchpad_cue is None or item.working is None:
        return item.question + task.cue + item.tail, item.target
    prompt = item.question + task.scratchpad_cue + item.tail
    return prompt, item.working + task.answer_mark + item.target


def shots_for(task: Task, item: Item, prompt: Prompt, *, seed: int) -> tuple[tuple[str, str], ...]:
    """(prompt, answer) of each shot, a pure function of (task, seed, item).

    Shots come from the training split, so no test item is ever shown with its answer.
    """
    if item.demonstrations:
        return tuple((q + task.cue, a) for q, a in item.demonstrations[: prompt.shots])
    rng = np.random.default_rng([zlib.crc32(task.name.encode()), seed, int(item.id[:8], 16)])
    out: list[tuple[str, str]] = []
    seen = {item.question}
    while len(out) < prompt.shots:
        shot = task.draw(rng, "train")
        if shot.question not in seen or len(seen) > 50:
            seen.add(shot.question)
            out.append(line(task, shot, prompt.style))
    return tuple(out)


def render(task: Task, item: Item, prompt: Prompt, *, seed: int) -> str:
    """The text that a model is given; it ends right where the answer begins.

    Every line starts after a newline, the first one too: that is how the built-in ladder
    was trained, and a newline is harmless to any other model.
    """
    shots = "".join(f"\n{q}{a}" for q, a in shots_for(task, item, prompt, seed=seed))
    return f"{shots}\n{line(task, item, prompt.style)[0]}"
