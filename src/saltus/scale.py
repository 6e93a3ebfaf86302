"""How big a model is, and who is measured: Scale, Model, Ladder.

Pure values, no IO. Missing is ``None``, never guessed. FLOPs come in two definitions and a
Scale records both where it can: ``6·N·D`` (Kaplan et al. 2020) and the exact count of the
matrix multiplications of a decoder (`exact_training_flops`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, get_args

from saltus.errors import LadderError

Axis = Literal["params", "flops", "tokens", "loss", "step"]
AXES: tuple[Axis, ...] = get_args(Axis)


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of one checkpoint.

    Attributes:
        params: Non-embedding parameters N.
        params_total: All parameters, embeddings counted once when tied.
        params_active: Parameters used per token (mixture of experts); None when all are.
        tokens: Training tokens D seen.
        flops: Training compute C in FLOPs, exact where known, else 6·N·D.
        flops_6nd: Training compute by Kaplan's rule 6·N·D.
        loss: Validation loss in nats per token.
        step: Optimiser step of the checkpoint.
    """

    params: float | None = None
    params_total: float | None = None
    params_active: float | None = None
    tokens: float | None = None
    flops: float | None = None
    flops_6nd: float | None = None
    loss: float | None = None
    step: int | None = None

    def on(self, axis: Axis) -> float | None:
        """Position on ``axis``, or None where it is not known.

        Examples:
            >>> Scale(params=1e6, tokens=2e7, flops=1.2e14).on("flops")
            120000000000000.0
        """
        if axis not in AXES:
            raise LadderError(f"unknown axis {axis!r}", hint=f"one of {', '.join(AXES)}")
        value = getattr(self, axis)
        return None if value is None else float(value)


SCALE_FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Scale))


@dataclass(frozen=True, slots=True)
class Model:
    """One checkpoint that can be measured.

    Attributes:
        id: Unique within its ladder, e.g. ``36k-s1-step1024``.
        family: Models that differ in scale only share a family.
        scale: How big it is.
        seed: Training seed, None where unknown.
        size: Name of the size it belongs to, e.g. ``36k``; checkpoints of one run share it.
        final: Whether it is the last checkpoint of its run.
        path: Folder of the weights in Hugging Face format, None where it is an endpoint.
        revision: Name of the checkpoint as its publisher writes it.
    """

    id: str
    family: str
    scale: Scale
    seed: int | None = None
    size: str | None = None
    final: bool = True
    path: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Models of one family, in order of size, seed and step: what a scaling curve walks along."""

    name: str
    models: tuple[Model, ...]
    description: str = ""
    licence: str = ""

    def __len__(self) -> int:
        return len(self.models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models)

    def __getitem__(self, model_id: str) -> Model:
        """The model with this id.

        Raises:
            LadderError: No model has this id.
        """
        for model in self.models:
            if model.id == model_id:
                return model
        raise LadderError(
            f"ladder {self.name!r} has no model {model_id!r}",
            hint="one of "
            + ", ".join(m.id for m in self.models[:12])
            + (" …" if len(self) > 12 else ""),
        )


def non_embedding_params(
    *, layers: int, width: int, mlp_width: int, kv_width: int | None = None
) -> int:
    """Non-embedding parameters of a Llama-style decoder (SwiGLU, RMSNorm, no biases).

    Args:
        layers: Number of blocks L.
        width: Residual width d.
        mlp_width: Hidden width of the gated MLP.
        kv_width: Width of keys and values together per side; ``width`` when None.

    Examples:
        >>> non_embedding_params(layers=1, width=16, mlp_width=32)
        2608
    """
    kv = width if kv_width is None else kv_width
    block = 2 * width * width + 2 * width * kv + 3 * width * mlp_width + 2 * width
    return layers * block + width


def flops_6nd(params: float, tokens: float) -> float:
    """Training FLOPs by C = 6·N·D (Kaplan et al. 2020, §2.1), N non-embedding.

    Examples:
        >>> flops_6nd(1e6, 2e7)
        120000000000000.0
    """
    return 6.0 * params * tokens


def exact_training_flops(
    *, layers: int, width: int, mlp_width: int, vocab: int, context: int, tokens: float
) -> float:
    """Training FLOPs of a Llama-style decoder, every matrix multiplication counted.

    Forward per token: ``2·L·(4d² + 3·d·m)`` for the blocks, ``4·L·d·(T+1)/2`` for causal
    attention at context T, ``2·d·V`` for the output layer; backward is twice the forward.
    Source: Hoffmann et al. 2022, Appendix F, with SwiGLU and a causal mask.

    Returns:
        FLOPs for ``tokens`` training tokens.

    Examples:
        >>> exact_training_flops(
        ...     layers=1, width=16, mlp_width=32, vocab=200, context=64, tokens=1.0
        ... )
        40800.0
    """
    blocks = 2.0 * layers * (4 * width * width + 3 * width * mlp_width)
    attention = 4.0 * layers * width * (context + 1) / 2
    logits = 2.0 * width * vocab
    return 3.0 * (blocks + attention + logits) * tokens
