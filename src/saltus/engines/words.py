r"""The simplest of tokenizers, read by looking words up.

A ``tokenizer.json`` that cuts a text by one known pattern and looks every piece up in a table does
what Python's ``re`` and a dictionary do, five times as fast: most of a library's time goes into
places of pieces in the text that nobody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PATTERN = r"\n| [a-z]+|[a-z]{3,}|[a-z]|[0-9]|[^ a-z0-9\n]| "
"""Of the ladder that ships. Only this one is known to mean the same to both libraries; and in it a
line break is always a piece of its own, so that what stands before one can be read once."""


class Words:
    """A table of words, and the pattern that finds them.

    Args:
        table: Token id of each piece.
        whole: Texts that stand for a token wherever they are found; left to the library.
    """

    def __init__(self, table: Mapping[str, int], whole: tuple[str, ...]) -> None:
        self._id = table.__getitem__
        self._whole = whole
        self._find = re.compile(PATTERN).findall
        self._head: tuple[str, list[int]] = ("", [])

    def ids(self, text: str) -> list[int] | None:
        """Token ids of a text; None where it holds anything else than words of the table."""
        for other in self._whole:
            if other in text:
                return None
        cut = text.rfind("\n", 0, -1) + 1
        head = text[:cut]
        try:
            # A question is asked with every one of its answers: the lines above stay the same.
            before, ids = self._head
            if head != before:
                ids = list(map(self._id, self._find(head)))
                self._head = (head, ids)
            return ids + list(map(self._id, self._find(text[cut:])))
        except KeyError:
            return None


def words_of(file: Mapping[str, Any]) -> Words | None:
    """The words of a ``tokenizer.json``, None where it is of any other kind.

    Args:
        file: What it says.
    """
    model, cut = file.get("model"), file.get("pre_tokenizer")
    if not isinstance(model, dict) or set(model) - {"type", "vocab", "unk_token"}:
        return None
    known = {
        "type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False,
    }  # fmt: skip
    others = (file.get("normalizer"), file.get("post_processor"))
    if model.get("type") != "WordLevel" or cut != known or others != (None, None):
        return None
    added = tuple(token["content"] for token in file.get("added_tokens", []))
    return Words(model["vocab"], added)
