"""The study: one YAML file that says what is measured.

name: my study
ladder: builtin              # or the path of a ladder file, relative to this file
seed: 2026
items: 200
measure:
- tasks: all               # or [add-2, copy-8]
shots: [0, 4]
styles: [direct, scratchpad]
checkpoints: final       # final | all
sizes: all               # or [36k, 1M]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from saltus.config import Locator, allowed_hint, read_yaml, validate
from saltus.errors import StudyError
from saltus.ladder.file import read_ladder
from saltus.prompts import Prompt, Style
from saltus.scale import Ladder, Model
from saltus.tasks.registry import TASKS

ALL = ("all",)
MAX_SHOTS = 64


def _listed(value: Any) -> Any:
    """A lone value is a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


def _not_empty(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise PydanticCustomError("saltus", "the list is empty")
    if len(set(values)) < len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise PydanticCustomError("saltus", "{twice} is given twice", {"twice": repr(twice)})
    return values


def _task_name(value: str) -> str:
    if value != "all" and value not in TASKS:
        raise PydanticCustomError(
            "saltus",
            "unknown task {name}",
            {"name": repr(value), "hint": allowed_hint(value, ["all", *TASKS])},
        )
    return value


def _text(value: Any) -> Any:
    """YAML reads a size called ``70`` as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Listed = (BeforeValidator(_listed), AfterValidator(_not_empty))
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Shots = Annotated[int, Field(ge=0, le=MAX_SHOTS, strict=True)]
TaskName = Annotated[str, Field(strict=True), AfterValidator(_task_name)]
SizeName = Annotated[str, BeforeValidator(_text)]


class Block(BaseModel):
    """One block of ``measure``: which models are asked what, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: Annotated[tuple[TaskName, ...], *Listed] = ALL
    shots: Annotated[tuple[Shots, ...], *Listed] = (0,)
    styles: Annotated[tuple[Style, ...], *Listed] = ("direct",)
    checkpoints: Literal["final", "all"] = "final"
    sizes: Annotated[tuple[SizeName, ...], *Listed] = ALL
    items: Count | None = None

    def task_names(self) -> tuple[str, ...]:
        """The tasks, ``all`` spelt out."""
        return tuple(TASKS) if "all" in self.tasks else self.tasks

    def prompts(self) -> tuple[Prompt, ...]:
        """Every style with every number of shots."""
        return tuple(Prompt(k, style) for style in self.styles for k in self.shots)

    def models(self, ladder: Ladder) -> tuple[Model, ...]:
        """The models of the ladder that this block measures."""
        return tuple(
            m
            for m in ladder
            if (m.final or self.checkpoints == "all")
            and ("all" in self.sizes or (m.size or m.id) in self.sizes)
        )


class Study(BaseModel):
    """What a study file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    ladder: Annotated[str, Field(min_length=1)] = "builtin"
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 0
    items: Count = 200
    measure: Annotated[tuple[Block, ...], Field(min_length=1)]

    def to_yaml(self) -> str:
        """The study with every default spelt out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A study with the ladder that it walks along."""

    study: Study
    ladder: Ladder


def builtin_study() -> Path:
    """The study that ships with saltus: every ability of the built-in ladder."""
    return Path(__file__).parent / "builtin.yaml"


def read_study(path: str | Path) -> Study:
    """Read and check a study file; the ladder's path is made absolute.

    Raises:
        StudyError: The file is missing or wrong; file, line, column and field are named.
    """
    return _read(Path(path))[0]


def load_study(path: str | Path, *, items: int | None = None) -> Loaded:
    """Read a study file and its ladder, and check that they belong together.

    Args:
        path: The study file, or ``builtin`` for the study that ships with saltus.
        items: Items per task, in place of every number in the file.

    Raises:
        StudyError: The study is wrong, or asks for sizes that the ladder does not have, or
            for nothing at all.
        LadderError: The ladder file is wrong.
    """
    study, locate = _read(Path(path))
    if items is not None:
        blocks = tuple(b.model_copy(update={"items": None}) for b in study.measure)
        study = study.model_copy(update={"items": items, "measure": blocks})
    ladder = read_ladder(study.ladder)
    sizes = list(dict.fromkeys(m.size or m.id for m in ladder))
    for i, block in enumerate(study.measure):
        for j, size in enumerate(block.sizes):
            if size != "all" and size not in sizes:
                raise StudyError(
                    f"ladder {ladder.name!r} has no size {size!r}",
                    where=locate.where(("measure", i, "sizes", j)),
                    hint=allowed_hint(size, ["all", *sizes]),
                )
        pairs = [(t, p) for t in block.task_names() for p in block.prompts()]
        if not any(prompt.applies_to(TASKS[task]) for task, prompt in pairs):
            raise StudyError(
                "none of these tasks has a scratchpad",
                where=locate.where(("measure", i, "styles")),
                hint="add the style direct, or name a task with a scratchpad (saltus tasks)",
            )
        if not block.models(ladder):
            raise StudyError(
                "no model of the ladder is measured",
                where=locate.where(("measure", i)),
                hint="checkpoints: all measures those that are not final, too",
            )
    return Loaded(study, ladder)


def _read(path: Path) -> tuple[Study, Locator]:
    if str(path) == "builtin":
        path = builtin_study()
    data, locate = read_yaml(path)
    study = validate(Study, data, locate)
    if study.ladder != "builtin":
        file = (path.parent / study.ladder).resolve()
        if not file.is_file():
            raise StudyError(
                f"there is no ladder file {study.ladder!r}",
                where=locate.where(("ladder",)),
                hint="the path is relative to the study file; 'builtin' is the family that "
                "ships with saltus",
            )
        study = study.model_copy(update={"ladder": str(file)})
    return study, locate
