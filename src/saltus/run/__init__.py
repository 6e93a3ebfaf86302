"""Run a study: `saltus.run(study)`."""

from __future__ import annotations

from saltus._package import make_callable
from saltus.run.local import run as run

make_callable(__name__, run)
