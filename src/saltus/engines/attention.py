"""Attention of many short rows: what each token finds in its row and in a stretch above all rows.

PyTorch's kernel takes keys in steps of 16 and what is left of them one by one: 30 keys cost twice
as much as 32. Rows stand one behind the other, so each is given the first keys of the next one as
well, under a mask: nothing is copied, and what is masked weighs exactly 0.
"""

from __future__ import annotations

from typing import Any

STEP = 16
"""Keys that the kernel takes at once."""
SHORT = 512
"""Rows up to this long are masked: in longer ones what is left over is little, and a mask large."""


def spare(length: int) -> int:
    """Keys to read behind a row of so many tokens.

    Examples:
        >>> spare(30), spare(32), spare(513)
        (2, 0, 0)
    """
    return -length % STEP if length <= SHORT else 0


class Attention:
    """Attention of a decoder.

    Args:
        torch: The library.
        heads: Heads of the queries.
        kv_heads: Heads of keys and values; each serves as many queries.
        scale: By which scores are multiplied; None: one over the root of a head's width.
    """

    def __init__(self, torch: Any, heads: int, kv_heads: int, scale: float | None = None) -> None:
        self._torch = torch
        self._groups = heads // kv_heads
        self._scale = scale
        self._triangles: dict[tuple[int, int, int], Any] = {}

    def triangle(self, queries: int, keys: int, behind: int = 0) -> Any:
        """What the last ``queries`` of ``keys`` tokens see: themselves and what stands before.

        Args:
            queries: How many ask.
            keys: How many there are.
            behind: Further keys that nobody sees.
        """
        key = (queries, keys, behind)
        if key not in self._triangles:
            if len(self._triangles) >= 64:
                self._triangles.clear()
            seen = self._torch.ones(queries, keys, dtype=self._torch.bool).tril(keys - queries)
            self._triangles[key] = self.added(seen[None, None], behind)
        return self._triangles[key]

    def added(self, mask: Any, behind: int = 0) -> Any:
        """A mask as what is added to the scores, with keys behind that nobody sees."""
        *shape, keys = mask.shape
        out = self._torch.zeros(*shape, keys + behind)
        out[..., :keys].masked_fill_(~mask, float("-inf"))
        out[..., keys:] = float("-inf")
        return out

    def __call__(
        self, q: Any, k: Any, v: Any, *, above: Any = None, mask: Any = None, causal: bool = False
    ) -> Any:
        """What each query finds.

        Args:
            q: Queries, shape (rows, heads, tokens, head_width).
            k: Keys, shape (rows, kv_heads, keys, head_width).
            v: Values, as keys.
            above: Keys and values of a stretch that all queries see, one row each.
            mask: As `added` gives it.
            causal: Whether, without a mask, a token sees those before it and itself.

        Returns:
            Shape (rows, heads, tokens, head_width).
        """
        torch = self._torch
        k, v = self._for_all(k), self._for_all(v)
        if above is None and q.shape[2] == 1:
            return self._one(q, k, v, mask)
        if above is None:
            return torch.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, is_causal=causal, scale=self._scale
            )
        flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out, weight = flash(q, k, v, 0.0, causal, attn_mask=mask, scale=self._scale)
        rows, heads, length, width = q.shape
        far_k, far_v, far_mask = self._whole_steps(*map(self._for_all, above))
        # One row that all queries stand in: the stretch is read once, and never copied.
        flat = q.transpose(0, 1).reshape(1, heads, rows * length, width)
        far, far_weight = flash(
            flat, far_k, far_v, 0.0, False, attn_mask=far_mask, scale=self._scale
        )
        far = far.view(heads, rows, length, width).transpose(0, 1)
        far_weight = far_weight.view(heads, rows, length).transpose(0, 1)
        share = torch.sigmoid(far_weight - weight.view(rows, heads, length))
        return out.lerp(far, share[..., None].to(out.dtype))

    def _for_all(self, values: Any) -> Any:
        return values.repeat_interleave(self._groups, 1) if self._groups > 1 else values

    def _one(self, q: Any, k: Any, v: Any, mask: Any) -> Any:
        """One query a row, where plain products are a fifth faster than the kernel."""
        torch = self._torch
        weight = torch.matmul(q, k.transpose(2, 3))
        if self._scale != 1.0:
            weight.mul_(q.shape[3] ** -0.5 if self._scale is None else self._scale)
        weight = weight.softmax(-1) if mask is None else weight.add_(mask).softmax(-1)
        return torch.matmul(weight, v)

    def _whole_steps(self, k: Any, v: Any) -> tuple[Any, Any, Any]:
        """Keys and values of a stretch in whole steps, and the mask that this takes."""
        keys = k.shape[2]
        behind = spare(keys)
        if not behind:
            return k, v, None
        pad = self._torch.nn.functional.pad
        seen = self._torch.ones(1, 1, 1, keys, dtype=self._torch.bool)
        return pad(k, (0, 0, 0, behind)), pad(v, (0, 0, 0, behind)), self.added(seen, behind)
