"""Frozen dataclasses back from the JSON that `saltus.verdict.result.plain` wrote."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from saltus.errors import DataError

T = TypeVar("T")


@lru_cache(maxsize=64)
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def revive(cls: type[T], value: Any, *, where: str = "") -> T:
    """Build a dataclass out of a JSON object, field by field, by its annotations.

    Fields that the class does not have are ignored, so that a newer file can be read;
    fields without a default must be there. ``None`` in a plain float field is NaN, and the
    strings ``"inf"``, ``"-inf"`` are infinities.

    Args:
        cls: A dataclass.
        value: The JSON object.
        where: Path of the object in its file, for the error message.

    Raises:
        DataError: A field is missing, or its value does not fit.

    Examples:
        >>> from saltus.verdict.result import Estimate
        >>> revive(Estimate, {"value": 1, "low": None, "high": "inf"})
        Estimate(value=1.0, low=nan, high=inf)
    """
    if not isinstance(value, dict):
        raise DataError(
            f"expected an object for {cls.__name__}, found {type(value).__name__}", where=where
        )
    kind: Any = cls
    hints = _hints(kind)
    given: dict[str, Any] = {}
    for f in fields(kind):
        if f.name in value:
            given[f.name] = _fit(hints[f.name], value[f.name], f"{where}.{f.name}".lstrip("."))
    try:
        return cls(**given)
    except TypeError as err:
        raise DataError(f"{cls.__name__} is incomplete ({err})", where=where or None) from err


def _fit(hint: Any, value: Any, where: str) -> Any:
    """``value`` as the annotation ``hint`` wants it."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _fit(next(h for h in inner if h is not type(None)), value, where)
    if origin is Literal:
        return _literal(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise DataError(f"expected a list, found {value!r}", where=where)
        return tuple(_fit(inner[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise DataError(f"expected an object, found {value!r}", where=where)
        return {str(k): _fit(inner[1], v, f"{where}.{k}") for k, v in value.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return revive(hint, value, where=where)
    return _scalar(hint, value, where)


def _literal(allowed: tuple[Any, ...], value: Any, where: str) -> Any:
    if value not in allowed:
        raise DataError(
            f"{value!r} is not known",
            where=where,
            hint="one of " + ", ".join(str(a) for a in allowed),
        )
    return value


def _scalar(hint: Any, value: Any, where: str) -> Any:
    try:
        if hint is float:
            return float("nan") if value is None else float(value)
        if hint is int and not isinstance(value, bool):
            return int(value)
    except (TypeError, ValueError) as err:
        raise DataError(f"{value!r} is not a number", where=where) from err
    if isinstance(hint, type) and isinstance(value, hint):
        return value
    raise DataError(f"{value!r} does not fit here", where=where)
