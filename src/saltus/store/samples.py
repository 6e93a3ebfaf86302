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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

SAMPLES = "samples"
_TMP = ".tmp"


def schema(metrics: Sequence[str]) -> dict[str, Any]:
    """Columns of a shard, in order, with their polars types.

    They keep all that a pass over a model says about the answers, so that any metric can be made
    of them later. Of a question that is too long for the model everything else is null.

    ======================== =============================================================
    ``target``               the right answer
    ``output``               greedy text; of a scored target up to the first wrong token
    ``outputs``              all texts of a question, where there are several
    ``sample_lengths``       tokens of each of these
    ``token_ids``            of the target, what ends it included; of the texts, end to end
    ``token_logprobs``       of each of these tokens
    ``token_argmax``         the token that greedy decoding takes in place of each
    ``target_bytes``         UTF-8 bytes of the target, what ends it included
    ``choice_logprobs``      of each choice as a whole
    ``choice_lengths``       tokens of each choice
    ``choice_bytes``         UTF-8 bytes of each choice, spaces before it left out
    ``choice_token_ids``     of all choices, end to end
    ``choice_token_logprobs``  of each of these tokens
    ``choice_unconditional`` of each choice without the question, where it was measured
    ``choice_target``        which choice is right
    ``scoring``              digest of the code that made ``parsed`` and the metrics
    ======================== =============================================================

    Args:
        metrics: Names of the metric columns.
    """
    import polars as pl

    texts, ids, logprobs = pl.List(pl.String), pl.List(pl.Int32), pl.List(pl.Float32)
    return {
        "cell": pl.String,
        "model": pl.String,
        "task": pl.String,
        "prompt": pl.String,
        "item": pl.String,
        "difficulty": pl.Float32,
        "target": pl.String,
        "output": pl.String,
        "outputs": texts,
        "sample_lengths": ids,
        "n_tokens": pl.Int32,
        "token_ids": ids,
        "token_logprobs": logprobs,
        "token_argmax": ids,
        "target_bytes": pl.Int32,
        "choice_logprobs": logprobs,
        "choice_lengths": ids,
        "choice_bytes": ids,
        "choice_token_ids": ids,
        "choice_token_logprobs": logprobs,
        "choice_unconditional": logprobs,
        "choice_target": pl.Int32,
        "parsed": pl.Boolean,
        "truncated": pl.Boolean,
        "too_long": pl.Boolean,
        "scoring": pl.String,
        **dict.fromkeys(metrics, pl.Float32),
    }


def lists(columns: Mapping[str, NDArray[Any]], lengths: NDArray[np.int64]) -> dict[str, pl.Series]:
    """Columns of lists from values that stand end to end.

    Args:
        columns: Values by name.
        lengths: Of each list, the same in every column.
    """
    import numpy as np
    import polars as pl

    n = len(lengths)
    size = int(lengths[0]) if n else 0
    if size and (lengths == size).all():
        # A cast needs no query, and a query takes longer than all else here.
        flat = [pl.Series(name, values) for name, values in columns.items()]
        return {s.name: s.reshape((n, size)).cast(pl.List(s.dtype)) for s in flat}
    row = np.arange(n, dtype=np.int32)
    table = pl.DataFrame({"row": np.repeat(row, lengths), **columns})
    made = table.group_by("row", maintain_order=True).agg(*columns)
    if len(made) < n:
        every = pl.DataFrame({"row": row})
        made = every.join(made, on="row", how="left", maintain_order="left").with_columns(
            pl.col(name).fill_null(pl.lit([], dtype=made.schema[name])) for name in columns
        )
    return {name: made[name] for name in columns}


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
    # Nobody filters a shard: statistics of forty short columns would only cost time.
    frame.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
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


@dataclass(frozen=True, slots=True)
class Found:
    """A shard that is there, whole.

    Attributes:
        scoring: Digest of the code that scored it.
        too_long: Items that did not fit into the model's context.
        frame: Its samples.
    """

    scoring: str
    too_long: int
    frame: pl.DataFrame


def look(path: Path, *, cell: str, n_items: int, metrics: Sequence[str]) -> Found | None:
    """A shard, where it can be read and holds the cell that its name promises."""
    frame = read_shard(path)
    if (
        frame is None
        or dict(frame.schema) != schema(metrics)
        or frame.height != n_items
        or not (frame["cell"] == cell).all()
    ):
        return None
    scoring = frame["scoring"][0] if n_items else ""
    return Found(scoring or "", int(frame["too_long"].sum()), frame)


def is_whole(path: Path, *, cell: str, n_items: int, metrics: Sequence[str]) -> bool:
    """Whether a shard can be read and holds the cell that its name promises."""
    return look(path, cell=cell, n_items=n_items, metrics=metrics) is not None
