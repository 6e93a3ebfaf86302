"""Decoders of the Llama kind, written out for scoring: nothing is computed that is not read.

Same weights and same arithmetic as the model of transformers, and checked against it before use.
What is saved: one matrix product for queries, keys and values; in small models, which spend most
of their time between the products, positions are turned as complex numbers and the weights of the
norms stand in the matrices behind them, and of a small vocabulary, the first layer's queries, keys
and values are looked up by token; a stretch that all rows share is attended to once for all
of them, without copies, and joined with the rest by the two parts' log-sums (as FlashAttention
joins its blocks; Dao et al. 2022, §3.1); the last layer is computed only where something is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saltus.engines.attention import Attention, spare
from saltus.engines.products import filling, products

KINDS = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM")
ROTATIONS = ("default", "linear", "llama3")
"""Rotary embeddings whose frequencies do not depend on the length of a sequence."""

MOST_TURNED = 512
"""Width up to which a model gets matrices of its own, arranged for speed: in wider ones products
are nearly all of the time, and copies of their matrices are memory."""

MOST_COPIED = 4_000_000
"""Numbers up to which a matrix of the vocabulary is copied, or made, too."""

KV = list[tuple[Any, Any]]
"""Keys and values of each layer, shape (rows, kv_heads, tokens, head_width)."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices of a layer; norms are None where their weights stand in the matrices."""

    norm_in: Any
    qkv: Any
    qkv_bias: Any
    out: Any
    norm_mid: Any
    gate: Any
    up: Any
    down: Any


