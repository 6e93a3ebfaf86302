"""``saltus tasks``: what can be asked."""

from __future__ import annotations

import click


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the example."
)
def tasks(names: tuple[str, ...], as_json: bool, lang: str, seed: int) -> None:
    """List the tasks, or describe those given by NAMES: chance level, example, scratchpad."""
    import json

    from saltus.prompts import Prompt, line, render
    from saltus.tasks.registry import TASKS, get_task

    chosen = [get_task(name) for name in names] or list(TASKS.values())
    rows = []
    for task in chosen:
        item = task.items(1, seed=seed)[0]
        prompt = render(task, item, Prompt(0), seed=seed).strip("\n")
        working = line(task, item, "scratchpad")[1] if task.scratchpad_cue else None
        rows.append(
            {
                "name": task.name,
                "ability": task.ability,
                "title": task.title,
                "description": task.description,
                "chance": task.chance,
                "choices": len(item.choices),
                "example": prompt + item.target,
                "scratchpad": None if working is None else item.question + str(task.scratchpad_cue)
                + working,
            }
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if names:
        for row in rows:
            click.echo(f"{row['name']}: {row['title'][lang]}")  # type: ignore[index]
            click.echo(f"  {row['description'][lang]}")  # type: ignore[index]
            click.echo(f"  chance {row['chance']:.3g}, choices {row['choices'] or 'none'}")
            click.echo(f"  direct      {row['example']}")
            if row["scratchpad"]:
                click.echo(f"  scratchpad  {row['scratchpad']}")
        return
    width = max(len(task.name) for task in chosen)
    click.echo(f"{'task':{width}}  chance  scratchpad  example")
    for row in rows:
        has = "yes" if row["scratchpad"] else ""
        click.echo(f"{row['name']:{width}}  {row['chance']:6.3f}  {has:10}  {row['example']}")
