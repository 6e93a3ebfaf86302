"""Is a ladder sound? Weights, order and scale of every model, before anything is measured.

Reads files only (safetensors headers and bytes); no torch is needed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saltus.scale import Ladder, Model

SAME_PARAMS = 0.02
"""Relative difference between stated and counted parameters that is let pass."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or odd.

    Attributes:
        code: Stable key, e.g. ``duplicate-weights``.
        severity: ``error`` (results would be wrong) or ``warning`` (something is missing).
        models: The models it is about.
        text: One sentence that says what was seen.
    """

    code: str
    severity: str
    models: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Soundness:
    """All findings of a ladder, errors first."""

    ladder: str
    n_models: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found that makes results wrong."""
        return not any(f.severity == "error" for f in self.findings)


@dataclass(frozen=True, slots=True)
class _Weights:
    digest: str
    params_total: int
    params: int | None


def verify(ladder: Ladder, *, on_model: Callable[[Model], None] | None = None) -> Soundness:
    """Check every model of a ladder.

    Finds: unreadable or missing files (also pickles, which are never loaded), the same weights
    under two models, steps out of order with tokens, two models of one run at one step,
    missing scale, stated parameters that the weights contradict, loss that does not fall
    along a run, FLOPs far from 6·N·D,
    seeds of one size that end at different tokens.

    Args:
        ladder: The family, from `saltus.ladder.file.read_ladder`.
        on_model: Called before each model is read.
    """
    findings: list[Finding] = []
    by_digest: dict[str, list[str]] = defaultdict(list)
    for model in ladder:
        if on_model:
            on_model(model)
        findings += _scale_findings(model)
        if model.path is None:
            continue
        read = _read(Path(model.path))
        if isinstance(read, str):
            findings.append(Finding("unreadable", "error", (model.id,), read))
            continue
        by_digest[read.digest].append(model.id)
        findings += _params_findings(model, read)
    for ids in by_digest.values():
        if len(ids) > 1:
            findings.append(
                Finding("duplicate-weights", "error", tuple(ids),
                        f"{', '.join(ids)} hold the same weights, bit for bit")
            )  # fmt: skip
    findings += _order_findings(ladder)
    findings += _end_findings(ladder)
    findings.sort(key=lambda f: (f.severity != "error", f.code, f.models))
    return Soundness(ladder.name, len(ladder), tuple(findings))


