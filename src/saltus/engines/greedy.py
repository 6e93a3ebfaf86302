"""Greedy decoding in batches, up to the first line break.

Prompts are sorted by length and padded on the left; rows that have ended leave the batch. Taking
the most probable token is all there is to it, so no sampling machinery is involved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from saltus.engines.encode import Encoder
from saltus.engines.engine import END, Generated
from saltus.errors import ModelError

ROWS = 256
"""Prompts decoded together."""


def generate(
    torch: Any,
    model: Any,
    encoder: Encoder,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    vocab: int,
) -> list[Generated]:
    """Greedy continuation of every prompt, in the order given.

    Args:
        torch: The library, imported by the engine.
        model: A causal language model.
        encoder: Its tokenizer.
        prompts: Token ids.
        max_tokens: Tokens to write at most.
        vocab: Size of the model's vocabulary.

    Raises:
        ModelError: The model's output is not a number.
    """
    stops = torch.from_numpy(encoder.ends(vocab).copy())
    closing = _closing(model)
    stops[[i for i in closing if i < vocab]] = True
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out: dict[int, Generated] = {}
    for low in range(0, len(order), ROWS):
        group = order[low : low + ROWS]
        with torch.inference_mode():
            ids, logprobs = _decode(torch, model, [prompts[i] for i in group], stops, max_tokens)
        for i, row, lps in zip(group, ids, logprobs, strict=True):
            ended = bool(row) and bool(stops[row[-1]])
            shown = row[:-1] if ended and row[-1] in closing else row
            out[i] = Generated(
                text=encoder.decode(shown).split(END, 1)[0],
                token_ids=np.array(row, dtype=np.int32),
                logprobs=np.array(lps, dtype=np.float32),
                truncated=not ended,
            )
    return [out[i] for i in range(len(prompts))]


def _closing(model: Any) -> set[int]:
    """Tokens by which the model says that it is done."""
    config = getattr(model, "generation_config", None) or model.config
    ids = config.eos_token_id
    return set(ids) if isinstance(ids, list) else set() if ids is None else {ids}


def _decode(
    torch: Any, model: Any, prompts: list[list[int]], stops: Any, max_tokens: int
) -> tuple[list[list[int]], list[list[float]]]:
    """Tokens written for each prompt, the ending one included, and their log-probabilities."""
    longest = max(map(len, prompts))
    ids = torch.zeros((len(prompts), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for r, prompt in enumerate(prompts):
        ids[r, longest - len(prompt) :] = torch.tensor(prompt)
        mask[r, longest - len(prompt) :] = 1
    # Without padding no mask is needed, and attention takes its faster causal path.
    padded = bool((mask == 0).any())
    position = (mask.cumsum(1) - 1).clamp(min=0)
    owner = torch.arange(len(prompts))
    alive = torch.ones(len(prompts), dtype=torch.bool)
    written: list[list[int]] = [[] for _ in prompts]
    logprobs: list[list[float]] = [[] for _ in prompts]
    cache = None
    for step in range(max_tokens):
        result = model(
            input_ids=ids,
            attention_mask=mask if padded else None,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = result.past_key_values
        logits = result.logits[:, -1].float()
        top, token = logits.max(dim=1)
        own = top - logits.logsumexp(dim=1)
        if not bool(torch.isfinite(own[alive]).all()):
            raise ModelError("the model's output is not a number")
        new = (owner[alive].tolist(), token[alive].tolist(), own[alive].tolist())
        for r, t, lp in zip(*new, strict=True):
            written[r].append(t)
            logprobs[r].append(min(lp, 0.0))
        alive = alive & ~stops[token]
        left = int(alive.sum())
        if step + 1 == max_tokens or left == 0:
            break
        position = position[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        # Copying the cache costs about as much as a step: drop ended rows only in bulk.
        if left < 0.75 * len(alive):
            cache.batch_select_indices(torch.nonzero(alive)[:, 0])
            owner, token, mask, position = owner[alive], token[alive], mask[alive], position[alive]
            alive = alive[alive]
        ids = token[:, None]
    return written, logprobs
