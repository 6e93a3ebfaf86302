"""``saltus tasks``: what can be asked."""

from __future__ import annotations

from typing import Any

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
    from saltus.report.figures import level
    from saltus.tasks.registry import TASKS, get_task

    chosen = [get_task(name) for name in names] or list(TASKS.values())
    rows: list[dict[str, Any]] = []
    for task in chosen:
        item = task.items(1, seed=seed)[0]
        prompt = render(task, item, Prompt(0), seed=seed).strip("\n")
        rows.append(
            {
                "name": task.name,
                "ability": task.ability,
                "title": task.title,
                "description": task.description,
                "chance": task.chance,
                "choices": len(item.choices),
                "example": prompt + item.target,
                "scratchpad": "".join(line(task, item, "scratchpad"))
                if task.scratchpad_cue
                else None,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if names:
        for row in rows:
            click.echo(f"{row['name']}: {row['title'][lang]}")
            click.echo(f"  {row['description'][lang]}")
            click.echo(f"  chance {level(row['chance'])}, choices {row['choices'] or 'none'}")
            click.echo(f"  direct      {row['example']}")
            if row["scratchpad"]:
                click.echo(f"  scratchpad  {row['scratchpad']}")
        return
    width = max(len(task.name) for task in chosen)
    click.echo(f"{'task':{width}}  chance  scratchpad  example")
    for row in rows:
        has = "yes" if row["scratchpad"] else ""
        click.echo(f"{row['name']:{width}}  {level(row['chance']):>6}  {has:10}  {row['example']}")
