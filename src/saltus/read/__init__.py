"""Read results: `saltus.read(path)`."""

from __future__ import annotations

from saltus._package import make_callable
from saltus.read.detect import read as read

make_callable(__name__, read)
