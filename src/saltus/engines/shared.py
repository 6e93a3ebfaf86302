"""Scoring with every shared stretch of tokens forwarded once: `prefix.tree` through a model.

Keys and values of a base are kept while its bundles run; bundles of like size go through the model
together, each in a row of its own, under a mask in which a token sees the base and its own
ancestors. Logits are made for the tokens at the end of each row only, and in slices, so that
memory does not grow with the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.engines.decoder import KV, Decoder
from saltus.engines.logits import read_off
from saltus.engines.prefix import Base, Bundle, Ints

Floats = NDArray[np.float32]

TOKEN_BUDGET = 3072
"""Tokens in a batch, padding included. On a CPU more is slower: activations leave the cache."""
LOGIT_BUDGET = 25_000_000
"""Logits held at once."""
MOST_DIFFERENCE = 1e-4
"""Nats by which two ways may differ before a model is taken for one that cannot go the faster."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a model says at every spot.

    Attributes:
        logprobs: Log-probability of the wanted token, shape (n_spots,), nats.
        argmax: The most probable token, shape (n_spots,).
    """

    logprobs: Floats
    argmax: NDArray[np.int32]

    @classmethod
    def of(cls, n_spots: int) -> Read:
        """Room for so many spots, nothing read yet."""
        return cls(np.full(n_spots, np.nan, np.float32), np.zeros(n_spots, np.int32))


class Reader:
    """A decoder with what is needed to read log-probabilities off it.

    Args:
        torch: The library.
        decoder: `Decoder` or `llama.Llama`.
        budget: Tokens in a batch, padding included.
        rows: Rows in a batch at most.
    """

    def __init__(
        self, torch: Any, decoder: Any, *, budget: int = TOKEN_BUDGET, rows: int | None = None
    ) -> None:
        self._torch = torch
        self._decoder = decoder
        self._budget = budget
        self._rows = rows or 10**9
        self.forwarded = 0

    def tree(self, base: Base, wanted: Ints) -> Read:
        """Log-probability of the wanted token, and the most probable one, at every spot.

        Args:
            base: As `prefix.tree` makes it.
            wanted: Token wanted at each spot, shape (n_spots,).
        """
        out = Read.of(len(wanted))
        with self._torch.inference_mode():
            self._base(base, None, wanted, out)
        return out

    def rows(self, ids: Ints, start: int, at: tuple[Ints, Ints], spots: Ints, wanted: Ints,
             out: Read) -> None:  # fmt: skip
        """Whole rows, padded on the right, read from position ``start`` on.

        Args:
            ids: Token ids, shape (n_rows, n_tokens).
            start: First position that is read.
            at: Row and position of every spot.
            spots: Index of each, shape (n_spots,).
            wanted: Token wanted at all spots.
            out: Where to write what is read.
        """
        n_rows, length = ids.shape
        step = self._step(n_rows, length - start)
        position = np.arange(length)[None]
        with self._torch.inference_mode():
            for low in range(0, n_rows, step):
                part = ids[low : low + step]
                here = (at[0] >= low) & (at[0] < low + step)
                states, _ = self._decoder.forward(
                    self._put(part), self._put(position), read=length - start
                )
                self.forwarded += part.size
                picked = states[self._put(at[0][here] - low), self._put(at[1][here] - start)]
                self._take(picked, spots[here], wanted, out)

    def _step(self, n_rows: int, read: int) -> int:
        """Rows that go through the model at once."""
        by_logits = LOGIT_BUDGET // max(1, read * int(self._decoder.vocab))
        return max(1, min(n_rows, self._rows, by_logits))

    def _put(self, values: NDArray[Any]) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self._decoder.device)

    def _base(self, base: Base, above: KV | None, wanted: Ints, out: Read) -> None:
        """Forward a base behind the one above it, then everything below."""
        kept = above
        if len(base.tokens):
            read = len(base.tokens) - int(base.at.min()) if len(base.at) else 1
            states, own = self._decoder.forward(
                self._put(base.tokens[None]),
                self._put(np.arange(base.start, base.end)[None]),
                read=read,
                above=above,
                keep=True,
            )
            self.forwarded += len(base.tokens)
            kept = self._behind(above, own, len(base.tokens))
            if len(base.at):
                place = self._put(base.at - len(base.tokens) + read)
                self._take(states[0][place], base.spots, wanted, out)
        for batch in self._batches(base.bundles):
            self._bundles(batch, base.end, kept, wanted, out)
        for longer in base.below:
            self._base(longer, kept, wanted, out)

    def _behind(self, above: KV | None, own: KV, new: int) -> KV:
        """Keys and values of a base and of those above it, in one stretch."""
        if above is None or own[0][0].shape[2] > new:
            return own
        cat = self._torch.cat
        return [(cat([a[0], o[0]], 2), cat([a[1], o[1]], 2))
                for a, o in zip(above, own, strict=True)]  # fmt: skip

    def _bundles(
        self, batch: Sequence[Bundle], before: int, kept: KV | None, wanted: Ints, out: Read
    ) -> None:
        """Bundles below one base, a row each, padded on the left."""
        rows, length = len(batch), max(len(b.tokens) for b in batch)
        ids = np.zeros((rows, length), dtype=np.int64)
        depth = np.full((rows, length), before, dtype=np.int64)
        sees = np.zeros((rows, 1, length, length), dtype=bool)
        # A row of nothing to see would be no number: what is padded sees itself.
        sees[:, :, np.arange(length), np.arange(length)] = True
        for i, b in enumerate(batch):
            pad = length - len(b.tokens)
            ids[i, pad:] = b.tokens
            depth[i, pad:] = b.depth
            sees[i, 0, pad:, pad:] = b.sees
        read = max(b.read for b in batch)
        states, _ = self._decoder.forward(
            self._put(ids), self._put(depth), read=read, above=kept, mask=self._put(sees)
        )
        self.forwarded += rows * length
        row = np.repeat(np.arange(rows), [len(b.at) for b in batch])
        place = np.concatenate([b.at - len(b.tokens) + read for b in batch])
        spots = np.concatenate([b.spots for b in batch])
        self._take(states[self._put(row), self._put(place)], spots, wanted, out)

    def _take(self, states: Any, spots: Ints, wanted: Ints, out: Read) -> None:
        """Write what the model says at these spots."""
        step = max(1, LOGIT_BUDGET // self._decoder.vocab)
        for low in range(0, len(spots), step):
            here = spots[low : low + step]
            logits = self._decoder.logits(states[low : low + step])
            out.logprobs[here], out.argmax[here] = read_off(self._torch, logits, wanted[here])

    def _batches(self, bundles: Sequence[Bundle]) -> Iterator[list[Bundle]]:
        """Bundles of like size together, within the budgets of tokens, rows and logits."""
        group: list[Bundle] = []
        read = 0
        for b in sorted(bundles, key=lambda x: (len(x.tokens), x.spots[0] if len(x.spots) else -1)):
            n, most = len(group) + 1, max(read, b.read)
            full = n * len(b.tokens) > self._budget or n > self._step(n, most)
            if group and full:
                yield group
                group, most = [], b.read
            group.append(b)
            read = most
        if group:
            yield group


def shares(torch: Any, model: Any) -> float:
    """How long sequences may be to be forwarded as trees; 0 where the model cannot do it.

    A model that sees a window only computes the same as long as everything lies inside it. For
    the rest the model itself is asked: a small tree is scored both ways. Models without masks of
    four dimensions (ALiBi), without such a cache or without attention (recurrent ones) fail here
    and go the plain way.

    Args:
        torch: The library.
        model: In evaluation mode.
    """
    try:
        worst = difference(torch, model, Decoder(torch, model))
    except Exception:  # whatever a model of another kind makes of such a call
        return 0.0
    return window(model) if worst <= MOST_DIFFERENCE else 0.0


def window(model: Any) -> float:
    """How many tokens back a model sees; infinite where there is no such limit."""
    config = model.config.get_text_config()
    width = getattr(config, "sliding_window", None)
    if width is None or getattr(config, "use_sliding_window", True) is False:
        width = float("inf")
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        # Beyond this length all positions of a call are turned differently, those before as well.
        width = min(width, rope.get("original_max_position_embeddings") or width)
    return float(width)


def difference(torch: Any, model: Any, decoder: Any) -> float:
    """Largest difference in log-probability between a tree and its sequences one by one.

    Args:
        torch: The library.
        model: Forwards the sequences.
        decoder: Forwards the tree.
    """
    from saltus.engines.prefix import LEAST_BASE, tree

    vocab = int(model.get_input_embeddings().weight.shape[0])
    some = np.random.default_rng(0).integers(0, vocab, LEAST_BASE + 12).tolist()
    base, tails = some[:LEAST_BASE], (some[-12:-8], some[-8:-5], some[-5:])
    rows = [base + tail for tail in tails] + [base + tails[0][:1] + tails[2]]
    spots = [(r, p) for r, row in enumerate(rows) for p in range(LEAST_BASE - 1, len(row))]
    wanted = np.array([some[p % len(some)] for _, p in spots], dtype=np.int64)
    got = Reader(torch, decoder).tree(tree(rows, spots), wanted).logprobs
    worst = 0.0
    with torch.inference_mode():
        for r, row in enumerate(rows):
            logits = model(input_ids=torch.tensor([row], device=model.device)).logits[0].float()
            plain = logits.log_softmax(-1).cpu().numpy()
            for k, (at, p) in enumerate(spots):
                if at == r:
                    worst = max(worst, abs(float(plain[p, wanted[k]]) - float(got[k])))
    return worst if np.isfinite(worst) else float("inf")
