"""A worker: takes one model after the other and measures its cells."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saltus.engines.engine import TooLong
from saltus.errors import SaltusError
from saltus.run.plan import Asked, Cell
from saltus.store.samples import write_shard

if TYPE_CHECKING:
    from saltus.engines.transformers import TransformersEngine
    from saltus.run.cell_samples import Answers

Kind = Literal["start", "done", "skipped", "failed", "fatal", "note", "facts", "end"]

AT_ONCE, AT_ONCE_SECONDS = 16, 0.5
"""Cells whose tables are made and written together, and how long the first of them may wait: in a
row it takes half the time that it takes between two passes over a small model."""

SMALLER = 8
"""How many times smaller the batches are in which a cell is tried again when memory ran out."""


HEAVY = 5e7
"""Bytes of weights from which on sweeping memory, a third of a second, is worth it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A model with the cells that are still to be measured on it.

    Attributes:
        model: Its id.
        path: Its folder.
        cells: What is to be measured.
        again: Whether a worker has died over this model before.
        probe: Whether to tell facts for the sheet at the end.
        engine: What the study says of the engine.
    """

    model: str
    path: str
    cells: tuple[Cell, ...]
    again: bool = False
    probe: bool = False
    engine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """What a worker has to tell.

    ``failed`` and ``skipped`` end one cell; ``failed`` without a cell all that are left of the
    model. ``fatal`` ends the run: nothing can be written. ``note`` is to be told, and ends
    nothing.
    """

    kind: Kind
    model: str
    cell: Cell | None = None
    seconds: float = 0.0
    text: str = ""
    too_long: int = 0
    tokens: tuple[int, int, int] = (0, 0, 0)
    inside: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


def work_through(job: Job, asked: Sequence[Asked], folder: Path) -> Iterator[Event]:
    """Measure the cells of a job one by one; no more than half a second of work waits unwritten.

    A cell that cannot be measured costs that cell alone; only a model that cannot be loaded
    costs all of its own.
    """
    crew, desk = _Crew(job), _Desk(job, asked, folder)
    for cell in job.cells:
        yield Event("start", job.model, cell)
        try:
            crew.load()
        except Exception as err:
            yield from desk.write()
            yield Event("failed", job.model, text=said(err))
            break
        began = time.perf_counter()
        try:
            answers = crew.measure(asked[cell.asked])
        except TooLong as err:
            yield Event("skipped", job.model, cell, text=f"{err.what}; {err.hint}")
            continue
        except Exception as err:  # a worker must live on: the next cell may be sound
            yield Event("failed", job.model, cell, text=said(err))
            continue
        took = time.perf_counter() - began
        done = Event("done", job.model, cell, took, crew.remark, 0, crew.tokens, crew.inside)
        desk.take(done, answers)
        if desk.full:
            yield from desk.write()
        if desk.broken:
            return
    yield from desk.write()
    if desk.broken:
        return
    if job.probe and crew.engine is not None:
        from saltus.run.probe import facts

        yield Event("facts", job.model, facts=facts(crew.engine, job, asked))
    crew.engine = None
    if _heavy(job.path):
        _tidy()
    yield Event("end", job.model)


class _Crew:
    """A model in memory, and what it last did."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.engine: TransformersEngine | None = None
        self.remark = ""
        self.tokens = (0, 0, 0)
        self.inside = 0.0

    def load(self) -> None:
        from saltus.engines.transformers import TransformersEngine

        if self.engine is None:
            self.engine = TransformersEngine(self.job.path, **self.job.engine)

    def measure(self, asked: Asked) -> Answers:
        """A cell; in smaller batches where memory does not suffice for usual ones."""
        self.remark = ""
        try:
            return self._counted(asked)
        except Exception as err:
            if not out_of_memory(err):
                raise
        # Outside the except: its traceback would hold what took the memory.
        self.engine = None
        _tidy()
        from saltus.engines.shared import TOKEN_BUDGET
        from saltus.engines.transformers import TransformersEngine

        self.engine = TransformersEngine(
            self.job.path, batch=TOKEN_BUDGET // SMALLER, **self.job.engine
        )
        try:
            found = self._counted(asked)
        finally:
            # Other cells get the usual batches: their numbers do not depend on this one.
            self.engine = None
        self.remark = f"memory ran out; measured in batches {SMALLER} times smaller"
        return found

    def _counted(self, asked: Asked) -> Answers:
        from saltus.run.measure import answers

        assert self.engine is not None
        work = self.engine.work
        before = (work.asked, work.unique, work.forwarded, work.seconds)
        found = answers(self.engine, asked)
        self.tokens = (
            work.asked - before[0], work.unique - before[1], work.forwarded - before[2],
        )  # fmt: skip
        self.inside = work.seconds - before[3]
        return found


