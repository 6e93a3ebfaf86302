"""Knowledge: facts about invented people, and ciphers seen at controlled frequencies.

Both can only be known from training, so their test questions are seen ones.
"""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from saltus.tasks.numbered import Numbered
from saltus.tasks.strings import joined
from saltus.tasks.task import Item, Task

PEOPLE = tuple(
    "ada ben cleo dan eva finn gus hana ivo jade kurt lena milo nora otto pia quin rosa seth tara "
    "ugo vera wim xena yara zack amir bea carl dora emil fay glen hope ines joel kira leon mona "
    "noel olga paul rita sven tom ulla vito wanda".split()
)
RELATIONS: dict[str, tuple[str, ...]] = {
    "pet": tuple("fox cat dog owl hen bee eel ram".split()),
    "color": tuple("red blue green gold grey pink black white".split()),
    "drink": tuple("tea milk juice water cocoa cider soda broth".split()),
    "tool": tuple("saw axe pen rope lamp drill brush spade".split()),
    "city": tuple("rome lima oslo cairo delhi paris quito tunis".split()),
    "fruit": tuple("fig plum pear lime date kiwi peach mango".split()),
    "sport": tuple("golf judo polo rugby chess tennis rowing skiing".split()),
    "job": tuple("cook pilot judge baker miner nurse actor guard".split()),
}
N_FACTS = len(PEOPLE) * len(RELATIONS)

CIPHERS: dict[str, float] = {
    "alpha": 3e-2,
    "beta": 1e-2,
    "gamma": 3e-3,
    "delta": 1e-3,
    "omega": 3e-4,
}
"""Header of each cipher and its share of the lines of the corpus."""


@cache
def fact_item(rank: int) -> Item:
    """The fact of a frequency rank (0 is the most frequent in the corpus)."""
    # 113 has no common factor with 384: ranks walk through people and relations evenly.
    place = (rank * 113) % N_FACTS
    person, relation = PEOPLE[place // len(RELATIONS)], list(RELATIONS)[place % len(RELATIONS)]
    values = RELATIONS[relation]
    answer = values[zlib.crc32(f"{person}/{relation}".encode()) // 7 % len(values)]
    return Item(
        f"fact: {person} {relation}", f" {answer}", choices=tuple(f" {v}" for v in values),
        difficulty=float(np.log2(1 + rank)), language="en",
    )  # fmt: skip


def fact() -> Task:
    """Recall a fact seen in training, frequent or rare."""
    make = Numbered(
        ((0, N_FACTS),),
        key=lambda row: fact_item(row[0]).question,
        item=lambda row: fact_item(row[0]),
    )
    return Task(
        name="facts",
        ability="knowledge",
        title={"en": "Facts", "zh": "事实记忆"},
        description={
            "en": f"Recall one of {N_FACTS} facts; their frequency in training falls as 1/rank.",
            "zh": f"回忆 {N_FACTS} 条事实之一;它们在训练中的频率按 1/名次 递减。",
        },
        chance=1 / 8,
        make=make,
        held_out=False,
        every=make.keys,
    )


def cipher(header: str) -> Task:
    """Replace three digits by a fixed secret alphabet, seen at a controlled frequency."""
    alphabet = np.random.default_rng(zlib.crc32(header.encode())).permutation(10).tolist()
    share = CIPHERS[header]

    def question(row: list[int]) -> str:
        return f"{header}:{joined(row)}"

    make = Numbered(
        ((0, 10),) * 3,
        key=question,
        item=lambda row: Item(question(row), "".join(str(alphabet[d]) for d in row)),
    )

    return Task(
        name=f"cipher-{header}",
        ability="cipher",
        title={"en": f"Cipher at {share:.2%} of lines", "zh": f"占 {share:.2%} 行的密码"},
        description={
            "en": f"Replace three digits by a secret alphabet; {share:.2%} of the lines show it.",
            "zh": f"用一套秘密字母表替换三个数字;语料中有 {share:.2%} 的行展示它。",
        },
        chance=1e-3,
        make=make,
        every=make.keys,
    )
