"""What must be read off the context: recall, chains of assignments, a hidden rule.

Chance is that of a model that answers with one of the values shown.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from saltus.tasks.strings import DIGITS
from saltus.tasks.task import Item, Task

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _pairs(rng: np.random.Generator, n: int) -> tuple[list[str], list[int]]:
    keys = [LETTERS[i] for i in rng.choice(26, size=n, replace=False).tolist()]
    return keys, rng.permutation(10)[:n].tolist()


def recall(n: int) -> Task:
    """Look up one of ``n`` letter–digit pairs."""

    def make(rng: np.random.Generator) -> Item:
        keys, values = _pairs(rng, n)
        i = int(rng.integers(n))
        shown = "".join(f"{k}{v}" for k, v in zip(keys, values, strict=True))
        return Item(
            f"get:{shown}", str(values[i]), choices=DIGITS, difficulty=float(n), tail=keys[i]
        )

    return Task(
        name=f"recall-{n}",
        ability="recall",
        title={"en": f"Recall one of {n} pairs", "zh": f"从 {n} 对中回忆"},
        description={
            "en": "Look up the digit that stood behind a letter.",
            "zh": "找出某个字母后面跟着的数字。",
        },
        chance=1 / n,
        make=make,
        cue="?",
    )


def chain(hops: int) -> Task:
    """Follow ``hops`` assignments to a digit, among chains of the same length."""
    chains = {1: 4, 2: 3, 3: 3}[hops]

    def make(rng: np.random.Generator) -> Item:
        names = [LETTERS[i] for i in rng.choice(26, size=chains * hops, replace=False).tolist()]
        values = rng.permutation(10)[:chains].tolist()
        # names[c * hops + h]: variable at depth h of chain c; depth 0 holds the digit.
        lines = []
        for depth in range(hops):
            for c in rng.permutation(chains).tolist():
                right = str(values[c]) if depth == 0 else names[c * hops + depth - 1]
                lines.append(f"{names[c * hops + depth]}{right}")
        c = int(rng.integers(chains))
        path = [names[c * hops + d] for d in reversed(range(hops))] + [str(values[c])]
        # Behind the queried variable: what it holds, then every further assignment in full.
        working = ",".join([path[1], *(a + b for a, b in pairwise(path[1:]))])
        return Item(
            "let:" + ",".join(lines), str(values[c]), choices=DIGITS,
            working=working, difficulty=float(hops), tail=path[0],
        )  # fmt: skip

    return Task(
        name=f"chain-{hops}",
        ability="chain",
        title={
            "en": f"Follow {hops} assignment{'s' if hops > 1 else ''}",
            "zh": f"追踪 {hops} 步赋值",
        },
        description={
            "en": f"Follow assignments to a digit; {chains} chains of equal length are shown.",
            "zh": f"沿赋值追踪到一个数字;共给出 {chains} 条等长的链。",
        },
        chance=1 / chains,
        make=make,
        cue="?",
        scratchpad_cue=">",
        answer_mark="#",
    )


SHIFTS = 5


def shift() -> Task:
    """Apply a hidden rule that only the shots reveal: in-context learning."""

    def make(rng: np.random.Generator) -> Item:
        rule = int(rng.integers(1, SHIFTS + 1))
        order = rng.permutation(10).tolist()
        question, answer = f"map:{order[0]}", str((order[0] + rule) % 10)
        # The demonstrations show other digits: the answer itself is never among them.
        shown = tuple((f"map:{d}", str((d + rule) % 10)) for d in order[1:9])
        return Item(question, answer, choices=DIGITS, demonstrations=shown)

    return Task(
        name="shift",
        ability="in-context rule",
        title={"en": "Hidden shift", "zh": "隐藏的平移规则"},
        description={
            "en": "Add a hidden number (1 to 5) to a digit; only the shots tell which.",
            "zh": "给数字加上一个隐藏的数(1 到 5);只有示例能透露它。",
        },
        chance=1 / SHIFTS,
        make=make,
        held_out=False,
    )
