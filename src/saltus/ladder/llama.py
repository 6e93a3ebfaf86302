"""A compact Llama for training, and its export in Hugging Face format.

The weights of all layers are stacked, so that one fused call serves queries, keys and
values, one serves both halves of the gated MLP, and the optimiser works on a handful of
tensors. `to_hugging_face` renames them to what `transformers` loads; a test holds both
forward passes equal.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from saltus.ladder.corpus import CONTEXT
from saltus.ladder.shape import VOCABULARY, Shape

ROPE_THETA = 10_000.0
NORM_EPS = 1e-5

Weights = dict[str, Tensor]


def initial_weights(shape: Shape, *, seed: int) -> Weights:
    """Random weights; matrices with standard deviation 1/√fan_in, outputs scaled by depth."""
    g = torch.Generator().manual_seed(seed)
    d, m, layers = shape.width, shape.mlp_width, shape.layers

    def normal(*size: int, std: float) -> Tensor:
        return torch.randn(*size, generator=g) * std

    attention = normal(layers, 4, d, d, std=d**-0.5)
    attention[:, 3] /= math.sqrt(2 * layers)
    return {
        "embed": normal(VOCABULARY, d, std=0.02 if d > 64 else 0.05),
        "attention": attention,  # query, key, value, output
        "up": normal(layers, 2, m, d, std=d**-0.5),  # gate, up
        "down": normal(layers, d, m, std=m**-0.5 / math.sqrt(2 * layers)),
        "norms": torch.ones(layers, 2, d),
        "norm": torch.ones(d),
    }


def rotary(shape: Shape, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, each (length, head size)."""
    size = shape.width // shape.heads
    inverse = ROPE_THETA ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.outer(torch.arange(length, dtype=torch.float64), inverse)
    both = torch.cat([angle, angle], dim=-1)
    return both.cos().float(), both.sin().float()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-b, a], dim=-1) * sin


def forward(weights: Weights, shape: Shape, tokens: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Logits, shape (batch, length, vocabulary), of token ids (batch, length)."""
    d, heads = shape.width, shape.heads
    batch, length = tokens.shape
    cos, sin = table
    x = F.embedding(tokens, weights["embed"])
    for attention, up, down, norms in zip(
        weights["attention"].unbind(0), weights["up"].unbind(0), weights["down"].unbind(0),
        weights["norms"].unbind(0), strict=True,
    ):  # fmt: skip
        h = F.rms_norm(x, (d,), norms[0], NORM_EPS)
        qkv = F.linear(h, attention[:3].reshape(3 * d, d)).view(batch, length, 3, heads, d // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + F.linear(mixed.transpose(1, 2).reshape(batch, length, d), attention[3])
        h = F.rms_norm(x, (d,), norms[1], NORM_EPS)
        gate, value = F.linear(h, up.reshape(-1, d)).chunk(2, dim=-1)
        x = x + F.linear(F.silu(gate) * value, down)
    return F.linear(F.rms_norm(x, (d,), weights["norm"], NORM_EPS), weights["embed"])


def to_hugging_face(weights: Weights, shape: Shape) -> tuple[Weights, dict[str, Any]]:
    """Weights and ``config.json`` as `transformers.LlamaForCausalLM` loads them (fp16)."""
    out: Weights = {
        "model.embed_tokens.weight": weights["embed"],
        "model.norm.weight": weights["norm"],
    }
    for i in range(shape.layers):
        prefix = f"model.layers.{i}."
        for j, name in enumerate(("q_proj", "k_proj", "v_proj", "o_proj")):
            out[f"{prefix}self_attn.{name}.weight"] = weights["attention"][i, j]
        out[f"{prefix}mlp.gate_proj.weight"] = weights["up"][i, 0]
        out[f"{prefix}mlp.up_proj.weight"] = weights["up"][i, 1]
        out[f"{prefix}mlp.down_proj.weight"] = weights["down"][i]
        out[f"{prefix}input_layernorm.weight"] = weights["norms"][i, 0]
        out[f"{prefix}post_attention_layernorm.weight"] = weights["norms"][i, 1]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "intermediate_size": shape.mlp_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.width // shape.heads,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": NORM_EPS,
        "rope_theta": ROPE_THETA,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "hidden_act": "silu",
        "pad_token_id": 0,
        "bos_token_id": None,
        "eos_token_id": 2,
        "torch_dtype": "float16",
    }
    return {k: v.detach().half().contiguous() for k, v in out.items()}, config
