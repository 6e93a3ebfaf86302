"""Writing what a command was asked for."""

from __future__ import annotations

from pathlib import Path

import click

from saltus.errors import DataError


def write_text(file: str | Path, text: str) -> None:
    """Write a text file; ``-`` is standard output.

    Raises:
        DataError: The file cannot be written.
    """
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as err:
        raise DataError(
            f"cannot be written ({err.strerror})",
            where=str(file),
            hint="choose a folder that exists and that you may write to",
        ) from None
