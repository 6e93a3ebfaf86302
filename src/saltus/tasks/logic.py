"""Symbols with a running state: parity, boolean chains, brackets to close."""

from __future__ import annotations

import operator
from itertools import accumulate

import numpy as np

from saltus.tasks.numbered import Numbered
from saltus.tasks.strings import joined
from saltus.tasks.task import Item, Task

BITS = ("0", "1")
_CLOSE = {"(": ")", "[": "]", "{": "}"}


def parity(n: int) -> Task:
    """Whether a row of ``n`` bits holds an odd number of ones."""

    def question(bits: list[int]) -> str:
        return f"par:{joined(bits)}"

    def item(bits: list[int]) -> Item:
        running = joined(list(accumulate(bits, operator.xor)))
        return Item(question(bits), running[-1], choices=BITS, working=running, difficulty=float(n))

    make = Numbered(((0, 2),) * n, key=question, item=item)
    return Task(
        name=f"parity-{n}",
        ability="parity",
        title={"en": f"Parity of {n} bits", "zh": f"{n} 位奇偶性"},
        description={
            "en": "Is the number of ones odd? Rows of the test never occur in training.",
            "zh": "1 的个数是否为奇数?测试用的比特串从未在训练中出现。",
        },
        chance=0.5,
        make=make,
        # More bits make more rows than anybody asks for.
        every=make.keys if n <= 10 else None,
        scratchpad_cue=">",
        answer_mark="#",
    )


def boolean(n: int) -> Task:
    """Evaluate ``n`` boolean operations from left to right."""

    def question(row: list[int]) -> str:
        """Of all bits and, behind them, the operations between them."""
        pairs = zip(row[n + 1 :], row[1 : n + 1], strict=True)
        return f"bool:{row[0]}" + "".join([f"{'&|^'[op]}{bit}" for op, bit in pairs])

    def item(row: list[int]) -> Item:
        value, running = row[0], []
        for op, bit in zip(row[n + 1 :], row[1 : n + 1], strict=True):
            value = (value & bit, value | bit, value ^ bit)[op]
            running.append(value)
        return Item(
            question(row), str(value), choices=BITS, working=joined(running), difficulty=float(n)
        )

    return Task(
        name=f"boolean-{n}",
        ability="boolean",
        title={"en": f"{n} boolean operations", "zh": f"{n} 步布尔运算"},
        description={
            "en": "Evaluate and, or, xor from left to right; test rows never occur in training.",
            "zh": "从左到右计算与、或、异或;测试用的表达式从未在训练中出现。",
        },
        chance=0.5,
        make=Numbered(((0, 2),) * (n + 1) + ((0, 3),) * n, key=question, item=item),
        scratchpad_cue=">",
        answer_mark="#",
    )


def brackets(depth: int) -> Task:
    """Close ``depth`` open brackets in the right order."""

    def make(rng: np.random.Generator) -> Item:
        kinds = "([{"
        text, stack = "", ""
        while len(stack) < depth or len(text) < 2 * depth + 2:
            # Some brackets close on the way, so that counting symbols is not enough.
            if stack and len(text) < 2 * depth + 2 and rng.random() < 0.4:
                text += _CLOSE[stack[-1]]
                stack = stack[:-1]
            elif len(stack) < depth:
                stack += kinds[int(rng.integers(3))]
                text += stack[-1]
            else:
                text += _CLOSE[stack[-1]]
                stack = stack[:-1]
        answer = "".join(_CLOSE[b] for b in reversed(stack))
        return Item(f"close:{text}", answer, difficulty=float(depth))

    return Task(
        name=f"brackets-{depth}",
        ability="brackets",
        title={"en": f"Close {depth} brackets", "zh": f"补全 {depth} 个括号"},
        description={
            "en": "Close the open brackets (Dyck language); test rows never occur in training.",
            "zh": "补全未闭合的括号(Dyck 语言);测试用的括号串从未在训练中出现。",
        },
        chance=3.0**-depth,
        make=make,
    )