class _Desk:
    """Cells that are measured and not yet written."""

    def __init__(self, job: Job, asked: Sequence[Asked], folder: Path) -> None:
        self._job, self._asked, self._folder = job, asked, folder
        self._waiting: list[tuple[Event, Answers]] = []
        self._since = 0.0
        self.broken = False
        """Whether nothing can be written."""

    def take(self, done: Event, answers: Answers) -> None:
        """Lay a cell down, with what is to be told once it is written."""
        if not self._waiting:
            self._since = time.perf_counter() - done.seconds
        self._waiting.append((done, answers))

    @property
    def full(self) -> bool:
        """Whether it is time to write; always, where a worker has died over this model before."""
        waited = time.perf_counter() - self._since
        return self._job.again or len(self._waiting) >= AT_ONCE or waited >= AT_ONCE_SECONDS

    def write(self) -> Iterator[Event]:
        """Make and write the tables of all cells that lie here."""
        from saltus.run.cell_samples import tabled

        waiting, self._waiting = self._waiting, []
        for done, answers in waiting:
            cell, began = done.cell, time.perf_counter()
            assert cell is not None
            try:
                frame = tabled(answers, cell, self._asked[cell.asked])
            except Exception as err:
                yield Event("failed", self._job.model, cell, text=said(err))
                continue
            try:
                write_shard(self._folder, cell.name, frame)
            except OSError as err:
                self.broken = True
                yield Event("fatal", self._job.model, cell, text=err.strerror or str(err))
                return
            seconds = done.seconds + time.perf_counter() - began
            yield replace(done, seconds=seconds, too_long=int((~answers.there).sum()))


def out_of_memory(err: BaseException) -> bool:
    """Whether an error says that memory did not suffice, in main memory or on a device.

    Examples:
        >>> (
        ...     out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory")),
        ...     out_of_memory(RuntimeError("shapes do not fit")),
        ... )
        (True, False)
    """
    if isinstance(err, MemoryError) or type(err).__name__ == "OutOfMemoryError":
        return True
    words = str(err).lower()
    return isinstance(err, RuntimeError) and any(
        w in words for w in ("not enough memory", "out of memory", "can't allocate memory")
    )


def said(err: Exception) -> str:
    """What an error says, in one line."""
    if isinstance(err, SaltusError):
        return " ".join(str(err).split())
    if out_of_memory(err):
        return "memory does not suffice. Mend: fewer --workers, or a smaller model"
    first = (str(err).strip() or "no message").splitlines()[0]
    return f"{type(err).__name__}: {first[:300]}"


def _heavy(folder: str) -> bool:
    """Whether a model's memory should be free before the next one is loaded."""
    try:
        return sum(f.stat().st_size for f in Path(folder).glob("*.safetensors")) > HEAVY
    except OSError:
        return False


def _tidy() -> None:
    """Free models that are no longer used: they refer to themselves, so it takes a sweep."""
    import gc

    gc.collect()


def serve(conn: connection.Connection) -> None:
    """Entry point of a worker process: what is asked and where, jobs in, events out, until None."""
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
    send: Callable[[Event], None] = conn.send
    try:
        asked, folder = conn.recv()
        while (job := conn.recv()) is not None:
            for event in work_through(job, asked, folder):
                send(event)
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
