"""Score an old run again, by any metric: from its samples, without a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saltus.errors import DataError, StudyError
from saltus.run.cell_samples import scored
from saltus.run.folder import CELLS, FROZEN, ITEMS, locked
from saltus.run.scores import write_scores
from saltus.run.tables import DONE, AskedRow, read_asked, read_cells
from saltus.scoring.metrics import STORED, check_metrics
from saltus.scoring.version import scoring_digest
from saltus.store.samples import SAMPLES, look, shard_path, write_shard


@dataclass(frozen=True, slots=True)
class RescoreReport:
    """What was scored again.

    Attributes:
        folder: The study folder.
        cells: Cells that were scored.
        scores: Rows of ``scores.parquet``.
        metrics: Metrics in it.
        renewed: Shards whose own metrics older code had made; they were made again.
        seconds: Wall time.
    """

    folder: Path
    cells: int
    scores: int
    metrics: tuple[str, ...]
    renewed: int
    seconds: float


def rescore(folder: str | Path, metrics: Sequence[str] | str = ()) -> RescoreReport:
    """Make the scores of a study folder again from its samples.

    Args:
        folder: A folder that `saltus run` has filled.
        metrics: Names beside the usual ones, or ``all``.

    Returns:
        What was done; ``scores.parquet`` is either written whole or as it was.

    Raises:
        DataError: There is no such metric, or the folder holds no run or a damaged one.
        StudyError: A run is at work in the folder.

    Examples:
        >>> rescore("nowhere")
        Traceback (most recent call last):
        saltus.errors.DataError: nowhere: there is no run here. Mend: give the folder of a run
    """
    began = time.perf_counter()
    path = Path(folder)
    more = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    check_metrics([m for m in more if m != "all"])
    if not path.is_dir():
        raise DataError("there is no run here", where=str(path), hint="give the folder of a run")
    begun = (path / ITEMS).exists() and any((path / SAMPLES).glob("*.parquet"))
    if begun and not (path / CELLS).exists():
        raise DataError(
            "the run was killed before it could say what it had measured",
            where=str(path),
            hint="run the same study again: what was measured is kept",
        )
    if not (path / CELLS).exists() or not (path / ITEMS).exists():
        raise DataError(
            "the run keeps too little to be scored again",
            where=str(path),
            hint=f"measure it with this version: saltus run STUDY.yaml --out {path}",
        )
    with locked(path):
        asked = read_asked(path)
        cells = read_cells(path)
        done = [
            (row["cell"], row["asked"])
            for row in cells.iter_rows(named=True)
            if row["status"] == DONE
        ]
        renewed = 0
        for cell, fingerprint in done:
            if fingerprint not in asked:
                raise DataError("items.parquet and cells.parquet do not belong together",
                                where=str(path), hint="run the study again")  # fmt: skip
            renewed += renew(path, cell, asked[fingerprint])
        frame = write_scores(path, (*study_metrics(path), *more))
    names = tuple(frame["metric"].unique(maintain_order=True))
    return RescoreReport(path, len(done), frame.height, names, renewed, time.perf_counter() - began)


def renew(folder: Path, cell: str, row: AskedRow) -> bool:
    """Score a shard again where older code has scored it; whether that was so.

    Raises:
        DataError: The shard is missing or damaged.
        StudyError: It cannot be written.
    """
    path = shard_path(folder, cell)
    if scoring_of(path) == scoring_digest():
        return False
    found = look(path, cell=cell, n_items=row.items, metrics=STORED)
    if found is None:
        raise DataError(
            "a shard is missing or damaged",
            where=str(path),
            hint="run the study again: only what is missing is measured",
        )
    if found.scoring == scoring_digest():
        return False
    frame = found.frame
    columns = {c: frame[c] for c in frame.columns if c not in STORED}
    try:
        write_shard(folder, cell, scored(columns, row.how))
    except OSError as err:
        raise StudyError(
            f"a result cannot be written ({err.strerror or err})",
            where=str(folder),
            hint="make room, then do the same again",
        ) from None
    return True


def scoring_of(path: Path) -> str:
    """Digest of the code that scored a shard; empty where that cannot be read."""
    import io

    import polars as pl

    try:
        column = pl.read_parquet(io.BytesIO(path.read_bytes()), columns=["scoring"], n_rows=1)
        return str(column["scoring"][0])
    except (OSError, IndexError, pl.exceptions.PolarsError):
        return ""


def study_metrics(folder: Path) -> tuple[str, ...]:
    """Metrics that the study of a folder asks for beside the usual ones."""
    from saltus.config import read_yaml, validate
    from saltus.errors import SaltusError
    from saltus.run.study import Study

    try:
        study = validate(Study, *read_yaml(folder / FROZEN))
    except SaltusError:
        return ()  # a folder can be scored without its study
    return tuple(getattr(study, "metrics", None) or ())
