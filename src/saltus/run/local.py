"""Run a study on this machine: plan, measure what is missing, write the scores."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saltus.engines.transformers import OPTIONS, check_installed
from saltus.errors import ModelError, StudyError
from saltus.run.collect import write_models, write_scores, write_sheet
from saltus.run.folder import SCORES, SHEET, opened
from saltus.run.plan import Cell, Plan, make_plan
from saltus.run.pool import run_jobs
from saltus.run.progress import Quiet
from saltus.run.study import load_study
from saltus.run.worker import Event, Job
from saltus.scoring.metrics import METRICS
from saltus.store.samples import is_whole, shard_path, sync_folder


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    Attributes:
        folder: The study folder.
        cells: Cells of the study.
        measured: Cells measured by this run.
        reused: Cells that were there already.
        skipped: Cells that cannot be measured (too long for a model's context), and why.
        notices: What else the user should know.
        seconds: Wall time.
    """

    folder: Path
    cells: int
    measured: int
    reused: int
    skipped: tuple[str, ...]
    notices: tuple[str, ...]
    seconds: float


class Stopped(KeyboardInterrupt):
    """The user stopped a run; what was finished is kept."""

    def __init__(self, folder: Path, kept: int, cells: int) -> None:
        super().__init__(f"stopped; {kept} of {cells} cells are kept in {folder}")
        self.folder = folder
        self.kept = kept
        self.cells = cells


def run(
    study: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    items: int | None = None,
    progress: Quiet | None = None,
) -> RunReport:
    """Evaluate a study; goes on where an earlier run was stopped or killed.

    Args:
        study: The study file (YAML).
        out: The folder to fill; ``results/NAME-OF-THE-FILE`` when None.
        workers: Processes of one thread each; one per core when None, 0 for this process.
        items: Items per task, in place of the file's numbers.
        progress: Where to show how far it is; nothing is shown when None.

    Returns:
        What was done. The folder then holds ``models.parquet``, ``scores.parquet``,
        ``run.json`` and the samples.

    Raises:
        StudyError: The study is wrong, or the folder cannot be used.
        LadderError: The ladder file is wrong.
        ModelError: A model cannot be loaded or failed; all other cells are kept and scored.
        MissingExtra: torch or transformers are not installed.
        Stopped: Ctrl-C.
    """
    if workers is not None and workers < 0:
        raise StudyError(f"{workers} workers", where="workers", hint="give 1 or more")
    if items is not None and items < 1:
        raise StudyError(f"{items} items", where="items", hint="give 1 or more")
    began = time.time()
    loaded = load_study(study, items=items)
    folder = Path(out) if out is not None else Path("results") / Path(study).stem
    with progress or Quiet() as show, opened(folder, loaded.study):
        plan = make_plan(loaded.study, loaded.ladder, engine=OPTIONS, note=show.note)
        write_models(folder, plan)
        found, broken = _there(folder, plan)
        notices = [
            f"{len(broken)} damaged shard{'s' if len(broken) > 1 else ''} found; measured again"
        ] * bool(broken)
        for notice in notices:
            show.note(notice)
        todo = [c for c in plan.cells if c.name not in found]
        if todo:
            check_installed()
        n_workers = _workers(workers, plan) if todo else 0
        outcome = _measure(folder, plan, todo, n_workers, show)
        sync_folder(folder / "samples")
        done = found | outcome.done
        if done:
            write_scores(folder, plan, [c for c in plan.cells if c.name in done])
        report = RunReport(
            folder=folder,
            cells=len(plan.cells),
            measured=len(outcome.done),
            reused=len(found),
            skipped=tuple(outcome.skipped),
            notices=tuple(notices),
            seconds=time.time() - began,
        )
        if todo or not (folder / SHEET).exists():
            write_sheet(folder, plan, loaded, report, outcome.failed, began, n_workers)
    _complain(report, outcome.failed)
    return report


@dataclass
class _Outcome:
    done: set[str]
    skipped: list[str]
    failed: list[str]


