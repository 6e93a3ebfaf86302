"""Ladder files: one YAML that names the models of a family and how big each is.

```yaml
name: my-family
description: one sentence
licence: Apache-2.0
models:
  - id: 70m-step1000
    path: 70m/step1000        # folder in Hugging Face format, relative to this file
    size: 70m
    seed: 0
    scale: {params: 18915328, tokens: 2.1e9, step: 1000}
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from saltus.config import read_yaml, validate
from saltus.errors import LadderError
from saltus.scale import Ladder, Model, Scale

BUILTIN = "saltus-ladder"


class _Scale(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)

    params: float | None = Field(None, gt=0)
    params_total: float | None = Field(None, gt=0)
    params_active: float | None = Field(None, gt=0)
    tokens: float | None = Field(None, ge=0)
    flops: float | None = Field(None, ge=0)
    flops_6nd: float | None = Field(None, ge=0)
    loss: float | None = None
    step: int | None = Field(None, ge=0)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    path: str = Field(min_length=1)
    size: str | None = None
    seed: int | None = None
    revision: str | None = None
    final: bool | None = None
    scale: _Scale = _Scale()


class _Ladder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    description: str = ""
    licence: str = ""
    models: list[_Model] = Field(min_length=1)


def builtin_path() -> Path:
    """The ladder file that ships with saltus."""
    return Path(__file__).parent / "weights" / "LADDER.yaml"


def read_ladder(path: str | Path) -> Ladder:
    """Read a ladder file; model paths are taken relative to it.

    Where ``final`` is not given, the checkpoint with the largest step of each (size, seed) is
    the final one.

    Args:
        path: The YAML file, or ``builtin`` for the family that ships with saltus.

    Raises:
        LadderError: The file is missing or wrong (file, line and field are named), or two
            models share an id.
    """
    file = builtin_path() if str(path) == "builtin" else Path(path)
    if not file.exists():
        raise LadderError("there is no such ladder file", where=str(file),
                          hint="give the path of a LADDER.yaml, or 'builtin'")  # fmt: skip
    parsed = validate(_Ladder, *read_yaml(file, error=LadderError), error=LadderError)
    seen: set[str] = set()
    for m in parsed.models:
        if m.id in seen:
            raise LadderError(f"two models have the id {m.id!r}", where=str(file),
                              hint="give every checkpoint its own id")  # fmt: skip
        seen.add(m.id)
    last: dict[tuple[str | None, int | None], int] = {}
    for m in parsed.models:
        run = (m.size or m.id, m.seed)
        last[run] = max(last.get(run, -1), -1 if m.scale.step is None else m.scale.step)
    models = tuple(
        Model(
            id=m.id,
            family=parsed.name,
            scale=Scale(**m.scale.model_dump()),
            seed=m.seed,
            size=m.size,
            final=m.final
            if m.final is not None
            else last[(m.size or m.id, m.seed)] in (-1, m.scale.step),
            path=str(_inside(file, m.path)),
            revision=m.revision,
        )
        for m in parsed.models
    )
    return Ladder(parsed.name, models, parsed.description, parsed.licence)


def _inside(file: Path, path: str) -> Path:
    return (file.parent / path).resolve()


def write_ladder(ladder: Ladder, path: Path) -> None:
    """Write a ladder file; model paths are written relative to it."""
    home = path.parent.resolve()
    models: list[dict[str, Any]] = []
    for m in ladder.models:
        scale = {f: getattr(m.scale, f) for f in _Scale.model_fields}
        models.append(
            {
                "id": m.id,
                "path": str(Path(m.path).resolve().relative_to(home)) if m.path else "",
                "size": m.size,
                "seed": m.seed,
                "final": m.final,
                "scale": {k: v for k, v in scale.items() if v is not None},
            }
        )
    content = {
        "name": ladder.name,
        "description": ladder.description,
        "licence": ladder.licence,
        "models": models,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=120), encoding="utf-8")
