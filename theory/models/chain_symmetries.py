"""Symmetries of a chain W_H ... W_1: the groups GL(d_i), 0 < i < H, act on the hidden layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory import arrays
from theory.arithmetic import arithmetic_of
from theory.models.matrix_chain import flat


def directions(theta: np.ndarray, layout: arrays.Layout) -> np.ndarray:
    """W_i -> xi W_i, W_{i+1} -> -W_{i+1} xi for the unit matrices xi of gl(d_i), 0 < i < H: (..., sum d_i^2, n)."""
    W, hidden = arrays.unpack(theta, layout), [rows for _, (rows, _) in layout[:-1]]
    out = arithmetic_of(theta).zeros((*theta.shape[:-1], sum(d * d for d in hidden), theta.shape[-1]))
    dW, k = arrays.unpack(out, layout), 0
    for i, d in enumerate(hidden):
        for a, b in np.ndindex(d, d):
            dW[i][..., k, a, :] = W[i][..., b, :]
            dW[i + 1][..., k, :, b] = -W[i + 1][..., :, a]
            k += 1
    return out


def images(theta: np.ndarray, layout: arrays.Layout) -> Iterator[np.ndarray]:
    """Images (..., n) under 2 I and under the shear I + E_12 in each hidden layer."""
    W, half = arrays.unpack(theta, layout), arithmetic_of(theta).fraction(1, 2)
    for i in range(len(W) - 1):
        yield flat([*W[:i], 2 * W[i], W[i + 1] * half, *W[i + 2 :]])
        if W[i].shape[-2] > 1:
            sheared = [w.copy() for w in W]
            sheared[i][..., 0, :] += W[i][..., 1, :]
            sheared[i + 1][..., :, 1] -= W[i + 1][..., :, 0]
            yield flat(sheared)