def _there(folder: Path, plan: Plan) -> tuple[set[str], list[Path]]:
    """Names of the cells that are done, and the damaged shards (which are removed)."""
    done: set[str] = set()
    broken: list[Path] = []
    for cell in plan.cells:
        path = shard_path(folder, cell.name)
        if not path.exists():
            continue
        n_items = len(plan.asked[cell.asked].questions)
        if is_whole(path, cell=cell.name, n_items=n_items, metrics=tuple(METRICS)):
            done.add(cell.name)
        else:
            broken.append(path)
            path.unlink(missing_ok=True)
    return done, broken


def _measure(folder: Path, plan: Plan, todo: Sequence[Cell], workers: int, show: Quiet) -> _Outcome:
    """Measure the missing cells, the costliest models first."""
    outcome = _Outcome(set(), [], [])
    if not todo:
        return outcome
    sizes = _sizes(plan)
    work = {c.name: plan.work(c, sizes) for c in todo}
    paths = {m.id: str(m.path) for m in plan.models}
    of_model: dict[str, list[Cell]] = {}
    for cell in todo:
        of_model.setdefault(cell.model, []).append(cell)
    jobs = [Job(model, paths[model], tuple(cells)) for model, cells in of_model.items()]
    jobs.sort(key=lambda j: -sum(work[c.name] for c in j.cells))
    show.begin(len(todo), len(plan.cells) - len(todo), sum(work.values()))

    def named(event: Event) -> str:
        if event.cell is None:
            return f"model {event.model}: {event.text}"
        asked = plan.asked[event.cell.asked]
        return f"model {event.model}, {asked.task}, {asked.prompt.name}: {event.text}"

    events = run_jobs(jobs, plan.asked, folder, workers=workers)
    try:
        for event in events:
            if event.kind == "done" and event.cell is not None:
                outcome.done.add(event.cell.name)
                show.done(work[event.cell.name])
            elif event.kind == "skipped" and event.cell is not None:
                outcome.skipped.append(named(event))
                show.done(work[event.cell.name])
            elif event.kind == "failed":
                outcome.failed.append(named(event))
                show.note(f"failed: {named(event)}")
            elif event.kind == "fatal":
                raise StudyError(
                    f"a result cannot be written ({event.text})",
                    where=str(folder),
                    hint=f"make room, then run the same again; "
                    f"{len(plan.cells) - len(todo) + len(outcome.done)} cells are kept",
                )
    except KeyboardInterrupt:
        kept = len(plan.cells) - len(todo) + len(outcome.done)
        raise Stopped(folder, kept, len(plan.cells)) from None
    finally:
        events.close()
    return outcome


def _sizes(plan: Plan) -> dict[str, float]:
    """Parameters of each model; from the size of its weights where the ladder does not say."""
    return {
        m.id: m.scale.params or m.scale.params_total or _weight_bytes(m.path) / 2
        for m in plan.models
    }


def _weight_bytes(path: str | None) -> float:
    return float(sum(f.stat().st_size for f in Path(path or "").glob("*.safetensors")))


def _workers(asked_for: int | None, plan: Plan) -> int:
    """One per core, but no more than the memory holds of the largest model."""
    if asked_for is not None:
        return asked_for
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return cores or 1
    # fp16 on disk is float32 in memory, and activations come on top; libraries take 0.5 GB.
    largest = max(_weight_bytes(m.path) for m in plan.models) * 3 + 5e8
    return max(1, min(cores or 1, int(memory // largest)))


def _complain(report: RunReport, failed: Sequence[str]) -> None:
    """Raise for the first failure, once everything that could be measured is written."""
    kept = report.measured + report.reused
    if failed:
        more = f" (and {len(failed) - 1} more, see run.json)" if len(failed) > 1 else ""
        raise ModelError(
            failed[0] + more,
            hint=f"mend it and run the same again; {kept} of {report.cells} cells are kept in "
            f"{report.folder / SCORES}",
        )
    if kept == 0:
        raise StudyError(
            f"not one cell could be measured: {report.skipped[0]}", where=str(report.folder)
        )
