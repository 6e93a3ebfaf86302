from __future__ import annotations

import subprocess
import sys

import pytest

from saltus.cli.main import COMMANDS, cli, main
from saltus.errors import StudyError

HEAVY = (
    "torch",
    "transformers",
    "pandas",
    "polars",
    "numpy",
    "scipy",
    "altair",
    "rich",
    "pydantic",
)


@pytest.mark.parametrize(
    "what", ["import saltus", "from saltus.cli.main import main; main(['-h'])"]
)
def test_import_and_help_load_nothing_heavy(what):
    script = f"{what}\nimport sys\nprint('LOADED', sorted(set(sys.modules) & set({HEAVY!r})))"
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert out.splitlines()[-1] == "LOADED []"


def test_help_lists_every_command_and_each_exists():
    assert cli.list_commands(None) == list(COMMANDS)
    for name in COMMANDS:
        command = cli.get_command(None, name)
        assert command is not None
        assert command.name == name
        assert command.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"saltus {name}" in capsys.readouterr().out


def failing(argv, capsys):
    code = main(argv)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.err


def test_an_unknown_command_names_the_nearest(capsys):
    code, said = failing(["verdikt"], capsys)
    assert code == 2
    assert "unknown command 'verdikt'. Mend: did you mean 'verdict'?" in said


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["run", "nothing.yaml"], "nothing.yaml: there is no such file"),
        (["verdict", "nowhere"], "nowhere: there is nothing here"),
        (["report", "nowhere"], "nowhere: there is nothing here"),
        (["tasks", "ad-2"], "unknown task 'ad-2'. Mend: did you mean 'add-2'?"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(argv, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = failing(argv, capsys)
    assert code == 2
    assert says in said
    assert len(said.splitlines()) == 1


def test_wrong_usage_is_exit_code_2(capsys):
    for argv in (["run"], ["run", "a", "--workers", "0"], ["verdict", "x", "--axis", "size"]):
        code, said = failing(argv, capsys)
        assert code == 2
        assert len(said.splitlines()) == 1
        assert f"Mend: saltus {argv[0]} --help" in said


def test_no_command_shows_the_help(capsys):
    assert main([]) == 2
    assert "Commands:" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (
            StudyError("wrong", where="s.yaml:1:2: a", hint="right"),
            2,
            "saltus: s.yaml:1:2: a: wron",
        ),
        (KeyboardInterrupt(), 130, "saltus: stopped"),
        (KeyboardInterrupt("3 of 8 cells are kept in out"), 130, "3 of 8 cells are kept"),
    ],
)
def test_exit_codes(error, code, says, capsys, monkeypatch, tmp_path):
    import saltus.run.local

    def run(*args, **kwargs):
        raise error

    monkeypatch.setattr(saltus.run.local, "run", run)
    assert failing(["run", "x.yaml"], capsys)[0] == code
    main(["run", "x.yaml"])
    assert says in capsys.readouterr().err


def test_a_closed_pipe_is_quiet():
    done = subprocess.run(
        f'{sys.executable} -c \'from saltus.cli.main import main; main(["tasks", "--json"])\' '
        "| head -c 20",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout
    assert done.stderr == ""
