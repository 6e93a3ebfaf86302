"""The plan: which cells a study consists of, and what each is called.

A cell is model × task × prompt. Its name is the hash of everything that decides its content,
so that two studies that ask the same of the same weights agree on it, and a change of any of
them makes a new cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from saltus.engines.folder import check_folder, tokenizer_digest, weights_digest
from saltus.errors import ModelError, StudyError
from saltus.prompts import AnyTask, Prompt
from saltus.run.asked import Asked as Asked
from saltus.run.asked import Writing, ask, items_of
from saltus.run.study import Study
from saltus.scale import Ladder, Model
from saltus.store.samples import digest
from saltus.tasks.task import Task

USUAL_TOKENS = 64
"""Of a written answer, to guess its cost."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One model asked one task in one way.

    Attributes:
        name: Hash of everything that decides the content; name of the shard.
        model: Id of the model.
        asked: Index into the plan's list of what is asked.
    """

    name: str
    model: str
    asked: int


@dataclass(frozen=True, slots=True)
class Weights:
    """Digests of a model folder."""

    weights: str
    tokenizer: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every cell of a study.

    Attributes:
        models: Those that are measured, in the ladder's order.
        digests: Of each model's folder, by model id.
        asked: What is asked, each task × prompt × number of items once.
        cells: In the order of models, then of the study.
    """

    models: tuple[Model, ...]
    digests: dict[str, Weights]
    asked: tuple[Asked, ...]
    cells: tuple[Cell, ...]

    def work(self, cells: Sequence[Cell], sizes: Mapping[str, float]) -> dict[str, float]:
        """What cells cost, in arbitrary units, to order jobs and to guess the time left.

        Args:
            cells: Those that are to be measured.
            sizes: Parameters by model id.

        Returns:
            The cost of each, by name.
        """
        letters = [_letters(asked) for asked in self.asked]
        # A tiny model costs its Python overhead, as much as some 20,000 parameters would.
        return {c.name: letters[c.asked] * (sizes[c.model] + 2e4) for c in cells}


def _letters(asked: Asked) -> int:
    """Letters that are read or written, a token that is written counting as more."""
    letters = sum(len(q.prompt) + len(q.target) for q in asked.questions)
    letters += 4 * sum(map(len, asked.references))
    if asked.kind == "text" and asked.decoding is not None:
        # A token takes a pass of its own; most answers end long before their limit.
        tokens = min(asked.decoding.max_tokens, USUAL_TOKENS) * asked.decoding.samples
        letters += 16 * tokens * len(asked.questions)
    return letters


def make_plan(
    study: Study,
    ladder: Ladder,
    *,
    engine: Mapping[str, object],
    note: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Spell out a study: its models, its prompts, its cells, each cell once.

    Where two blocks ask the same of the same model, the one with more items stands: items are
    nested, so it holds the other.

    Args:
        study: What is measured.
        ladder: Its models.
        engine: Options of the engine that decide the bits of a result.
        note: Told what is being done, for a progress display.

    Raises:
        ModelError: A model has no folder, or its folder is not whole.
        StudyError: A task cannot be used, or is asked twice in ways that exclude each other.
    """
    wanted: dict[tuple[str, str, Prompt], tuple[int, Writing]] = {}
    tasks: dict[str, AnyTask] = {}
    for i, block in enumerate(study.measure):
        items, writing = block.items or study.items, Writing.of(block)
        here = block.all_tasks()
        tasks |= here
        pairs = [(name, p) for name, task in here.items() for p in block.prompts_of(task)]
        for model in block.models(ladder):
            for task_name, prompt in pairs:
                key = (model.id, task_name, prompt)
                before = wanted.get(key, (0, writing))
                if before[1] != writing:
                    raise StudyError(
                        f"task {task_name!r} is asked twice as {prompt.name}, with answers written "
                        "in different ways",
                        where=f"measure.{i}",
                        hint="give these blocks the same samples, temperature, top_p and "
                        "max_tokens, or make two studies of them",
                    )
                wanted[key] = (max(items, before[0]), writing)
    measured = {model_id for model_id, _, _ in wanted}
    models = tuple(m for m in ladder if m.id in measured)
    note("checking the models")
    digests = {m.id: _digests(m) for m in models}
    index: dict[tuple[str, Prompt, tuple[int, Writing]], int] = {}
    for (_, name, prompt), how in wanted.items():
        index.setdefault((name, prompt, how), len(index))
    note("writing the prompts")
    # The most of each task first: they hold those of smaller blocks.
    for name, _, (items, _) in sorted(index, key=lambda key: -key[2][0]):
        task = tasks[name]
        if isinstance(task, Task):
            items_of(task, items, study.seed)
    alone = bool({"choice_accuracy_pmi", "all"} & set(study.metrics))
    asked = tuple(
        ask(tasks[t], p, items=n, seed=study.seed, writing=w, alone=alone) for t, p, (n, w) in index
    )
    order = {m.id: i for i, m in enumerate(models)}
    cells = [
        Cell(
            name=digest(
                {
                    "weights": digests[model_id].weights,
                    "tokenizer": digests[model_id].tokenizer,
                    "model": model_id,
                    "asked": asked[index[name, prompt, how]].fingerprint,
                    "seed": study.seed,
                    "engine": dict(engine),
                }
            ),
            model=model_id,
            asked=index[name, prompt, how],
        )
        for (model_id, name, prompt), how in wanted.items()
    ]
    cells.sort(key=lambda c: order[c.model])
    return Plan(models=models, digests=digests, asked=asked, cells=tuple(cells))


def _digests(model: Model) -> Weights:
    if model.path is None:
        raise ModelError(
            f"model {model.id!r} has no weights", hint="give its path in the ladder file"
        )
    check_folder(model.path)
    return Weights(weights_digest(model.path), tokenizer_digest(model.path))
