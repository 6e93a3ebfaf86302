"""Packages that can be called: `saltus.read(path)`, `saltus.run(study)`, `saltus.verdict(curves)`.

Each of these verbs is a package, too, and importing a package binds its name in its parent.
So the package itself takes the call and hands it to its one main function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Let calls of a package go to its main function."""

    class CallablePackage(ModuleType):
        @wraps(function)
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

    sys.modules[package].__class__ = CallablePackage