class Llama:
    """A model of transformers, rearranged.

    Of wide models, matrices are laid together, and those of the model become views of them: both
    can be used and memory does not grow. Of models up to `MOST_TURNED` they are copied.

    Args:
        torch: The library.
        model: One of `KINDS` on the CPU; see `suits`.
    """

    def __init__(self, torch: Any, model: Any) -> None:
        self._torch = torch
        by = products(torch)
        self._linear, self._gated = by.linear, by.gated
        config = model.config
        body = model.model
        self._heads = int(config.num_attention_heads)
        self._kv_heads = int(config.num_key_value_heads)
        self._width = int(
            getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        )
        self._turned = int(config.hidden_size) <= MOST_TURNED and self._width % 2 == 0
        self._attend = Attention(torch, self._heads, self._kv_heads, 1.0 if self._turned else None)
        self._eps = float(config.rms_norm_eps)
        self._least = torch.tensor([[(config.hidden_size * self._eps) ** 0.5]])
        self._embed = body.embed_tokens.weight
        self.device = self._embed.device
        self.vocab = int(self._embed.shape[0])
        self._norm = body.norm.weight
        self._head = model.lm_head.weight
        self._head_turned = self._turned and self._head.numel() <= MOST_COPIED
        self._rotary = body.rotary_emb
        self._first: Any = None
        with torch.inference_mode():
            if self._turned:
                rotated = (self._heads, self._kv_heads, self._width)
                self._layers = [_turned(torch, layer, *rotated) for layer in body.layers]
            else:
                self._layers = [_rearranged(torch, layer) for layer in body.layers]
            if self._head_turned:
                self._head = self._head * (self._norm * self._norm.numel() ** 0.5)
            first = self._layers[0] if self._layers else None
            if self._turned and first and self.vocab * len(first.qkv) <= MOST_COPIED:
                every = self._normed(self._embed, None)
                self._first = torch.nn.functional.linear(every, first.qkv, first.qkv_bias)
        self._cos: Any = None
        self._sin: Any = None
        self._turns: Any = None

    def _angles(self, positions: Any) -> tuple[Any, ...]:
        """By how much positions turn queries and keys.

        Returns:
            Turns, complex, shape (rows, tokens, all heads · head_width / 2), those of the values
            being 1; or, where pairs lie half a head apart, cosines and sines, each of shape
            (rows, tokens, 1, head_width / 2).
        """
        torch, half = self._torch, self._width // 2
        longest = int(positions.max()) + 1
        if self._cos is None or len(self._cos) < longest:
            at = torch.arange(max(longest, 256))[None]
            cos, sin = self._rotary(self._embed[:1, :1], at)
            self._cos, self._sin = cos[0, :, :half].contiguous(), sin[0, :, :half].contiguous()
            if self._turned:
                turn = torch.complex(self._cos, self._sin).repeat(1, self._heads + self._kv_heads)
                self._turns = torch.nn.functional.pad(turn, (0, self._kv_heads * half), value=1.0)
        if self._turned:
            return (self._turns[positions],)
        return self._cos[positions][:, :, None], self._sin[positions][:, :, None]

    def _turn(self, qkv: Any, angles: tuple[Any, ...]) -> None:
        """Turn queries and keys by their positions, in place; rotary embedding (Su et al. 2021)."""
        if self._turned:
            pairs = self._torch.view_as_complex(qkv.view(*qkv.shape[:2], -1, 2))
            pairs.mul_(angles[0])
            return
        cos, sin = angles
        half, rotated = self._width // 2, self._heads + self._kv_heads
        a, b = qkv[:, :, :rotated, :half], qkv[:, :, :rotated, half:]
        turned = a * sin
        a.mul_(cos).addcmul_(b, sin, value=-1)
        b.mul_(cos).add_(turned)

    def _normed(self, x: Any, weight: Any) -> Any:
        """Rows over their root mean square; times a weight, where that stands alone.

        Where it does not, rows come out with a length of 1: the root of the width, too, stands in
        the matrices.
        """
        torch = self._torch
        if weight is not None:
            return torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, self._eps)
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return x / length.hypot_(self._least)

    def forward(
        self,
        ids: Any,
        positions: Any,
        *,
        read: int,
        above: KV | None = None,
        own: list[Any] | None = None,
        mask: Any = None,
        keep: bool = False,
    ) -> tuple[Any, KV]:
        """Hidden states at the end of each row, ready for `logits`.

        Args:
            ids: Token ids, shape (rows, tokens).
            positions: Position of each in its sequence, shape (rows, tokens) or (1, tokens).
            read: States are wanted for this many tokens at the end of each row.
            above: Keys and values of a stretch that every row begins with, one row each.
            own: Earlier keys and values of each row, by layer: ``keys``, ``values`` and
                ``update``, which adds these and gives all, as in a cache of transformers.
            mask: True where a token (third dimension) sees another (fourth: earlier ones of the
                row, then these), shape (rows or 1, 1, tokens, earlier + tokens); when None, a
                token sees all earlier ones and, of these, those before it and itself.
            keep: Whether keys and values are wanted.

        Returns:
            States of shape (rows, read, width); keys and values of ``own`` and these tokens, of
            each layer, or an empty list.
        """
        fn, product = self._torch.nn.functional, self._linear
        rows, length = ids.shape
        angles = self._angles(positions)
        rotated = self._heads + self._kv_heads
        kept: KV = []
        earlier = int(own[0].keys.shape[2]) if own else 0
        alone = length == 1 and above is None
        behind = 0 if own or alone else spare(length)
        causal = False
        if mask is not None:
            mask = self._attend.added(mask, behind)
        elif earlier or behind or (above is not None and length == 1):
            mask = self._attend.triangle(length, earlier + length, behind)
        else:
            causal = length > 1
        ids = self._filled(ids.reshape(-1), behind)
        x = fn.embedding(ids, self._embed)
        last = len(self._layers) - 1
        for number, layer in enumerate(self._layers):
            if number == 0 and self._first is not None:
                qkv = fn.embedding(ids, self._first)
            else:
                qkv = product(self._normed(x, layer.norm_in), layer.qkv, layer.qkv_bias)
            rows_qkv = qkv[: rows * length].view(rows, length, -1, self._width)
            self._turn(rows_qkv, angles)
            q = rows_qkv[:, :, : self._heads].transpose(1, 2)
            k = self._keys(qkv, rows, length, behind, self._heads)
            v = self._keys(qkv, rows, length, behind, rotated)
            if own is not None:
                k, v = own[number].update(k, v)
            if keep:
                kept.append((k[:, :, : earlier + length], v[:, :, : earlier + length]))
            if number == last and read < length:
                q = q[:, :, -read:]
                x = self._filled(x[: rows * length].view(rows, length, -1)[:, -read:].flatten(0, 1))
                if mask is not None:
                    mask = mask[:, :, -read:]
                elif causal:
                    mask, causal = self._attend.triangle(read, length), False
            stretch = above[number] if above else None
            z = self._attend(q, k, v, above=stretch, mask=mask, causal=causal)
            z = z.transpose(1, 2).reshape(rows * z.shape[2], -1)
            if len(z) < len(x):
                z = fn.pad(z, (0, 0, 0, len(x) - len(z)))
            x = product(z, layer.out).add_(x)
            z = self._gated(self._normed(x, layer.norm_mid), layer.gate, layer.up)
            x = product(z, layer.down).add_(x)
        read = min(read, length)
        return x[: rows * read].view(rows, read, -1), kept

    def _keys(self, qkv: Any, rows: int, length: int, behind: int, first: int) -> Any:
        """Keys or values of each row, with some of what stands behind it; not copied.

        Args:
            qkv: All of a batch, those of a token side by side.
            rows: Rows of the batch.
            length: Tokens of each.
            behind: Tokens behind them that are to be seen as well.
            first: Which head is the first of them.
        """
        width, stride = self._width, qkv.stride(0)
        return qkv.as_strided(
            (rows, self._kv_heads, length + behind, width),
            (length * stride, width, stride, 1),
            qkv.storage_offset() + first * width,
        )

    def _filled(self, values: Any, least: int = 0) -> Any:
        """The same with zeros behind, as `filling` says, but so many of them at least."""
        n, width = len(values), self._embed.shape[1]
        fill = least + filling(n + least, width)
        pad = (0, 0) * (values.dim() - 1) + (0, fill)
        return self._torch.nn.functional.pad(values, pad) if fill else values

    def logits(self, states: Any) -> Any:
        """Logits, shape (n, vocab), of hidden states, shape (n, width)."""
        norm = None if self._head_turned else self._norm
        return self._linear(self._normed(self._filled(states), norm), self._head)[: len(states)]


