"""Train a whole family: which runs, over worker processes, largest first."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from saltus.errors import LadderError
from saltus.ladder.assemble import assemble
from saltus.ladder.shape import SHAPES, get_shape
from saltus.scale import Ladder

if TYPE_CHECKING:
    from saltus.ladder.train import Progress, Recipe

EXTRA_SEEDS: dict[str, tuple[int, ...]] = {"36k": (1, 2), "72k": (1, 2)}
"""Sizes inside a transition zone are trained several times: there, luck decides."""

EXTRA_CHECKPOINTS = 4
"""Extra seeds keep their last checkpoints only."""


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One training run of the family."""

    size: str
    seed: int

    @property
    def cost(self) -> float:
        """Relative cost, for ordering."""
        return float(SHAPES[self.size].flops(1.0, context=128))


def builtin_runs() -> tuple[Run, ...]:
    """The runs of the family that ships, costliest first."""
    runs = [Run(s, 0) for s in SHAPES]
    runs += [Run(s, seed) for s, seeds in EXTRA_SEEDS.items() for seed in seeds]
    return tuple(sorted(runs, key=lambda r: -r.cost))


def recipe_of(run: Run, recipe: Recipe) -> Recipe:
    """The recipe with the run's seed; extra seeds keep fewer checkpoints."""
    fewer = min(recipe.checkpoints, EXTRA_CHECKPOINTS) if run.seed else recipe.checkpoints
    return replace(recipe, seed=run.seed, checkpoints=fewer)


def _work(run: Run, recipe: Recipe, folder: str, queue: Any) -> str:
    import torch

    from saltus.ladder.train import train

    # One thread a process: two in one process are slower at these sizes.
    torch.set_num_threads(1)
    train(get_shape(run.size), recipe, Path(folder), on_progress=queue.put)
    return f"{run.size}-s{run.seed}"


def train_family(
    out: Path,
    *,
    runs: Sequence[Run] | None = None,
    recipe: Recipe | None = None,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Ladder:
    """Train every run of a family and write its ladder file.

    Finished checkpoints are never trained again; a killed run goes on from its last state.

    Args:
        out: Folder of the runs; ``out/LADDER.yaml`` is written at the end.
        runs: What to train; the built-in family when None.
        recipe: Steps and the rest; the built-in recipe when None.
        workers: Processes; one a core when None.
        on_progress: Called about once a second for every running process.

    Raises:
        LadderError: A run failed, or the folder holds runs of another recipe.
    """
    from saltus.ladder.train import Recipe

    recipe = recipe or Recipe()
    runs = builtin_runs() if runs is None else tuple(sorted(runs, key=lambda r: -r.cost))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise LadderError(f"the folder cannot be written ({err.strerror})", where=str(out),
                          hint="give another folder with --out") from err  # fmt: skip
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=context) as pool,
    ):
        queue: Any = manager.Queue()
        pending: set[Future[str]] = {
            pool.submit(_work, run, recipe_of(run, recipe), str(out), queue) for run in runs
        }
        while pending:
            finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            while on_progress:
                try:
                    on_progress(queue.get_nowait())
                except Empty:
                    break
            for future in finished:
                future.result()
    return assemble(out, out)
