"""The sizes of the built-in ladder: widths, layers and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from saltus.errors import LadderError
from saltus.scale import exact_training_flops, non_embedding_params

VOCABULARY = 229


@dataclass(frozen=True, slots=True)
class Shape:
    """Architecture of one size (Llama: RMSNorm, RoPE, SwiGLU, tied embeddings).

    Attributes:
        name: Approximate non-embedding parameters, e.g. ``36k``.
        width: Residual width d.
        layers: Number of blocks.
        heads: Attention heads; width / heads is even.
        mlp_width: Hidden width of the gated MLP.
        muon_rate: Learning rate of the matrices.
        adam_rate: Learning rate of the embedding and the norms.
    """

    name: str
    width: int
    layers: int
    heads: int
    mlp_width: int
    muon_rate: float = 0.004
    adam_rate: float = 1.5e-2

    @property
    def params(self) -> int:
        """Non-embedding parameters."""
        return non_embedding_params(layers=self.layers, width=self.width, mlp_width=self.mlp_width)

    @property
    def params_total(self) -> int:
        """All parameters; the embedding is tied to the output and counts once."""
        return self.params + VOCABULARY * self.width

    def flops(self, tokens: float, *, context: int) -> float:
        """Exact training FLOPs for ``tokens`` tokens."""
        return exact_training_flops(
            layers=self.layers, width=self.width, mlp_width=self.mlp_width,
            vocab=VOCABULARY, context=context, tokens=tokens,
        )  # fmt: skip


SHAPES: dict[str, Shape] = {
    s.name: s
    for s in (
        Shape("1.5k", 12, 1, 1, 26),
        Shape("3.4k", 16, 1, 1, 48),
        Shape("9k", 20, 2, 1, 48),
        Shape("18k", 24, 3, 1, 52),
        Shape("36k", 32, 3, 1, 84),
        Shape("72k", 44, 4, 2, 78),
        Shape("144k", 56, 4, 2, 139, adam_rate=1e-2),
        Shape("300k", 80, 4, 4, 206, adam_rate=1e-2),
        Shape("970k", 128, 5, 4, 334, muon_rate=0.003, adam_rate=6e-3),
    )
}


def get_shape(name: str) -> Shape:
    """The shape of this name.

    Raises:
        LadderError: The built-in ladder has no such size.
    """
    if name not in SHAPES:
        raise LadderError(f"unknown size {name!r}", hint="one of " + ", ".join(SHAPES))
    return SHAPES[name]
