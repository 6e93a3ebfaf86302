"""What is asked: the questions of one task in one way, in plain values.

A pure function of task, prompt, seed and number of items; which models are asked, and what else
a study asks, decides nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from saltus.engines.engine import END, Decoding, Question
from saltus.prompts import AnyTask, Prompt, line, render, render_given
from saltus.run.block import Block
from saltus.scoring.metrics import chance_of, metrics_for
from saltus.store.samples import digest
from saltus.tasks.given import Document, GivenTask
from saltus.tasks.registry import TASKS, get_task
from saltus.tasks.task import Item, Task

Kind = Literal["target", "choice", "scratchpad", "text"]
"""How an answer is had: ``target``: the right answer is scored by teacher forcing (and any
choices with it); ``choice``: choices are scored, nothing else; ``scratchpad``: a line is generated
and the answer stands behind a mark; ``text``: text is generated and the answer is extracted."""

SPARE_BYTES = 8
"""A sampled answer may be this much longer than the longest right one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One task asked in one way: everything a worker has to know, in plain values.

    Attributes:
        task: Name of the task.
        prompt: Shots and style.
        kind: How an answer is had.
        questions: One per item.
        item_ids: Content hashes of the items, in the same order.
        difficulty: Of each item, None where all are alike.
        references: What a right answer looks like, working included; empty unless scratchpad.
        answer_mark: Stands before the final answer of a scratchpad.
        chance: Score of a guess by metric, None where there is no such level.
        fingerprint: Hash of all of it.
        decoding: How text is generated; None where none is, or for a scratchpad, whose length
            follows from ``references``.
        rules: How the answer is found in generated text (kind ``text``), names of `scoring`.
        also_right: Further answers that count as right, per item, or empty.
        alone: Whether choices are scored without the question, too.
    """

    task: str
    prompt: Prompt
    questions: tuple[Question, ...]
    item_ids: tuple[str, ...]
    difficulty: tuple[float | None, ...]
    references: tuple[str, ...]
    answer_mark: str
    chance: dict[str, float | None]
    fingerprint: str
    kind: Kind = "target"
    decoding: Decoding | None = None
    rules: tuple[str, ...] = ()
    also_right: tuple[tuple[str, ...], ...] = ()
    alone: bool = False

    @property
    def scratchpad(self) -> bool:
        """Whether the answer is a worked solution."""
        return self.kind == "scratchpad"


@dataclass(frozen=True, slots=True)
class Writing:
    """What a block says about how answers are written; None: what the task says.

    Attributes:
        samples: Answers per question.
        temperature: Of the draws, 0 takes the most probable token.
        top_p: Share of probability that tokens are drawn from.
        max_tokens: Of an answer.
    """

    samples: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    @classmethod
    def of(cls, block: Block) -> Writing:
        """That of a block of the study."""
        return cls(block.samples, block.temperature, block.top_p, block.max_tokens)

    @property
    def drawn(self) -> bool:
        """Whether answers are drawn, not the most probable one."""
        return bool(self.temperature)

    def decoding(self, max_tokens: int, stop: tuple[str, ...], seed: int) -> Decoding:
        """How answers are written."""
        return Decoding(
            max_tokens=self.max_tokens or max_tokens,
            stop=stop,
            samples=self.samples or 1,
            temperature=self.temperature or 0.0,
            top_p=self.top_p or 1.0,
            seed=seed if self.drawn else 0,
        )


AS_TASK = Writing()


def ask(
    task: str | AnyTask,
    prompt: Prompt,
    *,
    items: int,
    seed: int,
    writing: Writing = AS_TASK,
    alone: bool = False,
) -> Asked:
    """Draw the items of a task and write its prompts; a pure function of its arguments.

    Args:
        task: A task, or the name of one that ships with saltus.
        prompt: Shots, style and set.
        items: How many items at most; they are nested.
        seed: The study's.
        writing: How answers are written.
        alone: Whether choices, where there are any, are scored without the question, too.

    Raises:
        StudyError: There is no such task, or it cannot be asked so.

    Examples:
        >>> asked = ask("add-2", Prompt(0), items=3, seed=1)
        >>> len(asked.questions), asked.chance["exact_match"], asked.kind
        (3, 0.01, 'target')
        >>> ask("add-2", Prompt(0), items=3, seed=1, writing=Writing(8, 0.8)).kind
        'text'
    """
    if isinstance(task, str):
        task = get_task(task)
    if isinstance(task, GivenTask):
        asked = _ask_given(task, prompt, items, seed, writing)
    else:
        asked = _ask_made(task, prompt, items, seed, writing)
    if alone and any(q.choices for q in asked.questions):
        # Only where it is asked for: all other cells keep their names.
        name = digest({"asked": asked.fingerprint, "alone": True})
        asked = replace(asked, alone=True, fingerprint=name)
    return asked


def _ask_made(task: Task, prompt: Prompt, items: int, seed: int, writing: Writing) -> Asked:
    """A task that ships with saltus."""
    drawn = items_of(task, items, seed)
    scratchpad = prompt.style == "scratchpad"
    kind: Kind = "text" if writing.drawn else "scratchpad" if scratchpad else "target"
    ids = tuple(item.id for item in drawn)
    questions = tuple(
        Question(text, item.target, item.choices if kind == "target" else ())
        for item, text in zip(drawn, _prompts_of(task, drawn, prompt, seed), strict=True)
    )
    references = tuple(line(task, i, prompt.style)[1] + END for i in drawn) if scratchpad else ()
    rules: tuple[str, ...] = ()
    decoding = None
    if kind == "text":
        # No tokenizer makes more tokens of an answer than it has bytes.
        longest = max(len(r.encode()) for r in references or [i.target for i in drawn])
        decoding = writing.decoding(longest + SPARE_BYTES, (END,), seed)
        rules = (f"after:{task.answer_mark}", "strip") if scratchpad else ("strip",)
    names = metrics_for(kind=kind, choices=any(i.choices for i in drawn))
    content = {
        "task": task.name,
        "prompt": prompt.name,
        "items": ids,
        "asked": [(q.prompt, q.target, q.choices) for q in questions],
        "references": references,
        "answer_mark": task.answer_mark,
    }
    return Asked(
        task=task.name,
        prompt=prompt,
        questions=questions,
        item_ids=ids,
        difficulty=tuple(item.difficulty for item in drawn),
        references=references if kind == "scratchpad" else (),
        answer_mark=task.answer_mark,
        chance={m: chance_of(m, task, drawn) for m in names},
        fingerprint=digest(content | _written(kind, decoding, rules)),
        kind=kind,
        decoding=decoding,
        rules=rules,
    )


def _written(kind: Kind, decoding: Decoding | None, rules: tuple[str, ...]) -> dict[str, object]:
    """What else decides a written answer; nothing where none is."""
    if decoding is None:
        return {}
    return {"kind": kind, "decoding": asdict(decoding), "rules": rules}


def _ask_given(task: GivenTask, prompt: Prompt, items: int, seed: int, writing: Writing) -> Asked:
    """A task of given questions."""
    docs = task.items(items, seed=seed)
    worked = prompt.style == "scratchpad"
    kind: Kind = "text" if worked or writing.drawn else task.kind
    questions = tuple(_given_question(task, d, prompt, kind, seed) for d in docs)
    decoding = None
    rules: tuple[str, ...] = ()
    if kind == "text":
        stop = task.worked_stop if worked else task.stop
        tokens = task.worked_tokens if worked else task.max_tokens
        decoding = writing.decoding(tokens, stop, seed)
        rules = task.worked_rules if worked else task.rules
    also = tuple(d.also_right for d in docs) if any(d.also_right for d in docs) else ()
    ids = tuple(d.id for d in docs)
    names = metrics_for(kind=kind, choices=any(q.choices for q in questions))
    content = {
        "task": task.name,
        "prompt": prompt.name,
        "items": ids,
        "asked": [(q.prompt, q.target, q.choices, q.end) for q in questions],
        "kind": kind,
        "also_right": also,
    }
    return Asked(
        task=task.name,
        prompt=prompt,
        questions=questions,
        item_ids=ids,
        difficulty=tuple(d.difficulty for d in docs),
        references=(),
        answer_mark="",
        chance={m: chance_of(m, cast(Task, task), cast("tuple[Item, ...]", docs)) for m in names},
        fingerprint=digest(content | _written(kind, decoding, rules)),
        kind=kind,
        decoding=decoding,
        rules=rules,
        also_right=also,
    )


def _given_question(
    task: GivenTask, doc: Document, prompt: Prompt, kind: Kind, seed: int
) -> Question:
    text, lead = render_given(task, doc, prompt, seed=seed)
    if kind == "text":
        return Question(text, doc.target, (), "")
    choices = tuple(lead + c for c in doc.choices)
    return Question(text, lead + doc.target, choices, task.end if kind == "target" else "")


def items_of(task: Task, items: int, seed: int) -> tuple[Item, ...]:
    """The items of a task, drawn once for all prompts."""
    if TASKS.get(task.name) is task:
        return _known_items(task.name, items, seed)
    return task.items(items, seed=seed)


_drawn: dict[tuple[str, int], tuple[int, tuple[Item, ...]]] = {}
"""Items by task and seed, with the number that was asked for."""


def _known_items(name: str, items: int, seed: int) -> tuple[Item, ...]:
    """Items of a task that ships: nested, so that the most asked for hold all fewer."""
    most, drawn = _drawn.get((name, seed), (0, ()))
    if items > most:
        if len(_drawn) >= 256:
            _drawn.clear()
        drawn = TASKS[name].items(items, seed=seed)
        _drawn[name, seed] = (items, drawn)
    return drawn[:items]


_texts: dict[tuple[str, Prompt, int], list[str]] = {}
"""Prompts by task, shots and seed, in the order of the items."""


def _prompts_of(task: Task, drawn: tuple[Item, ...], prompt: Prompt, seed: int) -> list[str]:
    """The text of each item, written once for all numbers of items that a study asks."""
    if TASKS.get(task.name) is not task:
        return [render(task, item, prompt, seed=seed) for item in drawn]
    if len(_texts) >= 1024:
        _texts.clear()
    key = (task.name, prompt, seed)
    texts = _texts.get(key, [])
    if len(texts) < len(drawn):
        # Items are nested: what was written for fewer is the beginning.
        more = [render(task, item, prompt, seed=seed) for item in drawn[len(texts) :]]
        _texts[key] = texts = texts + more
    return texts[: len(drawn)]