def suits(model: Any) -> bool:
    """Whether a model is one that `Llama` computes: architecture, attention, place and type.

    Args:
        model: A causal language model of transformers.
    """
    config = model.config
    rope = getattr(config, "rope_parameters", None) or {}
    weight = model.get_input_embeddings().weight
    return (
        type(model).__name__ in KINDS
        and rope.get("rope_type", "default") in ROTATIONS
        and rope.get("partial_rotary_factor", 1.0) == 1.0
        and config.hidden_act == "silu"
        and not getattr(config, "attention_bias", False)
        and not getattr(config, "mlp_bias", False)
        and not getattr(config, "quantization_config", None)
        and weight.device.type == "cpu"
        and str(weight.dtype) == "torch.float32"
    )


def _rearranged(torch: Any, layer: Any) -> _Layer:
    """Matrices of a layer, those for queries, keys and values in one, without lasting copies."""
    attention, mlp = layer.self_attn, layer.mlp
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    whole = torch.cat([p.weight.data for p in parts])
    first = 0
    for part in parts:
        n = part.weight.shape[0]
        part.weight.data = whole[first : first + n]
        first += n
    return _Layer(
        norm_in=layer.input_layernorm.weight,
        qkv=whole,
        qkv_bias=torch.cat([p.bias for p in parts]) if parts[0].bias is not None else None,
        out=attention.o_proj.weight,
        norm_mid=layer.post_attention_layernorm.weight,
        gate=mlp.gate_proj.weight,
        up=mlp.up_proj.weight,
        down=mlp.down_proj.weight,
    )


def _turned(torch: Any, layer: Any, heads: int, kv_heads: int, width: int) -> _Layer:
    """The same in copies that hold the norms before them and the scale of attention.

    What positions turn together, two numbers half a head apart, is laid side by side, in queries
    and keys alike: their products stay the same.
    """
    attention, mlp = layer.self_attn, layer.mlp
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    side_by_side = torch.arange(width).view(2, -1).t().reshape(-1)
    turned = torch.arange(heads + kv_heads)[:, None] * width + side_by_side
    still = torch.arange(kv_heads * width) + turned.numel()
    order = torch.cat([turned.reshape(-1), still])
    biased = parts[0].bias is not None
    root = float(parts[0].weight.shape[1]) ** 0.5
    before = layer.input_layernorm.weight * root
    between = layer.post_attention_layernorm.weight * root
    qkv = torch.cat([p.weight for p in parts])[order] * before
    bias = torch.cat([p.bias for p in parts])[order] if biased else None
    qkv[: heads * width] *= width**-0.5
    if bias is not None:
        bias[: heads * width] *= width**-0.5
    return _Layer(
        norm_in=None,
        qkv=qkv,
        qkv_bias=bias,
        out=attention.o_proj.weight,
        norm_mid=None,
        gate=mlp.gate_proj.weight * between,
        up=mlp.up_proj.weight * between,
        down=mlp.down_proj.weight,
    )
