from __future__ import annotations

import json
import shutil
import struct

import pytest

from saltus.engines.folder import check_folder, tokenizer_digest, weights_digest
from saltus.errors import ModelError


@pytest.fixture
def folder(tmp_path):
    """A folder that is whole as far as one can see without loading it."""
    home = tmp_path / "m"
    home.mkdir()
    (home / "config.json").write_text("{}")
    (home / "tokenizer.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (home / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"abcd")
    return home


def test_a_whole_folder_passes(folder):
    check_folder(folder)


def cut(path, n):
    path.write_bytes(path.read_bytes()[:n])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: shutil.rmtree(f), "no such model folder"),
        (lambda f: (f / "config.json").unlink(), "has no config.json. Mend: "),
        (lambda f: (f / "config.json").write_text("{"), "config.json: cannot be read"),
        (lambda f: (f / "config.json").write_text("[]"), "holds no JSON object"),
        (lambda f: (f / "tokenizer.json").unlink(), "has no tokenizer. Mend: "),
        (lambda f: (f / "model.safetensors").unlink(), "the weights are missing"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "never loaded"),
        (lambda f: cut(f / "model.safetensors", -1), "where the header promises"),
        (lambda f: cut(f / "model.safetensors", 20), "not a safetensors file, or cut short"),
        (lambda f: cut(f / "model.safetensors", 3), "not a safetensors file, or cut short"),
        (lambda f: cut(f / "model.safetensors", 0), "not a safetensors file, or cut short"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\2" + b"\0" * 7 + b"{]"), "header"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\2" + b"\0" * 7 + b"[]"), "header"),
        (lambda f: (f / "model.safetensors.index.json").write_text("{}"), "names no weights"),
        (
            lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "b"}}'),
            "the weights are missing",
        ),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(folder, damage, says):
    damage(folder)
    with pytest.raises(ModelError) as caught:
        check_folder(folder)
    assert says in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_digests_follow_content_not_place(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert weights_digest(copy) == weights_digest(folder)
    assert tokenizer_digest(copy) == tokenizer_digest(folder)
    (copy / "tokenizer.json").write_text('{"a": 1}')
    assert weights_digest(copy) == weights_digest(folder)
    assert tokenizer_digest(copy) != tokenizer_digest(folder)
    (copy / "config.json").write_text('{"a": 1}')
    assert weights_digest(copy) != weights_digest(folder)


def test_sharded_weights_are_all_hashed(folder):
    one = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    for name in "ab":
        (folder / f"{name}.safetensors").write_bytes(one)
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    check_folder(folder)
    before = weights_digest(folder)
    (folder / "b.safetensors").write_bytes(one[:-1] + b"!")
    assert weights_digest(folder) != before
