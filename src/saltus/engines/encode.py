"""From questions to rows of tokens, once per tokenizer for all its models.

A row is a prompt with its target. Choices are read from the row of the target wherever they
branch off from it at their last token (all one-token choices do), and get a row of their own
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.engines.engine import END, Question
from saltus.engines.rows import RowPlan, Spot, plan_rows
from saltus.errors import ModelError

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """Everything about a list of questions that does not depend on the weights.

    Spots are the targets' tokens end to end, then the choices' tokens end to end.

    Attributes:
        rows: What goes through the model.
        lengths: Tokens per target, shape (n_questions,).
        token_ids: The targets' tokens.
        n_choices: Choices per question, shape (n_questions,).
        choice_lengths: Tokens per choice.
        choice_ids: The choices' tokens.
        sizes: Tokens of each question's longest row, shape (n_questions,).
    """

    rows: RowPlan
    lengths: Ints
    token_ids: NDArray[np.int32]
    n_choices: Ints
    choice_lengths: Ints
    choice_ids: NDArray[np.int32]
    sizes: Ints


class Encoder:
    """A tokenizer with what it has already encoded.

    Args:
        tokenizer: A fast or slow tokenizer of transformers.
        token_budget: Tokens in one batch, padding included.
        chat: Whether prompts are put into the tokenizer's chat template, as what a user says.

    Raises:
        ModelError: There is no chat template, and one is asked for.
    """

    def __init__(self, tokenizer: Any, *, token_budget: int, chat: bool = False) -> None:
        if chat and not getattr(tokenizer, "chat_template", None):
            raise ModelError(
                "the tokenizer has no chat template",
                hint="leave chat out of the study: models that were not tuned for chats have none",
            )
        self.tokenizer = tokenizer
        self._chat = chat
        self.token_budget = token_budget
        self._plans: dict[tuple[Question, ...], ScorePlan] = {}
        self._texts: dict[tuple[int, ...], str] = {}
        self._ends: NDArray[np.bool_] | None = None
        self._token_texts: list[str] | None = None
        bos = tokenizer.bos_token_id
        probe = tokenizer("a")["input_ids"]
        # A chat template writes the first token itself.
        self._bos = [bos] if bos is not None and probe[:1] == [bos] and not chat else []
        first = getattr(tokenizer, "eos_token_id", None) if bos is None else bos
        self.first = [] if self._bos or first is None else [first]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, after the tokenizer's own first token if it sets one."""
        if not texts:
            return []
        ids = self.tokenizer(
            list(texts), add_special_tokens=False, verbose=False, return_attention_mask=False
        )["input_ids"]
        if not self._bos:
            return [row if type(row) is list else list(row) for row in ids]
        return [self._bos + list(row) for row in ids]

    def prompted(self, prompt: str) -> str:
        """What the model is given for a prompt: the prompt, or a chat that ends where it answers.

        Raises:
            ModelError: The chat template cannot be filled in.
        """
        if not self._chat:
            return prompt
        said = [{"role": "user", "content": prompt.strip("\n")}]
        try:
            filled = self.tokenizer.apply_chat_template(
                said, tokenize=False, add_generation_prompt=True
            )
        except Exception as err:  # templates are programs of whoever made the model
            raise ModelError(f"the chat template fails: {err}") from None
        return str(filled)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids."""
        key = tuple(ids)
        if key not in self._texts:
            if len(self._texts) > 200_000:
                self._texts.clear()
            self._texts[key] = str(
                self.tokenizer.decode(
                    list(key), skip_special_tokens=False, clean_up_tokenization_spaces=False
                )
            )
        return self._texts[key]

    def token_texts(self, vocab: int) -> list[str]:
        """Text of every token by itself, for those that the tokenizer knows."""
        if self._token_texts is None:
            self._token_texts = self.tokenizer.batch_decode(
                [[i] for i in range(len(self.tokenizer))], clean_up_tokenization_spaces=False
            )
        return self._token_texts[:vocab]

    def ends(self, vocab: int) -> NDArray[np.bool_]:
        """Which tokens contain the line break that ends an answer, shape (vocab,)."""
        if self._ends is None or len(self._ends) != vocab:
            texts = self.token_texts(vocab)
            self._ends = np.zeros(vocab, dtype=bool)
            self._ends[: len(texts)] = [END in text for text in texts]
        return self._ends

    def plan(self, questions: Sequence[Question]) -> ScorePlan:
        """Batches and spots for a list of questions; remembered."""
        key = tuple(questions)
        if key not in self._plans:
            if len(self._plans) >= 512:
                self._plans.clear()
            self._plans[key] = self._make_plan(key)
        return self._plans[key]

    def _make_plan(self, questions: tuple[Question, ...]) -> ScorePlan:
        texts = [self.prompted(q.prompt) for q in questions]
        asked = list(zip(texts, questions, strict=True))
        prompts = self.encode(texts)
        whole = self.encode([text + q.target + q.end for text, q in asked])
        with_choice = iter(self.encode([text + c for text, q in asked for c in q.choices]))
        rows: list[list[int]] = []
        target_spots: list[Spot] = []
        choice_spots: list[Spot] = []
        lengths: list[int] = []
        choice_lengths: list[int] = []
        sizes: list[int] = []
        for question, prompt, full in zip(questions, prompts, whole, strict=True):
            cut = _branch(prompt, full)
            if cut == len(full):
                raise ModelError(
                    f"the tokenizer leaves no token for the answer {question.target!r}",
                    hint="use a tokenizer that keeps it, or leave the item out",
                )
            choices = [next(with_choice) for _ in question.choices]
            # The first token of a text has a probability only behind some other token; where one
            # answer needs that (it may melt into the prompt's only token), all are asked alike.
            starts = [_branch(prompt, choice) for choice in choices]
            bare = cut == 0 or 0 in starts
            before = self.first if bare else []
            full, cut = before + full, cut + len(before)
            if bare and not before:
                raise ModelError(
                    "nothing stands before the answer, and the tokenizer has no token to begin "
                    "a text with",
                    hint="give the item a prompt",
                )
            base = len(rows)
            rows.append(full[:-1])
            sizes.append(len(full) - 1)
            target_spots += [(base, i - 1, full[i]) for i in range(cut, len(full))]
            lengths.append(len(full) - cut)
            for choice, start in zip(choices, starts, strict=True):
                choice, start = before + choice, start + len(before)
                if start == len(choice):
                    raise ModelError(
                        f"the tokenizer leaves no token for one of the choices of "
                        f"{question.target!r}",
                        hint="no choice may be empty",
                    )
                row = base
                if len(choice) > len(full) or choice[:-1] != full[: len(choice) - 1]:
                    row = len(rows)
                    rows.append(choice[:-1])
                    sizes[-1] = max(sizes[-1], len(choice) - 1)
                choice_spots += [(row, i - 1, choice[i]) for i in range(start, len(choice))]
                choice_lengths.append(len(choice) - start)
        return ScorePlan(
            rows=plan_rows(rows, target_spots + choice_spots, self.token_budget),
            lengths=np.array(lengths, dtype=np.int64),
            token_ids=np.array([t for _, _, t in target_spots], dtype=np.int32),
            n_choices=np.array([len(q.choices) for q in questions], dtype=np.int64),
            choice_lengths=np.array(choice_lengths, dtype=np.int64),
            choice_ids=np.array([t for _, _, t in choice_spots], dtype=np.int32),
            sizes=np.array(sizes, dtype=np.int64),
        )


def _branch(prompt: list[int], full: list[int]) -> int:
    """Where the continuation begins: behind the tokens that both share."""
    if full[: len(prompt)] == prompt:
        return len(prompt)
    same = (i for i, (a, b) in enumerate(zip(prompt, full, strict=False)) if a != b)
    return next(same, min(len(prompt), len(full)))
