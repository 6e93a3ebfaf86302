"""A worker: takes one model after the other and measures its cells."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from saltus.engines.engine import TooLong
from saltus.errors import SaltusError
from saltus.run.plan import Asked, Cell
from saltus.store.samples import write_shard

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Kind = Literal["start", "done", "skipped", "failed", "fatal", "end"]


@dataclass(frozen=True, slots=True)
class Job:
    """A model with the cells that are still to be measured on it."""

    model: str
    path: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """What a worker has to tell.

    ``failed`` ends the job, ``fatal`` the run (nothing can be written), ``skipped`` one cell.
    """

    kind: Kind
    model: str
    cell: Cell | None = None
    seconds: float = 0.0
    text: str = ""


def work_through(job: Job, asked: Sequence[Asked], folder: Path) -> Iterator[Event]:
    """Measure the cells of a job one by one, writing each as soon as it is done."""
    from saltus.engines.transformers import TransformersEngine
    from saltus.run.measure import measure

    cell: Cell | None = None
    try:
        engine = TransformersEngine(job.path)
        for cell in job.cells:
            yield Event("start", job.model, cell)
            began = time.perf_counter()
            try:
                frame = measure(engine, cell, asked[cell.asked])
            except TooLong as err:
                yield Event("skipped", job.model, cell, text=f"{err.what}; {err.hint}")
                continue
            try:
                write_shard(folder, cell.name, frame)
            except OSError as err:
                yield Event("fatal", job.model, cell, text=err.strerror or str(err))
                return
            yield Event("done", job.model, cell, seconds=time.perf_counter() - began)
    except SaltusError as err:
        yield Event("failed", job.model, cell, text=str(err))
    except Exception as err:  # a worker must live on: the next model may be sound
        first = (str(err).strip() or "no message").splitlines()[0]
        yield Event("failed", job.model, cell, text=f"{type(err).__name__}: {first}")
    yield Event("end", job.model)


def serve(conn: Connection, asked: tuple[Asked, ...], folder: str) -> None:
    """Entry point of a worker process: jobs in, events out, until None comes in."""
    # The parent decides when to stop; Ctrl-C reaches the whole group of processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    for name, value in (
        ("OMP_NUM_THREADS", "1"),
        ("POLARS_MAX_THREADS", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("HF_HUB_OFFLINE", "1"),
    ):
        os.environ[name] = value
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass  # the engine says which extra is missing
    try:
        while (job := conn.recv()) is not None:
            for event in work_through(job, asked, Path(folder)):
                conn.send(event)
    except (EOFError, BrokenPipeError):
        return


def _die_with_parent() -> None:
    """End at once when the parent does, even if it was killed: two runs must not overlap."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
