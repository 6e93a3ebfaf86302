"""The answer inside a generated scratchpad.

Only the continuation is ever searched, never the prompt: an answer that stands in the question
is not the model's.
"""

from __future__ import annotations

from typing import NamedTuple


class Extracted(NamedTuple):
    """The final answer of a scratchpad, and whether one was there."""

    answer: str
    parsed: bool


def first_line(text: str) -> str:
    r"""The generated text up to the first line break, which ends an answer.

    Examples:
        >>> first_line("7+5=2c1=12\nadd:")
        '7+5=2c1=12'
    """
    return text.split("\n", 1)[0]


def extract(text: str, answer_mark: str) -> Extracted:
    r"""What stands behind the last answer mark of the first generated line.

    Args:
        text: The continuation alone, without the prompt.
        answer_mark: What stands between working and answer, ``Task.answer_mark``.

    Returns:
        The answer without surrounding spaces; ``parsed`` is False where there is no mark or
        nothing behind it.

    Examples:
        >>> extract("2+5=7;1+4=5=57\n", "=")
        Extracted(answer='57', parsed=True)
        >>> extract("no idea", "=").parsed
        False
    """
    _, mark, tail = first_line(text).rpartition(answer_mark)
    answer = tail.strip()
    return Extracted(answer, True) if mark and answer else Extracted("", False)
