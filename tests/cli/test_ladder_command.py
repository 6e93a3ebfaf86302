"""``saltus ladder``: a training of seconds, resumed, and the check of its family."""

from pathlib import Path

import pytest

from saltus.cli.main import main


@pytest.mark.slow
def test_train_then_verify_then_train_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "family"
    command = ["ladder", "train", "--out", str(out), "--sizes", "1.5k,3.4k", "--seeds", "0,1",
               "--steps", "6", "--workers", "2"]  # fmt: skip
    assert main(command) == 0
    text = capfd.readouterr()
    assert "16 checkpoints" in text.out
    assert "%" in text.err
    weights = sorted(out.rglob("model.safetensors"))
    before = [(p.stat().st_mtime_ns, p.read_bytes()) for p in weights]
    assert main(command) == 0
    assert [(p.stat().st_mtime_ns, p.read_bytes()) for p in weights] == before
    capfd.readouterr()
    assert main(["ladder", "verify", str(out / "LADDER.yaml")]) == 0
    assert "16 models, sound" in capfd.readouterr().out
    weights[0].write_bytes(b"")
    assert main(["ladder", "verify", str(out / "LADDER.yaml")]) == 1
    assert "NOT sound" in capfd.readouterr().out
    assert main([*command[:-4], "--steps", "7"]) == 2
    assert "another recipe" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["train", "--sizes", "7b"], "unknown size '7b'"),
        (["train", "--sizes", "1.5k", "--seeds", "one"], "not a list of seeds"),
        (["verify", "nowhere.yaml"], "no such ladder file"),
    ],
)
def test_wrong_input_gets_one_line_and_exit_2(
    args: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["ladder", *args]) == 2
    err = capfd.readouterr().err
    assert says in err
    assert err.count("\n") == 1
