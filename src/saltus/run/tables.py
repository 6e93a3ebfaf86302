"""The tables of a study folder beside its scores: models, items and cells.

With them a run can be read, and scored again, without the study file, the tasks or the weights.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus.errors import DataError
from saltus.run.folder import CELLS, ITEMS, MODELS
from saltus.run.plan import Asked, Plan
from saltus.scale import SCALE_FIELDS, Model
from saltus.scoring.score import How
from saltus.store.samples import write_atomic

if TYPE_CHECKING:
    import polars as pl

DONE, SKIPPED, FAILED, OPEN = "done", "skipped", "failed", "open"


@dataclass(frozen=True, slots=True)
class CellState:
    """What became of a cell.

    Attributes:
        status: ``done``, ``skipped`` (it cannot be asked: too long), ``failed`` or ``open``.
        reason: Why it is not done, or what was unusual.
        too_long: Items that did not fit into the model's context.
        seconds: Seconds that it took; None where it is not known.
        tokens: Tokens asked, unique and forwarded; None where they are not known.
    """

    status: str
    reason: str = ""
    too_long: int | None = None
    seconds: float | None = None
    tokens: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What of a thing that was asked is needed to score its answers.

    Attributes:
        how: How its answers are judged.
        chance: Score of a guess by metric.
        choices: Whether items have choices.
        samples: Answers per question.
        items: How many items.
    """

    how: How
    chance: Mapping[str, float | None]
    choices: bool
    samples: int
    items: int


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
    write_table(folder / MODELS, frame)


def base_of(prompt: Any) -> str:
    """Name of a prompt without its set of shots."""
    name: str = getattr(prompt, "base_name", prompt.name)
    return name


def set_of(prompt: Any) -> int | None:
    """Which set of shots, None where shots are drawn for each item."""
    number: int | None = getattr(prompt, "shot_set", None)
    return number


def write_items(folder: Path, plan: Plan) -> None:
    """Write ``items.parquet``: everything that was asked, once; not again if it is there."""
    import polars as pl

    wanted = [a.fingerprint for a in plan.asked]
    path = folder / ITEMS
    if path.exists():
        try:
            there = pl.read_parquet(path, columns=["asked"])["asked"]
            if there.unique(maintain_order=True).to_list() == list(dict.fromkeys(wanted)):
                return
        except (OSError, pl.exceptions.PolarsError):
            pass
    seen: set[str] = set()
    frames = []
    for asked in plan.asked:
        if asked.fingerprint not in seen:
            seen.add(asked.fingerprint)
            frames.append(_items_of(asked))
    write_table(path, pl.concat(frames))


def _items_of(asked: Asked) -> pl.DataFrame:
    import polars as pl

    n = len(asked.questions)
    same: list[tuple[str, Any, Any]] = [
        ("asked", asked.fingerprint, pl.String),
        ("task", asked.task, pl.String),
        ("prompt", asked.prompt.name, pl.String),
        ("base", base_of(asked.prompt), pl.String),
        ("set", set_of(asked.prompt), pl.Int32),
        ("kind", asked.kind, pl.String),
        ("answer_mark", asked.answer_mark, pl.String),
        ("rules", list(asked.rules), pl.List(pl.String)),
        ("chance", json.dumps(asked.chance), pl.String),
        ("samples", asked.decoding.samples if asked.decoding else 1, pl.Int32),
    ]
    each = {
        "item": pl.Series(asked.item_ids, dtype=pl.String),
        "prompt_text": pl.Series([q.prompt for q in asked.questions], dtype=pl.String),
        "target": pl.Series([q.target for q in asked.questions], dtype=pl.String),
        "choices": _lists([q.choices for q in asked.questions]),
        "also_right": _lists(asked.also_right or [()] * n),
        "difficulty": pl.Series(asked.difficulty, dtype=pl.Float32, strict=False),
    }
    columns = {name: pl.Series([value], dtype=kind).new_from_index(0, n)
               for name, value, kind in same}  # fmt: skip
    return pl.DataFrame(columns | each)


def _lists(rows: Sequence[Sequence[str]]) -> pl.Series:
    """Texts of each row. Where all have as many, as is usual, they go in as one long list."""
    import polars as pl

    texts = pl.List(pl.String)
    sizes = {len(row) for row in rows}
    if sizes == {0}:
        return pl.Series([[]], dtype=texts).new_from_index(0, len(rows))
    if len(sizes) == 1:
        flat = pl.Series([text for row in rows for text in row], dtype=pl.String)
        return flat.reshape((len(rows), sizes.pop())).arr.to_list()
    return pl.Series([list(row) for row in rows], dtype=texts)


