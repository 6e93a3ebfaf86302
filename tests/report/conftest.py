import importlib.util
import sys
from pathlib import Path

import pytest

collect_ignore = ["synthetic.py", "synthetic_truth.py"]  # helpers, loaded by the fixtures below


def _load(name):
    """A helper module of this folder; helpers import each other as ``saltus_<file>``."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"saltus_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic():
    """The module that makes studies up."""
    _load("synthetic_truth")
    return _load("synthetic")


@pytest.fixture(scope="session")
def made(synthetic):
    """A realistic synthetic study."""
    return synthetic.make()
