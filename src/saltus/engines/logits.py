"""What is read off logits: a token's log-probability, and the most probable token."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR = 500_000
"""Logits that are read at once on a CPU: they and their exponentials stay near the processor."""


def read_off(
    torch: Any, logits: Any, wanted: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Log-probabilities of tokens, and the most probable token of each row.

    Args:
        torch: The library.
        logits: Shape (rows, vocab), of any type and place.
        wanted: Token of each row, shape (rows,); None: the most probable one.

    Returns:
        Log-probability of each row's token, nats, shape (rows,), NaN where the logits are no
        numbers; and the most probable token, shape (rows,), the first where there are several.
    """
    rows, vocab = logits.shape
    own = np.empty(rows, dtype=np.float32)
    top = np.empty(rows, dtype=np.int64)
    # On the CPU NumPy finds the largest five times as fast as PyTorch.
    near = logits.device.type == "cpu"
    step = max(1, NEAR // vocab) if near else max(1, rows)
    for low in range(0, rows, step):
        here = slice(low, low + step)
        part = logits[here].float()
        top[here] = part.numpy().argmax(axis=1) if near else part.argmax(dim=1).cpu().numpy()
        at = torch.from_numpy(top[here] if wanted is None else wanted[here]).to(part.device)
        own[here] = part.log_softmax(dim=1).gather(1, at[:, None])[:, 0].cpu().numpy()
    return own, top
