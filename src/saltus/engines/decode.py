"""Writing continuations: greedy or drawn, in batches, up to a stop.

Every prompt goes through the model once, and what many begin with once for all of them; its
samples continue from there. Rows that have ended leave the batch. What a row writes depends on
its prompt, the seed and the number of the sample; its company changes nothing but the last bits
of the logits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.engines.draw import draw, numbers
from saltus.engines.encode import Encoder
from saltus.engines.engine import Decoding, Generated, Work
from saltus.engines.logits import read_off
from saltus.engines.states import Alike, Rows, State, row_bytes
from saltus.engines.stops import Stops, closing
from saltus.engines.together import Group, groups
from saltus.errors import ModelError

ROWS = 256
"""Continuations written together at most."""
MEMORY = 128 << 20
"""Bytes of keys and values of the rows that are written together."""
TOKEN_BUDGET = 3072
"""Tokens of prompts that go through the model at once, padding included."""

Ids = tuple[int, ...]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class _Text:
    """A continuation while it is written."""

    prompt: Ids
    limit: int
    draws: np.random.Generator | None
    written: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    logprobs: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    ended: bool = False


def generate(
    torch: Any,
    model: Any,
    encoder: Encoder,
    prompts: Sequence[Sequence[int]],
    decoding: Decoding,
    *,
    vocab: int,
    decoder: Any = None,
    shared: bool = True,
    context: int | None = None,
    budget: int = TOKEN_BUDGET,
    rows: int | None = None,
    work: Work | None = None,
) -> list[Generated]:
    """Continuations of every prompt, in the order given, the samples of one prompt together.

    Args:
        torch: The library, imported by the engine.
        model: A causal language model of transformers.
        encoder: Its tokenizer.
        prompts: Token ids, none of them empty.
        decoding: How to write.
        vocab: Size of the model's vocabulary.
        decoder: `saltus.engines.decoder.Decoder` or `saltus.engines.llama.Llama`, where it was
            found to compute what the model does with masks and shared beginnings, for all lengths
            that occur here; None: only rows of one length go together.
        shared: Whether what prompts begin with is forwarded once, given a decoder.
        context: Tokens that the model can read, None where that is not bounded. Each
            continuation ends where its own prompt and it fill the context.
        budget: Tokens of prompts that go through the model at once.
        rows: Continuations written together at most.
        work: Counts what is forwarded.

    Raises:
        ModelError: The model's output is not a number.
    """
    stops = Stops(encoder, decoding.stop, closing(model), vocab)
    drawn = decoding.temperature > 0
    samples = decoding.samples if drawn else min(1, decoding.samples)
    texts: dict[tuple[Ids, int], _Text] = {}
    unique = list(dict.fromkeys(tuple(p) for p in prompts))
    for prompt in unique:
        limit = decoding.max_tokens
        if context is not None:
            limit = min(limit, context - len(prompt))
        for s in range(samples):
            source = numbers(decoding.seed, prompt, s) if drawn else None
            texts[prompt, s] = _Text(prompt, max(0, limit), source)
    writer = _Writer(torch, decoding, stops)
    size = min(ROWS, rows or ROWS)
    with torch.inference_mode():
        if decoder is None:
            forwarded, saved = _alike(writer, model, list(texts.values()), size), 0
        else:
            reader = Rows(torch, model, decoder)
            by_prompt = [[texts[p, s] for s in range(samples)] for p in unique]
            saved = _grouped(writer, reader, row_bytes(model), by_prompt, size, budget, shared)
            forwarded = reader.work
    done = {key: _finished(text, stops) for key, text in texts.items()}
    if work is not None:
        written = sum(max(0, len(t.written) - 1) for t in texts.values())
        work.forwarded += forwarded
        work.unique += sum(map(len, unique)) - saved + written
        work.asked += sum(
            len(p) + max(0, len(texts[tuple(p), min(s, samples - 1)].written) - 1)
            for p in prompts
            for s in range(decoding.samples)
        )
    return [done[tuple(p), min(s, samples - 1)] for p in prompts for s in range(decoding.samples)]


def _finished(text: _Text, stops: Stops) -> Generated:
    return Generated(
        text=stops.shown(text.written.tolist()),
        token_ids=text.written,
        logprobs=text.logprobs,
        truncated=not text.ended,
    )


def _grouped(
    writer: _Writer,
    reader: Rows,
    weight: int,
    prompts: list[list[_Text]],
    size: int,
    budget: int,
    shared: bool,
) -> int:
    """Write all texts, prompts that begin alike together; how many tokens that saved."""
    wanted = [p for p in prompts if p and p[0].limit > 0]
    if not wanted:
        return 0
    steps = max(p[0].limit for p in wanted)
    saved = 0
    together = groups([p[0].prompt for p in wanted], steps) if shared else [_apart(wanted)]
    for group in together:
        saved += group.shared * (len(group.members) - 1)
        reader.begin(wanted[group.members[0]][0].prompt[: group.shared])
        copied = 0 if reader.lean else group.shared
        for batch in _batches(group, wanted, size, copied, steps, weight):
            state = reader.read([p[0].prompt[group.shared :] for p in batch], budget)
            owners = [(i, text) for i, p in enumerate(batch) for text in p]
            for low in range(0, len(owners), size):
                part = owners[low : low + size]
                first = [i for i, _ in part]
                # Where every prompt has one continuation, its state is theirs.
                own = first == list(range(len(batch))) and len(owners) <= size
                writer.write(
                    state if own else state.select(writer.indices(first)), [t for _, t in part]
                )
            del state  # before the next one is made
    return saved


def _apart(prompts: list[list[_Text]]) -> Group:
    """All prompts, nothing shared."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i][0].prompt))
    return Group(0, tuple(order))


