"""Operations on a row of digits: copy, reverse, sort, largest, count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saltus.tasks.numbered import Numbered
from saltus.tasks.task import Item, Task

DIGITS = tuple("0123456789")


def joined(row: list[int]) -> str:
    """Digits as a string."""
    return "".join([DIGITS[i] for i in row])


def _row(
    name: str,
    word: str,
    n: int,
    answer: Callable[[str], str],
    titles: tuple[str, str],
    what: tuple[str, str],
) -> Task:
    def item(row: list[int]) -> Item:
        text = joined(row)
        return Item(f"{word}:{text}", answer(text), difficulty=float(n))

    return Task(
        name=f"{name}-{n}",
        ability=name,
        title={"en": f"{titles[0]} {n} digits", "zh": f"{titles[1]} {n} 位数字"},
        description={"en": what[0], "zh": what[1]},
        chance=10.0**-n,
        make=Numbered(((0, 10),) * n, key=lambda row: f"{word}:{joined(row)}", item=item),
    )


def copy(n: int) -> Task:
    """Repeat ``n`` digits."""
    return _row(
        "copy", "copy", n, lambda row: row, ("Copy", "复制"),
        ("Repeat a row of random digits.", "原样重复一串随机数字。"),
    )  # fmt: skip


def reverse(n: int) -> Task:
    """Write ``n`` digits backwards."""
    return _row(
        "reverse", "rev", n, lambda row: row[::-1], ("Reverse", "反转"),
        ("Write a row of random digits backwards.", "把一串随机数字倒着写出来。"),
    )  # fmt: skip


def sort(n: int) -> Task:
    """Sort ``n`` digits, smallest first."""
    return _row(
        "sort", "sort", n, lambda row: "".join(sorted(row)), ("Sort", "排序"),
        ("Sort a row of random digits, smallest first.", "把一串随机数字从小到大排序。"),
    )  # fmt: skip


def largest(n: int) -> Task:
    """Name the largest of ``n`` digits."""

    def item(row: list[int]) -> Item:
        text = joined(row)
        return Item(f"max:{text}", max(text), choices=DIGITS, difficulty=float(n))

    return Task(
        name=f"max-{n}",
        ability="max",
        title={"en": f"Largest of {n} digits", "zh": f"{n} 个数字中的最大者"},
        description={"en": "Name the largest digit of a row.", "zh": "说出一串数字中最大的一个。"},
        # Always answering 9 is right when a 9 is among the n digits: that is the best guess.
        chance=1.0 - 0.9**n,
        make=Numbered(((0, 10),) * n, key=lambda row: f"max:{joined(row)}", item=item),
    )


def count(n: int) -> Task:
    """Count how often a digit stands in a row of ``n``."""

    def make(rng: np.random.Generator) -> Item:
        wanted = int(rng.integers(10))
        times = int(rng.integers(1, 5))
        others = [d for d in range(10) if d != wanted]
        row = [wanted] * times + [others[i] for i in rng.integers(9, size=n - times)]
        text = "".join(str(d) for d in rng.permutation(row).tolist())
        return Item(f"count:{text}?{wanted}", str(times), choices=("1", "2", "3", "4"))

    return Task(
        name=f"count-{n}",
        ability="count",
        title={"en": f"Count a digit among {n}", "zh": f"在 {n} 个数字中计数"},
        description={
            "en": "Say how often a digit (1 to 4 times) stands in a row.",
            "zh": "说出某个数字在一串数字中出现的次数(1 到 4 次)。",
        },
        chance=0.25,
        make=make,
    )
