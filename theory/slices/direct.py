"""Slices of any loss: evaluated point by point, in chunks of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, arithmetic_of, as_array
from theory.errors import NotExact

_BYTES = 2**23  # of the points of a chunk; the model bounds its own temporaries


def fill(loss: Callable[[Any], Any], frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    """Write the losses at center + x[i] d1 + y[j] d2 to out[j, i], in the arithmetic of the frame.

    Parameters
    ----------
    loss : (..., n) -> (...).
    frame : (3, n), rows center, d1, d2.
    x, y : (nx,), (ny,).
    out : (ny, nx).

    Raises
    ------
    ValueError
        When the answer has another shape: the loss must take batches.
    TypeError
        When it is not real; ``NotExact``, which is one, when it is not rational where the frame is.
    """
    center, d1, d2 = frame
    columns = arrays.chunks(len(x), len(center) * out.itemsize, _BYTES)
    rows = arrays.chunks(len(y), len(center) * out.itemsize * min(columns.step, len(x)), _BYTES)
    for j in rows:
        base = center + y[j : j + rows.step, None, None] * d2
        for i in columns:
            block = out[j : j + rows.step, i : i + columns.step]
            values = np.asarray(loss(base + x[i : i + columns.step, None] * d1))
            if values.shape != block.shape:
                want = f"(..., {len(center)}) -> (...)"
                raise ValueError(
                    f"slice: the loss must take batches {want}, got {values.shape} for {block.shape}; "
                    "vectorise it over leading axes, or wrap it in numpy.vectorize(loss, signature='(n)->()')"
                )
            block[...] = _real(values) if out.dtype != object else _exact(values)


def _real(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise TypeError(f"slice: the loss must answer with real numbers, got {values.dtype}; convert them to floats")
    return values


def _exact(values: np.ndarray) -> np.ndarray:
    values = as_array(values, "slice: the loss")
    if (kind := arithmetic_of(values).name) != RATIONAL:
        raise NotExact(f"slice: needs rational losses at rational parameters, got {kind}; give the frame in floats")
    return values
