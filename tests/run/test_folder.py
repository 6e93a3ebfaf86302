from __future__ import annotations

import subprocess
import sys

import pytest

from saltus.errors import StudyError
from saltus.run.folder import LOCK, opened
from saltus.run.study import Block, Study

STUDY = Study(name="a", measure=(Block(tasks=("add-2",)),))
OTHER = Study(name="b", measure=(Block(tasks=("add-3",)),))


def test_a_folder_is_bound_to_its_study(tmp_path):
    with opened(tmp_path / "out", STUDY):
        pass
    with opened(tmp_path / "out", STUDY.model_copy(update={"name": "renamed"})):
        pass
    with (
        pytest.raises(StudyError, match=r"holds a different study, 'a'. Mend: give another --out"),
        opened(tmp_path / "out", OTHER),
    ):
        pass


def test_a_damaged_frozen_study_is_named(tmp_path):
    with opened(tmp_path, STUDY):
        pass
    (tmp_path / "study.yaml").write_text("{")
    with (
        pytest.raises(StudyError, match="the study that was begun here cannot be read"),
        opened(tmp_path, STUDY),
    ):
        pass


def test_two_runs_do_not_share_a_folder(tmp_path):
    with (
        opened(tmp_path, STUDY),
        pytest.raises(StudyError, match=r"another run is at work .*\(process \d+\)"),
        opened(tmp_path, STUDY),
    ):
        pass
    with opened(tmp_path, STUDY):
        pass


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path):
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from saltus.run.folder import opened\n"
        "from saltus.run.study import Block, Study\n"
        "study = Study(name='a', measure=(Block(tasks=('add-2',)),))\n"
        "with opened(Path(sys.argv[1]), study):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert (tmp_path / LOCK).read_text().isdigit()
    with opened(tmp_path, STUDY):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(StudyError, match=r"file/out: cannot be written \(.*\). Mend: give a folder"),
        opened(tmp_path / "file" / "out", STUDY),
    ):
        pass
