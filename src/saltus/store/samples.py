"""Shards: one Parquet file for one cell = model × task × prompt.

A shard is written under a temporary name, flushed to the disk, then renamed, so that it either
is whole or is not there. Its name is the hash of everything that decides its content: a cell
that is there is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SAMPLES = "samples"
_TMP = ".tmp"


def schema(metrics: Sequence[str]) -> dict[str, Any]:
    """Columns of a shard, in order, with their polars types.

    Args:
        metrics: Names of the metric columns.
    """
    import polars as pl

    return {
        "cell": pl.String,
        "model": pl.String,
        "task": pl.String,
        "prompt": pl.String,
        "item": pl.String,
        "difficulty": pl.Float32,
        "output": pl.String,
        "n_tokens": pl.Int32,
        "token_ids": pl.List(pl.Int32),
        "token_logprobs": pl.List(pl.Float32),
        "choice_logprobs": pl.List(pl.Float32),
        "choice_target": pl.Int32,
        "parsed": pl.Boolean,
        "truncated": pl.Boolean,
        **dict.fromkeys(metrics, pl.Float32),
    }


def digest(parts: Mapping[str, object]) -> str:
    """Hash of named values, independent of their order; 32 hexadecimal digits.

    Examples:
        >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
        True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def shard_path(folder: Path, cell: str) -> Path:
    """Where the shard of a cell lies in a study folder."""
    return folder / SAMPLES / f"{cell}.parquet"


def write_shard(folder: Path, cell: str, frame: pl.DataFrame) -> None:
    """Write a shard so that it is either whole or not there, even after a power cut."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1)
    write_atomic(shard_path(folder, cell), buffer.getvalue())


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it."""
    tmp = path.with_name(f"{path.name}.{os.getpid()}{_TMP}")
    try:
        with tmp.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        tmp.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            tmp.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk; without effect where the system cannot."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path) -> int:
    """Remove what a killed run left half written; how many files that were."""
    left = [*folder.glob(f"*{_TMP}"), *(folder / SAMPLES).glob(f"*{_TMP}")]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def read_shard(path: Path) -> pl.DataFrame | None:
    """The samples of one cell; None where the file is not a whole shard."""
    import polars as pl

    try:
        # From memory, not mapped: a file that changes under a map would end the process.
        return pl.read_parquet(io.BytesIO(path.read_bytes()))
    except (OSError, pl.exceptions.PolarsError):
        return None


def is_whole(path: Path, *, cell: str, n_items: int, metrics: Sequence[str]) -> bool:
    """Whether a shard can be read and holds the cell that its name promises."""
    frame = read_shard(path)
    return (
        frame is not None
        and dict(frame.schema) == schema(metrics)
        and frame.height == n_items
        and bool((frame["cell"] == cell).all())
    )
