"""Matrix products at the speed that the processor has.

PyTorch's default library for float32 products uses half of the vector width on some processors
(MKL on AMD with AVX-512: 100 GFLOP/s a core where oneDNN, which PyTorch brings along, reaches 220).
Both compute in float32. And the system gives large blocks of memory back after every operation,
only to fetch them page by page for the next; keeping them saves up to a quarter of the time.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from typing import Any

LEAST_VALUES = 8192
"""Smaller inputs are left to the default: a call to oneDNN costs ten microseconds, and it
prepares each new shape for half a millisecond."""

STEP = 256
FINE_STEP = 16
"""Numbers of rows are filled up to multiples of this, of the finer one where they are fewer than
`STEP`: a shape that was prepared stays in memory."""

_PREPARED = "256"
"""Shapes that stay prepared, some 0.5 MB each."""

_KEPT = 1 << 30
"""Bytes that may stay with the process at the top of its heap."""


def keep_memory() -> bool:
    """Ask the C library to keep freed blocks up to 32 MB; whether it agreed.

    Without effect where the library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    trim, top_pad, mmap = -1, -2, -3
    return bool(mallopt(mmap, 32 << 20) and mallopt(trim, _KEPT) and mallopt(top_pad, 64 << 20))


def filling(rows: int, width: int) -> int:
    """Rows of zeros to put behind an input of so many rows, for oneDNN to know its shape.

    Examples:
        >>> filling(300, 64), filling(100, 128), filling(100, 8)
        (212, 12, 0)
    """
    if rows * width < LEAST_VALUES:
        return 0
    return -rows % (STEP if rows > STEP else FINE_STEP)


def linear(torch: Any) -> Any:
    """``torch.nn.functional.linear`` for float32 on the CPU, by oneDNN where there is one.

    Which of the two computes is decided by shapes alone, so that the same questions give the same
    bits.
    """
    return products(torch).linear


@dataclass(frozen=True, slots=True)
class Products:
    """Matrix products with what follows them.

    Attributes:
        linear: (x, weight, bias=None) -> x weightᵀ + bias.
        gated: (x, gate, up) -> silu(x gateᵀ) · (x upᵀ).
    """

    linear: Any
    gated: Any


def products(torch: Any) -> Products:
    """What of oneDNN there is, and PyTorch's own for the rest; see `linear`."""
    plain = torch.nn.functional.linear
    silu, pad = torch.nn.functional.silu, torch.nn.functional.pad
    fast = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if _has_onednn(torch) else None

    def plainly_gated(x: Any, gate: Any, up: Any) -> Any:
        return silu(plain(x, gate)).mul_(plain(x, up))

    if fast is None:
        return Products(plain, plainly_gated)

    def by_shape(x: Any, weight: Any, bias: Any = None) -> Any:
        width = x.shape[-1]
        rows = x.numel() // width
        if rows * width < LEAST_VALUES:
            return plain(x, weight, bias)
        fill = filling(rows, width)
        if not fill:
            return fast(x, weight, bias, "none", [], "")
        filled = pad(x.reshape(rows, width), (0, 0, 0, fill))
        return fast(filled, weight, bias, "none", [], "")[:rows].view(*x.shape[:-1], len(weight))

    def gated(x: Any, gate: Any, up: Any) -> Any:
        rows, width = x.shape
        if rows * width < LEAST_VALUES or filling(rows, width):
            return silu(by_shape(x, gate)).mul_(by_shape(x, up))
        return fast.binary(x, fast(x, gate, None, "swish", [], ""), up, None, "mul")

    return Products(by_shape, gated)


def speed_up(torch: Any, model: Any) -> None:
    """Let every linear layer of a float32 model on the CPU compute by `linear`.

    Args:
        torch: The library.
        model: A model; its layers are changed in place, its weights are not.
    """
    by_shape = linear(torch)
    for module in model.modules():
        if type(module) is torch.nn.Linear and _usual(torch, module.weight):
            module.forward = _Forward(by_shape, module)


class _Forward:
    """The forward method of one layer."""

    def __init__(self, by_shape: Any, module: Any) -> None:
        self.by_shape = by_shape
        self.module = module

    def __call__(self, x: Any) -> Any:
        return self.by_shape(x, self.module.weight, self.module.bias)


def _usual(torch: Any, weight: Any) -> bool:
    return bool(weight.device.type == "cpu" and weight.dtype == torch.float32)


def _has_onednn(torch: Any) -> bool:
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _PREPARED)
    try:
        x = torch.ones(1, 2)
        one = torch.ops.mkldnn._linear_pointwise(x, x, None, "swish", [], "")
        torch.ops.mkldnn._linear_pointwise.binary(x, one, x, None, "mul")
    except Exception:  # not built in, or called differently in this version
        return False
    return True
