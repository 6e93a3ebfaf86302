"""Results: scores with their items and models, whatever format they were read from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.curve import Array, Curve, Curves
from saltus.errors import DataError
from saltus.scale import AXES, Axis, Model
from saltus.scoring.metrics import METRICS, Metric

if TYPE_CHECKING:
    import polars as pl

ItemScores = Callable[[str, str], "ItemTable | None"]


@dataclass(frozen=True, slots=True)
class ItemTable:
    """Per-item scores of one task and prompt; the same item stands in the same column.

    Attributes:
        models: Ids, one per row.
        items: Ids, one per column.
        scores: By metric, shape (n_models, n_items), NaN where an item was not scored.
    """

    models: tuple[str, ...]
    items: tuple[str, ...]
    scores: dict[str, Array]


@dataclass(frozen=True)
class Results:
    """Everything that a verdict needs.

    Attributes:
        name: What the results are called.
        scores: One row per model, task, prompt and metric (see ``scores.parquet``).
        models: Every model with its scale.
        where: Folder or file they were read from.
        sheet: What is known about the run: versions, seed, seconds.
        item_scores: Looks up the items of a (task, prompt); None where there are none.
    """

    name: str
    scores: pl.DataFrame = field(repr=False)
    models: tuple[Model, ...] = field(repr=False)
    where: Path | None = None
    sheet: dict[str, Any] = field(default_factory=dict, repr=False)
    item_scores: ItemScores = field(default=lambda task, prompt: None, repr=False)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in the order of the study."""
        return tuple(self.scores["task"].unique(maintain_order=True))

    def curves(
        self,
        axis: Axis = "flops",
        *,
        metrics: Collection[str] | None = None,
        tasks: Collection[str] | None = None,
        prompts: Collection[str] | None = None,
    ) -> Curves:
        """Every curve along an axis: task × prompt × metric × family.

        Along ``params`` and ``flops`` a curve walks over the final checkpoints of all sizes
        and seeds; along ``tokens`` and ``step`` over the checkpoints of one size, whose name
        is added to the family's; along ``loss`` over all checkpoints. Models whose scale is
        not known on the axis are left out, and so are curves of one size that have a single
        checkpoint.

        Args:
            axis: One of params, flops, tokens, loss, step.
            metrics: Only these; all when None.
            tasks: Only these; all when None.
            prompts: Only these, by name; all when None.

        Raises:
            DataError: There is no such axis, metric, task or prompt in the results.
        """
        if axis not in AXES:
            raise DataError(f"unknown axis {axis!r}", hint="one of " + ", ".join(AXES))
        rows = self.scores
        for column, wanted in (("metric", metrics), ("task", tasks), ("prompt", prompts)):
            if wanted is None:
                continue
            there = set(rows[column].unique())
            for name in wanted:
                if name not in set(self.scores[column].unique()):
                    raise DataError(
                        f"the results have no {column} {name!r}",
                        where=str(self.where or self.name),
                        hint="they have " + ", ".join(sorted(there)),
                    )
            rows = rows.filter(rows[column].is_in(list(wanted)))
        return Curves(tuple(self._curves(rows, axis)))

    def _curves(self, rows: pl.DataFrame, axis: Axis) -> Iterator[Curve]:
        by_id = {m.id: m for m in self.models}
        groups = rows.partition_by(["task", "prompt"], maintain_order=True, as_dict=True)
        for (task, prompt), group in groups.items():
            items = self.item_scores(str(task), str(prompt))
            for (metric,), scores in group.partition_by(
                ["metric"], maintain_order=True, as_dict=True
            ).items():
                cells = [
                    (by_id[row["model"]], row)
                    for row in scores.iter_rows(named=True)
                    if row["value"] is not None and np.isfinite(row["value"])
                ]
                for family, members in _families(cells, axis):
                    yield _curve(
                        members,
                        items,
                        axis=axis,
                        task=str(task),
                        prompt=str(prompt),
                        metric=str(metric),
                        family=family,
                    )


Cells = list[tuple[Model, dict[str, Any]]]


def _families(cells: Cells, axis: Axis) -> Iterator[tuple[str, Cells]]:
    """The cells that one curve walks along, under the curve's family name."""
    placed = [(m, row) for m, row in cells if m.scale.on(axis) is not None]
    if axis in ("params", "flops"):
        placed = [(m, row) for m, row in placed if m.final]
    groups: dict[str, Cells] = {}
    for model, row in placed:
        run = axis in ("tokens", "step")
        name = f"{model.family}/{model.size or model.id}" if run else model.family
        groups.setdefault(name, []).append((model, row))
    for name, members in groups.items():
        scales = {m.scale.on(axis) for m, _ in members}
        if len(scales) > 1 or axis not in ("tokens", "step"):
            yield name, members


def _curve(
    cells: Cells,
    items: ItemTable | None,
    *,
    axis: Axis,
    task: str,
    prompt: str,
    metric: str,
    family: str,
) -> Curve:
    kind = METRICS.get(metric, _unknown(metric))
    rows = [row for _, row in cells]
    errors = [row["stderr"] for row in rows]
    most = max(rows, key=lambda row: row["n"] or 0)
    matrix = None
    if items is not None and metric in items.scores:
        place = {name: i for i, name in enumerate(items.models)}
        if all(m.id in place for m, _ in cells):
            matrix = items.scores[metric][[place[m.id] for m, _ in cells]]
            matrix = matrix[:, ~np.isnan(matrix).all(axis=0)]
    known = all(e is not None for e in errors)
    return Curve(
        [float(m.scale.on(axis) or 0.0) for m, _ in cells],
        [row["value"] for row in rows],
        n=None if any(row["n"] is None for row in rows) else [row["n"] for row in rows],
        chance=most["chance"],
        axis=axis,
        task=task,
        prompt=prompt,
        metric=metric,
        family=family,
        stderr=errors if known and not kind.binary else None,
        items=matrix,
        seeds=[m.seed for m, _ in cells],
        models=[m.id for m, _ in cells],
        binary=kind.binary,
        higher_is_better=kind.higher_is_better,
        bounds=kind.bounds,
    )


def _unknown(name: str) -> Metric:
    """A metric of another tool: taken as a score without bounds."""
    return Metric(name, {"en": name, "zh": name}, False, False, (-np.inf, np.inf))


def item_table(frame: pl.DataFrame, models: Sequence[str], metrics: Sequence[str]) -> ItemTable:
    """Samples of one task and prompt as matrices.

    Args:
        frame: Columns model, item and the metrics; every model has an item at most once.
        models: Rows of the matrices.
        metrics: Which matrices.
    """
    import polars as pl

    item_ids = frame["item"].unique(maintain_order=True)
    column = pl.DataFrame({"item": item_ids}).with_row_index("column")
    row = pl.DataFrame({"model": list(models)}).with_row_index("row")
    placed = frame.join(column, on="item", how="left").join(row, on="model", how="inner")
    at = (placed["row"].to_numpy(), placed["column"].to_numpy())
    scores = {}
    for metric in metrics:
        if placed[metric].null_count() == placed.height:
            continue
        matrix = np.full((len(models), len(item_ids)), np.nan)
        matrix[at] = placed[metric].cast(pl.Float64).to_numpy()
        scores[metric] = matrix
    return ItemTable(tuple(models), tuple(item_ids), scores)
