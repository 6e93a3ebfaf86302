"""Worker processes: each takes the next job; one that dies is replaced, and its model named."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import types
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.run.plan import Asked, Cell
from saltus.run.worker import Event, Job, serve, work_through

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass
class Worker:
    """A process, and what it is at."""

    process: SpawnProcess
    conn: Connection
    job: Job | None = None
    cell: Cell | None = None
    ended: set[str] = field(default_factory=set)

    def left(self) -> tuple[Cell, ...]:
        """Cells of the job that it has not come to the end of."""
        cells = self.job.cells if self.job else ()
        return tuple(c for c in cells if c.name not in self.ended)


@contextmanager
def warm(n: int) -> Iterator[list[Worker]]:
    """Processes that import their libraries while the caller plans; ended where not taken."""
    team = [_spawn() for _ in range(n)]
    try:
        yield team
    finally:
        _end(team)


def run_jobs(
    jobs: Sequence[Job],
    asked: tuple[Asked, ...],
    folder: Path,
    *,
    workers: int,
    team: list[Worker] | None = None,
) -> Generator[Event, None, None]:
    """Work through all jobs and pass on what the workers tell.

    When a worker dies, the cell that it was at has failed; the others of its model are handed
    out once more. The weights of the next job are read from the disk while the others work.

    Args:
        jobs: In the order in which they are handed out.
        asked: What the cells refer to.
        folder: The study folder.
        workers: Processes of one thread each; 0 works in this process.
        team: Processes to take first; see `warm`.
    """
    if workers == 0:
        for job, following in zip(jobs, [*jobs[1:], None], strict=True):
            _read_ahead(following)
            yield from _here(job, asked, folder)
        return
    waiting = list(reversed(jobs))
    spare = [] if team is None else team
    team = [spare.pop() if spare else _spawn() for _ in range(min(workers, len(jobs)))]
    # Packed once for all: it is what every question says.
    told = bytes(ForkingPickler.dumps((asked, folder)))
    try:
        for worker in team:
            _tell_all(worker, told)
            _hand_out(worker, waiting)
        while busy := [w for w in team if w.job is not None]:
            ready = set(connection.wait([w.conn for w in busy]))
            for worker in busy:
                if worker.conn not in ready:
                    continue
                try:
                    event: Event = worker.conn.recv()
                except (EOFError, OSError):
                    yield from _death(worker, waiting)
                    team.remove(worker)
                    if waiting:
                        team.append(_spawn())
                        _tell_all(team[-1], told)
                        _hand_out(team[-1], waiting)
                    continue
                if event.kind == "start":
                    worker.cell = event.cell
                elif event.cell is not None:
                    worker.cell = None
                    worker.ended.add(event.cell.name)
                if event.kind == "end":
                    _hand_out(worker, waiting)
                yield event
    finally:
        _end(team)


def _end(team: Sequence[Worker]) -> None:
    # Every finished shard is on the disk, so there is nothing to wait for.
    for worker in team:
        worker.conn.close()
        worker.process.kill()
        worker.process.join()


def _tell(worker: Worker, what: object) -> None:
    with contextlib.suppress(OSError):  # it has died; the next receive says so
        worker.conn.send(what)


def _tell_all(worker: Worker, packed: bytes) -> None:
    with contextlib.suppress(OSError):
        worker.conn.send_bytes(packed)


def _here(job: Job, asked: tuple[Asked, ...], folder: Path) -> Iterator[Event]:
    try:
        import torch
    except ImportError:
        yield from work_through(job, asked, folder)
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from work_through(job, asked, folder)
    finally:
        torch.set_num_threads(before)


def _hand_out(worker: Worker, waiting: list[Job]) -> None:
    worker.job = waiting.pop() if waiting else None
    worker.cell, worker.ended = None, set()
    _tell(worker, worker.job)
    _read_ahead(waiting[-1] if waiting else None)


def _death(worker: Worker, waiting: list[Job]) -> Iterator[Event]:
    """What to say about a worker that is gone, and what is left of its job."""
    worker.process.join(timeout=5)
    code = worker.process.exitcode
    why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    memory = ", most likely for lack of memory" if code == -9 else ""
    text = f"the worker process died ({why}{memory})"
    job = worker.job
    if job is None:
        return
    left = worker.left()
    if worker.cell is not None:
        yield Event("failed", job.model, worker.cell, text=text)
        left = tuple(c for c in left if c != worker.cell)
    if not left:
        return
    if job.again:
        yield Event("failed", job.model, text=f"{text}, for the second time")
    else:
        if worker.cell is None:
            yield Event("note", job.model, text=f"{text} between two cells; another goes on")
        waiting.append(replace(job, cells=left, again=True))


def _read_ahead(job: Job | None) -> None:
    """Have the system read the weights of a job that comes next, while others work."""
    if job is not None and hasattr(os, "posix_fadvise"):
        threading.Thread(target=_into_page_cache, args=(job.path,), daemon=True).start()


def _into_page_cache(folder: str) -> None:
    for path in Path(folder).glob("*.safetensors"):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(handle)


def _spawn() -> Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    with _no_main(), _one_thread():
        process.start()
    theirs.close()
    return Worker(process, ours)


@contextmanager
def _no_main() -> Iterator[None]:
    """Keep spawned workers from importing the caller's script, which need not be importable."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _one_thread() -> Iterator[None]:
    """Numerical libraries read this once, when they are first imported."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
