"""Read results of any known format: the first reader that knows its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from saltus.errors import DataError
from saltus.read import study_folder
from saltus.read.results import Results


class Format(NamedTuple):
    """A format: what it is called, how it is recognised, how it is read."""

    name: str
    looks_like: Callable[[Path], bool]
    read: Callable[[Path], Results]


FORMATS: tuple[Format, ...] = (
    Format("a study folder", study_folder.looks_like, study_folder.read_study_folder),
)


def read(path: str | Path) -> Results:
    """Read results.

    Args:
        path: A folder that `saltus run` has filled.

    Raises:
        DataError: Nothing is there, or it is in no known format, or it cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise DataError("there is nothing here", where=str(path), hint="name a study folder")
    for kind in FORMATS:
        if kind.looks_like(path):
            return kind.read(path)
    raise DataError(
        "no known format of results",
        where=str(path),
        hint="it should be " + " or ".join(f.name for f in FORMATS) + ", as saltus run makes it",
    )
