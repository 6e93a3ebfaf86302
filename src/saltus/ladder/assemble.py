"""Gather trained runs into one folder with a ladder file: what ships and what is measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from saltus.errors import LadderError
from saltus.ladder.file import BUILTIN, write_ladder
from saltus.scale import Ladder, Model, Scale

DESCRIPTION = (
    "Llama-format models of 1.5 thousand to one million non-embedding parameters, trained on a "
    "procedural corpus; several seeds at two sizes."
)
FILES = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json")


def assemble(runs: Path, out: Path, *, name: str = BUILTIN) -> Ladder:
    """Copy every finished checkpoint below ``runs`` to ``out`` and write ``out/LADDER.yaml``.

    Raises:
        LadderError: There is no finished checkpoint.
    """
    models: list[Model] = []
    for marker in runs.glob("*/step*/scale.json"):
        content = json.loads(marker.read_text(encoding="utf-8"))
        scale = Scale(**content["scale"])
        size, seed = content["size"], content["seed"]
        target = out / f"{size}-s{seed}" / f"step{scale.step}"
        if target.resolve() != marker.parent.resolve():
            target.mkdir(parents=True, exist_ok=True)
            for file in FILES:
                shutil.copyfile(marker.parent / file, target / file)
        models.append(
            Model(f"{size}-s{seed}-step{scale.step}", name, scale, seed, size, path=str(target))
        )
    if not models:
        raise LadderError("no finished checkpoint was found", where=str(runs),
                          hint="train first: saltus ladder train --out FOLDER")  # fmt: skip
    models.sort(key=lambda m: (m.scale.params or 0, m.seed or 0, m.scale.step or 0))
    last = {(m.size, m.seed): m.id for m in models}
    models = [
        Model(m.id, m.family, m.scale, m.seed, m.size, last[(m.size, m.seed)] == m.id, m.path)
        for m in models
    ]
    ladder = Ladder(name, tuple(models), DESCRIPTION, "Apache-2.0")
    write_ladder(ladder, out / "LADDER.yaml")
    return ladder
