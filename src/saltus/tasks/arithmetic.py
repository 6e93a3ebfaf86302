"""Arithmetic: k-digit addition and subtraction, products, one unknown, progressions.

Operand pairs of the test split never occur in training, nor does the commuted pair.
"""

from __future__ import annotations

import numpy as np

from saltus.tasks.strings import DIGITS
from saltus.tasks.task import Item, Task


def _operand(rng: np.random.Generator, k: int) -> int:
    return int(rng.integers(10 ** (k - 1) if k > 1 else 0, 10**k))


def add_working(a: int, b: int) -> str:
    """Column addition from the right, carry written out.

    Examples:
        >>> add_working(345, 278)
        '5+8=13,4+7+1=12,3+2+1=6'
    """
    steps, carry, first = [], 0, True
    while a or b or first:
        x, y = a % 10, b % 10
        total = x + y + carry
        steps.append(f"{x}+{y}" + (f"+{carry}" if carry else "") + f"={total}")
        a, b, carry, first = a // 10, b // 10, total // 10, False
    return ",".join(steps)


def subtract_working(a: int, b: int) -> str:
    """Column subtraction from the right; a borrow adds ten to the upper digit.

    Examples:
        >>> subtract_working(523, 178)
        '13-8=5,12-8=4,5-2=3'
    """
    steps, borrow, first = [], 0, True
    while a or b or first:
        x, y = a % 10, b % 10 + borrow
        borrow = int(x < y)
        x += 10 * borrow
        steps.append(f"{x}-{y}={x - y}")
        a, b, first = a // 10, b // 10, False
    return ",".join(steps)


def add(k: int) -> Task:
    """Add two numbers of ``k`` digits."""

    def make(rng: np.random.Generator) -> Item:
        a, b = _operand(rng, k), _operand(rng, k)
        return Item(
            f"add:{a}+{b}", str(a + b), working=add_working(a, b), key=f"{min(a, b)}+{max(a, b)}",
            difficulty=float(k),
        )  # fmt: skip

    return Task(
        name=f"add-{k}",
        ability="addition",
        title={"en": f"Add {k}-digit numbers", "zh": f"{k} 位数加法"},
        description={
            "en": "The addition table, seen in training."
            if k == 1
            else "Add two numbers; pairs of the test never occur in training.",
            "zh": "加法表,训练中见过。" if k == 1 else "两数相加;测试用的数对从未在训练中出现。",
        },
        # One digit: always answering 9, the commonest sum, is right in 10 of 100 cases.
        chance=0.1 if k == 1 else 10.0**-k,
        make=make,
        held_out=k > 1,
        scratchpad_cue=">",
        answer_mark="#",
    )


def subtract(k: int) -> Task:
    """Subtract a number of ``k`` digits from a larger one."""

    def make(rng: np.random.Generator) -> Item:
        a, b = _operand(rng, k), _operand(rng, k)
        a, b = max(a, b), min(a, b)
        return Item(f"sub:{a}-{b}", str(a - b), working=subtract_working(a, b), difficulty=float(k))

    return Task(
        name=f"sub-{k}",
        ability="subtraction",
        title={"en": f"Subtract {k}-digit numbers", "zh": f"{k} 位数减法"},
        description={
            "en": "Subtract the smaller number; pairs of the test never occur in training.",
            "zh": "用大数减小数;测试用的数对从未在训练中出现。",
        },
        chance=10.0**-k,
        make=make,
        scratchpad_cue=">",
        answer_mark="#",
    )


def multiply(k: int) -> Task:
    """Multiply two numbers of ``k`` digits; the one-digit table is knowledge, seen in training."""

    def make(rng: np.random.Generator) -> Item:
        a, b = _operand(rng, k), _operand(rng, k)
        return Item(f"mul:{a}*{b}", str(a * b), key=f"{min(a, b)}*{max(a, b)}", difficulty=float(k))

    return Task(
        name=f"mul-{k}",
        ability="multiplication",
        title={"en": f"Multiply {k}-digit numbers", "zh": f"{k} 位数乘法"},
        description={
            "en": "The multiplication table, seen in training." if k == 1
            else "Multiply two numbers; pairs of the test never occur in training.",
            "zh": "乘法表,训练中见过。" if k == 1 else "两数相乘;测试用的数对从未在训练中出现。",
        },
        chance=1 / 37 if k == 1 else 10.0 ** -(2 * k - 1),
        make=make,
        held_out=k > 1,
    )  # fmt: skip


def unknown() -> Task:
    """Solve x + a = b for a one-digit x."""

    def make(rng: np.random.Generator) -> Item:
        x, a = int(rng.integers(10)), int(rng.integers(10, 90))
        return Item(f"find:x+{a}={a + x}?x", str(x), choices=DIGITS)

    return Task(
        name="algebra",
        ability="algebra",
        title={"en": "One unknown", "zh": "一元方程"},
        description={
            "en": "Solve x + a = b for a digit x; equations of the test never occur in training.",
            "zh": "解方程 x + a = b(x 为一位数);测试用的方程从未在训练中出现。",
        },
        chance=0.1,
        make=make,
    )


def progression() -> Task:
    """Continue an arithmetic progression."""

    def make(rng: np.random.Generator) -> Item:
        start, step = int(rng.integers(1, 100)), int(rng.integers(1, 10))
        shown = ",".join(str(start + i * step) for i in range(4))
        return Item(f"seq:{shown}", str(start + 4 * step), difficulty=float(step))

    return Task(
        name="sequence",
        ability="sequence",
        title={"en": "Continue a progression", "zh": "续写等差数列"},
        description={
            "en": "Give the next number of an arithmetic progression not seen in training.",
            "zh": "写出训练中未见过的等差数列的下一个数。",
        },
        chance=0.01,
        make=make,
    )
