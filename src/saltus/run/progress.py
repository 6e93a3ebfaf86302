"""How a run shows that it lives: cells done, cells a second, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import IO, Any


class Quiet:
    """Shows nothing; what a run without a display uses, and what displays derive from."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def note(self, text: str) -> None:
        """Say what is being done now, or what has happened."""

    def begin(self, cells: int, reused: int, work: float) -> None:
        """``cells`` are to be measured, which is ``work`` units; ``reused`` are done already."""

    def done(self, work: float) -> None:
        """One cell of ``work`` units is done."""

    def close(self) -> None:
        """Leave the display in order."""


class Counter(Quiet):
    """Counts, and works out rate and time left.

    Time left is by work, not by number: large models come first and their cells are slow.
    """

    def __init__(self) -> None:
        self.cells = self.reused = self.finished = 0
        self.work = self.worked = 0.0
        self.started = time.monotonic()

    def begin(self, cells: int, reused: int, work: float) -> None:
        """Start the clock."""
        self.cells, self.reused, self.work = cells, reused, work
        self.started = time.monotonic()

    def done(self, work: float) -> None:
        """Count one cell."""
        self.finished += 1
        self.worked += work

    @property
    def rate(self) -> float:
        """Cells a second."""
        return self.finished / max(time.monotonic() - self.started, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take at the pace so far; None before the first cell."""
        if self.worked <= 0:
            return None
        elapsed = time.monotonic() - self.started
        return elapsed * max(self.work - self.worked, 0.0) / self.worked

    def line(self) -> str:
        """``120/600 cells, 14.2 a second, 0:35 left``."""
        left = self.seconds_left
        clock = "" if left is None else f", {_clock(left)} left"
        return (
            f"{self.finished + self.reused}/{self.cells + self.reused} cells, "
            f"{self.rate:.1f} a second{clock}"
        )


class Lines(Counter):
    """Plain lines for a log file: one every ``every`` seconds."""

    def __init__(self, stream: IO[str], *, every: float = 10.0) -> None:
        super().__init__()
        self.stream = stream
        self.every = every
        self.last = time.monotonic()

    def note(self, text: str) -> None:
        """One line."""
        print(text, file=self.stream, flush=True)

    def done(self, work: float) -> None:
        """Count, and print a line when the last one is old enough, or all is done."""
        super().done(work)
        now = time.monotonic()
        if now - self.last >= self.every or self.finished == self.cells:
            self.last = now
            print(self.line(), file=self.stream, flush=True)


class Bar(Counter):
    """A progress bar in a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = Console(file=stream)
        self.bar: Any = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[line]}"),
            console=self.console,
            expand=True,
        )
        self.task = self.bar.add_task("preparing", total=None, line="")
        self.bar.start()

    def note(self, text: str) -> None:
        """Above the bar once it runs, in the bar before."""
        if self.cells:
            self.console.print(text, markup=False, highlight=False)
        else:
            self.bar.update(self.task, description=text)

    def begin(self, cells: int, reused: int, work: float) -> None:
        """From now on the bar knows its end."""
        super().begin(cells, reused, work)
        self.bar.update(
            self.task,
            description="measuring",
            total=cells + reused,
            completed=reused,
            line=self.line(),
        )

    def done(self, work: float) -> None:
        """Move the bar on."""
        super().done(work)
        self.bar.update(self.task, advance=1, line=self.line())

    def close(self) -> None:
        """Leave the cursor below the bar."""
        self.bar.stop()


def display(stream: IO[str] | None = None) -> Counter:
    """A bar where ``stream`` is a terminal, plain lines elsewhere; standard error by default."""
    stream = sys.stderr if stream is None else stream
    return Bar(stream) if stream.isatty() else Lines(stream)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
