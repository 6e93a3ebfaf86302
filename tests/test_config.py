from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from saltus import config
from saltus.config import nearest, read_yaml, validate
from saltus.errors import LadderError, StudyError


def yaml_file(folder: Path, text: str) -> Path:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def value_of(tmp_path_factory, text: str) -> object:
    file = tmp_path_factory.getbasetemp() / "one.yaml"
    file.write_text(f"x: {text}\n", encoding="utf-8")
    return read_yaml(file).data["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e21", 1e21),
        ("70e6", 70e6),
        ("3.0e11", 3e11),
        ("-1.5E-3", -1.5e-3),
        (".5", 0.5),
        ("5.", 5.0),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("1M", "1M"),
        ("36k", "36k"),
        ("2026-01-02", "2026-01-02"),
        ("12:30", "12:30"),
        ("~", None),
        ('"1e21"', "1e21"),
    ],
)
def test_values_follow_yaml_1_2(tmp_path_factory, text, value):
    seen = value_of(tmp_path_factory, text)
    assert seen == value
    assert type(seen) is type(value)


@given(st.floats(allow_nan=False))
def test_every_float_comes_back(tmp_path_factory, x):
    text = repr(x).replace("inf", ".inf")
    seen = value_of(tmp_path_factory, text)
    assert seen == x
    assert isinstance(seen, float)


@given(st.integers(-(10**30), 10**30))
def test_every_integer_comes_back(tmp_path_factory, x):
    assert value_of(tmp_path_factory, str(x)) == x


def test_places_of_values_and_keys(tmp_path):
    data, locate = read_yaml(yaml_file(tmp_path, "a: 1\nb:\n  - c: [x, y]\n    d: 2\n"))
    assert data == {"a": 1, "b": [{"c": ["x", "y"], "d": 2}]}
    assert locate(("b", 0, "c", 1)) == (3, 12)
    assert locate(("b", 0, "d"), key=True) == (4, 5)
    assert locate(("b", 0, "missing")) == locate(("b", 0)) == (3, 5)
    assert locate.where(("b", 0, "d")).endswith("study.yaml:4:8: b.0.d")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("a: [1, 2\n", "study.yaml:2:1: not valid YAML"),
        ("a:\t1\n\t- b\n", "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "study.yaml:3:1: a: is given twice. Mend: the first is in line 1"),
        ("a: &x [*x]\n", "contains itself"),
        ("a: !!python/object:os.system {}\n", "not valid YAML"),
        ("{a: 1", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("? [1, 2]\n: 3\n", "not valid YAML"),
        ("a: " + "[" * 3000, "nested too deeply"),
    ],
)
def test_broken_files_are_named_with_their_place(tmp_path, text, says):
    with pytest.raises(StudyError) as caught:
        read_yaml(yaml_file(tmp_path, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bomb_of_aliases_does_not_go_off(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "MOST_VALUES", 10_000)
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    with pytest.raises(StudyError, match="more than 10,000 values"):
        read_yaml(yaml_file(tmp_path, "\n".join(lines)))


def test_missing_file_names_its_neighbour(tmp_path):
    yaml_file(tmp_path, "a: 1")
    with pytest.raises(LadderError, match=r"no such file. Mend: did you mean study.yaml\?"):
        read_yaml(tmp_path / "studdy.yaml", error=LadderError)
    with pytest.raises(StudyError, match="does not exist either"):
        read_yaml(tmp_path / "no" / "study.yaml")


def test_folder_and_binary_are_refused(tmp_path):
    with pytest.raises(StudyError, match="this is a folder"):
        read_yaml(tmp_path)
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: \xff\xfe")
    with pytest.raises(StudyError, match="not UTF-8 text"):
        read_yaml(file)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["direct", "scratchpad"] = "direct"
    shots: int = Field(0, ge=0)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: list[Inner] = Field(default_factory=list, min_length=0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inner: []\n", "study.yaml:1:1: name: this field is missing"),
        ("name: a\nnam: b\n", "study.yaml:2:1: nam: unknown field. Mend: did you mean 'name'?"),
        (
            "name: a\ninner:\n  - kind: direkt\n",
            "study.yaml:3:11: inner.0.kind: 'direkt' is not allowed. "
            "Mend: did you mean 'direct'? Allowed: direct, scratchpad",
        ),
        (
            "name: a\ninner:\n  - {kind: direct, shot: 1}\n",
            "study.yaml:3:20: inner.0.shot: unknown field. Mend: did you mean 'shots'? "
            "Allowed: kind, shots",
        ),
        ("name: a\ninner:\n- shots: -1\n", "study.yaml:3:10: inner.0.shots: -1 is not allowed: "),
        ("name: a\ninner: 3\n", "study.yaml:2:8: inner: 3 is not allowed"),
        ("- a\n- b\n", "the file must hold fields"),
        ("name: [1]\nfoo: 1\n", "(1 more mistake in this file)"),
    ],
)
def test_mistakes_have_field_place_and_mend(tmp_path, text, says):
    with pytest.raises(StudyError) as caught:
        validate(Outer, *read_yaml(yaml_file(tmp_path, text)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_nearest_is_one_of_the_allowed(word, allowed):
    assert nearest(word, allowed) in {None, *allowed}
    assert nearest(word, [word, *allowed]) == word
