"""The ladder: corpus, tokenizer, training that survives a kill, export, and its check."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from saltus.errors import LadderError
from saltus.ladder.assemble import assemble
from saltus.ladder.corpus import CONTEXT, documents, make_corpus
from saltus.ladder.family import builtin_runs
from saltus.ladder.file import builtin_path, read_ladder
from saltus.ladder.llama import forward, initial_weights, rotary, to_hugging_face
from saltus.ladder.optimiser import Optimiser, orthogonal
from saltus.ladder.shape import SHAPES, VOCABULARY
from saltus.ladder.tokenizer import Encoder, vocabulary, write_tokenizer
from saltus.ladder.train import Recipe, smoke_recipe, train
from saltus.ladder.verify import verify
from saltus.scale import flops_6nd
from saltus.tasks.knowledge import CIPHERS
from saltus.tasks.registry import TASKS
from saltus.tasks.task import is_held_out

TINY = SHAPES["1.5k"]
SMOKE = smoke_recipe(Recipe())


def test_the_corpus_is_decided_by_its_seed_and_holds_no_test_question() -> None:
    a, b = make_corpus(200, seed=3), make_corpus(200, seed=3)
    assert (a.tokens == b.tokens).all()
    assert (make_corpus(200, seed=4).tokens != a.tokens).any()
    encoder = Encoder()
    assert (a.tokens != encoder.ids["<unk>"]).all()
    seen = 0
    for row in a.tokens.tolist():
        for text in encoder.decode(row).split("\n")[1:-1]:
            if text.startswith("add:") and "=" in text and ">" not in text:
                x, y = sorted(int(v) for v in text[4:].split("=")[0].split("+"))
                if max(x, y) >= 10:
                    seen += 1
                    assert not is_held_out(f"add-{len(str(y))}", f"{x}+{y}")
    assert seen > 20


def test_answers_are_marked_and_nothing_else() -> None:
    encoder = Encoder()
    corpus = make_corpus(50, seed=1)
    for row, marks in zip(corpus.tokens.tolist(), corpus.is_answer.tolist(), strict=True):
        assert not marks[0]
        assert encoder.decode(row[:1]) == "\n"
        text = "".join("|" if m else encoder.tokens[t] for t, m in zip(row, marks, strict=True))
        # What is left of an addition, once its answer is blotted out, is its question.
        for part in text.split("|"):
            if part.startswith("add:"):
                assert part.rstrip("0123456789+") in {"add:", part}


def test_ciphers_have_the_stated_shares() -> None:
    kinds, shares = documents()
    assert shares.sum() == pytest.approx(1)
    assert shares[-len(CIPHERS) :] == pytest.approx(list(CIPHERS.values()))
    assert len(kinds) == len(shares)


def test_the_shipped_tokenizer_equals_the_plain_one(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    write_tokenizer(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    encoder = Encoder()
    assert len(vocabulary()) == VOCABULARY == len(set(vocabulary()))
    for task in TASKS.values():
        item = task.items(1, seed=0)[0]
        text = f"\n{item.question}{task.cue}{item.target}\n"
        assert tokenizer(text)["input_ids"] == encoder.encode(text)
        assert tokenizer.decode(encoder.encode(text)) == text


@pytest.mark.parametrize("name", ["1.5k", "36k", "300k"])
def test_export_gives_the_same_logits_in_transformers(name: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    shape = SHAPES[name]
    half, config = to_hugging_face(initial_weights(shape, seed=1), shape)
    save_file(half, tmp_path / "model.safetensors", metadata={"format": "pt"})
    (tmp_path / "config.json").write_text(json.dumps(config))
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    rounded = {k: v.half().float() for k, v in initial_weights(shape, seed=1).items()}
    tokens = torch.randint(0, VOCABULARY, (2, CONTEXT), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours = forward(rounded, shape, tokens, rotary(shape, CONTEXT))
        theirs = model(tokens).logits
    assert (ours - theirs).abs().max() < 1e-4
    counted = sum(p.numel() for p in model.parameters())
    assert counted == shape.params_total
    assert counted - VOCABULARY * shape.width == shape.params


def test_newton_schulz_makes_matrices_nearly_orthogonal() -> None:
    x = torch.randn(3, 2, 8, 20, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(x))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_the_average_covers_the_stated_share_of_the_past() -> None:
    # Feed the step number itself: the average's mean age must be about the stated width.
    weights = {"norm": torch.zeros(1, requires_grad=True)}
    optimiser = Optimiser(weights, 0.0, adam_rate=0.0, average_width=0.05)
    g = optimiser.exponent
    assert (g + 1) ** 0.5 / ((g + 2) * (g + 3) ** 0.5) == pytest.approx(0.05, rel=1e-6)
    for step in range(1, 2001):
        weights["norm"].data.fill_(float(step))
        weights["norm"].grad = torch.zeros(1)
        optimiser.step(1.0)
    assert 0.93 < float(optimiser.average["norm"]) / 2000 < 0.97


def test_training_learns_and_repeats_itself_bit_for_bit(tmp_path: Path) -> None:
    losses = []
    recipe = replace(SMOKE, steps=30, checkpoints=2)
    first = train(TINY, recipe, tmp_path / "a", on_progress=lambda p: losses.append(p.loss))
    second = train(TINY, recipe, tmp_path / "b")
    assert [p.name for p in first] == ["step15", "step30"]
    for a, b in zip(first, second, strict=True):
        assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()
    scales = [json.loads((p / "scale.json").read_text())["scale"] for p in first]
    assert scales[1]["loss"] < scales[0]["loss"] < np.log(VOCABULARY)
    assert scales[1]["tokens"] == 30 * recipe.rows * CONTEXT
    assert scales[1]["flops_6nd"] == flops_6nd(TINY.params, scales[1]["tokens"])


class _KilledError(Exception):
    pass


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    recipe = replace(SMOKE, steps=24, checkpoints=3)
    whole = train(TINY, recipe, tmp_path / "whole")
    import saltus.ladder.train as module

    real, calls = module.row_loss, []

    def dying(*args: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 17:
            raise _KilledError
        return real(*args)  # type: ignore[arg-type]

    module.row_loss = dying  # type: ignore[assignment]
    try:
        with pytest.raises(_KilledError):
            train(TINY, recipe, tmp_path / "killed", save_every_seconds=0.0)
    finally:
        module.row_loss = real
    resumed = train(TINY, recipe, tmp_path / "killed")
    for a, b in zip(whole, resumed, strict=True):
        assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()


def test_another_recipe_is_refused_in_the_same_folder(tmp_path: Path) -> None:
    train(TINY, SMOKE, tmp_path)
    with pytest.raises(LadderError, match="another recipe"):
        train(TINY, replace(SMOKE, steps=9), tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ladder")
    for name in ("1.5k", "3.4k"):
        train(SHAPES[name], SMOKE, folder)
    assemble(folder, folder)
    return folder


@pytest.fixture
def family(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "family")
    return tmp_path / "family"


def codes(folder: Path) -> set[str]:
    return {f.code for f in verify(read_ladder(folder / "LADDER.yaml")).findings}


def test_a_fresh_family_is_sound(family: Path) -> None:
    ladder = read_ladder(family / "LADDER.yaml")
    assert [m.id for m in ladder] == [
        "1.5k-s0-step4", "1.5k-s0-step8", "3.4k-s0-step4", "3.4k-s0-step8",
    ]  # fmt: skip
    assert [m.final for m in ladder] == [False, True, False, True]
    result = verify(ladder)
    assert result.sound
    assert result.findings == ()


def test_duplicate_weights_are_found(family: Path) -> None:
    source = family / "1.5k-s0" / "step8" / "model.safetensors"
    # Other metadata, same tensors: the digest is of the tensors.
    save_file(load_file(source), family / "1.5k-s0" / "step4" / "model.safetensors")
    assert "duplicate-weights" in codes(family)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("step: 8", "step: 2", "wrong-order"),
        ("step: 8", "step: 4", "repeated-step"),
        ("params: 1548", "params: 9000", "wrong-params"),
        ("flops: ", "", "missing-scale"),
    ],
)
def test_wrong_scale_is_found(family: Path, old: str, new: str, code: str) -> None:
    file = family / "LADDER.yaml"
    text = file.read_text()
    if code == "missing-scale":
        text = "\n".join(line for line in text.splitlines() if not line.strip().startswith(old))
    else:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    assert code in codes(family)


def test_seeds_that_end_apart_are_found(family: Path) -> None:
    train(TINY, replace(SMOKE, seed=1, steps=4), family)
    assemble(family, family)
    result = verify(read_ladder(family / "LADDER.yaml"))
    assert result.sound
    assert [f.code for f in result.findings] == ["unequal-ends"]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", b"not weights at all"),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 8 + b"{}"),
        ("config.json", b"{"),
        ("config.json", None),
        ("model.safetensors", None),
    ],
)
def test_unreadable_files_are_found(family: Path, name: str, damage: bytes | None) -> None:
    target = family / "3.4k-s0" / "step8" / name
    if damage is None:
        target.unlink()
    else:
        target.write_bytes(damage)
    result = verify(read_ladder(family / "LADDER.yaml"))
    assert not result.sound
    assert [f.models for f in result.findings if f.code == "unreadable"] == [("3.4k-s0-step8",)]


def test_a_truncated_file_is_found(family: Path) -> None:
    target = family / "3.4k-s0" / "step8" / "model.safetensors"
    target.write_bytes(target.read_bytes()[:-100])
    assert "unreadable" in codes(family)


def test_ladder_files_say_where_they_are_wrong(tmp_path: Path) -> None:
    file = tmp_path / "L.yaml"
    with pytest.raises(LadderError, match="no such ladder file"):
        read_ladder(file)
    file.write_text("name: x\nmodels:\n  - id: a\n    path: a\n    scale: {parms: 3}\n")
    with pytest.raises(LadderError, match="parms") as caught:
        read_ladder(file)
    assert "L.yaml:5" in str(caught.value)
    file.write_text("name: x\nmodels:\n  - {id: a, path: a}\n  - {id: a, path: b}\n")
    with pytest.raises(LadderError, match="two models have the id"):
        read_ladder(file)


def test_the_family_that_ships_is_sound_and_small() -> None:
    ladder = read_ladder("builtin")
    assert verify(ladder).sound
    size = sum(f.stat().st_size for f in builtin_path().parent.rglob("*") if f.is_file())
    assert size <= 32e6
    runs = {(m.size, m.seed) for m in ladder}
    assert runs == {(r.size, r.seed) for r in builtin_runs()}
    assert len({m.size for m in ladder}) >= 9
    for size_name in SHAPES:
        steps = [m.scale.step for m in ladder if (m.size, m.seed) == (size_name, 0)]
        assert len(steps) == 8
        assert steps == sorted(steps)
    for model in ladder:
        s = model.scale
        assert None not in (s.params, s.params_total, s.tokens, s.flops, s.flops_6nd, s.loss)
