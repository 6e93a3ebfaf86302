from __future__ import annotations

import io

import pytest

from saltus.run import progress
from saltus.run.progress import Bar, Counter, Lines, display


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_rate_counts_cells_and_time_left_counts_work(clock):
    counter = Counter()
    counter.begin(4, 6, work=100.0)
    assert counter.seconds_left is None
    clock[0] += 10
    counter.done(80.0)
    assert counter.rate == pytest.approx(0.1)
    assert counter.seconds_left == pytest.approx(2.5)
    assert counter.line() == "7/10 cells, 0.1 a second, 0:02 left"


def test_lines_come_now_and_then_and_at_the_end(clock):
    out = io.StringIO()
    with display(out) as show:
        assert isinstance(show, Lines)
        show.note("hello")
        show.begin(100, 0, work=100.0)
        for _ in range(100):
            clock[0] += 1
            show.done(1.0)
    lines = out.getvalue().splitlines()
    assert lines[0] == "hello"
    assert lines[-1] == "100/100 cells, 1.0 a second, 0:00 left"
    assert len(lines) == 11


def test_a_terminal_gets_a_bar():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    with display(out) as show:
        assert isinstance(show, Bar)
        show.note("preparing it")
        show.begin(2, 3, work=2.0)
        show.note("a notice [with brackets]")
        show.done(1.0)
        show.done(1.0)
    assert "5/5 cells" in out.getvalue()
    assert "a notice [with brackets]" in out.getvalue()


def test_hours_are_told():
    assert progress._clock(59.6) == "1:00"
    assert progress._clock(3_725) == "1:02:05"