def read_asked(folder: Path) -> dict[str, AskedRow]:
    """Everything that was asked, by fingerprint.

    Raises:
        DataError: ``items.parquet`` is missing or cannot be read.
    """
    import polars as pl

    frame = read_table(folder / ITEMS)
    out = {}
    try:
        for part in frame.partition_by("asked", maintain_order=True):
            first = part.row(0, named=True)
            also = None
            if part["also_right"].list.len().sum():
                pairs = zip(part["item"], part["also_right"], strict=True)
                also = {item: tuple(more) for item, more in pairs}
            out[first["asked"]] = AskedRow(
                how=How(first["kind"], first["answer_mark"], tuple(first["rules"] or ()), also),
                chance=_levels(first["chance"]),
                choices=bool((part["choices"].list.len() > 1).any()),
                samples=first["samples"],
                items=part.height,
            )
    except (KeyError, ValueError, TypeError, pl.exceptions.PolarsError) as err:
        raise _damaged(folder / ITEMS, err) from None
    return out


def _levels(text: str) -> dict[str, float | None]:
    """Chance levels by metric."""
    levels = json.loads(text)
    if not isinstance(levels, dict):
        raise TypeError("chance levels are not a mapping")
    return {str(k): None if v is None else float(v) for k, v in levels.items()}


def read_cells(folder: Path) -> pl.DataFrame:
    """What became of every cell, in the order of the plan.

    Raises:
        DataError: ``cells.parquet`` is missing or cannot be read.
    """
    import polars as pl

    frame = read_table(folder / CELLS)
    try:
        names = frame.select(CELL_COLUMNS)["cell"]
        # They become names of files: nothing but a hash will do.
        if not names.str.contains(r"^[0-9a-f]{8,64}$").all():
            raise ValueError("a cell's name is not a hash")
    except (ValueError, pl.exceptions.PolarsError) as err:
        raise _damaged(folder / CELLS, err) from None
    return frame


CELL_COLUMNS = (
    "cell", "model", "task", "prompt", "base", "set", "asked", "status", "reason", "items",
    "too_long", "seconds", "tokens_asked", "tokens_unique", "tokens_forwarded",
)  # fmt: skip


def write_cells(folder: Path, plan: Plan, states: Mapping[str, CellState]) -> pl.DataFrame:
    """Write ``cells.parquet``: what became of every cell, in the order of the plan.

    What an earlier run has said about a cell that is done stands.
    """
    import polars as pl

    before = {}
    if (folder / CELLS).exists():
        try:
            before = {r["cell"]: r for r in read_cells(folder).iter_rows(named=True)}
        except DataError:
            before = {}  # it tells how long things took, nothing that is needed
    rows = []
    for cell in plan.cells:
        asked, state = plan.asked[cell.asked], states.get(cell.name, CellState(OPEN))
        known = before.get(cell.name, {})
        known = known if known.get("status") == state.status == DONE else {}
        tokens = state.tokens or tuple(known.get(c) for c in CELL_COLUMNS[-3:])
        seconds = known.get("seconds") if state.seconds is None else state.seconds
        rows.append((
            cell.name, cell.model, asked.task, asked.prompt.name, base_of(asked.prompt),
            set_of(asked.prompt), asked.fingerprint, state.status,
            state.reason or known.get("reason") or "", len(asked.questions), state.too_long,
            seconds, *tokens,
        ))  # fmt: skip
    texts = dict.fromkeys(("cell", "model", "task", "prompt", "base", "asked", "status", "reason"))
    types = {c: pl.String if c in texts else pl.Int64 for c in CELL_COLUMNS}
    frame = pl.DataFrame(rows, schema=types | {"seconds": pl.Float64}, orient="row")
    write_table(folder / CELLS, frame)
    return frame


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Write a table so that it is either whole or not there."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    write_atomic(path, buffer.getvalue())


def read_table(path: Path) -> pl.DataFrame:
    """Read a table of a study folder.

    Raises:
        DataError: It is missing or cannot be read.
    """
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(path.read_bytes()))
    except (OSError, pl.exceptions.PolarsError) as err:
        raise _damaged(path, err) from None


def _damaged(path: Path, err: Exception) -> DataError:
    line = (str(err).strip() or type(err).__name__).splitlines()[0]
    return DataError(
        f"cannot be read ({line})",
        where=str(path),
        hint="run the study again: finished cells are kept",
    )
