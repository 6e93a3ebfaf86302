"""Models in Hugging Face format, run in this process by torch and transformers.

Nothing that a model writes is ever run. Every call makes its batches from its own
questions alone, so that a cell has the same bits whichever cells are measured beside it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.engines.decode import generate
from saltus.engines.decoder import Decoder
from saltus.engines.encode import ScorePlan
from saltus.engines.engine import Decoding, Generated, Question, Scored, TooLong, Work
from saltus.engines.folder import check_folder
from saltus.engines.llama import Llama
from saltus.engines.load import check_installed as check_installed
from saltus.engines.load import leaner, libraries, load_encoder, load_model, quick
from saltus.engines.prefix import MOST_NODES
from saltus.engines.products import speed_up
from saltus.engines.rows import RowPlan, plan_rows
from saltus.engines.shared import (
    TOKEN_BUDGET,
    Read,
    Reader,
    shares,
    window,
)
from saltus.errors import ModelError
from saltus.scoring.extract import first_line

OPTIONS: dict[str, str | int] = {
    "engine": "transformers",
    "dtype": "float32",
    "batch": TOKEN_BUDGET,
    "shared": MOST_NODES,
    "decoder": 4,
}
"""What of the engine decides the bits of a result: part of every cell's name."""


class TransformersEngine:
    """One model folder, loaded.

    Args:
        folder: Holds ``config.json``, ``model.safetensors`` and a tokenizer.
        device: ``cpu``, or what PyTorch calls another one (``cuda``, ``cuda:1``, ``mps``).
        dtype: ``float32``, ``bfloat16`` or ``float16``; log-probabilities are always made in
            float32.
        batch: Tokens in a batch, padding included.
        batch_size: Sequences in a batch at most; None: as many as ``batch`` allows.
        shared: Whether what sequences share is forwarded once, where the model can do it.
        lean: Whether decoders of the Llama kind are run by `saltus.engines.llama` on the CPU;
            it is checked against the model first.
        chat: Whether prompts are put into the tokenizer's chat template.
        direct: Whether the plainest folders are read without transformers, which takes seconds to
            import; see `saltus.engines.direct`.

    Raises:
        MissingExtra: torch or transformers are not installed.
        ModelError: The folder is not whole, or the weights do not fit the configuration.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        batch: int = TOKEN_BUDGET,
        batch_size: int | None = None,
        shared: bool = True,
        lean: bool = True,
        chat: bool = False,
        direct: bool = True,
    ) -> None:
        self.folder = Path(folder)
        check_folder(self.folder)
        self._budget, self._rows, self._sharing = batch, batch_size, shared
        self._place = {"device": device, "dtype": dtype}
        self.work = Work()
        self._tree_length: float | None = None
        self._loaded: Any = None
        usual = device == "cpu" and dtype == "float32" and not chat
        found = quick(self.folder, budget=batch) if direct and lean and usual else None
        if found is not None:
            self._torch, self.encoder, self._about = found.torch, found.encoder, found.about
            self._lean: Llama | None = found.lean
        else:
            self._torch, transformers = libraries()
            self.encoder = load_encoder(transformers, self.folder, budget=batch, chat=chat)
            self._about = self._model
            self._lean = leaner(self._torch, self._model) if lean else None
        config = self._about.config
        self._context: int | None = getattr(config, "max_position_embeddings", None)
        self._window = window(self._about)
        self._vocab = int(
            self._lean.vocab
            if self._lean is not None
            else self._model.get_input_embeddings().weight.shape[0]
        )

    @property
    def _model(self) -> Any:
        """The model of transformers; loaded when it is first needed."""
        if self._loaded is None:
            torch, transformers = libraries()
            self._loaded = load_model(torch, transformers, self.folder, **self._place)
            speed_up(torch, self._loaded)
        return self._loaded

    @property
    def _decoder(self) -> Decoder:
        return Decoder(self._torch, self._model)

    def fits(self, questions: Sequence[Question]) -> NDArray[np.bool_]:
        """Which questions fit into the context; see `Engine.fits`."""
        plan = self.encoder.plan(questions)
        fitting = np.ones(len(questions), dtype=np.bool_)
        if self._context is not None and plan.rows.longest > self._context:
            fitting = plan.sizes <= self._context
        return fitting

    def score(self, questions: Sequence[Question]) -> Scored:
        """Score every target and choice; see `Engine.score`.

        Raises:
            TooLong: A question is longer than the model's context.
            ModelError: The tokenizer does not fit the model, or the output is not a number.
        """
        plan = self.encoder.plan(questions)
        self._check(plan.rows.longest, plan.rows.largest_id)
        got = self._run(plan.rows)
        logprobs, argmax = got.logprobs, got.argmax
        n = int(plan.lengths.sum())
        choice = np.empty(0, dtype=np.float32)
        if len(plan.choice_lengths):
            starts = np.cumsum(plan.choice_lengths) - plan.choice_lengths
            choice = np.add.reduceat(logprobs[n:].astype(np.float64), starts).astype(np.float32)
        return Scored(
            lengths=plan.lengths,
            token_ids=plan.token_ids,
            logprobs=logprobs[:n],
            argmax=argmax[:n],
            outputs=self._outputs(questions, plan, argmax[:n]),
            n_choices=plan.n_choices,
            choice_logprobs=choice,
            choice_lengths=plan.choice_lengths,
            choice_token_ids=plan.choice_ids,
            choice_token_logprobs=logprobs[n:],
        )

    def read_rows(
        self, rows: Sequence[Sequence[int]], spots: Sequence[tuple[int, int, int]]
    ) -> Read:
        """Log-probabilities inside token sequences; what they share is forwarded once.

        Args:
            rows: Token ids of each sequence.
            spots: (row, position, token): the token's log-probability behind this position.

        Returns:
            Log-probability of every spot's token and the most probable token there, in the order
            of ``spots``.

        Raises:
            TooLong: A sequence is longer than the model's context.
            ModelError: A token lies outside the vocabulary, or the output is not a number.
        """
        plan = plan_rows(rows, spots, self.encoder.token_budget)
        self._check(plan.longest, plan.largest_id)
        return self._run(plan)

    def _run(self, plan: RowPlan) -> Read:
        """Log-probability and greedy token at every spot of the plan."""
        began = time.perf_counter()
        lean = self._lean if plan.longest <= self._window else None
        if (
            self._sharing
            and plan.shared is not None
            and (lean is not None or self._trees(plan.longest))
        ):
            reader = self._reader(lean or self._decoder)
            got = reader.tree(plan.shared, plan.wanted)
            unique = plan.shared.forwarded
        else:
            reader = self._reader(lean or self._decoder)
            got = Read.of(len(plan.wanted))
            for b in plan.batches:
                reader.rows(b.input_ids, b.start, (b.row, b.position), b.out, plan.wanted, got)
            unique = plan.asked
        self.work.asked += plan.asked
        self.work.unique += unique
        self.work.forwarded += reader.forwarded
        self.work.seconds += time.perf_counter() - began
        if not np.isfinite(got.logprobs).all():
            raise ModelError("the model's output is not a number", where=str(self.folder))
        np.minimum(got.logprobs, 0.0, out=got.logprobs)
        return got

    def _reader(self, decoder: Any) -> Reader:
        return Reader(self._torch, decoder, budget=self._budget, rows=self._rows)

    def _trees(self, longest: int) -> bool:
        """Whether shared stretches may be forwarded once; tried on the model, once."""
        if self._tree_length is None:
            self._tree_length = shares(self._torch, self._model) if self._sharing else 0.0
        return longest <= self._tree_length

    def _outputs(
        self, questions: Sequence[Question], plan: ScorePlan, argmax: np.ndarray
    ) -> tuple[str, ...]:
        """Greedy text up to and with the first token that is not the target's."""
        out = [question.target for question in questions]
        wrong = np.flatnonzero(argmax != plan.token_ids)
        ends = np.cumsum(plan.lengths)
        whose, places = np.unique(np.searchsorted(ends, wrong, side="right"), return_index=True)
        starts = (ends - plan.lengths)[whose]
        # Before its first wrong token, what is decoded greedily is the target.
        ids = argmax.tolist()
        for i, start, first in zip(
            whose.tolist(), starts.tolist(), wrong[places].tolist(), strict=True
        ):
            out[i] = first_line(self.encoder.decode(ids[start : first + 1]))
        return tuple(out)

    def generate(self, prompts: Sequence[str], decoding: Decoding) -> list[Generated]:
        """Continuations; see `Engine.generate`.

        Raises:
            TooLong: A prompt fills the model's context.
            ModelError: The tokenizer does not fit the model, or the output is not a number.
        """
        encoded = self.encoder.encode([self.encoder.prompted(p) for p in prompts])
        return self.write_rows([ids or self.encoder.first for ids in encoded], decoding)

    def write_rows(self, prompts: Sequence[Sequence[int]], decoding: Decoding) -> list[Generated]:
        """Continuations of prompts that are tokens already; see `Engine.generate`.

        Args:
            prompts: Token ids, none of them empty.
            decoding: How to write.

        Raises:
            TooLong: A prompt fills the model's context.
            ModelError: The tokenizer does not fit the model, or the output is not a number.
        """
        began = time.perf_counter()
        longest = max(map(len, prompts), default=0)
        self._check(longest + 1, max((max(p) for p in prompts if len(p)), default=0))
        if not all(len(p) for p in prompts):
            raise ModelError(
                "nothing stands before the text, and the tokenizer has no token to begin with",
                where=str(self.folder),
                hint="give a prompt that is not empty",
            )
        total = longest + decoding.max_tokens
        if self._context is not None:
            total = min(total, self._context)
        lean = self._lean if total <= self._window else None
        decoder = lean or (self._decoder if self._trees(total) else None)
        got = generate(
            self._torch, self._about if lean else self._model, self.encoder, prompts, decoding,
            vocab=self._vocab,
            decoder=decoder, shared=self._sharing, context=self._context, budget=self._budget,
            rows=self._rows, work=self.work,
        )  # fmt: skip
        self.work.seconds += time.perf_counter() - began
        return got

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is."""
        return [len(ids) for ids in self.encoder.encode(texts)]

    def _check(self, longest: int, largest_id: int) -> None:
        if self._context is not None and longest > self._context:
            raise TooLong(
                f"a question is {longest} tokens long, the model's context {self._context}",
                where=str(self.folder),
                hint="use fewer shots",
            )
        if largest_id >= self._vocab:
            raise ModelError(
                f"the tokenizer gives token {largest_id}, the model knows {self._vocab}",
                where=str(self.folder),
                hint="put the model's own tokenizer beside its weights",
            )
