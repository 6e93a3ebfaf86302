"""The ladder's tokenizer: words with their leading space, single digits, letters and signs.

Word-level and lossless on the corpus; about 250 tokens, so that the embedding does not
dwarf the smallest models. Newline is an ordinary token: it ends every answer.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from saltus.tasks.compare import NAMES_ZH
from saltus.tasks.knowledge import CIPHERS, PEOPLE, RELATIONS

PAD, UNKNOWN, NEWLINE = "<pad>", "<unk>", "\n"
PATTERN = r"\n| [a-z]+|[a-z]{3,}|[a-z]|[0-9]|[^ a-z0-9\n]| "

_HEADERS = (
    "add sub mul find seq copy rev sort max count par bool close get let map fact say".split()
)
_WORDS = "is taller shorter than who tallest shortest".split()


def vocabulary() -> list[str]:
    """All tokens, in the order of their ids."""
    spaced = [f" {w}" for w in (*_WORDS, *PEOPLE, *RELATIONS)]
    spaced += [f" {v}" for values in RELATIONS.values() for v in values]
    chinese = sorted({c for name in NAMES_ZH for c in name} | set("比高矮谁最"))
    return [
        PAD, UNKNOWN, NEWLINE, *"0123456789", *"abcdefghijklmnopqrstuvwxyz", *"=>#+-*?,:&|^()[]{}",
        *_HEADERS, *CIPHERS, *spaced, *chinese,
    ]  # fmt: skip


class Encoder:
    r"""The same tokenizer in plain Python, without any library: what the corpus is made with.

    Examples:
        >>> encoder = Encoder()
        >>> encoder.decode(encoder.encode("\nadd:12+45=57")) == "\nadd:12+45=57"
        True
    """

    def __init__(self) -> None:
        self.tokens = vocabulary()
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self._find = re.compile(PATTERN).findall

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text``; what is not in the vocabulary becomes the unknown token."""
        ids = self.ids
        return [ids.get(t, 1) for t in self._find(text)]

    def decode(self, ids: list[int]) -> str:
        """Text of token ids."""
        return "".join(self.tokens[i] for i in ids)


def tokenizer_files() -> dict[str, dict[str, Any]]:
    """``tokenizer.json`` and ``tokenizer_config.json`` in Hugging Face format, by file name."""
    tokens = vocabulary()
    special = [
        {"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for i, t in enumerate(tokens[:2])
    ]  # fmt: skip
    return {
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special,
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": PATTERN},
                "behavior": "Isolated",
                "invert": False,
            },
            "post_processor": None,
            "decoder": {"type": "Fuse"},
            "model": {
                "type": "WordLevel",
                "vocab": {t: i for i, t in enumerate(tokens)},
                "unk_token": UNKNOWN,
            },
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": PAD,
            "unk_token": UNKNOWN,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 128,
        },
    }


def write_tokenizer(folder: Path) -> None:
    """Write the tokenizer's files into a model folder."""
    for name, content in tokenizer_files().items():
        (folder / name).write_text(
            json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )
