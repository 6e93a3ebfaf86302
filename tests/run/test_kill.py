"""A run that is killed at any moment goes on where it was, to the last bit."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("torch")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs signals"),
]

COMMAND = "import sys; from saltus.cli.main import main; sys.exit(main(sys.argv[1:]))"
KILLS = 10


def start(study, out):
    args = ["run", str(study), "--out", str(out), "--workers", "2"]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stamps(folder):
    return {
        p.name: (p.stat().st_mtime_ns, p.stat().st_ino)
        for p in (folder / "samples").glob("*.parquet")
    }


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def children(pid):
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_killed_ten_times_gives_the_same_bits(make_study, tmp_path):
    study = make_study(
        6,
        items=60,
        tasks=["add-2", "copy-4", "copy-8", "parity-10", "add-3", "facts"],
        shots=[0, 1],
    )
    out, rng = tmp_path / "killed", random.Random(4)
    seen: dict[str, tuple[int, int]] = {}
    moments = []
    for i in range(KILLS):
        process = start(study, out)
        # Half of the kills fall anywhere, start-up included; half as soon as work goes on.
        before = len(seen)
        until = time.monotonic() + (rng.uniform(0.2, 4.0) if i % 2 else 30.0)
        while time.monotonic() < until and process.poll() is None:
            if i % 2 == 0 and (out / "samples").exists() and len(stamps(out)) > before:
                time.sleep(rng.uniform(0, 0.05))
                break
            time.sleep(0.005)
        workers = children(process.pid) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 5
        while any(alive(w) for w in workers) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(alive(w) for w in workers), "workers must end with their parent"
        now = stamps(out) if (out / "samples").exists() else {}
        assert {n: now.get(n) for n in seen} == seen, "a finished cell was touched"
        moments.append(len(now))
        seen = now
    assert moments[-1] > 0
    assert start(study, out).wait() == 0
    assert {n: s for n, s in stamps(out).items() if n in seen} == seen

    assert start(study, tmp_path / "whole").wait() == 0
    assert len(set(moments)) > 3, f"kills at {moments} cells hit too few different moments"
    a, b = (pl.read_parquet(f / "scores.parquet") for f in (out, tmp_path / "whole"))
    assert a.equals(b)
    assert {p.name: p.read_bytes() for p in (out / "samples").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "whole" / "samples").iterdir()
    }


def test_ctrl_c_says_what_is_kept(make_study, tmp_path):
    study = make_study(6, items=200, shots=[0, 1, 2])
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "run", str(study), "--out", str(out), "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not ((out / "samples").exists() and stamps(out)):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, said = process.communicate()
    assert process.returncode == 130
    last = said.splitlines()[-1]
    assert re.fullmatch(rf"saltus: stopped; \d+ of 72 cells are kept in {out}", last), said
    assert "Traceback" not in said
