"""Comparisons between people, in English and Chinese: one premise, or two to combine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from saltus.tasks.knowledge import PEOPLE
from saltus.tasks.task import Item, Task

NAMES_EN = PEOPLE[:24]
NAMES_ZH = tuple("小" + c for c in "明红刚丽强华芳军兰伟云英杰玉峰雪")


def _english(taller: str, shorter: str, flip: bool) -> str:
    return f" {shorter} is shorter than {taller}" if flip else f" {taller} is taller than {shorter}"


def _chinese(taller: str, shorter: str, flip: bool) -> str:
    return f"{shorter}比{taller}矮" if flip else f"{taller}比{shorter}高"


def compare(people: int, language: str) -> Task:
    """Who is tallest or shortest of ``people`` (2 or 3), from pairwise premises."""
    english = language == "en"
    names = NAMES_EN if english else NAMES_ZH
    say = _english if english else _chinese
    space = " " if english else ""

    def asks(tallest: bool) -> str:
        if english:
            return ", who is " + ("tallest" if tallest else "shortest") + "?"
        return ",谁最" + ("高" if tallest else "矮") + "?"

    def every() -> Iterator[str]:
        """All questions about two people."""
        for pair in itertools.permutations(names, 2):
            for flip, tallest in itertools.product((False, True), repeat=2):
                yield say(*pair, flip) + asks(tallest)

    def make(rng: np.random.Generator) -> Item:
        who = [names[i] for i in rng.choice(len(names), size=people, replace=False).tolist()]
        premises = [say(a, b, bool(rng.integers(2))) for a, b in itertools.pairwise(who)]
        # One premise has one order, and numpy draws nothing for it.
        order = rng.permutation(len(premises)).tolist() if people > 2 else [0]
        tallest = bool(rng.integers(2))
        return Item(
            ",".join(premises[i] for i in order) + asks(tallest),
            space + (who[0] if tallest else who[-1]),
            # Sorted, so that the place among the choices says nothing about the answer.
            choices=tuple(space + n for n in sorted(who)),
            difficulty=float(people),
            language=language,
        )

    return Task(
        name=f"compare-{people}-{language}",
        ability="comparison",
        title={
            "en": f"Compare {people} people ({'English' if english else 'Chinese'})",
            "zh": f"比较 {people} 人的身高({'英文' if english else '中文'})",
        },
        description={
            "en": "Say who is tallest or shortest, from premises in shuffled order.",
            "zh": "根据打乱顺序的前提,说出谁最高或最矮。",
        },
        chance=1 / people,
        make=make,
        every=every if people == 2 else None,
    )
