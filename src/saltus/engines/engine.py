"""What an engine is: something that scores continuations and generates text.

The unit is a question in plain text. Whatever stands behind the protocol (weights in this
process, a server, a mock) tokenises it, and answers with numbers that metrics are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saltus.errors import ModelError

END = "\n"
"""What ends an answer; part of the target, so that an answer that goes on is not exact."""


class TooLong(ModelError):
    """A question does not fit into the model's context: it cannot be measured there."""


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt with its right answer.

    Attributes:
        prompt: The text the model reads; it ends where the answer begins.
        target: The right answer, without the line break that ends it.
        choices: All answers to choose from, or empty.
    """

    prompt: str
    target: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """How a model takes a list of targets, by teacher forcing. Tokens stand end to end.

    Attributes:
        lengths: Tokens per target, its ending line break included, shape (n_questions,).
        token_ids: The targets' tokens, shape (sum of lengths,).
        logprobs: Log-probability of each, shape (sum of lengths,), nats.
        argmax: The token that greedy decoding would have written, shape (sum of lengths,).
        outputs: Greedy text as far as this pass knows it, one per question: up to and with
            the first wrong token.
        n_choices: Choices per question, shape (n_questions,).
        choice_logprobs: Log-probability of each choice as a whole, without a line break,
            shape (sum of n_choices,), nats.
    """

    lengths: NDArray[np.int64]
    token_ids: NDArray[np.int32]
    logprobs: NDArray[np.float32]
    argmax: NDArray[np.int32]
    outputs: tuple[str, ...]
    n_choices: NDArray[np.int64]
    choice_logprobs: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Generated:
    """One greedy continuation.

    Attributes:
        text: Without the prompt, and without the line break that ended it.
        token_ids: Its tokens, the one that ended it included, shape (n_tokens,).
        logprobs: Log-probability of each token, shape (n_tokens,), nats.
        truncated: Whether the limit was reached before a line break.
    """

    text: str
    token_ids: NDArray[np.int32]
    logprobs: NDArray[np.float32]
    truncated: bool


class Engine(Protocol):
    """Who answers.

    Results come in the order of the questions, and depend on nothing but the questions of the
    same call: a cell's numbers are the same whatever else a study measures.
    """

    def score(self, questions: Sequence[Question]) -> Scored:
        """Log-probability and greedy token of every target token; total of every choice."""
        ...

    def generate(self, prompts: Sequence[str], *, max_tokens: int) -> list[Generated]:
        """Greedy continuation up to the first line break or ``max_tokens``."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is."""
        ...
