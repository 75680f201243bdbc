"""How much fits: a result that cannot be held is refused in words, before any work."""

from __future__ import annotations

import functools
import math
import os
from typing import Any

import numpy as np

from theory.errors import TooLarge


@functools.cache
def physical() -> int:
    """Bytes of main memory; where the system does not say, what a 64-bit process can address."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 2**47


def refuse(shape: tuple[int, ...], dtype: Any, where: str) -> None:
    """Raise ``TooLarge`` for an array beyond the machine's memory, which would be promised and fail when filled."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > physical():
        need, there = (f"{n / 2**30:.1f} GiB" for n in (size, physical()))
        raise TooLarge(f"{where}: shape {shape} needs at most {there} of memory, got {need}; use smaller batches")


def new(shape: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
    """An uninitialised array.

    Raises
    ------
    TooLarge
        When it cannot be held.
    """
    refuse(shape, dtype, where)
    try:
        return np.empty(shape, dtype)
    except MemoryError:
        raise TooLarge(f"{where}: no memory is free for an array of shape {shape}; use smaller batches") from None
