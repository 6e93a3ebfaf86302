"""What a finished run writes beside its samples: models, scores and the run's own data sheet."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.engines.transformers import OPTIONS
from saltus.run.folder import MODELS, SCORES, SHEET
from saltus.run.plan import Cell, Plan
from saltus.run.study import Loaded
from saltus.scale import SCALE_FIELDS, Model
from saltus.scoring.metrics import METRICS, SCORING_VERSION
from saltus.store.query import cell_scores
from saltus.store.samples import digest, shard_path, write_atomic

if TYPE_CHECKING:
    import polars as pl

    from saltus.run.local import RunReport

LIBRARIES = ("numpy", "polars", "scipy", "torch", "transformers", "tokenizers", "safetensors")

SCORE_COLUMNS = (
    "family", "model", "size", "seed", "final", *SCALE_FIELDS,
    "task", "prompt", "metric", "value", "n", "stderr", "low", "high", "chance", "cell",
)  # fmt: skip


def model_frame(models: Sequence[Model]) -> pl.DataFrame:
    """One row per model, in the order given."""
    import polars as pl

    text, whole = pl.String, pl.Int64
    types = {
        "id": text, "family": text, "size": text, "seed": whole, "final": pl.Boolean,
        "path": text, "revision": text,
        **dict.fromkeys(SCALE_FIELDS, pl.Float64), "step": whole,
    }  # fmt: skip
    return pl.DataFrame(
        {
            name: [getattr(m.scale if name in SCALE_FIELDS else m, name) for m in models]
            for name in types
        },
        schema=types,
    )


def write_models(folder: Path, plan: Plan) -> None:
    """Write ``models.parquet``: every model with its scale and digests."""
    import polars as pl

    frame = model_frame(plan.models).with_columns(
        pl.Series("weights", [plan.digests[m.id].weights for m in plan.models]),
        pl.Series("tokenizer", [plan.digests[m.id].tokenizer for m in plan.models]),
    )
    _write(folder / MODELS, frame)


def write_scores(folder: Path, plan: Plan, cells: Sequence[Cell]) -> None:
    """Write ``scores.parquet``: one row per cell and metric, in the order of the plan."""
    import polars as pl

    scores = cell_scores(
        [shard_path(folder, c.name) for c in cells],
        {name: m.bounds for name, m in METRICS.items()},
        binary={name for name, m in METRICS.items() if m.binary},
    )
    chance = pl.DataFrame(
        [
            (c.name, metric, level)
            for c in cells
            for metric, level in plan.asked[c.asked].chance.items()
        ],
        schema={"cell": pl.String, "metric": pl.String, "chance": pl.Float64},
        orient="row",
    )
    order = pl.DataFrame({"cell": [c.name for c in plan.cells]}).with_row_index("place")
    models = model_frame(plan.models).rename({"id": "model"}).drop("path", "revision")
    metric_order = pl.DataFrame({"metric": list(METRICS)}).with_row_index("column")
    frame = (
        scores.join(models, on="model", how="left")
        .join(chance, on=["cell", "metric"], how="left")
        .join(order, on="cell", how="left")
        .join(metric_order, on="metric", how="left")
        .sort("place", "column")
        .select(SCORE_COLUMNS)
    )
    _write(folder / SCORES, frame)


def write_sheet(
    folder: Path,
    plan: Plan,
    loaded: Loaded,
    report: RunReport,
    failed: Sequence[str],
    began: float,
    workers: int,
) -> None:
    """Write ``run.json``: what ran, with which versions, and what came of it."""
    sheet = {
        "study": loaded.study.name,
        "ladder": loaded.ladder.name,
        "seed": loaded.study.seed,
        "items": loaded.study.items,
        "models": len(plan.models),
        "cells": report.cells,
        "measured": report.measured,
        "reused": report.reused,
        "skipped": list(report.skipped),
        "failed": list(failed),
        "notices": list(report.notices),
        "started": datetime.datetime.fromtimestamp(began, datetime.UTC).isoformat("T", "seconds"),
        "seconds": round(report.seconds, 2),
        "workers": workers,
        "peak_mb": _peak_mb(),
        "engine": OPTIONS,
        "scoring_version": SCORING_VERSION,
        "digest": digest({"cells": sorted(c.name for c in plan.cells)}),
        "versions": {"python": platform.python_version(), **_versions()},
    }
    text = json.dumps(sheet, indent=2, ensure_ascii=False) + "\n"
    write_atomic(folder / SHEET, text.encode())


def _peak_mb() -> dict[str, int]:
    """Largest resident memory of this process and of any worker, in megabytes."""
    try:
        import resource
    except ImportError:
        return {}
    unit = 2**20 if platform.system() == "Darwin" else 2**10
    who = {"main": resource.RUSAGE_SELF, "worker": resource.RUSAGE_CHILDREN}
    return {name: resource.getrusage(k).ru_maxrss // unit for name, k in who.items()}


def _versions() -> dict[str, str]:
    found = {}
    for name in ("saltus", *LIBRARIES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _write(path: Path, frame: pl.DataFrame) -> None:
    import io

    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    write_atomic(path, buffer.getvalue())