def _batches(
    group: Group, prompts: list[list[_Text]], size: int, copied: int, steps: int, weight: int
) -> Iterator[list[list[_Text]]]:
    """Prompts of a group that go together: so many rows, and so much memory, at most."""
    batch: list[list[_Text]] = []
    rows = 0
    for i in group.members:
        longest = len(prompts[i][0].prompt) - group.shared + copied + steps
        most = min(size, max(1, MEMORY // (weight * longest)))
        if batch and rows + len(prompts[i]) > most:
            yield batch
            batch, rows = [], 0
        batch.append(prompts[i])
        rows += len(prompts[i])
    if batch:
        yield batch


def _alike(writer: _Writer, model: Any, texts: list[_Text], size: int) -> int:
    """Write all texts, prompts of one length together; how many tokens were forwarded."""
    by_length: dict[int, list[_Text]] = {}
    for text in texts:
        if text.limit > 0:
            by_length.setdefault(len(text.prompt), []).append(text)
    forwarded = 0
    for length, same in sorted(by_length.items()):
        step = max(1, min(size, TOKEN_BUDGET // length))
        for low in range(0, len(same), step):
            part = same[low : low + step]
            state = Alike(writer.torch, model, [t.prompt for t in part])
            writer.write(state, part)
            forwarded += state.work
    return forwarded


class _Writer:
    """Writes a batch of texts to its end.

    Args:
        torch: The library.
        decoding: How to write.
        stops: What ends a text.
    """

    def __init__(self, torch: Any, decoding: Decoding, stops: Stops) -> None:
        self.torch = torch
        self._decoding = decoding
        self._stops = stops

    def indices(self, rows: list[int]) -> Any:
        """Row numbers as the library wants them."""
        return self.torch.tensor(rows, dtype=self.torch.long)

    def write(self, state: State | Alike, texts: list[_Text]) -> None:
        """Write until every text has ended; row i of the state is text i."""
        rows = np.arange(len(texts))
        going = np.ones(len(texts), dtype=np.bool_)
        limit = np.array([t.limit for t in texts])
        page = _Page(len(texts))
        while True:
            own, token = self._next(state.logits, texts, rows, going)
            page.add(rows, token, own)
            ended = going & self._stops.sure[token]
            for r in np.flatnonzero(going & self._stops.maybe[token]).tolist():
                ended[r] = self._stops.ends(page.tokens(rows[r]).tolist())
            out = going & (ended | (limit[rows] <= page.length))
            for r in np.flatnonzero(out).tolist():
                text = texts[rows[r]]
                text.written, text.logprobs = page.tokens(rows[r]), page.logprobs(rows[r])
                text.ended = bool(ended[r])
            going &= ~out
            left = np.flatnonzero(going)
            if not len(left):
                return
            # Copying what a model keeps costs about as much as a step: drop ended rows in bulk.
            if isinstance(state, State) and len(left) < 0.75 * len(rows):
                state.cut(self.torch.from_numpy(left))
                rows, token, going = rows[left], token[left], going[left]
            state.step(self.torch.from_numpy(token).to(state.logits.device))

    def _next(
        self, logits: Any, texts: list[_Text], rows: Ints, going: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], Ints]:
        """The next token of every row and its log-probability, that of ended rows included."""
        wanted = None
        if self._decoding.temperature > 0:
            sources = [texts[r].draws if on else None for r, on in zip(rows, going, strict=True)]
            at = [0.0 if source is None else float(source.random()) for source in sources]
            wanted = draw(self.torch, logits, self._decoding, at).cpu().numpy()
        own, top = read_off(self.torch, logits, wanted)
        if not np.isfinite(own[going]).all():
            raise ModelError("the model's output is not a number")
        return np.minimum(own, 0.0), top if wanted is None else wanted


class _Page:
    """Tokens and log-probabilities of texts that were begun together, one column a step.

    Args:
        rows: Texts.
    """

    def __init__(self, rows: int) -> None:
        self.length = 0
        self._tokens = np.empty((rows, 32), dtype=np.int32)
        self._logprobs = np.empty((rows, 32), dtype=np.float32)

    def add(self, rows: Ints, tokens: Ints, logprobs: NDArray[np.float32]) -> None:
        """Write one more column, for some of the texts."""
        if self.length == self._tokens.shape[1]:
            self._tokens = np.concatenate([self._tokens, np.empty_like(self._tokens)], axis=1)
            self._logprobs = np.concatenate([self._logprobs, np.empty_like(self._logprobs)], axis=1)
        self._tokens[rows, self.length] = tokens
        self._logprobs[rows, self.length] = logprobs
        self.length += 1

    def tokens(self, row: int) -> NDArray[np.int32]:
        """What a text holds so far."""
        return self._tokens[row, : self.length].copy()

    def logprobs(self, row: int) -> NDArray[np.float32]:
        """The log-probabilities of these tokens."""
        return self._logprobs[row, : self.length].copy()
