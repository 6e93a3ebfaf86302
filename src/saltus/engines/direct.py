"""The plainest Llama folders, read without transformers: it takes two seconds to import.

Only what is certain goes this way: a configuration with no key that is not known here, the standard
rotary embedding, exactly the tensors that are expected, and a tokenizer that is its
``tokenizer.json`` and nothing else. Everything else is loaded by transformers. A run compares
the two on one of its models and says in its sheet how far they are apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from saltus.engines.folder import weight_files
from saltus.engines.words import Words, words_of

NEEDED = {
    "hidden_act", "hidden_size", "intermediate_size", "max_position_embeddings",
    "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "rms_norm_eps",
    "tie_word_embeddings", "vocab_size",
}  # fmt: skip
FIXED: dict[str, tuple[Any, ...]] = {
    "architectures": (["LlamaForCausalLM"],),
    "model_type": ("llama",),
    "hidden_act": ("silu",),
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "pretraining_tp": (1,),
    "rope_scaling": (None,),
}
"""Values that a key must have where it is there."""
IDLE = {
    "attention_dropout", "bos_token_id", "dtype", "eos_token_id", "head_dim", "initializer_range",
    "pad_token_id", "rope_parameters", "rope_theta", "torch_dtype", "transformers_version",
    "use_cache",
}  # fmt: skip
"""Keys that change nothing here, or are read below."""
GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Classes of tokenizers that are their ``tokenizer.json`` and nothing else."""
TOKENIZER_KEYS = {
    "backend", "clean_up_tokenization_spaces", "extra_special_tokens", "model_max_length",
    "tokenizer_class", "bos_token", "eos_token", "pad_token", "unk_token",
    "model_input_names", "padding_side", "added_tokens_decoder", "is_local",
}  # fmt: skip


def config_of(folder: Path) -> dict[str, Any] | None:
    """The configuration, if it is one of those that are certain."""
    config = _json(folder / "config.json")
    if config is None or set(config) - NEEDED - set(FIXED) - IDLE or NEEDED - set(config):
        return None
    if config.get("architectures") != ["LlamaForCausalLM"]:
        return None
    if any(config[key] not in values for key, values in FIXED.items() if key in config):
        return None
    return config if _theta(config) else None


def _theta(config: dict[str, Any]) -> float | None:
    """Base of the rotary embedding, None where it is not the standard one."""
    stated = config.get("rope_parameters")
    if stated is None:
        stated = {"rope_theta": config.get("rope_theta")}
    if not isinstance(stated, dict) or set(stated) - {"rope_theta", "rope_type"}:
        return None
    theta = stated.get("rope_theta")
    standard = stated.get("rope_type", "default") == "default"
    return float(theta) if standard and isinstance(theta, int | float) else None


