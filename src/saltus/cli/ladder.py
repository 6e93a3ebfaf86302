"""``saltus ladder``: train the built-in family anew, or check any family."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def ladder() -> None:
    """Train the built-in family of models, or check that a family is sound."""


@ladder.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/ladder"),
              show_default=True, help="Folder of the runs and of LADDER.yaml.")  # fmt: skip
@click.option("--sizes", help="Sizes to train, e.g. 9k,36k. All when not given.")
@click.option("--seeds", help="Seeds for these sizes, e.g. 0,1. As shipped when not given.")
@click.option("--steps", type=click.IntRange(min=1), help="Optimiser steps of every run.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; one a core by default.")
def train(
    out: Path, sizes: str | None, seeds: str | None, steps: int | None, workers: int | None
) -> None:
    """Train the family from its seeds; goes on where a killed run stopped."""
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from saltus.errors import LadderError, MissingExtra
    from saltus.ladder.family import Run, builtin_runs, train_family
    from saltus.ladder.shape import get_shape

    try:
        from saltus.ladder.train import Progress as Report
        from saltus.ladder.train import Recipe
    except ImportError as err:
        raise MissingExtra("models", needed_for="training") from err

    recipe = Recipe() if steps is None else replace(Recipe(), steps=steps)
    runs = builtin_runs()
    if sizes or seeds:
        wanted = [get_shape(s.strip()).name for s in sizes.split(",")] if sizes else None
        try:
            numbers = [int(s) for s in seeds.split(",")] if seeds else None
        except ValueError as err:
            raise LadderError(f"{seeds!r} is not a list of seeds", where="--seeds",
                              hint="write whole numbers, e.g. 0,1") from err  # fmt: skip
        names = wanted or sorted({r.size for r in runs})
        runs = (
            tuple(Run(s, n) for s in names for n in numbers)
            if numbers is not None
            else tuple(r for r in runs if r.size in names)
        )
    console = Console(stderr=True)
    total = sum(r.cost for r in runs)
    cost = {f"{r.size}-s{r.seed}": r.cost for r in runs}
    share: dict[str, float] = {}
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(), console=console, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        line = bar.add_task("training", total=total)
        spoken: dict[str, int] = {}

        def show(report: Report) -> None:
            share[report.name] = report.step / report.steps
            done = sum(cost[n] * s for n, s in share.items())
            text = f"{report.name} step {report.step}/{report.steps}, loss {report.loss:.3f}"
            bar.update(line, completed=done, description=text)
            tenth = 10 * report.step // report.steps
            if not console.is_terminal and spoken.get(report.name) != tenth:
                spoken[report.name] = tenth
                console.print(f"{100 * done / total:3.0f} %  {text}", highlight=False)

        made = train_family(out, runs=runs, recipe=recipe, workers=workers, on_progress=show)
    click.echo(f"{len(made)} checkpoints in {out}; ladder file: {out / 'LADDER.yaml'}")


@ladder.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("builtin"))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def verify(context: click.Context, file: Path, as_json: bool) -> None:
    """Check the family of a ladder FILE: weights, order, scale. Exits with 1 if unsound.

    Without FILE the built-in family is checked.
    """
    import json
    from dataclasses import asdict

    from saltus.ladder.file import read_ladder
    from saltus.ladder.verify import verify as check

    result = check(read_ladder(file))
    if as_json:
        click.echo(json.dumps({**asdict(result), "sound": result.sound}, indent=1))
    else:
        for f in result.findings:
            click.echo(f"{f.severity:8}{f.code:20}{f.text}")
        word = "sound" if result.sound else "NOT sound"
        click.echo(f"{result.ladder}: {result.n_models} models, {word}")
    context.exit(0 if result.sound else 1)
