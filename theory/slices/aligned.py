"""Scratch memory that starts on a cache line: vector instructions are up to a third slower across two."""

from __future__ import annotations

import math

import numpy as np

_LINE = 8  # floats


def scratch(*shape: int) -> np.ndarray:
    """An uninitialised array of floats."""
    size = math.prod(shape)
    room = np.empty(size + _LINE)
    start = -(room.ctypes.data // room.itemsize) % _LINE
    return room[start : start + size].reshape(shape)