def model_of(torch: Any, folder: Path, config: dict[str, Any]) -> Any | None:
    """The model's tensors under the names of its modules in transformers, in float32.

    Args:
        torch: The library.
        folder: The model folder.
        config: From `config_of`.

    Returns:
        What `saltus.engines.llama.Llama` takes for a model; None where tensors are missing, too
        many, or of another shape.
    """
    import safetensors

    values = SimpleNamespace(**{"eos_token_id": None, **config})
    values.head_dim = config.get("head_dim") or config["hidden_size"] // values.num_attention_heads
    values.get_text_config = lambda: values
    expected = _expected(values)
    found: dict[str, Any] = {}
    for file in weight_files(folder):
        with safetensors.safe_open(str(file), framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - not a mapping
                if not name.endswith("rotary_emb.inv_freq"):
                    found[name] = tensors.get_tensor(name).to(torch.float32)
    if config["tie_word_embeddings"]:
        found.setdefault("lm_head.weight", found.get("model.embed_tokens.weight"))
    if {name: tuple(getattr(t, "shape", ())) for name, t in found.items()} != expected:
        return None
    root = _modules(torch, values, found, float(_theta(config) or 0.0))
    how = _json(folder / "generation_config.json")
    if how is not None:
        root.generation_config = SimpleNamespace(eos_token_id=how.get("eos_token_id"))
    root.dtype = torch.float32
    return root


def _expected(c: SimpleNamespace) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor by name."""
    width, inner = c.hidden_size, c.intermediate_size
    q, kv = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    layer = {
        "self_attn.q_proj": (q, width), "self_attn.k_proj": (kv, width),
        "self_attn.v_proj": (kv, width), "self_attn.o_proj": (width, q),
        "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width),
        "mlp.down_proj": (width, inner),
        "input_layernorm": (width,), "post_attention_layernorm": (width,),
    }  # fmt: skip
    out: dict[str, tuple[int, ...]] = {
        f"model.layers.{i}.{name}.weight": shape
        for i in range(c.num_hidden_layers)
        for name, shape in layer.items()
    }
    ends = {"model.embed_tokens": (c.vocab_size, width), "lm_head": (c.vocab_size, width)}
    return out | {f"{n}.weight": s for n, s in ends.items()} | {"model.norm.weight": (width,)}


def _modules(torch: Any, config: SimpleNamespace, found: dict[str, Any], theta: float) -> Any:
    """The tensors in a tree of plain objects."""
    root = SimpleNamespace(config=config, generation_config=None)
    for name, tensor in found.items():
        at = root
        *path, last = name.split(".")
        for part in path:
            if not hasattr(at, part):
                setattr(at, part, SimpleNamespace(bias=None))
            at = getattr(at, part)
        setattr(at, last, tensor)
    body = root.model
    body.layers = [getattr(body.layers, str(i)) for i in range(config.num_hidden_layers)]
    width = config.head_dim
    steps = torch.arange(0, width, 2, dtype=torch.float) / width
    frequencies = 1.0 / (theta**steps)

    def rotary(_: Any, positions: Any) -> tuple[Any, Any]:
        angles = positions[..., None].float() * frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()

    body.rotary_emb = rotary
    root.get_input_embeddings = lambda: body.embed_tokens
    return root


class Tokenizer:
    """A ``tokenizer.json``, called as tokenizers of transformers are called here.

    Args:
        raw: The library's tokenizer.
        bos: Token that begins a text.
        eos: Token that ends one.
        words: The same tokenizer as a table of words, if it is no more than that.
    """

    chat_template = None

    def __init__(
        self, raw: Any, bos: int | None, eos: int | None, words: Words | None = None
    ) -> None:
        self._raw = raw
        self._words = words
        self.bos_token_id = bos
        self.eos_token_id = eos

    def __call__(
        self, texts: str | list[str], *, add_special_tokens: bool = True, **_: Any
    ) -> dict[str, Any]:
        """Token ids of one text, or of each of several."""
        if isinstance(texts, str):
            one = self._raw.encode(texts, add_special_tokens=add_special_tokens)
            return {"input_ids": one.ids}
        found = [None] * len(texts) if self._words is None else list(map(self._words.ids, texts))
        rest = [i for i, ids in enumerate(found) if ids is None]
        if rest:
            left = [texts[i] for i in rest]
            many = self._raw.encode_batch_fast(left, add_special_tokens=add_special_tokens)
            for i, one in zip(rest, many, strict=True):
                found[i] = one.ids
        return {"input_ids": found}

    def __len__(self) -> int:
        return int(self._raw.get_vocab_size(with_added_tokens=True))

    def decode(self, ids: list[int], *, skip_special_tokens: bool = False, **_: Any) -> str:
        """Text of token ids."""
        return str(self._raw.decode(ids, skip_special_tokens=skip_special_tokens))

    def batch_decode(
        self, rows: list[list[int]], *, skip_special_tokens: bool = False, **_: Any
    ) -> list[str]:
        """Text of each list of token ids."""
        texts = self._raw.decode_batch(rows, skip_special_tokens=skip_special_tokens)
        return [str(text) for text in texts]


def tokenizer_of(folder: Path) -> Tokenizer | None:
    """The tokenizer, if it is its ``tokenizer.json`` and nothing else."""
    settings, whole = _json(folder / "tokenizer_config.json"), _json(folder / "tokenizer.json")
    if settings is None or whole is None:
        return None
    if settings.get("tokenizer_class") not in GENERIC or set(settings) - TOKENIZER_KEYS:
        return None
    others = ("special_tokens_map.json", "added_tokens.json", "chat_template.jinja")
    if any((folder / name).exists() for name in others) or settings.get("extra_special_tokens"):
        return None
    added = {t.get("content"): t.get("id") for t in whole.get("added_tokens", []) if t["special"]}
    stated = [settings.get(f"{kind}_token") for kind in ("bos", "eos", "pad", "unk")]
    listed = (settings.get("added_tokens_decoder") or {}).values()
    names = [s for s in (*stated, *(t.get("content") for t in listed)) if s is not None]
    if any(not isinstance(name, str) or name not in added for name in names):
        return None
    import tokenizers

    raw = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    raw.no_truncation()
    raw.no_padding()
    return Tokenizer(raw, added.get(stated[0]), added.get(stated[1]), words_of(whole))


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
