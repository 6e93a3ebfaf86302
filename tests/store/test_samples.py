from __future__ import annotations

import os

import polars as pl
import pytest

from saltus.store.samples import (
    digest,
    is_whole,
    read_shard,
    schema,
    shard_path,
    sweep,
    write_atomic,
    write_shard,
)

METRICS = ("exact_match", "p_exact")


def frame(cell: str, n: int = 3) -> pl.DataFrame:
    columns = {"cell": [cell] * n, "item": [str(i) for i in range(n)], "exact_match": [1.0] * n}
    return pl.DataFrame(
        {
            name: pl.Series(name, columns.get(name, [None] * n), dtype=kind)
            for name, kind in schema(METRICS).items()
        }
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "samples").mkdir()
    return tmp_path


def whole(folder, cell="abc", n=3):
    return is_whole(shard_path(folder, cell), cell=cell, n_items=n, metrics=METRICS)


def test_what_is_written_is_read(folder):
    write_shard(folder, "abc", frame("abc"))
    read = read_shard(shard_path(folder, "abc"))
    assert read is not None
    assert read.equals(frame("abc"))
    assert whole(folder)
    assert [p.name for p in (folder / "samples").iterdir()] == ["abc.parquet"]


@pytest.mark.parametrize("keep", [0, 1, 4, 100, -1, -10])
def test_a_cut_shard_is_not_whole(folder, keep):
    write_shard(folder, "abc", frame("abc"))
    path = shard_path(folder, "abc")
    path.write_bytes(path.read_bytes()[:keep])
    assert not whole(folder)


def test_a_shard_of_another_cell_or_length_or_shape_is_not_whole(folder):
    write_shard(folder, "abc", frame("other"))
    assert not whole(folder)
    write_shard(folder, "abc", frame("abc"))
    assert not whole(folder, n=4)
    write_shard(folder, "abc", frame("abc").drop("output"))
    assert not whole(folder)
    assert not whole(folder, cell="missing")


def test_overwritten_middle_does_not_end_the_process(folder):
    write_shard(folder, "abc", frame("abc", 300))
    path = shard_path(folder, "abc")
    data = bytearray(path.read_bytes())
    data[4:200] = os.urandom(196)
    path.write_bytes(bytes(data))
    # Either answer is honest where no checksum was hit; what is called whole must be readable.
    assert not whole(folder, n=300) or read_shard(path).height == 300


def test_a_failed_write_leaves_the_old_file_and_no_rest(folder, monkeypatch):
    path = folder / "x"
    write_atomic(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in folder.iterdir() if p.is_file()] == ["x"]


def test_sweep_removes_what_a_kill_left(folder):
    (folder / "samples" / "abc.parquet.123.tmp").write_bytes(b"half")
    (folder / "scores.parquet.9.tmp").write_bytes(b"half")
    write_shard(folder, "abc", frame("abc"))
    assert sweep(folder) == 2
    assert whole(folder)


def test_digest_sees_every_value():
    base = {"a": 1, "b": "x", "c": [1, 2]}
    assert digest(base) == digest(dict(reversed(base.items())))
    changed = [base | {"a": 2}, base | {"b": "y"}, base | {"c": [2, 1]}, {"a": 1, "b": "x"}]
    assert len({digest(d) for d in (base, *changed)}) == 5
