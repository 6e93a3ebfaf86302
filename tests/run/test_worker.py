"""Cells are written several in a row, and none of them costs another."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("torch")

from saltus.engines.transformers import OPTIONS
from saltus.run import cell_samples, pool, worker
from saltus.run.local import run
from saltus.run.plan import make_plan
from saltus.run.study import load_study
from saltus.run.worker import Job, work_through


@pytest.fixture
def work(make_study, tmp_path):
    loaded = load_study(make_study(1, items=4, tasks=["add-1", "copy-4", "parity-10", "facts"]))
    plan = make_plan(loaded.study, loaded.ladder, engine=OPTIONS)
    (tmp_path / "samples").mkdir()

    def through(**how):
        job = Job(plan.models[0].id, str(plan.models[0].path), plan.cells, **how)
        for event in work_through(job, plan.asked, tmp_path):
            yield event.kind, event.text, len(list((tmp_path / "samples").glob("*.parquet")))

    through.cells = len(plan.cells)
    return through


def test_cells_wait_for_each_other_and_no_longer(work, monkeypatch):
    monkeypatch.setattr(worker, "AT_ONCE_SECONDS", 1e9)
    monkeypatch.setattr(worker, "AT_ONCE", 3)
    assert work.cells > 3
    kinds = [kind for kind, _, _ in work()]
    assert kinds[:6] == ["start"] * 3 + ["done"] * 3
    assert kinds.count("done") == work.cells, "those that are left over are written, too"
    assert kinds[-1] == "end"


def test_a_cell_is_told_to_be_done_once_it_is_on_the_disk(work, monkeypatch):
    monkeypatch.setattr(worker, "AT_ONCE_SECONDS", 1e9)
    written = [n for kind, _, n in work() if kind == "done"]
    assert written == list(range(1, work.cells + 1))


@pytest.mark.parametrize("how", [{}, {"again": True}])
def test_slow_cells_and_those_of_a_model_that_killed_a_worker_do_not_wait(work, monkeypatch, how):
    monkeypatch.setattr(worker, "AT_ONCE_SECONDS", 1e9 if how else 0.0)
    assert [kind for kind, _, _ in work(**how)][:4] == ["start", "done"] * 2


def test_a_table_that_cannot_be_made_costs_its_cell_alone(work, monkeypatch):
    monkeypatch.setattr(worker, "AT_ONCE_SECONDS", 1e9)
    plain, seen = cell_samples.tabled, []

    def tabled(*args):
        seen.append(args)
        if len(seen) == 2:
            raise ValueError("no table")
        return plain(*args)

    monkeypatch.setattr(cell_samples, "tabled", tabled)
    events = list(work())
    assert [text for kind, text, _ in events if kind == "failed"] == ["ValueError: no table"]
    assert sum(kind == "done" for kind, _, _ in events) == work.cells - 1


def test_nothing_is_told_after_the_disk_is_full(work, monkeypatch):
    def write(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker, "write_shard", write)
    *_, last = work()
    assert last[:2] == ("fatal", "No space left on device")


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system has no such call")
@pytest.mark.parametrize("workers", [0, 1])
def test_the_next_models_weights_are_read_meanwhile(make_study, tmp_path, monkeypatch, workers):
    read = []
    monkeypatch.setattr(pool, "_into_page_cache", read.append)
    study = make_study(3, items=2, tasks=["add-1"])
    run(study, tmp_path / "out", workers=workers)
    paths = [str(m.path) for m in load_study(study).ladder]
    assert len(read) == len(set(read)) == 2, "all but the first"
    assert set(read) < set(paths)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system has no such call")
def test_weights_are_asked_for_whole_and_missing_ones_are_no_error(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _, *what: asked.append(what))
    (tmp_path / "model.safetensors").write_bytes(b"x" * 5000)
    pool._into_page_cache(str(tmp_path))
    pool._into_page_cache(str(tmp_path / "nowhere"))
    assert asked == [(0, 0, os.POSIX_FADV_WILLNEED)]
