"""The decoder written out computes what the model of transformers computes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from saltus.engines import llama  # noqa: E402
from saltus.engines.llama import Llama, suits  # noqa: E402
from saltus.engines.products import linear, speed_up  # noqa: E402
from saltus.engines.shared import difference  # noqa: E402

COMMON = {
    "vocab_size": 300, "hidden_size": 64, "intermediate_size": 144, "num_hidden_layers": 3,
    "num_attention_heads": 4, "max_position_embeddings": 512,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
KINDS = {
    "Llama": ("Llama", {}),
    "grouped": ("Llama", {"num_key_value_heads": 2}),
    "wide heads": ("Llama", {"head_dim": 24}),
    "tied": ("Llama", {"tie_word_embeddings": True}),
    "llama3 positions": ("Llama", {"rope_parameters": LLAMA3}),
    "Mistral": ("Mistral", {"num_key_value_heads": 2, "sliding_window": None}),
    "Qwen2": ("Qwen2", {"num_key_value_heads": 2}),
}


def made(kind, **more):
    torch.manual_seed(0)
    config = getattr(transformers, kind + "Config")(**COMMON, **more)
    model = getattr(transformers, kind + "ForCausalLM")(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "bias" in name or "norm" in name:
                weight += 0.2 * torch.randn_like(weight)
            elif weight.ndim == 2:
                weight *= 4
    return model


def spread(states, decoder):
    """Log-probabilities of every token, shape (rows, tokens, vocab)."""
    rows, read, _ = states.shape
    return decoder.logits(states.flatten(0, 1)).view(rows, read, -1).log_softmax(-1)


@pytest.mark.parametrize("most", [{}, {"MOST_COPIED": 0}, {"MOST_TURNED": 0}], ids=str)
@pytest.mark.parametrize("name", KINDS)
def test_equals_the_model(name, most, monkeypatch):
    for limit, value in most.items():
        monkeypatch.setattr(llama, limit, value)
    kind, more = KINDS[name]
    model = made(kind, **more)
    ids = torch.randint(0, 300, (6, 150), generator=torch.Generator().manual_seed(1))
    at = torch.arange(150)[None]
    with torch.inference_mode():
        want = model(input_ids=ids).logits.log_softmax(-1)
        assert suits(model)
        lean = Llama(torch, model)
        after = model(input_ids=ids).logits.log_softmax(-1)
        whole, _ = lean.forward(ids, at, read=150)
        end, _ = lean.forward(ids, at, read=9)
        # The first hundred tokens once, for all rows; then ten of each row; then the rest.
        ids[:, :100] = ids[:1, :100]
        joined = model(input_ids=ids).logits.log_softmax(-1)
        _, above = lean.forward(ids[:1, :100], at[:, :100], read=1, keep=True)
        _, own = lean.forward(ids[:, 100:110], at[:, 100:110], read=1, above=above, keep=True)
        own = transformers.DynamicCache(own).layers
        rest, _ = lean.forward(ids[:, 110:], at[:, 110:], read=4, above=above, own=own)
    assert torch.equal(want, after), "the model's own weights are unchanged"
    assert (spread(whole, lean) - want).abs().max() < 1e-4
    assert (spread(end, lean) - want[:, -9:]).abs().max() < 1e-4
    assert (spread(rest, lean) - joined[:, -4:]).abs().max() < 1e-4
    assert difference(torch, model, lean) < 1e-4


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Llama", {"hidden_act": "gelu"}),
        ("Llama", {"attention_bias": True}),
        ("Llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}),
        ("Gemma", {"head_dim": 16, "num_key_value_heads": 2}),
        ("GPTNeoX", {}),
    ],
)
def test_others_are_left_to_transformers(kind, more):
    assert not suits(made(kind, **more))


def test_half_precision_is_left_to_transformers():
    assert not suits(made("Llama").to(torch.bfloat16))


@pytest.mark.parametrize("rows", [1, 100, 128, 256, 300, 1000])
@pytest.mark.parametrize("width", [12, 64])
def test_a_product_is_the_usual_product(rows, width):
    rng = torch.Generator().manual_seed(rows)
    x, w = torch.randn(rows, width, generator=rng), torch.randn(40, width, generator=rng)
    bias = torch.randn(40, generator=rng)
    got = linear(torch)(x, w, bias)
    assert (got - torch.nn.functional.linear(x, w, bias)).abs().max() < 1e-4
    cube = x.view(rows, 1, width).expand(rows, 2, width)
    assert linear(torch)(cube, w).shape == (rows, 2, 40)
    assert (linear(torch)(cube, w)[:, 1] - x @ w.T).abs().max() < 1e-4


def test_a_model_computes_the_same_with_its_layers_sped_up():
    model = made("GPTNeoX")
    ids = torch.randint(0, 300, (4, 100), generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        want = model(input_ids=ids).logits
        speed_up(torch, model)
        got = model(input_ids=ids).logits
    assert any("forward" in vars(m) for m in model.modules())
    assert np.isfinite(got.numpy()).all()
    assert (got - want).abs().max() < 1e-3