def _read(folder: Path) -> _Weights | str:
    """Digest and size of the weights in a folder, or what is wrong with them."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    config_file = folder / "config.json"
    if not config_file.exists():
        return f"{folder} has no config.json"
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as err:
        return f"{config_file} is not readable JSON ({err})"
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        pickles = [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")]
        return f"{folder} has no safetensors file" + (
            f"; {pickles[0].name} is a pickle, which is never loaded" if pickles else ""
        )
    digest, total = hashlib.sha256(), 0
    for shard in shards:
        try:
            total += _count_and_hash(shard, digest)
        except (ValueError, OSError) as err:
            return f"{shard} is not a readable safetensors file ({err})"
    return _Weights(digest.hexdigest(), total, _non_embedding(config, total))


def _count_and_hash(shard: Path, digest: Any) -> int:
    """Parameters in a shard; its tensors go into the digest by name, in order of name.

    The header of a safetensors file is eight bytes of length and that much JSON.
    """
    size = shard.stat().st_size
    with shard.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= size - 8:
            raise ValueError("the header is longer than the file")
        header = json.loads(file.read(length))
        count = 0
        for name in sorted(k for k in header if k != "__metadata__"):
            start, end = header[name]["data_offsets"]
            if not 0 <= start <= end <= size - 8 - length:
                raise ValueError(f"tensor {name!r} reaches beyond the end of the file")
            file.seek(8 + length + start)
            digest.update(f"{name}{header[name]['shape']}{header[name]['dtype']}".encode())
            digest.update(file.read(end - start))
            count += math.prod(header[name]["shape"])
    return count


def _non_embedding(config: dict[str, Any], total: int) -> int | None:
    vocab, width = config.get("vocab_size"), config.get("hidden_size")
    if not isinstance(vocab, int) or not isinstance(width, int):
        return None
    tables = 1 if config.get("tie_word_embeddings", True) else 2
    rest = total - tables * vocab * width
    return rest if rest > 0 else None


def _scale_findings(model: Model) -> Iterable[Finding]:
    missing = [f for f in ("params", "tokens", "flops") if getattr(model.scale, f) is None]
    if missing:
        yield Finding("missing-scale", "warning", (model.id,),
                      f"{model.id} has no {' and no '.join(missing)}; it is left out on "
                      f"{'that axis' if len(missing) == 1 else 'those axes'}")  # fmt: skip
    s = model.scale
    if s.params and s.tokens and s.flops:
        ratio = s.flops / (6 * s.params * s.tokens)
        # Embedding and attention make small models dearer than 6ND, by tens, never cheaper.
        if not 0.5 < ratio < 50:
            yield Finding("flops-off", "error", (model.id,),
                          f"{model.id}: flops are {ratio:.3g} × 6·N·D")  # fmt: skip


def _params_findings(model: Model, read: _Weights) -> Iterable[Finding]:
    for name, counted in (("params", read.params), ("params_total", read.params_total)):
        stated = getattr(model.scale, name)
        if stated and counted and abs(stated / counted - 1) > SAME_PARAMS:
            text = f"{model.id}: {name} is {stated:,.0f}, its weights hold {counted:,}"
            yield Finding("wrong-params", "error", (model.id,), text)


def _end_findings(ladder: Ladder) -> Iterable[Finding]:
    """Seeds of one size are compared at their last checkpoints, so these must be alike."""
    ends: dict[str, list[Model]] = defaultdict(list)
    for model in ladder:
        if model.final and model.size is not None and model.scale.tokens:
            ends[model.size].append(model)
    for size, models in ends.items():
        if len({m.scale.tokens for m in models}) > 1:
            seen = ", ".join(f"{m.id} {m.scale.tokens:.3g}" for m in models)
            text = f"final checkpoints of {size} have seen different numbers of tokens: {seen}"
            yield Finding("unequal-ends", "warning", tuple(m.id for m in models), text)


def _order_findings(ladder: Ladder) -> Iterable[Finding]:
    runs: dict[tuple[str | None, int | None], list[Model]] = defaultdict(list)
    for model in ladder:
        runs[(model.size, model.seed)].append(model)
    for models in runs.values():
        if models[0].size is None:
            continue
        steps = sorted((m for m in models if m.scale.step is not None),
                       key=lambda m: m.scale.step or 0)  # fmt: skip
        for a, b in itertools.pairwise(steps):
            if a.scale.step == b.scale.step:
                yield Finding("repeated-step", "error", (a.id, b.id),
                              f"{a.id} and {b.id} both claim step {a.scale.step}")  # fmt: skip
            elif a.scale.tokens and b.scale.tokens and a.scale.tokens >= b.scale.tokens:
                text = f"{b.id} is later than {a.id} but has seen no more tokens"
                yield Finding("wrong-order", "error", (a.id, b.id), text)
            # A loss may wobble near its floor; a rise by a tenth is a mislabelled checkpoint.
            elif a.scale.loss and b.scale.loss and b.scale.loss > 1.1 * a.scale.loss:
                yield Finding("loss-rises", "warning", (a.id, b.id),
                              f"loss rises from {a.scale.loss:.3f} at {a.id} to "
                              f"{b.scale.loss:.3f} at {b.id}")  # fmt: skip
        if len({m.scale.params for m in models}) > 1:
            yield Finding("mixed-params", "error", tuple(m.id for m in models),
                          f"checkpoints of {models[0].size} differ in params")  # fmt: skip
