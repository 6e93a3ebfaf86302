"""Words that are looked up are the tokens of the library's tokenizer."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

tokenizers = pytest.importorskip("tokenizers")

from saltus.engines.direct import Tokenizer, tokenizer_of  # noqa: E402
from saltus.engines.encode import Encoder  # noqa: E402
from saltus.engines.words import PATTERN, words_of  # noqa: E402
from saltus.ladder.file import builtin_path  # noqa: E402
from saltus.ladder.tokenizer import PATTERN as LADDER  # noqa: E402
from saltus.ladder.tokenizer import tokenizer_files, vocabulary  # noqa: E402
from saltus.prompts import Prompt  # noqa: E402
from saltus.run.asked import ask  # noqa: E402

FILE = tokenizer_files()["tokenizer.json"]
RAW = tokenizers.Tokenizer.from_str(json.dumps(FILE))
pieces = st.one_of(st.sampled_from(vocabulary()), st.text(max_size=3), st.sampled_from("\n <>"))
texts = st.lists(pieces, max_size=12).map("".join)


@given(st.lists(texts, max_size=8))
def test_ids_are_those_of_the_library(asked):
    quick = Tokenizer(RAW, None, None, words_of(FILE))
    plain = Tokenizer(RAW, None, None)
    assert quick(asked) == plain(asked)
    assert quick(asked, add_special_tokens=False) == plain(asked)


@given(st.text(alphabet="\nab 0=<", max_size=30))
def test_lines_above_are_read_once_and_stay_the_same(text):
    words = words_of(FILE)
    for more in ("", "a", "\n", "b\n", " ab"):
        ids = RAW.encode(text + more).ids
        want = None if 1 in ids else ids  # what is no word is left to the library
        assert words.ids(text + more) == want
        assert words.ids(text + more) == want


def test_the_ladder_that_ships_is_read_so():
    assert PATTERN == LADDER
    found = tokenizer_of(builtin_path().parent / "36k-s0" / "step5120")
    assert found._words is not None
    assert found._words.ids("\nadd:12+45=57\n") == found("\nadd:12+45=57\n")["input_ids"]
    assert found._words.ids("Zürich") is None, "left to the library"


def test_a_list_that_was_given_away_may_be_changed():
    words = words_of(FILE)
    words.ids("\nadd:1")[0] = 99
    words.ids("\n").append(99)
    assert words.ids("\nadd:1") == RAW.encode("\nadd:1").ids


@pytest.mark.parametrize("change", [
    {"normalizer": {"type": "Lowercase"}},
    {"post_processor": {"type": "ByteLevel"}},
    {"pre_tokenizer": None},
    {"pre_tokenizer": FILE["pre_tokenizer"] | {"behavior": "Removed"}},
    {"pre_tokenizer": FILE["pre_tokenizer"] | {"pattern": {"Regex": r"\s+|\S"}}},
    {"model": FILE["model"] | {"type": "BPE"}},
    {"model": FILE["model"] | {"more": 1}},
    {"model": None},
])  # fmt: skip
def test_every_other_kind_is_left_to_the_library(change):
    assert words_of(copy.deepcopy(FILE) | change) is None


def same(a, b):
    """Whether two plans are the same to the last bit."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    fields = getattr(a, "__dataclass_fields__", None)
    if fields is None:
        return type(a) is type(b) and a == b
    return type(a) is type(b) and all(same(getattr(a, f), getattr(b, f)) for f in fields)


@pytest.mark.parametrize("shots", [0, 4])
@pytest.mark.parametrize("task", ["add-2", "facts", "compare-3-zh", "chain-2", "copy-8", "shift"])
def test_plans_are_the_same(task, shots):
    questions = ask(task, Prompt(shots), items=30, seed=2).questions
    plans = [
        Encoder(Tokenizer(RAW, None, None, words), token_budget=2_000).plan(questions)
        for words in (words_of(FILE), None)
    ]
    assert same(*plans)
