"""Slices of deep nets of tanh or logistic neurons: batches of small matrix products that stay in the cache.

The weights of all points of a block are one product of (1, x, y) with the frame. Activations are stored as (neurons,
points, samples): tanh runs through all of them at once, and a row of ones below, for the biases, is left alone. The
logistic function is 1/2 + tanh(z / 2) / 2, and these constants are folded into the weights.

Source: own derivation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.activations import LOGISTIC, TANH
from theory.arithmetic import to_float
from theory.arrays import unpack
from theory.calculus.tolerance import rounding
from theory.models.deep_net import DeepNet
from theory.slices.aligned import scratch
from theory.slices.sigmoids import TANH_ROUNDINGS, rms_to_loss
from theory.slices.window import even

# s(z) = alpha + beta tanh(kappa z)
_AS_TANH = {TANH: (0, 1, 1), LOGISTIC: (0.5, 0.5, 0.5)}
_CELL = 8  # points on a side of the cells that share a bound
_BLOCK = 2**16  # entries of the widest layer at the points of a block; two layers fit into a second-level cache


def applies(model: Any) -> bool:
    """Whether the model is a deep net with tanh or logistic neurons."""
    return type(model) is DeepNet and model.activation in _AS_TANH


def fill(model: DeepNet, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float | None:
    """Write the losses at center + x[i] d1 + y[j] d2 to out[j, i].

    Parameters
    ----------
    frame : (3, n), rows center, d1, d2.
    x, y : (nx,), (ny,), in any order.
    out : (ny, nx).

    Returns
    -------
    float or None
        A bound of the absolute error of every value. It grows with the products of the norms of the layers, as the
        worst case of the rounding does, far beyond the error that is usual for nets of many layers: None where it
        exceeds the largest value, and says nothing.
    """
    X1, Y = _data(model)
    layers = _folded(model, frame)
    flat, shapes = np.concatenate([W.reshape(3, -1) for W in layers], axis=1), [W.shape[1:] for W in layers]
    entries = max(W.shape[1] + 1 for W in layers) * Y.shape[1]
    points = max(1, _BLOCK // entries)
    room = scratch(2, points * entries)
    columns = even(len(x), points)
    rows = max(1, points // columns)
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(0, len(y), rows):
            for i in range(0, len(x), columns):
                block = out[j : j + rows, i : i + columns]
                at = np.ones((*block.shape, 3))
                at[..., 1], at[..., 2] = x[i : i + columns], y[j : j + rows, None]
                weights = at.reshape(-1, 3) @ flat
                block[...] = _losses(weights, shapes, X1, Y, room).reshape(block.shape)
        return _error(layers, _folded(model, np.abs(frame)), x, y, X1, Y, out)


def _data(model: DeepNet) -> tuple[np.ndarray, np.ndarray]:
    """(x_i, 1) in columns, (d_0 + 1, m), and Y (d_L, m), as floats."""
    X = to_float(model.X).astype(float)
    return np.concatenate([X, np.ones((1, X.shape[1]))]), to_float(model.Y).astype(float)


def _folded(model: DeepNet, frame: np.ndarray) -> list[np.ndarray]:
    """(W_l, b_l) of each layer for nets of tanh neurons: (3, p, q + 1). Linear in the frame, no factor is negative."""
    alpha, beta, kappa = _AS_TANH[model.activation]
    parts, layers = unpack(frame, model.layout), []
    for k, (W, b) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        if k:
            W, b = beta * W, b + alpha * W.sum(-1)
        A = np.concatenate([W, b[..., None]], axis=-1)
        layers.append(kappa * A if k < model.depth - 1 else A)
    return layers


def _losses(
    weights: np.ndarray, shapes: list[tuple[int, int]], X1: np.ndarray, Y: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """The losses of nets whose layers of these shapes stand one after the other in weights (B, .): (B,)."""
    count, m, start = len(weights), Y.shape[1], 0
    A: np.ndarray = X1
    for k, (p, q) in enumerate(shapes):
        U = room[k % 2, : (p + 1) * count * m].reshape(p + 1, count, m)
        W = weights[:, start : start + p * q].reshape(count, p, q)
        np.matmul(W, A, out=U[:p].swapaxes(0, 1))
        if k < len(shapes) - 1:
            np.tanh(U[:p], out=U[:p])
            U[p] = 1
            A = U.swapaxes(0, 1)
        start += p * q
    E = U[:p] - Y[:, None]
    return np.vecdot(E, E).sum(0) / m


def _error(
    layers: list[np.ndarray], sizes: list[np.ndarray], x: np.ndarray, y: np.ndarray, X1: np.ndarray, Y: np.ndarray,
    out: np.ndarray,
) -> float | None:  # fmt: skip
    """The largest of the bounds of cells of the grid, for the largest losses there; None beyond the largest loss."""
    worst, best = 0.0, 0.0
    cells = _CELL * max(1, _BLOCK // sum(W[0].size for W in layers))
    for i in range(0, len(x), cells):
        starts = np.arange(0, len(x[i : i + cells]), _CELL)
        across = _intervals(x[i : i + cells], starts)
        for j in range(0, len(y), _CELL):
            down = _intervals(y[j : j + _CELL], np.array([0]))
            largest = np.maximum.reduceat(out[j : j + _CELL, i : i + cells].max(0), starts)
            middle, half, most = (
                np.stack([np.full_like(u, first), u, np.broadcast_to(v, u.shape)], axis=1)
                for first, u, v in zip((1, 0, 1), across, down, strict=True)
            )
            residual = _residual(layers, sizes, middle, half, most, X1, Y)
            worst = np.maximum(worst, rms_to_loss(largest, residual, Y.size).max())  # keeps NaN
            best = np.maximum(best, largest.max())
    return None if worst > best else float(worst)


def _intervals(x: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle, half the width, and largest modulus of the parts of x that begin at these positions."""
    low, high = np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)
    return (low + high) / 2, (high - low) / 2, np.maximum(np.abs(low), np.abs(high))


def _residual(
    layers: list[np.ndarray], sizes: list[np.ndarray], middle: np.ndarray, half: np.ndarray, most: np.ndarray,
    X1: np.ndarray, Y: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Bounds of |e - e'| for cells of (1, x, y), (B, 3), and the largest of the samples in each neuron: (B,).

    tanh is 1-Lipschitz and bounded by 1: errors pass on by |W|, and each layer adds roundings of its terms. These are,
    for a layer with q inputs: q + 1 in the folded bias, two in the fold, five in (1, x, y) times the frame, one in the
    data, and q in the product.
    """
    A, off = np.abs(X1).max(1)[:, None], np.zeros((X1.shape[0], 1))
    for k, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
        shape = (len(middle), *layer.shape[1:])
        flat = layer.reshape(3, -1)
        W = (np.abs(middle @ flat) + half @ np.abs(flat)).reshape(shape)
        U = (most @ size.reshape(3, -1)).reshape(shape) @ A
        off = W @ off + rounding(float, 2 * shape[-1] + 9, U)
        if k < len(layers) - 1:
            off = _with_last(np.minimum(off + rounding(float, TANH_ROUNDINGS), 2), 0)
            A = _with_last(np.minimum(U, 1), 1)
    off += rounding(float, 1, U + np.abs(Y).max(1)[:, None])
    return np.linalg.norm(off[..., 0], axis=-1)


def _with_last(v: np.ndarray, value: float) -> np.ndarray:
    """(B, p, 1) with one more entry, that of the ones: (B, p + 1, 1)."""
    longer = np.full((len(v), v.shape[1] + 1, 1), value, float)
    longer[:, :-1] = v
    return longer
