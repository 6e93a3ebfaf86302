"""Train the built-in ladder: the same rows, one epoch, for every size.

A run writes its state every minute and at each checkpoint, so that it goes on after a kill
where it was. Everything is decided by (shape, seed, steps): the corpus of a seed is drawn
anew from the seed in blocks, never stored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from saltus.errors import LadderError
from saltus.ladder.corpus import CONTEXT, PROMPT_WEIGHT, Corpus, make_corpus
from saltus.ladder.llama import Weights, forward, initial_weights, rotary, to_hugging_face
from saltus.ladder.optimiser import Optimiser
from saltus.ladder.shape import Shape
from saltus.ladder.tokenizer import write_tokenizer
from saltus.scale import flops_6nd

VALIDATION_SEED = 999_983
BLOCK_ROWS = 2_048


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a run, apart from its shape.

    Attributes:
        steps: Optimiser steps in all.
        rows: Rows of `CONTEXT` tokens in a step.
        seed: Seed of the initial weights and of the order of the corpus.
        corpus_seed: Seed of the corpus; the same for all sizes.
        checkpoints: How many checkpoints, each at twice the step of the one before.
        warmup: Share of the steps over which the learning rate rises.
        validation_rows: Rows of the validation loss.
    """

    steps: int = 5_120
    rows: int = 16
    seed: int = 0
    corpus_seed: int = 7
    checkpoints: int = 8
    warmup: float = 0.02
    validation_rows: int = 1_024

    @property
    def tokens_per_step(self) -> int:
        """Training tokens in one step."""
        return self.rows * CONTEXT

    def checkpoint_steps(self) -> tuple[int, ...]:
        """Steps after which the weights are kept, ascending, without repeats.

        Examples:
            >>> Recipe(steps=1000, checkpoints=4).checkpoint_steps()
            (125, 250, 500, 1000)
        """
        steps = {max(1, round(self.steps / 2**i)) for i in range(self.checkpoints)}
        return tuple(sorted(steps))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: what a progress bar needs."""

    name: str
    step: int
    steps: int
    loss: float
    seconds: float


def batches(recipe: Recipe, *, start: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Token ids (rows, CONTEXT + 1) and answer marks of every step from ``start`` on.

    Seeds see the same blocks of rows; their order within a block differs.
    """
    steps_per_block = BLOCK_ROWS // recipe.rows
    for block in range(start // steps_per_block, -(-recipe.steps // steps_per_block)):
        corpus = make_corpus(BLOCK_ROWS, seed=recipe.corpus_seed * 1_000_003 + block)
        order = np.random.default_rng([recipe.seed, block]).permutation(BLOCK_ROWS)
        first = max(0, start - block * steps_per_block)
        last = min(steps_per_block, recipe.steps - block * steps_per_block)
        for i in range(first, last):
            rows = order[i * recipe.rows : (i + 1) * recipe.rows]
            yield _tensors(corpus, rows)


def _tensors(corpus: Corpus, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    return (
        torch.from_numpy(corpus.tokens[rows].astype(np.int64)),
        torch.from_numpy(corpus.is_answer[rows]),
    )


def row_loss(
    weights: Weights, shape: Shape, table: tuple[Tensor, Tensor], rows: Tensor, is_answer: Tensor
) -> Tensor:
    """Mean loss in nats per token, answers weighing 1 and prompts `PROMPT_WEIGHT`."""
    logits = forward(weights, shape, rows[:, :-1], table)
    nll = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    weight = torch.where(is_answer[:, 1:].flatten(), 1.0, PROMPT_WEIGHT)
    return (nll * weight).sum() / weight.sum()


@lru_cache(maxsize=2)
def _validation(rows: int) -> tuple[Tensor, Tensor]:
    return _tensors(make_corpus(rows, seed=VALIDATION_SEED), np.arange(rows))


def validation_loss(weights: Weights, shape: Shape, *, rows: int) -> float:
    """Loss on rows that training never shows, in nats per weighted token."""
    tokens, marks = _validation(rows)
    table = rotary(shape, CONTEXT)
    with torch.no_grad():
        losses = [
            row_loss(weights, shape, table, tokens[i : i + 64], marks[i : i + 64]).item()
            for i in range(0, rows, 64)
        ]
    return float(np.mean(losses))


def run_name(shape: Shape, recipe: Recipe) -> str:
    """Name of a run, e.g. ``36k-s0``."""
    return f"{shape.name}-s{recipe.seed}"


def train(
    shape: Shape,
    recipe: Recipe,
    folder: Path,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    save_every_seconds: float = 60.0,
) -> list[Path]:
    """Train one model and write its checkpoints in Hugging Face format.

    Args:
        shape: Architecture.
        recipe: Steps, seed and the rest; a folder that holds another recipe's state is refused.
        folder: Where ``NAME/stepN/`` folders and the state of an unfinished run go.
        on_progress: Called about once a second.
        save_every_seconds: How much work a kill may cost at most.

    Returns:
        The checkpoint folders, in order of step.

    Raises:
        LadderError: The state in the folder belongs to another recipe.
    """
    home = folder / run_name(shape, recipe)
    home.mkdir(parents=True, exist_ok=True)
    kept = recipe.checkpoint_steps()
    done = [home / f"step{s}" for s in kept]
    if all((p / "scale.json").exists() for p in done):
        return done
    weights = initial_weights(shape, seed=recipe.seed)
    optimiser = Optimiser(weights, shape.muon_rate, adam_rate=shape.adam_rate)
    state = home / "state.safetensors"
    _check_recipe(home, shape, recipe)
    if state.exists():
        _load_state(state, optimiser)
    for w in weights.values():
        w.requires_grad_(True)
    table = rotary(shape, CONTEXT)
    warmup = max(1.0, recipe.warmup * recipe.steps)
    begun, saved, told = time.monotonic(), time.monotonic(), 0.0
    loss = torch.tensor(float("nan"))
    for rows, marks in batches(recipe, start=optimiser.steps):
        loss = row_loss(weights, shape, table, rows, marks)
        loss.backward()
        optimiser.step(min(1.0, (optimiser.steps + 1) / warmup))
        step, now = optimiser.steps, time.monotonic()
        if step in kept:
            _write_checkpoint(home / f"step{step}", optimiser.average, shape, recipe, step)
        if step in kept or now - saved > save_every_seconds:
            _save_state(state, optimiser)
            saved = now
        if on_progress and (now - told > 1.0 or step == recipe.steps):
            told = now
            on_progress(Progress(home.name, step, recipe.steps, float(loss.detach()), now - begun))
    state.unlink(missing_ok=True)
    return done


def _check_recipe(home: Path, shape: Shape, recipe: Recipe) -> None:
    text = json.dumps({"shape": asdict(shape), "recipe": asdict(recipe)}, indent=1)
    path = home / "recipe.json"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise LadderError(
            "the folder holds a run with another recipe",
            where=str(path),
            hint="train into another folder, or remove this one",
        )
    path.write_text(text, encoding="utf-8")


def _save_state(path: Path, optimiser: Optimiser) -> None:
    parts = {
        "weights": optimiser.weights, "first": optimiser.first,
        "second": optimiser.second, "average": optimiser.average,
    }  # fmt: skip
    flat = {f"{p}.{k}": v.detach().contiguous() for p, ws in parts.items() for k, v in ws.items()}
    temporary = path.with_suffix(".tmp")
    save_file(flat, temporary, metadata={"steps": str(optimiser.steps)})
    temporary.replace(path)


def _load_state(path: Path, optimiser: Optimiser) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        optimiser.steps = int(file.metadata()["steps"])
    parts = {
        "weights": optimiser.weights, "first": optimiser.first,
        "second": optimiser.second, "average": optimiser.average,
    }  # fmt: skip
    for name, tensor in load_file(path).items():
        part, _, key = name.partition(".")
        parts[part][key].copy_(tensor)


def _write_checkpoint(
    folder: Path, weights: Weights, shape: Shape, recipe: Recipe, step: int
) -> None:
    """Hugging Face files, and ``scale.json`` last: a folder with it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    half, config = to_hugging_face(weights, shape)
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    write_tokenizer(folder)
    tokens = step * recipe.tokens_per_step
    # The loss is that of the weights as shipped, rounded to half precision.
    rounded = {k: v.detach().half().float() for k, v in weights.items()}
    scale = {
        "params": shape.params,
        "params_total": shape.params_total,
        "tokens": tokens,
        "flops": shape.flops(tokens, context=CONTEXT),
        "flops_6nd": flops_6nd(shape.params, tokens),
        "loss": round(validation_loss(rounded, shape, rows=recipe.validation_rows), 6),
        "step": step,
    }
    content = {"size": shape.name, "seed": recipe.seed, "scale": scale}
    temporary = folder / "scale.tmp"
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    temporary.replace(folder / "scale.json")


def smoke_recipe(recipe: Recipe) -> Recipe:
    """A few steps of a recipe: enough to try the whole path in seconds."""
    return replace(recipe, steps=8, rows=4, checkpoints=2, validation_rows=16)
