from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.scoring.extract import extract, first_line

line = st.text(alphabet=st.characters(exclude_characters="\n"), max_size=20)


@pytest.mark.parametrize(
    ("text", "mark", "answer", "parsed"),
    [
        ("5+8=13,4+7+1=12=123", "=", "123", True),
        ("a#b# 12 \nc#13", "#", "12", True),
        ("no mark", "=", "", False),
        ("ends in a mark=", "=", "", False),
        ("ends in a mark=  ", "=", "", False),
        ("", "=", "", False),
        ("\n=5", "=", "", False),
        ("x->y->z", "->", "z", True),
    ],
)
def test_known_answers(text, mark, answer, parsed):
    assert extract(text, mark) == (answer, parsed)


@given(line, line.filter(lambda t: "=" not in t), st.text(max_size=20))
def test_what_stands_behind_the_last_mark_is_the_answer(working, answer, rest):
    found = extract(f"{working}={answer}\n{rest}", "=")
    assert found.answer == answer.strip()
    assert found.parsed == bool(answer.strip())


@given(st.text(max_size=40), st.sampled_from(["=", "#", "->", " ="]))
def test_extraction_never_invents(text, mark):
    found = extract(text, mark)
    assert found.answer in first_line(text)
    assert mark not in found.answer
    assert found.parsed or found.answer == ""
