"""Worker processes: each takes the next job; one that dies is replaced, and its model named."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import types
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.run.plan import Asked, Cell
from saltus.run.worker import Event, Job, serve, work_through

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass
class _Worker:
    process: SpawnProcess
    conn: Connection
    job: Job | None = None
    cell: Cell | None = None


def run_jobs(
    jobs: Sequence[Job], asked: tuple[Asked, ...], folder: Path, *, workers: int
) -> Generator[Event, None, None]:
    """Work through all jobs and pass on what the workers tell.

    Args:
        jobs: In the order in which they are handed out.
        asked: What the cells refer to.
        folder: The study folder.
        workers: Processes of one thread each; 0 works in this process.
    """
    if workers == 0:
        for job in jobs:
            yield from _here(job, asked, folder)
        return
    waiting = list(reversed(jobs))
    team = [_start(asked, folder) for _ in range(min(workers, len(jobs)))]
    try:
        for worker in team:
            _hand_out(worker, waiting)
        while busy := [w for w in team if w.job is not None]:
            ready = set(connection.wait([w.conn for w in busy]))
            for worker in busy:
                if worker.conn not in ready:
                    continue
                try:
                    event: Event = worker.conn.recv()
                except (EOFError, OSError):
                    yield _death(worker)
                    team.remove(worker)
                    if waiting:
                        team.append(_start(asked, folder))
                        _hand_out(team[-1], waiting)
                    continue
                if event.kind == "start":
                    worker.cell = event.cell
                elif event.kind == "end":
                    _hand_out(worker, waiting)
                yield event
    finally:
        # Every finished shard is on the disk, so there is nothing to wait for.
        for worker in team:
            worker.conn.close()
            worker.process.kill()
            worker.process.join()


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


def _hand_out(worker: _Worker, waiting: list[Job]) -> None:
    worker.job = waiting.pop() if waiting else None
    worker.cell = None
    with contextlib.suppress(OSError):  # it has died; the next receive says so
        worker.conn.send(worker.job)


def _death(worker: _Worker) -> Event:
    """What to say about a worker that is gone."""
    worker.process.join(timeout=5)
    code = worker.process.exitcode
    why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    memory = ", most likely for lack of memory" if code == -9 else ""
    model = worker.job.model if worker.job else "?"
    return Event("failed", model, worker.cell, text=f"the worker process died ({why}{memory})")


def _start(asked: tuple[Asked, ...], folder: Path) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, asked, str(folder)), daemon=True)
    with _no_main(), _one_thread():
        process.start()
    theirs.close()
    return _Worker(process, ours)


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
