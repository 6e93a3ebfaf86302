"""Verdicts: many decisions, picked by name, shown as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saltus.errors import DataError
from saltus.verdict.result import Verdict, plain

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Verdicts(Mapping[str, Verdict]):
    """Decisions about many curves, in the order of the curves.

    Keys are task names where those are unique, else ``family/task/prompt/metric/axis``.
    The full key always works, and so does any task name that only one verdict has.

    Examples:
        >>> len(Verdicts(()))
        0
    """

    verdicts: tuple[Verdict, ...]

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[str]:
        tasks = [v.task for v in self.verdicts]
        if len(set(tasks)) == len(tasks):
            return iter(tasks)
        return iter(["/".join(v.key) for v in self.verdicts])

    def __getitem__(self, name: str) -> Verdict:
        """The verdict with this task name or full key.

        Raises:
            KeyError: None has it (so that ``name in verdicts`` works).
            DataError: Several have this task name.
        """
        found = [v for v in self.verdicts if name in ("/".join(v.key), v.task)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise KeyError(name)
        raise DataError(
            f"{len(found)} verdicts for task {name!r}",
            hint="one of " + ", ".join("/".join(v.key) for v in found[:6]),
        )

    def where(self, **want: Any) -> Verdicts:
        """The verdicts whose fields equal every given value, e.g. ``label="emergent"``."""
        return Verdicts(
            tuple(v for v in self.verdicts if all(getattr(v, k) == x for k, x in want.items()))
        )

    def to_json(self, *, indent: int | None = None) -> str:
        """All evidence as one JSON array; NaN is null, ±inf are strings."""
        return json.dumps(
            [v.to_dict() for v in self.verdicts], indent=indent, ensure_ascii=False, allow_nan=False
        )

    def to_frame(self) -> pl.DataFrame:
        """One row a curve: label, reason, onset, midpoint, width, metric check."""
        import polars as pl

        return pl.DataFrame([plain(_row(v)) for v in self.verdicts], infer_schema_length=None)


def _row(v: Verdict) -> dict[str, Any]:
    onset, mid, width = v.onset, v.midpoint, v.width
    return {
        "family": v.family, "task": v.task, "prompt": v.prompt, "metric": v.metric, "axis": v.axis,
        "label": v.label, "reason": v.reason, "scales": len(v.presence.scales),
        "onset_low": onset.low if onset else None, "onset_high": onset.high if onset else None,
        "midpoint": mid.value if mid else None,
        "width": width.value if width else None,
        # An open end is null here: a column of numbers cannot hold the word "inf".
        "width_low": width.low if width else None,
        "width_high": width.high if width and width.high != float("inf") else None,
        "metric_check": v.metric_check.status, "smooth_p": v.resolution.smooth_p,
        "power": v.resolution.power, "smallest_effect": v.resolution.smallest_effect,
        "guards": ", ".join(g.code for g in v.guards), "criterion": v.criterion, "seed": v.seed,
    }  # fmt: skip
