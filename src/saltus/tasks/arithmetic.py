"""Arithmetic: k-digit addition and subtraction, products, one unknown, progressions.

Operand pairs of the test split never occur in training, nor does the commuted pair.
"""

from __future__ import annotations

from collections.abc import Callable

from saltus.tasks.numbered import Numbered, Range
from saltus.tasks.strings import DIGITS
from saltus.tasks.task import Item, Task


def _operands(k: int) -> tuple[Range, Range]:
    """Ranges of two numbers of ``k`` digits."""
    one = (10 ** (k - 1) if k > 1 else 0, 10**k)
    return one, one


def _commuted(sign: str) -> Callable[[list[int]], str]:
    """A key that does not tell which of two operands comes first."""
    return lambda row: f"{min(row)}{sign}{max(row)}"


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
    key = _commuted("+")

    def item(row: list[int]) -> Item:
        a, b = row
        return Item(
            f"add:{a}+{b}", str(a + b), working=add_working(a, b), key=key(row),
            difficulty=float(k),
        )  # fmt: skip

    make = Numbered(_operands(k), key=key, item=item)

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
        every=make.keys if k == 1 else None,
        scratchpad_cue=">",
        answer_mark="#",
    )


def subtract(k: int) -> Task:
    """Subtract a number of ``k`` digits from a larger one."""

    def question(row: list[int]) -> str:
        return f"sub:{max(row)}-{min(row)}"

    def item(row: list[int]) -> Item:
        a, b = max(row), min(row)
        return Item(question(row), str(a - b), working=subtract_working(a, b), difficulty=float(k))

    return Task(
        name=f"sub-{k}",
        ability="subtraction",
        title={"en": f"Subtract {k}-digit numbers", "zh": f"{k} 位数减法"},
        description={
            "en": "Subtract the smaller number; pairs of the test never occur in training.",
            "zh": "用大数减小数;测试用的数对从未在训练中出现。",
        },
        chance=10.0**-k,
        make=Numbered(_operands(k), key=question, item=item),
        scratchpad_cue=">",
        answer_mark="#",
    )


def multiply(k: int) -> Task:
    """Multiply two numbers of ``k`` digits; the one-digit table is knowledge, seen in training."""
    key = _commuted("*")

    def item(row: list[int]) -> Item:
        a, b = row
        return Item(f"mul:{a}*{b}", str(a * b), key=key(row), difficulty=float(k))

    make = Numbered(_operands(k), key=key, item=item)
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
        every=make.keys if k == 1 else None,
    )  # fmt: skip


def unknown() -> Task:
    """Solve x + a = b for a one-digit x."""

    def question(row: list[int]) -> str:
        return f"find:x+{row[1]}={sum(row)}?x"

    make = Numbered(
        ((0, 10), (10, 90)),
        key=question,
        item=lambda row: Item(question(row), str(row[0]), choices=DIGITS),
    )
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
        every=make.keys,
    )


def progression() -> Task:
    """Continue an arithmetic progression."""

    def question(row: list[int]) -> str:
        start, step = row
        return f"seq:{start},{start + step},{start + 2 * step},{start + 3 * step}"

    def item(row: list[int]) -> Item:
        start, step = row
        return Item(question(row), str(start + 4 * step), difficulty=float(step))

    make = Numbered(((1, 100), (1, 10)), key=question, item=item)
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
        every=make.keys,
    )
