"""Muon for the matrices, AdamW for the rest, and an average of the weights over time.

Muon: Jordan et al. 2024, momentum made orthogonal by five Newton–Schulz steps, here batched
over all matrices of one shape. The average follows the power-law profile of Karras et al.
2024 (*Analyzing and Improving the Training Dynamics of Diffusion Models*, eq. 6): at every
step it covers the same share of the past, so that each checkpoint is as settled as the last
one and no decay of the learning rate has to be run for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from saltus.ladder.llama import Weights

MATRICES = ("attention", "up", "down")


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Nearest semi-orthogonal matrices, approximately; shape (..., rows, columns).

    Quintic Newton–Schulz with the coefficients of Jordan et al. 2024.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


@dataclass
class Optimiser:
    """State of one training run's optimiser; everything in it is a tensor or a number."""

    weights: Weights
    muon_rate: float
    adam_rate: float = 3e-3
    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.97)
    average_width: float = 0.06
    first: Weights = field(default_factory=dict)
    second: Weights = field(default_factory=dict)
    average: Weights = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        for name, w in self.weights.items():
            self.first.setdefault(name, torch.zeros_like(w))
            if name not in MATRICES:
                self.second.setdefault(name, torch.zeros_like(w))
            self.average.setdefault(name, w.detach().clone())

    @property
    def exponent(self) -> float:
        """γ of the power-law average whose relative standard deviation is `average_width`."""
        # Solves (γ+1)^½ (γ+2)^−1 (γ+3)^−½ = width for large γ by three fixed-point steps.
        g = 1.0 / self.average_width
        for _ in range(60):
            g = (g + 1) ** 0.5 / (self.average_width * (g + 3) ** 0.5) - 2
        return g

    def step(self, factor: float) -> None:
        """One update with both learning rates multiplied by ``factor``."""
        with torch.no_grad():
            self._move(factor)

    def _move(self, factor: float) -> None:
        self.steps += 1
        b1, b2 = self.betas
        for name, w in self.weights.items():
            grad = w.grad
            assert grad is not None
            m = self.first[name]
            if name in MATRICES:
                m.lerp_(grad, 1 - self.momentum)
                update = orthogonal(grad.lerp(m, self.momentum))
                size = max(1.0, w.shape[-2] / w.shape[-1]) ** 0.5
                w.add_(update, alpha=-self.muon_rate * factor * size)
            else:
                v = self.second[name]
                m.lerp_(grad, 1 - b1)
                v.lerp_(grad * grad, 1 - b2)
                scale = (v / (1 - b2**self.steps)).sqrt_().add_(1e-10)
                w.addcdiv_(m, scale, value=-self.adam_rate * factor / (1 - b1**self.steps))
            w.grad = None
        keep = (1 - 1 / self.steps) ** (self.exponent + 1)
        for name, w in self.weights.items():
            self.average[name].lerp_(w, 1 - keep)
