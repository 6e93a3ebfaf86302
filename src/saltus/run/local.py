"""Run a study on this machine: plan, measure what is missing, write the scores."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saltus.engines.transformers import OPTIONS, check_installed
from saltus.errors import DataError, ModelError, StudyError
from saltus.run.cell_samples import how_of, scored
from saltus.run.folder import SCORES, SHEET, opened
from saltus.run.plan import Cell, Plan, make_plan
from saltus.run.pool import Worker, run_jobs, warm
from saltus.run.progress import Quiet
from saltus.run.scores import write_scores
from saltus.run.sheet import Throughput, matrix_parameters, write_sheet
from saltus.run.study import Study, load_study
from saltus.run.tables import (
    DONE,
    FAILED,
    SKIPPED,
    CellState,
    read_table,
    write_cells,
    write_items,
    write_models,
)
from saltus.run.worker import Event, Job
from saltus.scale import Ladder
from saltus.scoring.metrics import METRICS, STORED, check_metrics
from saltus.scoring.version import scoring_digest
from saltus.store.samples import SAMPLES, Found, look, shard_path, sync_folder, write_shard

LIGHT = 1e8
"""Bytes of weights up to which a model is loaded a second time, to batch a cell otherwise."""


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
        rescored: Cells that were there, scored by older code: scored again, not measured again.
        failed: What failed, and why.
        too_long: Items left out of the scores because they do not fit a model's context.
        summary: What the run forwarded, and how exact it is, in a line each.
    """

    folder: Path
    cells: int
    measured: int
    reused: int
    skipped: tuple[str, ...]
    notices: tuple[str, ...]
    seconds: float
    rescored: int = 0
    failed: tuple[str, ...] = ()
    too_long: int = 0
    summary: tuple[str, ...] = ()


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
        What was done. The folder then holds ``models.parquet``, ``items.parquet``,
        ``cells.parquet``, ``scores.parquet``, ``run.json`` and the samples.

    Raises:
        StudyError: The study is wrong, or the folder cannot be used.
        DataError: The study asks for a metric that does not exist.
        LadderError: The ladder file is wrong.
        ModelError: A cell or a model failed; all others are measured, kept and scored, and
            ``cells.parquet`` tells the reasons. The same run again tries what failed again.
        MissingExtra: torch or transformers are not installed.
        Stopped: Ctrl-C.
    """
    if workers is not None and workers < 0:
        raise StudyError(f"{workers} workers", where="workers", hint="give 1 or more")
    if items is not None and items < 1:
        raise StudyError(f"{items} items", where="items", hint="give 1 or more")
    began = time.time()
    loaded = load_study(study, items=items)
    check_metrics([m for m in _metrics(loaded.study) if m != "all"])
    folder = Path(out) if out is not None else Path("results") / Path(study).stem
    n_workers = _workers(workers, loaded.ladder, loaded.study.device)
    # Where nothing has been measured, there is something to measure for certain.
    fresh = not any((folder / SAMPLES).glob("*.parquet"))
    with (
        progress or Quiet() as show,
        opened(folder, loaded.study),
        warm(n_workers if fresh else 0) as team,
    ):
        engine = OPTIONS | loaded.study.engine
        plan = make_plan(loaded.study, loaded.ladder, engine=engine, note=show.note)
        write_models(folder, plan)
        write_items(folder, plan)
        states, notices, rescored = _there(folder, plan)
        for notice in notices:
            show.note(notice)
        todo = [c for c in plan.cells if c.name not in states]
        reused = len(states)
        if todo:
            check_installed(device=loaded.study.device)
        n_workers = n_workers if todo else 0
        outcome = _Outcome(plan, states)
        try:
            _measure(folder, outcome, todo, n_workers, show, loaded.study.engine, team)
        finally:
            sync_folder(folder / "samples")
            cells = write_cells(folder, plan, states)
        if DONE in set(cells["status"]):
            write_scores(folder, (*_metrics(loaded.study), *_before(folder)))
        report = RunReport(
            folder=folder,
            cells=len(plan.cells),
            measured=sum(s.status == DONE for s in states.values()) - reused,
            reused=reused,
            skipped=tuple(outcome.skipped),
            notices=(*notices, *outcome.notices),
            seconds=time.time() - began,
            rescored=rescored,
            failed=tuple(outcome.failed),
            too_long=sum(s.too_long or 0 for s in states.values() if s.status == DONE),
            summary=outcome.throughput.lines(),
        )
        if todo or not (folder / SHEET).exists():
            write_sheet(
                folder, plan, loaded, report,
                began=began, workers=n_workers, throughput=outcome.throughput,
            )  # fmt: skip
    _complain(report)
    return report


def _metrics(study: Study) -> tuple[str, ...]:
    """Metrics that a study asks for beside the usual ones."""
    return tuple(getattr(study, "metrics", None) or ())


def _before(folder: Path) -> tuple[str, ...]:
    """Metrics that the scores have already: what was added by hand is not lost."""
    try:
        there = set(read_table(folder / SCORES)["metric"])
    except (DataError, KeyError):
        return ()
    return tuple(m for m in METRICS if m in there)


@dataclass
class _Outcome:
    """What has come of a run so far."""

    plan: Plan
    states: dict[str, CellState]
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    throughput: Throughput = field(default_factory=Throughput)

    def named(self, event: Event) -> str:
        """What an event says, and of what."""
        if event.cell is None:
            return f"model {event.model}: {event.text}"
        asked = self.plan.asked[event.cell.asked]
        return f"model {event.model}, {asked.task}, {asked.prompt.name}: {event.text}"

    @property
    def kept(self) -> int:
        return sum(s.status == DONE for s in self.states.values())


def _there(folder: Path, plan: Plan) -> tuple[dict[str, CellState], list[str], int]:
    """Cells that are done, notices, and how many were scored again.

    Damaged shards are removed; those that older code has scored are scored again.
    """
    states: dict[str, CellState] = {}
    broken = renewed = 0
    for cell in plan.cells:
        path = shard_path(folder, cell.name)
        if not path.exists():
            continue
        n_items = len(plan.asked[cell.asked].questions)
        found = look(path, cell=cell.name, n_items=n_items, metrics=STORED)
        if found is None:
            broken += 1
            path.unlink(missing_ok=True)
            continue
        if found.scoring != scoring_digest():
            _renew(folder, plan, cell, found)
            renewed += 1
        states[cell.name] = CellState(DONE, too_long=found.too_long)
    notices = []
    if broken:
        notices.append(f"{broken} damaged shard{'s' if broken > 1 else ''} found; measured again")
    if renewed:
        notices.append(
            f"{renewed} cell{'s' if renewed > 1 else ''} scored again: the scoring has changed; "
            "nothing is measured again for that"
        )
    return states, notices, renewed


def _renew(folder: Path, plan: Plan, cell: Cell, found: Found) -> None:
    columns = {c: found.frame[c] for c in found.frame.columns if c not in STORED}
    try:
        write_shard(folder, cell.name, scored(columns, how_of(plan.asked[cell.asked])))
    except OSError as err:
        raise StudyError(
            f"a result cannot be written ({err.strerror or err})",
            where=str(folder),
            hint="make room, then run the same again",
        ) from None


def _jobs(
    plan: Plan, todo: Sequence[Cell], work: dict[str, float], engine: Mapping[str, Any]
) -> list[Job]:
    """One job a model, the costliest first; one of them tells facts for the sheet."""
    paths = {m.id: str(m.path) for m in plan.models}
    of_model: dict[str, list[Cell]] = {}
    for cell in todo:
        of_model.setdefault(cell.model, []).append(cell)
    jobs = [
        Job(model, paths[model], tuple(cells), engine=engine) for model, cells in of_model.items()
    ]
    jobs.sort(key=lambda j: -sum(work[c.name] for c in j.cells))
    # A model that is loaded twice in no time; the larger, the more there is to be seen.
    light = [i for i, job in enumerate(jobs) if _weight_bytes(job.path) <= LIGHT]
    place = light[0] if light else len(jobs) - 1
    jobs[place] = replace(jobs[place], probe=True)
    return jobs


def _measure(
    folder: Path,
    outcome: _Outcome,
    todo: Sequence[Cell],
    workers: int,
    show: Quiet,
    engine: Mapping[str, Any],
    team: list[Worker],
) -> None:
    """Measure the missing cells."""
    if not todo:
        return
    plan, states = outcome.plan, outcome.states
    work = plan.work(todo, _sizes(plan))
    jobs = _jobs(plan, todo, work, engine)
    cells = {job.model: job.cells for job in jobs}
    parameters = {job.model: matrix_parameters(job.path) for job in jobs}
    show.begin(len(todo), len(plan.cells) - len(todo), sum(work.values()))

    def ended(cell: Cell, state: CellState) -> None:
        states[cell.name] = state
        show.done(work[cell.name])

    events = run_jobs(jobs, plan.asked, folder, workers=workers, team=team)
    try:
        for event in events:
            cell = event.cell
            if event.kind == "done" and cell is not None:
                outcome.throughput.add(event.tokens, event.inside, parameters[event.model])
                ended(cell, CellState(
                    DONE, event.text, event.too_long, round(event.seconds, 4), event.tokens
                ))  # fmt: skip
            elif event.kind == "skipped" and cell is not None:
                outcome.skipped.append(outcome.named(event))
                n_items = len(plan.asked[cell.asked].questions)
                ended(cell, CellState(SKIPPED, event.text, n_items))
            elif event.kind == "failed":
                outcome.failed.append(outcome.named(event))
                show.note(f"failed: {outcome.named(event)}")
                for one in (cell,) if cell is not None else cells[event.model]:
                    if one.name not in states:
                        ended(one, CellState(FAILED, event.text))
            elif event.kind == "note":
                outcome.notices.append(outcome.named(event))
                show.note(outcome.named(event))
            elif event.kind == "facts":
                outcome.throughput.facts |= event.facts
            elif event.kind == "fatal":
                raise StudyError(
                    f"a result cannot be written ({event.text})",
                    where=str(folder),
                    hint=f"make room, then run the same again; {outcome.kept} cells are kept",
                )
    except KeyboardInterrupt:
        raise Stopped(folder, outcome.kept, len(plan.cells)) from None
    finally:
        events.close()


def _sizes(plan: Plan) -> dict[str, float]:
    """Parameters of each model; from the size of its weights where the ladder does not say."""
    return {
        m.id: m.scale.params or m.scale.params_total or _weight_bytes(m.path) / 2
        for m in plan.models
    }


def _weight_bytes(path: str | None) -> float:
    return float(sum(f.stat().st_size for f in Path(path or "").glob("*.safetensors")))


def _workers(asked_for: int | None, ladder: Ladder, device: str) -> int:
    """One per core, but no more than the memory holds of the largest model; one per device."""
    if asked_for is not None:
        return asked_for
    if device != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return cores or 1
    # fp16 on disk is float32 in memory, and activations come on top; libraries take 0.5 GB.
    largest = max((_weight_bytes(m.path) for m in ladder), default=0.0) * 3 + 5e8
    return max(1, min(cores or 1, int(memory // largest)))


def _complain(report: RunReport) -> None:
    """Raise for the first failure, once everything that could be measured is written."""
    kept, failed = report.measured + report.reused, report.failed
    if failed:
        more = (
            f" (and {len(failed) - 1} more, see run.json and cells.parquet)"
            if len(failed) > 1
            else ""
        )
        raise ModelError(
            failed[0] + more,
            hint=f"mend it and run the same again; {kept} of {report.cells} cells are kept in "
            f"{report.folder / SCORES if kept else report.folder}",
        )
    if kept == 0:
        raise StudyError(
            f"not one cell could be measured: {report.skipped[0]}", where=str(report.folder)
        )
